"""What learners do: open lessons, complete them, leave off in the middle, take notes.

The person comes from the session and their enrolment from the person, never from what was sent
(K5). Each of these asks for access first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.access import Classroom, get_classroom
from courses.actions.certifying import issue_on_completion
from courses.actions.common import NotDoneError, NotOpenError, record
from courses.actions.enrolling import enrol_into, lock_enrolment
from courses.actions.keeping import keep_open_for
from courses.enums import LessonKind, LessonState
from courses.models import Course, Enrolment, Lesson, LessonProgress
from courses.outline import load_learning
from newsletter.accounts.models import User

MAX_NOTES = 20_000
# Longer than any recording; what a player sends is not to be trusted.
MAX_SECONDS = 48 * 60 * 60


@dataclass(frozen=True, slots=True)
class Completed:
    """What completing a lesson did: whether it was new, and whether it was the last that counts."""

    is_new: bool
    is_course: bool


def open_lesson(
    *, user: User, room: Classroom, lesson: Lesson, time_zone: str = ""
) -> Enrolment | None:
    """Note that somebody looks at a lesson that is open to them, and bring them in if need be.

    Whoever has not come into the course yet is enrolled by it; staff are not, nor is who reads a
    free preview of something that they have no access to. Returns their enrolment, if any.
    """
    if room.enrolment is None and (room.reader.is_staff or not room.may_enrol):
        return None
    if not room.reader.is_staff and not room.decide(lesson.pk).allowed:
        raise NotOpenError(room.decide(lesson.pk))
    now = room.now
    with transaction.atomic():
        enrolment = enrol_into(room, user, time_zone=time_zone)
        # A preview that is read after access ended is no progress, and moves no bookmark.
        if not room.entry.allowed:
            return enrolment
        lock_enrolment(enrolment)
        progress, is_new = LessonProgress.objects.get_or_create(
            enrolment=enrolment,
            lesson=lesson,
            defaults={"opened_at": now, "last_opened_at": now},
        )
        if not is_new:
            LessonProgress.objects.filter(pk=progress.pk).update(
                opened_at=Coalesce(F("opened_at"), now), last_opened_at=now
            )
        _note_activity(enrolment, lesson, now)
    return enrolment


def complete_lesson(*, user: User, lesson: Lesson, now: datetime | None = None) -> Completed:
    """Mark a lesson as done that is open to `user`; again changes nothing.

    Raises NotOpenError, and NotDoneError where a quiz or an assignment completes it.
    """
    now = now or timezone.now()
    with transaction.atomic():
        enrolment = enrolment_for(user, lesson, now)
        _require_button(lesson)
        return settle_completion(enrolment=enrolment, lesson=lesson, now=now)


def settle_completion(*, enrolment: Enrolment, lesson: Lesson, now: datetime) -> Completed:
    """Record that a lesson was completed, and the course with it where nothing is left.

    For actions that have made sure of it: the button, a passed quiz, an approved assignment.
    """
    with transaction.atomic():
        locked = lock_enrolment(enrolment)
        progress, _made = LessonProgress.objects.get_or_create(enrolment=locked, lesson=lesson)
        undone = LessonProgress.objects.filter(pk=progress.pk, completed_at__isnull=True)
        if not undone.update(completed_at=now):
            return Completed(False, False)
        _note_activity(locked, lesson, now)
        # What follows a module may open now.
        Enrolment.objects.filter(pk=locked.pk).update(next_release_at=now)
        return Completed(True, _complete_course(locked, now))


def _complete_course(enrolment: Enrolment, now: datetime) -> bool:
    """Date the completion of the course, once, where all that is required is done."""
    done = LessonProgress.objects.filter(
        enrolment=enrolment, lesson=OuterRef("pk"), completed_at__isnull=False
    )
    required = Lesson.objects.filter(
        course=enrolment.course_id, state=LessonState.PUBLISHED, is_required=True
    ).annotate(is_done=Exists(done))
    states = set(required.order_by().values_list("is_done", flat=True))
    unfinished = Enrolment.objects.filter(pk=enrolment.pk, completed_at__isnull=True)
    if states != {True} or not unfinished.update(completed_at=now):
        return False
    record(course=enrolment.course, what="completed", user=enrolment.user)
    enrolment.completed_at = now
    issue_on_completion(enrolment=enrolment, now=now)
    return True


@transaction.atomic
def uncomplete_lesson(*, user: User, lesson: Lesson, now: datetime | None = None) -> bool:
    """Take a completion back; False where there was none. What it had opened stays open.

    That the course was completed is a dated fact, and stays (K4).
    """
    now = now or timezone.now()
    enrolment = lock_enrolment(enrolment_for(user, lesson, now))
    _require_button(lesson)
    before = load_learning([enrolment])[enrolment.pk]
    left = {pk: at for pk, at in before.done.items() if pk != lesson.pk}
    keep_open_for(enrolment, before, replace(before, done=left), now)
    done = LessonProgress.objects.filter(
        enrolment=enrolment, lesson=lesson, completed_at__isnull=False
    )
    if not done.update(completed_at=None):
        return False
    _note_activity(enrolment, lesson, now)
    return True


def record_position(
    *, user: User, lesson: Lesson, seconds: int, now: datetime | None = None
) -> None:
    """Note where a recording was left, to go on from there. Raises NotOpenError."""
    now = now or timezone.now()
    left_at = max(0, min(seconds, lesson.media_seconds or MAX_SECONDS))
    with transaction.atomic():
        enrolment = lock_enrolment(enrolment_for(user, lesson, now))
        LessonProgress.objects.update_or_create(
            enrolment=enrolment, lesson=lesson, defaults={"media_position": left_at}
        )
        _note_activity(enrolment, lesson, now)


def save_notes(*, user: User, lesson: Lesson, text: str, now: datetime | None = None) -> None:
    """Keep somebody's own notes on a lesson. Raises NotOpenError, ValidationError (too long)."""
    now = now or timezone.now()
    notes = text.replace("\x00", "").replace("\r\n", "\n").strip()
    if len(notes) > MAX_NOTES:
        most = _("Notes can have %(most)s characters at most.") % {"most": f"{MAX_NOTES:,}"}
        raise ValidationError({"notes": most})
    with transaction.atomic():
        enrolment = lock_enrolment(enrolment_for(user, lesson, now))
        LessonProgress.objects.update_or_create(
            enrolment=enrolment,
            lesson=lesson,
            defaults={"notes": notes, "notes_changed_at": now},
        )
        _note_activity(enrolment, lesson, now)


def enrolment_for(user: User, lesson: Lesson, now: datetime) -> Enrolment:
    """The enrolment of whoever may open the lesson now; made where there is none yet."""
    room = get_classroom(Course.objects.get(pk=lesson.course_id), user, now)
    if room is None or lesson.pk not in room.rules:
        raise NotOpenError
    decision = room.decide(lesson.pk)
    if not decision.allowed:
        raise NotOpenError(decision)
    # The free preview of a course that is not theirs leaves no trace.
    if not room.may_enrol:
        raise NotOpenError(room.entry)
    return enrol_into(room, user)


def _require_button(lesson: Lesson) -> None:
    """A quiz is passed and an assignment handed in; a lesson that lacks them is as any other."""
    tested = {LessonKind.QUIZ: "quiz", LessonKind.ASSIGNMENT: "assignment"}
    if hasattr(lesson, tested.get(LessonKind(lesson.kind), "")):
        raise NotDoneError(lesson.kind)


def _note_activity(enrolment: Enrolment, lesson: Lesson, now: datetime) -> None:
    Enrolment.objects.filter(pk=enrolment.pk).update(
        started_at=Coalesce(F("started_at"), now), last_activity_at=now, last_lesson=lesson
    )
