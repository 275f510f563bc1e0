"""Whether somebody may come in, and may open a lesson: asked as the pages ask."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from courses.access import decide_lessons, get_classroom, get_lesson_for
from courses.enums import CourseAccess
from courses.models import Course
from newsletter.accounts.models import User
from newsletter.memberships.access import Decision
from newsletter.memberships.models import Grant
from tests.factories.accounts import UserFactory
from tests.factories.courses import ProductFactory, make_course
from tests.factories.memberships import GrantFactory

NOW = datetime(2026, 11, 12, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def entry(course: Course, user: User | None, now: datetime = NOW) -> Decision | None:
    """The decision about the course; None where it is not there."""
    room = get_classroom(Course.objects.get(pk=course.pk), user, now)
    return room.entry if room else None


def may_enter(course: Course, user: User | None, now: datetime = NOW) -> bool:
    decision = entry(course, user, now)
    return decision is not None and decision.allowed


def may_open(lesson_id: int, user: User | None, now: datetime = NOW) -> bool:
    """Whether a lesson is open, and its text comes exactly then."""
    decision = decide_lessons([lesson_id], user, now).get(lesson_id)
    course = Course.objects.get(lessons=lesson_id)
    room = get_classroom(course, user, now)
    text = get_lesson_for(room, lesson_id) if room else None
    allowed = decision is not None and decision.allowed
    assert (text is not None) == allowed
    return allowed


def sold(**fields: object) -> tuple[Course, User, Grant]:
    """A course that is sold, and somebody who bought it just now."""
    product = ProductFactory()
    course = make_course(2, access=CourseAccess.PRODUCTS, products=[product], **fields)
    user = UserFactory(time_zone="Europe/Vienna")
    grant = GrantFactory(user=user, tier=None, product=product, starts_at=NOW)
    return course, user, grant
