"""A course's page and rules: one form, and what two authors did at once."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from courses.actions import StaleError, save_course, sell_course
from courses.admin.common import (
    ADD,
    CHANGE,
    actor_of,
    find_course,
    may,
    nudge_settling,
    page_of,
    require,
    short_moment,
    who_was_faster,
)
from courses.admin.lesson_desk import posted_fields
from courses.admin.moves import moves_for
from courses.admin_forms import CourseForm, FaqFormSet, products_of
from courses.comparing import compare_courses
from courses.models import Course
from courses.segments import is_over
from newsletter.lib.desk_words import desk_words
from newsletter.lib.prose import desk_media
from newsletter.payments.money import show_amount
from newsletter.payments.tasks import push_catalogue


def edit_course(request: HttpRequest, pk: object | None) -> HttpResponse:
    """Show the form, or save what was typed."""
    if pk is None:
        require(request, ADD)
        course = Course(time_zone=timezone.get_current_timezone_name())
    else:
        course = Course.objects.get(pk=find_course(request, pk).pk)
    if request.method != "POST":
        return _show(request, CourseForm(instance=course), _faq_of(course))
    if pk is not None and not may(request, CHANGE):
        raise PermissionDenied
    form = CourseForm(request.POST, instance=course)
    faq = FaqFormSet(request.POST, prefix="faq")
    if not (form.is_valid() and faq.is_valid()):
        return _show(request, form, faq, status=422)
    course.faq = [each for each in faq.cleaned_data if each]
    if "_go_on" in request.POST:
        return _show(request, form, faq)
    closed_before = _count_closed(course) if pk is not None else 0
    try:
        saved = _store(request, form)
    except StaleError as stale:
        return _show_conflict(request, stale)
    except ValidationError as error:
        _put_errors(form, error)
        return _show(request, form, faq, status=422)
    if pk is None:
        messages.success(request, _("The course is made. Begin its outline."))
        return redirect("admin:courses_course_outline", saved.pk)
    messages.success(request, _("Saved."))
    _say_closed(request, _count_closed(saved) - closed_before)
    return redirect("admin:courses_course_change", saved.pk)


def _count_closed(course: Course) -> int:
    """To how many of its learners a course is closed as it is stored, those put out of it aside."""
    stored = Course.objects.defer("body", "body_html").get(pk=course.pk)
    learners = stored.enrolments.filter(revoked_at__isnull=True)
    return learners.filter(is_over(stored, timezone.now())).count()


def _say_closed(request: HttpRequest, learners: int) -> None:
    """Another access opens the course to others, and may close it to those who are in it."""
    if learners <= 0:
        return
    said = ngettext(
        "It is closed to %(n)d learner now who could go on until then. Enrol them to let them in.",
        "It is closed to %(n)d learners now who could go on until then. Enrol them to let them in.",
        learners,
    )
    messages.warning(request, said % {"n": learners})


def _store(request: HttpRequest, form: CourseForm) -> Course:
    """Everything or nothing: the page, the rules, and the price where one was typed."""
    said, actor = form.cleaned_data, actor_of(request)
    course: Course = form.instance
    price = {"amount": said["amount"], "currency": said["currency"]}
    products = list(said["products"])
    with transaction.atomic():
        if said["amount"] and course.pk:
            # Sold first: what is public needs something that opens it.
            products.append(sell_course(actor=actor, course=course, **price))
        saved = save_course(
            actor=actor,
            course=course,
            expected_version=said["version"],
            tiers=said["tiers"],
            products=products,
            instructors=said["instructors"],
        )
        if said["amount"] and not products:
            sell_course(actor=actor, course=saved, **price)
    if said["amount"]:
        push_catalogue.delay_on_commit()
    nudge_settling(saved.pk)
    return saved


def _put_errors(form: CourseForm, error: ValidationError) -> None:
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, problems in error.message_dict.items():
        form.add_error(name if name in form.fields else None, problems)


def _faq_of(course: Course) -> Any:
    return FaqFormSet(initial=course.faq, prefix="faq")


def _show(request: HttpRequest, form: CourseForm, faq: Any, *, status: int = 200) -> HttpResponse:
    course: Course = form.instance
    may_change = may(request, CHANGE if course.pk else ADD)
    if not may_change:
        for each in form.fields.values():
            each.disabled = True
    context = page_of(
        request,
        course,
        "page",
        title=course.title if course.pk else _("New course"),
        form=form,
        faq=faq,
        may_change=may_change,
        state_line=_("Saved %(when)s") % {"when": short_moment(course.updated_at)}
        if course.pk
        else _("Not saved yet"),
        products=_sold_as(course),
        moves=moves_for(course) if course.pk else [],
        old_slugs=list(course.redirects.values_list("old_slug", flat=True)[:5])
        if course.pk
        else [],
        site_address=f"{settings.SITE_URL.partition('//')[2]}/courses",
        desk_words=desk_words(),
        desk_media=desk_media(request.csp_nonce),  # type: ignore[attr-defined]
    )
    template = "admin/courses/change_form.html"
    return TemplateResponse(request, template, context, status=status)


def _sold_as(course: Course) -> list[tuple[Any, str]]:
    """Its products, each with what it costs now."""
    return [
        (
            product,
            " · ".join(
                show_amount(price.amount, price.currency)
                for price in product.prices.all()
                if price.state == "active"
            ),
        )
        for product in (products_of(course) if course.pk else [])
    ]


def _show_conflict(request: HttpRequest, stale: StaleError) -> HttpResponse:
    """Theirs and mine side by side; mine is not stored, and not lost (W2)."""
    current, mine = cast(Course, stale.current), cast(Course, stale.refused)
    context = page_of(
        request,
        current,
        "page",
        title=_("Two of you changed this"),
        sentence=who_was_faster(current),
        comparison=compare_courses(current, mine),
        posted=posted_fields(request),
        current=current,
    )
    return TemplateResponse(request, "admin/courses/conflict.html", context, status=409)
