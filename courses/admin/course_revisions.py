"""Who changed a course's own page and when; compare, and go back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from courses.actions import StaleError, restore_course
from courses.admin.common import CHANGE, actor_of, find_course, may, page_of, who_was_faster
from courses.admin.lesson_revisions import PER_PAGE, pair_of
from courses.comparing import compare_courses
from courses.models import Course


def list_revisions(_model_admin: object, request: HttpRequest, pk: object) -> HttpResponse:
    """Every revision, the newest first."""
    course = find_course(request, pk)
    rows = course.history.select_related("history_user").defer("body", "faq")
    page = Paginator(rows.order_by("-history_id"), PER_PAGE).get_page(request.GET.get("page"))
    context = page_of(request, course, "page", title=_("Revisions"), page=page)
    return TemplateResponse(request, "admin/courses/revisions.html", context)


def show_revision(
    _model_admin: object, request: HttpRequest, pk: object, revision: int
) -> HttpResponse:
    """One revision against the one before it, or against what is stored now (`?with=now`)."""
    course = _whole(request, pk)
    pair = pair_of(request, course, revision)
    context: dict[str, Any] = page_of(
        request,
        course,
        "page",
        title=_("A revision"),
        revision=pair.chosen,
        has_earlier=pair.has_earlier,
        with_now=pair.with_now,
        comparison=compare_courses(pair.before, pair.after),
        may_change=may(request, CHANGE),
    )
    return TemplateResponse(request, "admin/courses/revision.html", context)


def restore(_model_admin: object, request: HttpRequest, pk: object, revision: int) -> HttpResponse:
    """Bring an old page back. What is there now stays in the list."""
    course = _whole(request, pk, CHANGE)
    try:
        version = int(request.POST.get("version", ""))
    except ValueError:
        # Of a form that does not say what it was opened on, nothing is known: as if out of date.
        version = 0
    try:
        restore_course(
            actor=actor_of(request), course=course, revision_id=revision, expected_version=version
        )
    except Course.DoesNotExist as error:
        raise Http404 from error
    except StaleError:
        said = f"{who_was_faster(course)} {_('Look at it once more.')}"
        messages.error(request, said)
        return redirect("admin:courses_course_revision", course.pk, revision)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("admin:courses_course_revision", course.pk, revision)
    messages.success(request, _("The old page is back. What was there stays among the revisions."))
    return redirect("admin:courses_course_change", course.pk)


def _whole(request: HttpRequest, pk: object, *permission: str) -> Course:
    """With its texts, which `find_course` leaves out."""
    return Course.objects.get(pk=find_course(request, pk, *permission).pk)
