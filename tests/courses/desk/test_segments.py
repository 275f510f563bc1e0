"""Which learners a filter means: the roster and letters ask the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from courses.access import get_classrooms_of
from courses.actions import complete_lesson, enrol, revoke_enrolment, unpublish_lesson
from courses.enums import AccessLength, CourseAccess
from courses.models import Course, Enrolment, LessonProgress
from courses.roster import count_states, required_ids, rows_of, with_standing
from courses.segments import BadSegmentError, LearnerState, Segment, describe, learners_in
from newsletter.accounts.models import User
from newsletter.memberships.actions import revoke_grant
from newsletter.memberships.models import Grant
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.courses import ProductFactory, author, lessons_of, make_course
from tests.factories.memberships import GrantFactory, TierFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def comes(course: Course, name: str, *, done: int = 0, at: datetime = NOW - 30 * DAY) -> User:
    """Somebody who enrolled at that time and completed the first lessons at once."""
    user = UserFactory(email=f"{name}@example.com", name=name.title())
    enrol(user=user, course=course, now=at)
    for lesson in lessons_of(course)[:done]:
        complete_lesson(user=user, lesson=lesson, now=at)
    return user


def meant(course: Course, **filters: Any) -> set[str]:
    """The first names of those whom a filter means."""
    found = learners_in(course, Segment.read(filters), NOW)
    return {each.user.email.partition("@")[0] for each in found.select_related("user")}


@pytest.fixture
def course() -> Course:
    """Two modules of two lessons each, with somebody in every state."""
    course = make_course(2, 2)
    comes(course, "fresh", at=NOW - DAY)
    comes(course, "going", done=1, at=NOW - DAY)
    comes(course, "stuck", done=2)
    comes(course, "ready", done=4)
    out = comes(course, "outed", done=1)
    enrolment = Enrolment.objects.get(user=out)
    revoke_enrolment(actor=author(), enrolment=enrolment, reason="", now=NOW - DAY)
    return course


@pytest.mark.parametrize(
    ("state", "names"),
    [
        ("", {"fresh", "going", "stuck", "ready", "outed"}),
        (LearnerState.NOT_BEGUN, {"fresh"}),
        (LearnerState.UNDER_WAY, {"going", "stuck"}),
        (LearnerState.STUCK, {"stuck"}),
        (LearnerState.COMPLETED, {"ready"}),
        (LearnerState.ENDED, set()),
        (LearnerState.REVOKED, {"outed"}),
    ],
)
def test_by_how_they_stand(course: Course, state: str, names: set[str]) -> None:
    assert meant(course, state=state) == names


def test_the_roster_names_each_state_as_the_filter_finds_it(course: Course) -> None:
    required = required_ids(course)
    everybody = with_standing(Enrolment.objects.filter(course=course), course, required, NOW)
    shown = {
        row.enrolment.user.name.lower(): row.state for row in rows_of(everybody, required, NOW)
    }
    for name, state in shown.items():
        assert name in meant(course, state=state)
    counts = count_states(course, NOW)
    assert counts.pop("everybody") == 5
    assert counts == {state: len(meant(course, state=state)) for state in counts}


def test_stuck_for_as_long_as_one_says(course: Course) -> None:
    assert meant(course, state="stuck", days=14) == {"stuck"}
    assert meant(course, state="stuck", days=31) == set()
    assert meant(course, state="stuck", days=1) == {"stuck", "going"}


def test_by_the_modules_that_are_finished(course: Course) -> None:
    first, second = course.modules.order_by("position")
    assert meant(course, finished=first.pk) == {"stuck", "ready"}
    assert meant(course, finished=second.pk) == {"ready"}
    assert meant(course, finished=first.pk, unfinished=second.pk) == {"stuck"}
    # A lesson that is taken back need not be done.
    unpublish_lesson(actor=author(), lesson=lessons_of(course)[1])
    assert meant(course, finished=first.pk) == {"going", "stuck", "ready", "outed"}


def test_by_where_they_stopped(course: Course) -> None:
    lessons = lessons_of(course)
    left = Enrolment.objects.get(user__email="going@example.com")
    LessonProgress.objects.create(enrolment=left, lesson=lessons[1], opened_at=NOW)
    Enrolment.objects.filter(pk=left.pk).update(last_lesson=lessons[1])
    assert meant(course, stopped_at=lessons[1].pk) == {"going"}
    # Who completed the lesson where they were last has not stopped at it.
    assert meant(course, stopped_at=lessons[0].pk) == set()


def test_by_name_address_and_way_in(course: Course) -> None:
    assert meant(course, q="STUCK@") == {"stuck"}
    assert meant(course, q="read") == {"ready"}
    assert meant(course, source="author") == set()
    assert meant(course, source="self", state="completed") == {"ready"}


@pytest.mark.parametrize(
    "filters",
    [
        {"state": "sleeping"},
        {"source": "spam"},
        {"finished": "first"},
        {"finished": "0"},
        {"stopped_at": "-1"},
        {"days": "1e9"},
        {"unfinished": "²"},
    ],
)
def test_what_is_not_understood_is_never_everybody(course: Course, filters: Any) -> None:
    with pytest.raises(BadSegmentError):
        meant(course, **filters)


def test_modules_and_lessons_of_another_course_are_refused(course: Course) -> None:
    other = make_course(1)
    for filters in (
        {"finished": other.modules.get().pk},
        {"unfinished": other.modules.get().pk},
        {"stopped_at": lessons_of(other)[0].pk},
    ):
        with pytest.raises(BadSegmentError):
            meant(course, **filters)


def test_it_travels_as_a_query_and_as_json(course: Course) -> None:
    module = course.modules.first()
    assert module is not None
    given = {"state": "stuck", "days": "20", "finished": str(module.pk), "q": " a  b "}
    segment = Segment.read({**given, "course": course.pk, "page": "3"})
    assert Segment.read(segment.as_dict()) == segment
    assert segment.as_dict() == {"state": "stuck", "days": 20, "finished": module.pk, "q": "a b"}
    assert Segment().as_dict() == {}
    assert describe(course, segment) == [
        "Stuck for 20 days",
        f"Finished “{module.title}”",
        "Name or address holds “a b”",
    ]
    assert describe(course, Segment()) == []


# ── Whose access has ended ────────────────────────────────────────────────────────────────────


def ended(course: Course, now: datetime) -> set[int]:
    return set(learners_in(course, Segment(state="ended"), now).values_list("user_id", flat=True))


def closed(course: Course, now: datetime) -> set[int]:
    """The same, asked of the one function that decides."""
    enrolments = list(Enrolment.objects.filter(course=course).select_related("user"))
    rooms = get_classrooms_of(course, enrolments, now)
    return {each.user_id for each in enrolments if not rooms[each.pk].entry.allowed}


@pytest.mark.parametrize(
    "access", [CourseAccess.PAID, CourseAccess.TIERS, CourseAccess.PRODUCTS, CourseAccess.FREE]
)
def test_the_database_says_of_everybody_what_access_decides(access: str) -> None:
    tier, other, product = TierFactory(), TierFactory(), ProductFactory()
    course = make_course(1, access=access, tiers=[tier], products=[product])
    start = NOW - 20 * DAY
    holders = [
        GrantFactory(tier=tier, product=None, starts_at=start),
        GrantFactory(tier=None, product=product, starts_at=start),
        GrantFactory(tier=tier, product=None, starts_at=start, ends_at=NOW),
        GrantFactory(tier=other, product=None, starts_at=start),
    ]
    for grant in holders:
        also = GrantFactory(user=grant.user, tier=None, product=product, starts_at=start)
        enrol(user=grant.user, course=course, now=NOW - 10 * DAY)
        revoke_grant(actor=author(), grant=also, reason="")
    boss = StaffFactory()
    enrol(user=boss, course=course, now=NOW - 10 * DAY)
    for now in (NOW - DAY, NOW, NOW + DAY):
        assert ended(course, now) == closed(course, now)
    assert boss.pk not in ended(course, NOW)


def test_who_buys_it_again_begins_a_new_term() -> None:
    product = ProductFactory()
    course = make_course(
        1,
        access=CourseAccess.PRODUCTS,
        products=[product],
        access_length=AccessLength.MONTHS,
        access_months=1,
    )
    start = NOW - 60 * DAY
    kept, renewed = (
        GrantFactory(tier=None, product=product, starts_at=start).user for _each in range(2)
    )
    for user in (kept, renewed):
        enrol(user=user, course=course, now=start)
    assert ended(course, NOW) == closed(course, NOW) == {kept.pk, renewed.pk}
    GrantFactory(user=renewed, tier=None, product=product, starts_at=NOW - DAY)
    assert ended(course, NOW) == closed(course, NOW) == {kept.pk}
    assert Grant.objects.filter(user=renewed).count() == 2
    later = NOW + 40 * DAY
    assert ended(course, later) == closed(course, later) == {kept.pk, renewed.pk}
