"""The courses that one person is in, for their page at the desk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone

from courses.access import Classroom, get_classrooms
from courses.models import Course, CourseEvent, Enrolment
from courses.queries import enrolments_of
from courses.roster import state_of
from courses.segments import LearnerState
from courses.words import detail_of, in_words
from newsletter.accounts.models import User

SHOWN_EVENTS = 20


@dataclass(frozen=True)
class CourseLine:
    """One course of one person. `until` is when it ends for them whatever they hold."""

    enrolment: Enrolment
    state: LearnerState
    percent: int
    done: int
    required: int
    is_open: bool
    until: datetime | None


def line_of(enrolment: Enrolment, room: Classroom | None) -> CourseLine:
    """How somebody stands in a course; `room` None: it is not there for them at all."""
    is_open = room is not None and room.entry.allowed
    done = len(set(room.required) & set(room.learning.done)) if room is not None else 0
    return CourseLine(
        enrolment=enrolment,
        state=state_of(enrolment, is_closed=not is_open, now=timezone.now()),
        percent=room.percent if room is not None else 0,
        done=done,
        required=len(room.required) if room is not None else 0,
        is_open=is_open,
        until=room.closes_at if room is not None and enrolment.revoked_at is None else None,
    )


def load_courses(person: User) -> dict[str, Any]:
    """Everything they are in, and what was done about it: a fixed number of queries."""
    enrolments = list(enrolments_of(person))
    courses = [enrolment.course for enrolment in enrolments]
    rooms = get_classrooms(courses, person, timezone.now()) if courses else {}
    events = CourseEvent.objects.filter(user=person).select_related("course", "actor")
    is_in = {course.pk for course in courses}
    return {
        "lines": [line_of(each, rooms.get(each.course_id)) for each in enrolments],
        "events": [
            (event, in_words(event.what), detail_of(event)) for event in events[:SHOWN_EVENTS]
        ],
        "others": Course.objects.exclude(Q(state="draft") | Q(pk__in=is_in)).only("title")[:100],
    }
