"""One learner in one course: how far, what opens when, what was done, and what can be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.access import Classroom, get_classrooms_of
from courses.actions import (
    IllegalMoveError,
    extend_access,
    restart_schedule,
    restore_enrolment,
    revoke_enrolment,
)
from courses.admin.common import (
    CHANGE_LEARNERS,
    VIEW_LEARNERS,
    actor_of,
    may,
    number_of,
    page_of,
    reason_of,
    require,
)
from courses.learner_forms import ExtendForm, RevokeForm
from courses.models import Enrolment, Lesson, LessonProgress
from courses.outline import load_outline
from courses.panel import line_of
from courses.queries import events_of
from courses.words import detail_of, in_words
from newsletter.memberships.forms import end_of_day

SHOWN_EVENTS = 50


@dataclass(frozen=True)
class LessonLine:
    """One lesson as this learner has it. `opens_at`: when its time comes, where it has not."""

    lesson: Lesson
    module_title: str
    progress: LessonProgress | None
    is_open: bool
    opens_at: datetime | None
    waits: bool


def show_learner(request: HttpRequest, pk: object) -> HttpResponse:
    """Show the page; do what one of its buttons says."""
    require(request, VIEW_LEARNERS)
    found = Enrolment.objects.select_related("user", "course", "last_lesson", "revoked_by")
    enrolment = found.filter(pk=number_of(pk)).first()
    if enrolment is None:
        raise Http404
    wrong = None
    if request.method == "POST":
        require(request, CHANGE_LEARNERS)
        act = _ACTS.get(request.POST.get("act", ""))
        if act is None:
            raise Http404
        wrong = act(request, enrolment)
        if wrong is None:
            return redirect("admin:courses_enrolment_change", enrolment.pk)
    now = timezone.now()
    room = get_classrooms_of(enrolment.course, [enrolment], now).get(enrolment.pk)
    events = events_of(enrolment.course).filter(user=enrolment.user)[:SHOWN_EVENTS]
    context = page_of(
        request,
        enrolment.course,
        "learners",
        title=enrolment.user.name or enrolment.user.email,
        enrolment=enrolment,
        line=line_of(enrolment, room),
        lines=_lines(enrolment, room),
        events=[(event, in_words(event.what), detail_of(event)) for event in events],
        extend_form=wrong if isinstance(wrong, ExtendForm) else ExtendForm(auto_id="extend-%s"),
        revoke_form=wrong if isinstance(wrong, RevokeForm) else RevokeForm(auto_id="revoke-%s"),
        may_change=may(request, CHANGE_LEARNERS),
    )
    status = 422 if wrong else 200
    return TemplateResponse(request, "admin/courses/learner.html", context, status=status)


def _lines(enrolment: Enrolment, room: Classroom | None) -> list[LessonLine]:
    outline = room.outline if room is not None else load_outline(enrolment.course)
    progress = {
        each.lesson_id: each
        for each in LessonProgress.objects.filter(enrolment=enrolment).defer("notes")
    }
    lines: list[LessonLine] = []
    for chapter in outline.chapters:
        for number, lesson in enumerate(chapter.published):
            standing = room.standings[lesson.pk] if room is not None else None
            is_open = room is not None and room.decide(lesson.pk).allowed
            lines.append(
                LessonLine(
                    lesson=lesson,
                    module_title=chapter.module.title if number == 0 else "",
                    progress=progress.get(lesson.pk),
                    is_open=is_open,
                    opens_at=standing.opens_at if standing and not standing.is_open else None,
                    waits=bool(standing and not standing.is_open and standing.waits_for),
                )
            )
    return lines


Wrong = Any


def _extend(request: HttpRequest, enrolment: Enrolment) -> Wrong:
    form = ExtendForm(request.POST, auto_id="extend-%s")
    if not form.is_valid():
        return form
    until = end_of_day(form.cleaned_data["ends_on"])
    try:
        extend_access(actor=actor_of(request), enrolment=enrolment, until=until)
    except ValidationError as error:
        form.add_error("ends_on", error.messages)
        return form
    messages.success(request, _("Their access to the course lasts longer now."))
    return None


def _restart(request: HttpRequest, enrolment: Enrolment) -> Wrong:
    restart_schedule(actor=actor_of(request), enrolment=enrolment)
    messages.success(request, _("Days are counted from today. What was open stays open."))
    return None


def _revoke(request: HttpRequest, enrolment: Enrolment) -> Wrong:
    form = RevokeForm(request.POST, auto_id="revoke-%s")
    if not form.is_valid():
        return form
    try:
        revoke_enrolment(
            actor=actor_of(request), enrolment=enrolment, reason=form.cleaned_data["reason"]
        )
    except IllegalMoveError as error:
        messages.error(request, reason_of(error))
    else:
        messages.success(request, _("The course is closed to them. What they did is kept."))
    return None


def _restore(request: HttpRequest, enrolment: Enrolment) -> Wrong:
    try:
        restore_enrolment(actor=actor_of(request), enrolment=enrolment)
    except IllegalMoveError as error:
        messages.error(request, reason_of(error))
    else:
        messages.success(request, _("They can go on where they left."))
    return None


_ACTS: dict[str, Callable[[HttpRequest, Enrolment], Wrong]] = {
    "extend": _extend,
    "restart": _restart,
    "revoke": _revoke,
    "restore": _restore,
}
