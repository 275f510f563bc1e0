"""K2: what was open stays open, however the author rearranges what is to come."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from courses.access import get_classroom
from courses.actions import (
    complete_lesson,
    delete_lesson,
    enrol,
    move_lesson,
    move_module,
    open_lesson,
    publish_lesson,
    reorder_outline,
    restart_schedule,
    save_course,
    save_lesson,
    set_prerequisite,
    set_time_zone,
    uncomplete_lesson,
    unpublish_lesson,
)
from courses.enums import Drip, LessonState
from courses.models import Course, Enrolment, Lesson, ReleasedLesson
from newsletter.accounts.models import User
from tests.factories.accounts import UserFactory
from tests.factories.courses import LessonFactory, ModuleFactory, author, lessons_of, make_course

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 12, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def open_lessons(course: Course, user: User, now: datetime) -> list[str]:
    """The titles of what is open, in order."""
    room = get_classroom(Course.objects.get(pk=course.pk), user, now)
    assert room is not None
    return [each.title for each in room.outline.published if room.decide(each.pk).allowed]


def dripped(*days: int, **fields: object) -> tuple[Course, User, list[Lesson]]:
    """Lessons A, B, … that open so many days after enrolment, and somebody who enrolled at NOW."""
    course = make_course(1, **fields)
    module = course.modules.get()
    lessons = [
        LessonFactory(module=module, title=title, drip=Drip.DAYS, drip_days=number)
        for title, number in zip("ABCDEF", days, strict=False)
    ]
    delete_lesson(actor=author(), lesson=lessons_of(course)[0])
    user = UserFactory(time_zone="Europe/Vienna")
    enrol(user=user, course=course, now=NOW)
    return course, user, lessons


def reschedule(lesson: Lesson, now: datetime, **fields: object) -> None:
    stored = Lesson.objects.get(pk=lesson.pk)
    for name, value in fields.items():
        setattr(stored, name, value)
    save_lesson(actor=author(), lesson=stored, now=now)


def test_k2_a_lesson_that_was_released_stays_open_when_it_is_put_off() -> None:
    course, user, (first, second) = dripped(1, 5)
    late = UserFactory(time_zone="Europe/Vienna")
    enrol(user=late, course=course, now=NOW + 3 * DAY)
    at = NOW + 3 * DAY
    assert open_lessons(course, user, at) == ["A"]
    reschedule(first, at, drip_days=30)
    reschedule(second, at, drip_days=40)
    # Released to one of them, who never looked at it; to the other it comes later.
    assert open_lessons(course, user, at) == ["A"]
    assert open_lessons(course, late, at) == []
    assert open_lessons(course, user, NOW + 30 * DAY) == ["A"]
    assert open_lessons(course, late, NOW + 34 * DAY) == ["A"]
    assert open_lessons(course, user, NOW + 41 * DAY) == ["A", "B"]
    # Written for the one lesson and the one learner alone.
    kept = ReleasedLesson.objects.get()
    assert (kept.enrolment.user, kept.lesson) == (user, first)
    assert kept.released_at == datetime(2026, 11, 13, 7, tzinfo=UTC)


def test_k2_a_completed_lesson_stays_open() -> None:
    course, user, (first,) = dripped(1)
    complete_lesson(user=user, lesson=first, now=NOW + 2 * DAY)
    reschedule(first, NOW + 2 * DAY, drip=Drip.DATE, drip_date=date(2030, 1, 1))
    assert open_lessons(course, user, NOW + 2 * DAY) == ["A"]
    assert not ReleasedLesson.objects.exists()


def test_k2_bringing_a_lesson_forward_opens_it_at_once() -> None:
    course, user, (first,) = dripped(30)
    reschedule(first, NOW + 2 * DAY, drip_days=1)
    assert open_lessons(course, user, NOW + 2 * DAY) == ["A"]
    assert Enrolment.objects.get(user=user).next_release_at == NOW + 2 * DAY


def test_k2_a_later_hour_closes_nothing() -> None:
    course, user, _lessons = dripped(1, 5)
    at = datetime(2026, 11, 13, 9, tzinfo=UTC)
    assert open_lessons(course, user, at) == ["A"]
    course.refresh_from_db()
    course.release_hour = 20
    save_course(actor=author(), course=course, now=at)
    assert open_lessons(course, user, at) == ["A"]
    late = UserFactory(time_zone="Europe/Vienna")
    enrol(user=late, course=course, now=NOW)
    assert open_lessons(course, late, at) == []


def test_k2_a_lesson_that_is_taken_back_for_a_while_comes_back_open() -> None:
    course, user, (first,) = dripped(1)
    at = NOW + 2 * DAY
    unpublish_lesson(actor=author(), lesson=first, now=at)
    assert open_lessons(course, user, at) == []
    reschedule(first, at, drip_days=60)
    publish_lesson(actor=author(), lesson=first, now=at)
    assert open_lessons(course, user, at) == ["A"]


def test_k2_what_is_no_preview_any_more_stays_open_to_those_who_had_it() -> None:
    course, user, (first,) = dripped(9)
    reschedule(first, NOW, is_preview=True)
    assert open_lessons(course, user, NOW + DAY) == ["A"]
    reschedule(first, NOW + DAY, is_preview=False)
    assert open_lessons(course, user, NOW + DAY) == ["A"]


def in_order() -> tuple[Course, User, list[Lesson]]:
    """Lessons A to D in order; A is done, so B is open, and nobody has looked at it."""
    course = make_course(2, 2, is_sequential=True)
    lessons = lessons_of(course)
    for lesson, title in zip(lessons, "ABCD", strict=True):
        Lesson.objects.filter(pk=lesson.pk).update(title=title)
    user = UserFactory()
    enrol(user=user, course=course, now=NOW)
    complete_lesson(user=user, lesson=lessons[0], now=NOW)
    assert open_lessons(course, user, NOW) == ["A", "B"]
    return course, user, lessons


def insert_before(course: Course, lessons: list[Lesson]) -> None:
    lesson = LessonFactory(module=lessons[0].module, title="X")
    move_lesson(actor=author(), lesson=lesson, position=1)


def move_away(course: Course, lessons: list[Lesson]) -> None:
    move_lesson(actor=author(), lesson=lessons[1], position=9, module=lessons[2].module)


def turn_modules(course: Course, lessons: list[Lesson]) -> None:
    move_module(actor=author(), module=lessons[0].module, position=2)


def turn_everything(course: Course, lessons: list[Lesson]) -> None:
    first, second = course.modules.order_by("position")
    a, b, c, d = (each.pk for each in lessons)
    reorder_outline(actor=author(), course=course, order=[(second.pk, [d, c, b]), (first.pk, [a])])


@pytest.mark.parametrize("change", [insert_before, move_away, turn_modules, turn_everything])
def test_k2_a_new_order_closes_nothing(
    change: Callable[[Course, list[Lesson]], None],
) -> None:
    course, user, lessons = in_order()
    change(course, lessons)
    still = open_lessons(course, user, NOW)
    assert {"A", "B"} <= set(still)
    assert {"C", "D"}.isdisjoint(still) or change is not insert_before


def test_k2_an_order_that_is_asked_for_later_closes_nothing() -> None:
    course = make_course(2, 1)
    user = UserFactory()
    enrol(user=user, course=course, now=NOW)
    assert len(open_lessons(course, user, NOW)) == 3
    course.refresh_from_db()
    course.is_sequential = True
    save_course(actor=author(), course=course, now=NOW)
    assert len(open_lessons(course, user, NOW)) == 3
    newcomer = UserFactory()
    enrol(user=newcomer, course=course, now=NOW)
    assert len(open_lessons(course, newcomer, NOW)) == 1


def test_k2_a_prerequisite_that_is_set_later_closes_nothing() -> None:
    course = make_course(1, 1)
    first, second = course.modules.order_by("position")
    user, newcomer = UserFactory(), UserFactory()
    enrol(user=user, course=course, now=NOW)
    set_prerequisite(actor=author(), module=second, prerequisite=first)
    enrol(user=newcomer, course=course, now=NOW)
    assert len(open_lessons(course, user, NOW)) == 2
    assert len(open_lessons(course, newcomer, NOW)) == 1


def test_modules_that_would_wait_for_one_another_are_refused() -> None:
    course = make_course(1, 1)
    first, second = course.modules.order_by("position")
    set_prerequisite(actor=author(), module=second, prerequisite=first)
    with pytest.raises(ValidationError, match="wait for one another"):
        set_prerequisite(actor=author(), module=first, prerequisite=second)
    first.refresh_from_db()
    assert first.prerequisite is None


def test_k2_taking_a_completion_back_closes_nothing() -> None:
    course, user, lessons = in_order()
    assert uncomplete_lesson(user=user, lesson=lessons[0], now=NOW)
    assert open_lessons(course, user, NOW) == ["A", "B"]
    assert not uncomplete_lesson(user=user, lesson=lessons[0], now=NOW)


def test_k2_days_after_a_module_count_on_when_the_module_grows() -> None:
    course = make_course(1)
    (first,) = lessons_of(course)
    second = ModuleFactory(course=course)
    LessonFactory(module=second, title="Later", drip=Drip.AFTER_MODULE, drip_days=3)
    user = UserFactory()
    enrol(user=user, course=course, now=NOW)
    complete_lesson(user=user, lesson=first, now=NOW)
    assert "Later" not in open_lessons(course, user, NOW + DAY)
    assert "Later" in open_lessons(course, user, NOW + 3 * DAY)
    # One more to do in the first module: for those who have it open nothing closes.
    draft = LessonFactory(module=first.module, title="More", state=LessonState.DRAFT)
    publish_lesson(actor=author(), lesson=draft, now=NOW + 4 * DAY)
    assert "Later" in open_lessons(course, user, NOW + 4 * DAY)
    newcomer = UserFactory()
    enrol(user=newcomer, course=course, now=NOW)
    complete_lesson(user=newcomer, lesson=first, now=NOW)
    assert "Later" not in open_lessons(course, newcomer, NOW + 9 * DAY)


def test_k2_a_schedule_that_begins_anew_closes_nothing() -> None:
    course, user, _lessons = dripped(1, 5)
    enrolment = Enrolment.objects.get(user=user)
    restart_schedule(actor=author(), enrolment=enrolment, now=NOW + 3 * DAY)
    assert open_lessons(course, user, NOW + 3 * DAY) == ["A"]
    assert open_lessons(course, user, NOW + 7 * DAY) == ["A"]
    assert open_lessons(course, user, NOW + 8 * DAY) == ["A", "B"]
    # Learners may do it themselves; nobody else's.
    restart_schedule(actor=user, enrolment=enrolment, now=NOW + 4 * DAY)
    with pytest.raises(Exception, match="Only authors"):
        restart_schedule(actor=UserFactory(), enrolment=enrolment)


def test_k2_moving_to_another_zone_closes_nothing() -> None:
    course, user, _lessons = dripped(1, 2)
    at = datetime(2026, 11, 13, 8, tzinfo=UTC)
    assert open_lessons(course, user, at) == ["A"]
    set_time_zone(user=user, course=course, time_zone="America/Los_Angeles", now=at)
    assert open_lessons(course, user, at) == ["A"]
    assert open_lessons(course, user, datetime(2026, 11, 14, 8, tzinfo=UTC)) == ["A"]
    assert open_lessons(course, user, datetime(2026, 11, 14, 16, tzinfo=UTC)) == ["A", "B"]
    with pytest.raises(ValidationError):
        set_time_zone(user=user, course=course, time_zone="Atlantis/Capital")


@pytest.mark.parametrize("begun_anew", [False, True])
def test_moving_east_opens_nothing_earlier_than_to_those_who_came_there(begun_anew: bool) -> None:
    """Late on the 11th in California it is the evening of the 12th on Kiritimati."""
    course, _user, _lessons = dripped(1, 2)
    moment = datetime(2026, 11, 12, 7, 30, tzinfo=UTC)
    moves, native = UserFactory(time_zone="America/Los_Angeles"), UserFactory()
    User.objects.filter(pk=native.pk).update(time_zone="Pacific/Kiritimati")
    native.refresh_from_db()
    enrol(user=native, course=course, now=moment)
    came = moment - 9 * DAY if begun_anew else moment
    enrolment = enrol(user=moves, course=course, now=came)
    if begun_anew:
        ReleasedLesson.objects.all().delete()
        # Somebody to whom nothing had opened by then.
        Lesson.objects.filter(course=course).update(drip_days=20)
        restart_schedule(actor=author(), enrolment=enrolment, now=moment)
        for lesson, days in zip(lessons_of(course), (1, 2), strict=True):
            Lesson.objects.filter(pk=lesson.pk).update(drip_days=days)
    assert Enrolment.objects.get(pk=enrolment.pk).anchor_date == date(2026, 11, 11)
    set_time_zone(user=moves, course=course, time_zone="Pacific/Kiritimati", now=moment)
    assert Enrolment.objects.get(pk=enrolment.pk).anchor_date == date(2026, 11, 12)
    assert open_lessons(course, moves, moment) == []
    # 8 o'clock on the 13th, there; and a moment before.
    opens = datetime(2026, 11, 12, 18, 0, tzinfo=UTC)
    for user in (moves, native):
        assert open_lessons(course, user, opens - timedelta(seconds=1)) == []
        assert open_lessons(course, user, opens) == ["A"]
        assert open_lessons(course, user, opens + DAY) == ["A", "B"]
    # Back again it is as it was, and what had opened stays.
    set_time_zone(user=moves, course=course, time_zone="America/Los_Angeles", now=opens)
    assert Enrolment.objects.get(pk=enrolment.pk).anchor_date == date(2026, 11, 11)
    assert open_lessons(course, moves, opens) == ["A"]


def test_a_first_day_that_was_chosen_otherwise_stays_when_somebody_moves() -> None:
    course, user, _lessons = dripped(1)
    Enrolment.objects.filter(user=user).update(anchor_date=date(2026, 11, 20))
    moved = set_time_zone(user=user, course=course, time_zone="Pacific/Kiritimati", now=NOW)
    assert moved.anchor_date == date(2026, 11, 20)


def test_k2_what_somebody_has_looked_into_stays_open() -> None:
    course, user, (first,) = dripped(1)
    at = NOW + 2 * DAY
    room = get_classroom(course, user, at)
    assert room is not None
    open_lesson(user=user, room=room, lesson=first)
    reschedule(first, at, drip_days=99)
    assert open_lessons(course, user, at) == ["A"]
    assert not ReleasedLesson.objects.exists()


def test_a_change_that_closes_nothing_asks_for_no_learner(django_assert_max_num_queries) -> None:
    """Renaming, or one more lesson at the end, costs the same for any number of learners."""
    course, _user, (first,) = dripped(1)
    version = Course.objects.get(pk=course.pk).curriculum_version
    reschedule(first, NOW, title="Renamed")
    assert Course.objects.get(pk=course.pk).curriculum_version == version
    for _number in range(3):
        enrol(user=UserFactory(), course=course, now=NOW)
    draft = LessonFactory(module=first.module, state=LessonState.DRAFT)
    with django_assert_max_num_queries(25):
        publish_lesson(actor=author(), lesson=draft, now=NOW)
    assert not ReleasedLesson.objects.exists()
    assert Course.objects.get(pk=course.pk).curriculum_version > version
