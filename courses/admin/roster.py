"""The roster: who learns in a course, found by filters, as a page, as CSV, and to write to."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from courses.actions import Invited, NotOpenError, enrol_addresses
from courses.admin.common import (
    CHANGE_LEARNERS,
    VIEW_LEARNERS,
    actor_of,
    find_course,
    may,
    page_of,
    reason_of,
    require,
)
from courses.enums import EnrolmentSource
from courses.learner_forms import EnrolForm
from courses.models import Course, Enrolment
from courses.roster import ORDERS, count_states, required_ids, roster_lines, rows_of, with_standing
from courses.segments import (
    BadSegmentError,
    LearnerState,
    Segment,
    describe,
    learners_in,
)
from newsletter.memberships.forms import end_of_day
from newsletter.subscribers.exports import write_csv

PER_PAGE = 50


def show_roster(request: HttpRequest) -> HttpResponse:
    """One page of a course's learners; without a course, the courses to choose from."""
    require(request, VIEW_LEARNERS)
    number = request.GET.get("course", "")
    if not number:
        return _choose(request)
    course, now = find_course(request, number, VIEW_LEARNERS), timezone.now()
    try:
        segment = Segment.read(request.GET)
        found = learners_in(course, segment, now)
    except BadSegmentError:
        messages.error(request, _("There is no such filter any more. These are all learners."))
        return redirect(f"{reverse('admin:courses_enrolment_changelist')}?course={course.pk}")
    required = required_ids(course)
    order = request.GET.get("order", "")
    order = order if order in ORDERS else "activity"
    listed = with_standing(found, course, required, now).order_by(*ORDERS[order])
    page = _Pages(listed, PER_PAGE, found).get_page(request.GET.get("page"))
    query = {"course": course.pk, **segment.as_dict()}
    context = page_of(
        request,
        course,
        "learners",
        title=_("Learners"),
        counts=count_states(course, now),
        rows=rows_of(list(page), required, now),
        page=page,
        segment=segment,
        said=describe(course, segment),
        order=order,
        orders=[("activity", _("Last active")), ("enrolled", _("Newest")), ("name", _("Address"))],
        states=LearnerState.choices,
        sources=EnrolmentSource.choices,
        modules=list(course.modules.order_by("position")),
        query=urlencode(query),
        page_query=urlencode({**query, "order": order}),
        letter_url=_letter_url(request, query),
        may_change=may(request, CHANGE_LEARNERS),
    )
    return TemplateResponse(request, "admin/courses/roster.html", context)


class _Pages(Paginator):  # type: ignore[type-arg]  # not generic at run time
    """Counts the learners alone: how far each is need not be known for that."""

    def __init__(self, rows: Any, per_page: int, plain: QuerySet[Enrolment]) -> None:
        super().__init__(rows, per_page)
        self.count = plain.order_by().count()


def _letter_url(request: HttpRequest, query: dict[str, Any]) -> str:
    """Where a letter to these learners is written, for whoever may write one."""
    try:
        page = reverse("admin:courses_courseletter_add")
    except NoReverseMatch:
        return ""
    return f"{page}?{urlencode(query)}" if may(request, "courses.add_courseletter") else ""


def _choose(request: HttpRequest) -> HttpResponse:
    """Every course with the number of its learners. One query."""
    courses = Course.objects.only("title", "state", "position").annotate(
        learners=Count("enrolments"),
        completed=Count("enrolments", filter=Q(enrolments__completed_at__isnull=False)),
    )
    context = page_of(request, None, "", title=_("Learners"), courses=courses)
    return TemplateResponse(request, "admin/courses/choose.html", context)


def export(_model_admin: object, request: HttpRequest, course_pk: int) -> HttpResponse:
    """The roster as it is filtered, as CSV, row by row."""
    course, now = find_course(request, course_pk, VIEW_LEARNERS), timezone.now()
    try:
        found = learners_in(course, Segment.read(request.GET), now)
    except BadSegmentError:
        return redirect(f"{reverse('admin:courses_enrolment_changelist')}?course={course.pk}")
    required = required_ids(course)
    listed = with_standing(found, course, required, now).order_by("pk")
    name = f"learners-{course.pk}-{timezone.localdate().isoformat()}.csv"
    return StreamingHttpResponse(  # type: ignore[return-value]
        write_csv(roster_lines(listed, required, now)),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


def enrol(_model_admin: object, request: HttpRequest, course_pk: int) -> HttpResponse:
    """Bring people in by their addresses."""
    course = find_course(request, course_pk, CHANGE_LEARNERS)
    person = request.GET.get("address", "")
    form = EnrolForm(request.POST or None, initial={"addresses": person})
    problem = ""
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            done = enrol_addresses(
                actor=actor_of(request),
                course=course,
                addresses=said["addresses"],
                reason=said["reason"],
                ends_at=end_of_day(said["ends_on"]),
            )
        except NotOpenError as error:
            problem = reason_of(error)
        except ValidationError as error:
            for name, problems in error.message_dict.items():
                form.add_error(name if name in form.fields else None, problems)
        else:
            _say(request, done)
            return redirect(f"{reverse('admin:courses_enrolment_changelist')}?course={course.pk}")
    context = page_of(
        request,
        course,
        "learners",
        title=_("Enrol people"),
        form=form,
        problem=problem,
        is_free=course.access in {"free", "address"},
    )
    status = 409 if problem else 422 if form.errors else 200
    return TemplateResponse(request, "admin/courses/enrol.html", context, status=status)


def _say(request: HttpRequest, done: Invited) -> None:
    made = len(done.enrolments)
    said = ngettext("%(n)d person is enrolled.", "%(n)d people are enrolled.", made)
    if made:
        messages.success(request, said % {"n": made})
    if done.again:
        text = _("In it before, and open to them again: %(names)s")
        messages.success(request, text % {"names": _names(done.again)})
    if done.already:
        text = _("In it before, and left as they were: %(names)s")
        messages.info(request, text % {"names": _names(done.already)})
    if done.closed:
        text = _("Still closed to them; why stands on the page of each: %(names)s")
        messages.warning(request, text % {"names": _names(done.closed)})
    if done.bad_addresses:
        text = _("No addresses: %(names)s") % {"names": ", ".join(done.bad_addresses[:20])}
        messages.warning(request, text)


def _names(learners: list[Enrolment]) -> str:
    return ", ".join(each.user.email for each in learners[:10])
