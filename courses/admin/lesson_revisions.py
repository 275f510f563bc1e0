"""Who changed a lesson and when; compare, and go back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from courses.actions import StaleError, restore_lesson
from courses.admin.common import CHANGE, actor_of, find_lesson, may, page_of
from courses.comparing import compare_lessons
from courses.models import Lesson

PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Pair:
    """A revision, and the two states that are compared to show it."""

    chosen: Any
    before: Any
    after: Any
    has_earlier: bool
    with_now: bool


def pair_of(request: HttpRequest, row: Any, revision: int) -> Pair:
    """A revision of `row` with the one before it, or with what is stored now. Raises Http404."""
    chosen = row.history.select_related("history_user").filter(history_id=revision).first()
    if chosen is None:
        raise Http404
    earlier = row.history.filter(history_id__lt=revision).order_by("-history_id").first()
    with_now = request.GET.get("with") == "now" or earlier is None
    before, after = (chosen, row) if with_now else (earlier, chosen)
    return Pair(chosen, before, after, has_earlier=earlier is not None, with_now=with_now)


def list_revisions(_model_admin: object, request: HttpRequest, pk: object) -> HttpResponse:
    """Every revision, the newest first."""
    lesson = find_lesson(request, pk)
    rows = lesson.history.select_related("history_user").defer("body", "transcript")
    page = Paginator(rows.order_by("-history_id"), PER_PAGE).get_page(request.GET.get("page"))
    context = page_of(request, lesson.course, "", title=_("Revisions"), lesson=lesson, page=page)
    return TemplateResponse(request, "admin/courses/lesson/revisions.html", context)


def show_revision(
    _model_admin: object, request: HttpRequest, pk: object, revision: int
) -> HttpResponse:
    """One revision against the one before it, or against what is stored now (`?with=now`)."""
    lesson = find_lesson(request, pk)
    pair = pair_of(request, lesson, revision)
    context = page_of(
        request,
        lesson.course,
        "",
        title=_("A revision"),
        lesson=lesson,
        revision=pair.chosen,
        has_earlier=pair.has_earlier,
        with_now=pair.with_now,
        comparison=compare_lessons(pair.before, pair.after),
        may_change=may(request, CHANGE),
    )
    return TemplateResponse(request, "admin/courses/lesson/revision.html", context)


def restore(_model_admin: object, request: HttpRequest, pk: object, revision: int) -> HttpResponse:
    """Bring an old text back. What is there now stays in the list."""
    lesson = find_lesson(request, pk, CHANGE)
    try:
        version = int(request.POST.get("version", ""))
    except ValueError:
        # Of a form that does not say what it was opened on, nothing is known: as if out of date.
        version = 0
    try:
        restore_lesson(
            actor=actor_of(request), lesson=lesson, revision_id=revision, expected_version=version
        )
    except Lesson.DoesNotExist as error:
        raise Http404 from error
    except StaleError:
        message = _("Somebody saved the lesson after you opened this page. Look at it once more.")
        messages.error(request, message)
        return redirect("admin:courses_lesson_revision", lesson.pk, revision)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("admin:courses_lesson_revision", lesson.pk, revision)
    messages.success(request, _("The old text is back. What was there stays among the revisions."))
    return redirect("admin:courses_lesson_change", lesson.pk)
