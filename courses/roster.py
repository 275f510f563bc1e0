"""A course's learners as the author sees them: how far each is, when they were last there.

A page takes a fixed number of queries, however many learners or lessons there are; the export runs
through all of them without keeping them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    BooleanField,
    Count,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.functions import Coalesce

from courses.curriculum import percent_done
from courses.enums import LessonState
from courses.models import Course, Enrolment, Lesson, LessonProgress
from courses.segments import STUCK_DAYS, LearnerState, is_over

CHUNK = 2_000
ORDERS: dict[str, tuple[Any, ...]] = {
    "activity": (F("last_activity_at").desc(nulls_last=True), "-pk"),
    "enrolled": ("-enrolled_at", "-pk"),
    "name": ("user__email",),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One learner. `done` counts what is required and published; `percent` never exceeds 100."""

    enrolment: Enrolment
    state: LearnerState
    done: int
    required: int
    percent: int
    # Completed, and closed to them since.
    is_over: bool


def required_ids(course: Course) -> list[int]:
    """The lessons that it takes to complete a course."""
    lessons = Lesson.objects.filter(course=course, state=LessonState.PUBLISHED, is_required=True)
    return list(lessons.order_by("pk").values_list("pk", flat=True))


def with_standing(
    found: QuerySet[Enrolment], course: Course, required: list[int], now: datetime
) -> QuerySet[Enrolment]:
    """The same learners with how much each has done, and whether the course is closed to them."""
    done = (
        LessonProgress.objects.filter(
            enrolment=OuterRef("pk"), lesson__in=required, completed_at__isnull=False
        )
        .order_by()
        .values("enrolment")
        .annotate(number=Count("pk"))
        .values("number")
    )
    return found.select_related("user", "last_lesson").annotate(
        done_count=Coalesce(Subquery(done, output_field=IntegerField()), 0),
        closed=ExpressionWrapper(
            Q(revoked_at__isnull=False) | is_over(course, now), output_field=BooleanField()
        ),
    )


def rows_of(
    found: QuerySet[Enrolment] | list[Enrolment], required: list[int], now: datetime
) -> list[Row]:
    """A page of what `with_standing` answers."""
    return [_row(each, required, now) for each in found]


def _row(enrolment: Enrolment, required: list[int], now: datetime) -> Row:
    done, closed = enrolment.done_count, enrolment.closed  # type: ignore[attr-defined]
    return Row(
        enrolment=enrolment,
        state=state_of(enrolment, is_closed=closed, now=now),
        done=done,
        required=len(required),
        percent=percent_done(range(len(required)), range(done)),
        is_over=closed,
    )


def state_of(enrolment: Enrolment, *, is_closed: bool, now: datetime) -> LearnerState:
    """How somebody stands: as `segments.learners_in` finds them."""
    if enrolment.revoked_at is not None:
        return LearnerState.REVOKED
    if enrolment.completed_at is not None:
        return LearnerState.COMPLETED
    if is_closed:
        return LearnerState.ENDED
    if enrolment.started_at is None:
        return LearnerState.NOT_BEGUN
    last = enrolment.last_activity_at
    if last is not None and last <= now - timedelta(days=STUCK_DAYS):
        return LearnerState.STUCK
    return LearnerState.UNDER_WAY


def count_states(course: Course, now: datetime) -> dict[str, int]:
    """How many learners stand how. One query that reads each row once."""
    open_, over = Q(revoked_at__isnull=True), is_over(course, now)
    going = open_ & ~over & Q(completed_at__isnull=True)
    stuck = Q(last_activity_at__lte=now - timedelta(days=STUCK_DAYS))
    return course.enrolments.order_by().aggregate(
        everybody=Count("pk"),
        not_begun=Count("pk", filter=going & Q(started_at__isnull=True)),
        under_way=Count("pk", filter=going & Q(started_at__isnull=False)),
        stuck=Count("pk", filter=going & Q(started_at__isnull=False) & stuck),
        completed=Count("pk", filter=open_ & Q(completed_at__isnull=False)),
        ended=Count("pk", filter=open_ & over),
        revoked=Count("pk", filter=Q(revoked_at__isnull=False)),
    )


def roster_lines(
    found: QuerySet[Enrolment], required: list[int], now: datetime
) -> Iterator[list[object]]:
    """The header, then a line for each of what `with_standing` answers, read as they are sent."""
    yield [
        "email",
        "name",
        "state",
        "lessons_done",
        "lessons_required",
        "percent",
        "came",
        "enrolled_at",
        "started_at",
        "last_active_at",
        "last_lesson",
        "completed_at",
        "access_until",
        "time_zone",
    ]
    for enrolment in found.iterator(chunk_size=CHUNK):
        row = _row(enrolment, required, now)
        moments = (enrolment.enrolled_at, enrolment.started_at, enrolment.last_activity_at)
        yield [
            enrolment.user.email,
            enrolment.user.name,
            row.state.value,
            row.done,
            row.required,
            row.percent,
            enrolment.source,
            *(_iso(moment) for moment in moments),
            enrolment.last_lesson.title if enrolment.last_lesson else "",
            _iso(enrolment.completed_at),
            _iso(enrolment.expires_at),
            enrolment.time_zone,
        ]


def _iso(at: datetime | None) -> str:
    return at.isoformat(timespec="seconds") if at else ""
