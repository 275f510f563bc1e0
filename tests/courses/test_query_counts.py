"""A course costs the same few queries with one lesson and 200, one learner and 10,000."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from courses.access import decide_lessons, get_classroom, get_classrooms, get_lesson_for
from courses.actions import complete_lesson, enrol, open_lesson, record_position, save_notes
from courses.enums import CourseAccess, Drip
from courses.models import Course, Enrolment, Lesson, LessonProgress
from courses.queries import enrolments_of, list_catalogue
from newsletter.accounts.models import User
from tests.factories.accounts import UserFactory
from tests.factories.courses import CourseFactory, author, fill_course, lessons_of, publish_course
from tests.factories.memberships import GrantFactory, TierFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 12, 9, 0, tzinfo=UTC)


def course_of(*, modules: int, lessons: int, learners: int) -> tuple[Course, User]:
    """A course for members, and one of them who is in the middle of it."""
    tier = TierFactory()
    course = CourseFactory(access=CourseAccess.TIERS, tiers=[tier], is_sequential=True)
    fill_course(course, modules=modules, lessons=lessons)
    Lesson.objects.filter(position=1).update(drip=Drip.AFTER_MODULE, drip_days=2)
    publish_course(actor=author(), course=course)
    user = UserFactory()
    GrantFactory(user=user, tier=tier, starts_at=NOW)
    enrolment = enrol(user=user, course=course, now=NOW)
    LessonProgress.objects.bulk_create(
        LessonProgress(enrolment=enrolment, lesson=lesson, opened_at=NOW, completed_at=NOW)
        for lesson in lessons_of(course)[: lessons // 2]
    )
    people = User.objects.bulk_create(
        User(email=f"l{course.pk}-{number}@example.com") for number in range(learners - 1)
    )
    Enrolment.objects.bulk_create(
        Enrolment(
            user=person,
            course=course,
            time_zone="UTC",
            anchor_date=NOW.date(),
            enrolled_at=NOW,
        )
        for person in people
    )
    return course, user


def queries(act: object) -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        act()  # type: ignore[operator]
    return [each["sql"] for each in captured]


def read_home(course: Course, user: User) -> None:
    """What a course's home shows: the outline, what is open, how far, where to go on."""
    room = get_classroom(Course.objects.get(pk=course.pk), user, NOW)
    assert room is not None
    for chapter in room.outline.chapters:
        for lesson in chapter.published:
            room.decide(lesson.pk)
            assert lesson.title
            assert lesson.minutes
    assert room.percent <= 100
    assert room.lesson_to_continue is not None
    assert room.next_opening is None or room.next_opening > NOW


def read_lesson(course: Course, user: User) -> None:
    """What a lesson's page does."""
    room = get_classroom(Course.objects.get(pk=course.pk), user, NOW)
    assert room is not None
    first = room.outline.published[0]
    lesson = get_lesson_for(room, first.pk)
    assert lesson is not None
    assert lesson.body_html
    open_lesson(user=user, room=room, lesson=lesson)


@pytest.mark.parametrize("read", [read_home, read_lesson])
def test_pages_of_a_course(read: object) -> None:
    small, big = (
        course_of(modules=1, lessons=2, learners=1),
        course_of(modules=10, lessons=200, learners=10_000),
    )
    few, many = (queries(lambda each=each: read(*each)) for each in (small, big))  # type: ignore[operator]
    assert len(few) == len(many) <= 20, "\n".join(many)
    # No list loads a text: where one is read, it is of one row.
    with_texts = [sql for sql in many if "body_html" in sql]
    assert all("LIMIT 1" in sql or "LIMIT 21" in sql for sql in with_texts)


def test_what_learners_send() -> None:
    small, big = (
        course_of(modules=1, lessons=2, learners=1),
        course_of(modules=10, lessons=200, learners=2_000),
    )

    def learn(course: Course, user: User) -> None:
        lesson = Lesson.objects.get(pk=lessons_of(course)[len(lessons_of(course)) // 2].pk)
        Lesson.objects.filter(pk=lesson.pk).update(drip=Drip.NONE)
        record_position(user=user, lesson=lesson, seconds=3, now=NOW)
        save_notes(user=user, lesson=lesson, text="Mine", now=NOW)
        complete_lesson(user=user, lesson=lesson, now=NOW)

    few, many = (queries(lambda each=each: learn(*each)) for each in (small, big))
    # The small course is completed by it: its date and its line in the record.
    assert len(few) - 8 <= len(many) <= len(few)


def test_many_courses_of_one_person(django_assert_num_queries) -> None:
    first, user = course_of(modules=1, lessons=1, learners=1)
    with CaptureQueriesContext(connection) as one:
        get_classrooms(Course.objects.filter(pk=first.pk), user, NOW)
    for _number in range(3):
        course, _other = course_of(modules=2, lessons=4, learners=3)
        Enrolment.objects.create(
            user=user, course=course, time_zone="UTC", anchor_date=NOW.date(), enrolled_at=NOW
        )
    with django_assert_num_queries(len(one)):
        rooms = get_classrooms(Course.objects.all(), user, NOW)
    assert len(rooms) == 4
    lessons = list(Lesson.objects.values_list("pk", flat=True))
    with django_assert_num_queries(len(one) + 1):
        assert len(decide_lessons(lessons, user, NOW)) == len(lessons)
    with django_assert_num_queries(1):
        assert len([each.course.title for each in enrolments_of(user)]) == 4
    with django_assert_num_queries(2):
        assert [each.lesson_count for each in list_catalogue()] == [1, 4, 4, 4]
