"""What every change in courses has in common: who may, what is told, what is kept."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from courses.models import Course, CourseEvent, Lesson
from newsletter.accounts.models import User
from newsletter.memberships.access import Decision


class StaleError(Exception):
    """Somebody else saved it since the form was opened. Nothing was written (W2).

    `refused` holds what was to be saved, `current` what is stored now: neither is lost.
    """

    def __init__(self, refused: Course | Lesson, current: Course | Lesson) -> None:
        super().__init__(f"{current!r} is at version {current.version}, not {refused.version}.")
        self.refused = refused
        self.current = current


class IllegalMoveError(Exception):
    """It is not in a state from which this is possible; somebody was faster."""


class NotOpenError(Exception):
    """The lesson is not open to this learner now. `decision` says why; None: it is not there."""

    def __init__(self, decision: Decision | None = None) -> None:
        super().__init__(decision.reason if decision else "not there")
        self.decision = decision


class NotDoneError(Exception):
    """The lesson is completed by something else than the button: a quiz, an assignment."""


def require_author(actor: User | None) -> None:
    """Only staff change courses and look after learners."""
    if actor is None or not (actor.is_active and actor.is_staff):
        raise PermissionDenied(_("Only authors may do this."))


def record(
    *,
    course: Course,
    what: str,
    actor: User | None = None,
    user: User | None = None,
    lesson: Lesson | None = None,
    detail: str = "",
) -> CourseEvent:
    """Note what happened. `actor` None: it came by itself; `user`: the learner concerned."""
    return CourseEvent.objects.create(
        course=course, what=what[:60], actor=actor, user=user, lesson=lesson, detail=detail
    )
