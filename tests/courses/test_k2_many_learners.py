"""K2 where the worker writes it down: at no moment is anything closed, and the end is the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import settings
from hypothesis.extra.django import TestCase
from hypothesis.stateful import invariant, rule

from courses import tasks
from courses.actions import (
    complete_lesson,
    delete_lesson,
    enrol,
    publish_lesson,
    restart_schedule,
    save_course,
    save_lesson,
    set_time_zone,
    uncomplete_lesson,
)
from courses.actions import keeping as keep
from courses.actions.keeping import settle_chunk
from courses.enums import Drip, LessonState
from courses.models import (
    Course,
    CourseEvent,
    CurriculumChange,
    Enrolment,
    Lesson,
    ReleasedLesson,
)
from courses.settling import change_of, row_of, settling_of
from newsletter.accounts.models import User
from tests.courses import test_histories
from tests.courses.test_k2_rescheduling import DAY, NOW, dripped, open_lessons, reschedule
from tests.factories.accounts import StaffFactory, UserFactory, sign_in_staff
from tests.factories.courses import LessonFactory, author, lessons_of, make_course

pytestmark = pytest.mark.django_db


@pytest.fixture
def _many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two learners are many, and the worker takes one at a time."""
    monkeypatch.setattr(keep, "AT_ONCE", 1)
    monkeypatch.setattr(keep, "CHUNK", 1)


many = pytest.mark.usefixtures("_many")


def crowd(number: int = 3, *days: int) -> tuple[Course, list[User], list[Lesson]]:
    """Lessons that open after days, and learners who came a day after one another, NOW first."""
    course, first, lessons = dripped(*(days or (1, 2, 5)))
    users = [first, *(UserFactory(time_zone="Asia/Kolkata") for _each in range(number - 1))]
    for later, user in enumerate(users[1:], 1):
        enrol(user=user, course=course, now=NOW + later * DAY / 2)
    return course, users, lessons


def standing(course: Course, users: list[User], now: Any) -> list[list[str]]:
    return [open_lessons(course, user, now) for user in users]


def written(course: Course) -> list[tuple[Any, ...]]:
    """Everything that a change leaves behind about learners."""
    emails = "enrolment__user__email"
    released = ReleasedLesson.objects.filter(enrolment__course=course)
    learners = Enrolment.objects.filter(course=course).order_by("user__email")
    completed = CourseEvent.objects.filter(course=course, what="completed")
    return [
        *released.order_by(emails, "lesson__title").values_list(
            emails, "lesson__title", "released_at"
        ),
        *learners.values_list("user__email", "completed_at", "next_release_at"),
        *completed.order_by("user__email").values_list("user__email", "at"),
    ]


@many
def test_nothing_closes_whatever_part_of_it_is_done() -> None:
    course, users, (first, second, _third) = crowd()
    at = NOW + 2.5 * DAY
    before = standing(course, users, at)
    assert before == [["A", "B"], ["A"], ["A"]]
    reschedule(first, at, drip_days=50)
    reschedule(second, at, drip_days=60)
    assert not ReleasedLesson.objects.exists()
    for _chunk in range(4):
        assert standing(course, users, at) == before
        assert standing(course, users, at + DAY) == before
        more = settle_chunk(course_id=course.pk)
    assert not more
    assert standing(course, users, at) == before
    assert ReleasedLesson.objects.count() == 4
    assert not CurriculumChange.objects.filter(finished_at=None).exists()
    # Twice does the same as once.
    assert not settle_chunk(course_id=course.pk)
    assert ReleasedLesson.objects.count() == 4


@many
def test_who_comes_in_meanwhile_has_the_new_rules() -> None:
    course, users, (first, _second, _third) = crowd()
    at = NOW + 3 * DAY
    reschedule(first, at, drip=Drip.DATE, drip_date=(at + 30 * DAY).date())
    newcomer = UserFactory(time_zone="Europe/Vienna")
    enrol(user=newcomer, course=course, now=at)
    assert open_lessons(course, newcomer, at + DAY) == []
    assert open_lessons(course, users[0], at + DAY) == ["A", "B"]
    tasks.settle_curricula()
    assert open_lessons(course, newcomer, at + DAY) == []
    assert not ReleasedLesson.objects.filter(enrolment__user=newcomer).exists()


def both_ways(act: Callable[[Course, list[User], list[Lesson], Any], None]) -> None:
    """The same history written down at once, and by the worker when all is over."""
    found = []
    for most, now_and_then in ((1000, False), (0, False), (0, True)):
        with mock.patch.object(keep, "AT_ONCE", most), mock.patch.object(keep, "CHUNK", 1):
            course, users, lessons = crowd()
            for number, user in enumerate(users):
                User.objects.filter(pk=user.pk).update(email=f"{number}@{course.pk}.example")

            def let_it_work(course: Course = course, wanted: bool = now_and_then) -> None:
                if wanted:
                    settle_chunk(course_id=course.pk)

            act(course, users, lessons, let_it_work)
            tasks.settle_curricula()
        rows = str(written(course)).replace(f"@{course.pk}.example", "")
        found.append((rows, standing(course, users, NOW + 9 * DAY)))
    assert found[0] == found[1] == found[2]
    assert "datetime" in found[0][0]


def test_several_changes_are_as_if_written_down_one_by_one() -> None:
    def act(course: Course, users: list[User], lessons: list[Lesson], work: Any) -> None:
        first, second, third = lessons
        at = NOW + 2 * DAY
        reschedule(first, at, drip_days=40)
        work()
        reschedule(second, at + DAY, drip_days=1)
        work()
        reschedule(second, at + 2 * DAY, drip_days=70)
        reschedule(third, at + 2 * DAY, drip_days=80)
        work()
        reschedule(first, at + 4 * DAY, drip_days=2)
        reschedule(first, at + 5 * DAY, drip_days=99)

    both_ways(act)


def test_what_learners_do_meanwhile_counts_from_when_they_did_it() -> None:
    def act(course: Course, users: list[User], lessons: list[Lesson], work: Any) -> None:
        first, second, third = lessons
        at = NOW + 3 * DAY
        complete_lesson(user=users[0], lesson=first, now=at - DAY)
        course.refresh_from_db()
        course.is_sequential = True
        save_course(actor=author(), course=course, now=at)
        work()
        complete_lesson(user=users[1], lesson=first, now=at + DAY / 4)
        set_time_zone(user=users[1], course=course, time_zone="Asia/Tokyo", now=at + DAY / 3)
        enrolment = Enrolment.objects.get(course=course, user=users[2])
        restart_schedule(actor=author(), enrolment=enrolment, now=at + DAY / 2)
        reschedule(second, at + DAY, drip_days=60)
        work()
        assert uncomplete_lesson(user=users[0], lesson=first, now=at + DAY)
        reschedule(third, at + 2 * DAY, drip_days=60)

    both_ways(act)


def test_completions_that_follow_from_a_change_are_the_same() -> None:
    def act(course: Course, users: list[User], lessons: list[Lesson], work: Any) -> None:
        first, second, third = lessons
        at = NOW + 4 * DAY
        for user in users[:2]:
            complete_lesson(user=user, lesson=first, now=at)
            complete_lesson(user=user, lesson=second, now=at)
        reschedule(third, at + DAY, is_required=False)
        work()
        complete_lesson(user=users[2], lesson=first, now=at + DAY)
        extra = LessonFactory(module=third.module, state=LessonState.DRAFT, title="X")
        publish_lesson(actor=author(), lesson=extra, now=at + 2 * DAY)

    both_ways(act)
    assert CourseEvent.objects.filter(what="completed").count() == 6


@many
def test_a_lesson_that_is_deleted_meanwhile_is_left_out() -> None:
    _course, _users, (first, second, _third) = crowd()
    at = NOW + 3 * DAY
    reschedule(first, at, drip_days=50)
    delete_lesson(actor=author(), lesson=first, now=at)
    reschedule(second, at, drip_days=50)
    tasks.settle_curricula()
    assert set(ReleasedLesson.objects.values_list("lesson", flat=True)) == {second.pk}
    assert not CurriculumChange.objects.exclude(error="").exists()


@many
def test_a_killed_worker_leaves_whole_chunks_and_the_next_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class KilledError(BaseException):
        pass

    course, users, (first, _second, _third) = crowd()
    at = NOW + 3 * DAY
    before = standing(course, users, at)
    reschedule(first, at, drip_days=50)
    assert settle_chunk(course_id=course.pk)
    plain = keep._settle_completions

    def die(*_given: object, **_more: object) -> None:
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(keep, "_settle_completions", die)
        with pytest.raises(KilledError):
            settle_chunk(course_id=course.pk)
    assert keep._settle_completions is plain
    assert ReleasedLesson.objects.count() == 1
    assert standing(course, users, at) == before
    tasks.settle_curricula()
    assert ReleasedLesson.objects.count() == 3
    assert standing(course, users, at) == before


@many
def test_a_failure_is_kept_and_holds_up_no_other_course(monkeypatch: pytest.MonkeyPatch) -> None:
    course, users, (first, _second, _third) = crowd()
    other, _users, (another, _more, _and) = crowd()
    at = NOW + 3 * DAY
    before = standing(course, users, at)
    for lesson in (first, another):
        reschedule(lesson, at, drip_days=50)
    plain = settle_chunk

    def fail(*, course_id: int) -> bool:
        if course_id == course.pk:
            raise ValueError("broken")
        return plain(course_id=course_id)

    with monkeypatch.context() as patched:
        patched.setattr(tasks, "settle_chunk", fail)
        tasks.settle_curricula()
    assert CurriculumChange.objects.get(course=course).error == "ValueError: broken"
    assert CurriculumChange.objects.get(course=other).finished_at is not None
    assert standing(course, users, at) == before
    tasks.settle_curricula()
    assert CurriculumChange.objects.get(course=course).error == ""
    assert settling_of(Course.objects.get(pk=course.pk)) is None


@many
def test_the_author_sees_how_far_it_is() -> None:
    course, _users, (first, _second, _third) = crowd()
    reschedule(first, NOW + 3 * DAY, drip_days=50)
    settle_chunk(course_id=course.pk)
    client = Client()
    sign_in_staff(client, StaffFactory(is_superuser=True, email="boss@example.com"))
    page = reverse("admin:courses_course_outline", args=[course.pk])
    said = "written down for 1 of 3 learners"
    assert said in client.get(page).content.decode()
    roster = f"{reverse('admin:courses_enrolment_changelist')}?course={course.pk}"
    assert said in client.get(roster).content.decode()
    tasks.settle_curricula()
    assert "written down for" not in client.get(page).content.decode()


@many
def test_the_outline_nudges_the_worker(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    nudged: list[tuple[Any, ...]] = []
    monkeypatch.setattr(tasks.settle_curricula, "delay", lambda *given: nudged.append(given))
    course, _users, _lessons = crowd()
    client = Client()
    sign_in_staff(client, StaffFactory(is_superuser=True, email="boss@example.com"))
    page = reverse("admin:courses_course_outline", args=[course.pk])
    lesson = lessons_of(course)[0]
    course.refresh_from_db()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(page, {"act": f"unpublish:lesson:{lesson.pk}"})
    assert CurriculumChange.objects.filter(course=course, finished_at=None).exists()
    assert nudged == [()]


def test_a_great_change_asks_for_no_learner_within_the_request() -> None:
    counted = []
    for number in (2, 12):
        with mock.patch.object(keep, "AT_ONCE", 1):
            _course, _users, (first, _second, _third) = crowd(number)
            stored = Lesson.objects.get(pk=first.pk)
            stored.drip_days = 50
            with CaptureQueriesContext(connection) as queries:
                save_lesson(actor=author(), lesson=stored, now=NOW + 9 * DAY)
        assert not any("courses_lessonprogress" in each["sql"] for each in queries)
        counted.append(len(queries))
    assert counted[0] == counted[1]


def test_a_chunk_takes_the_same_queries_for_any_number() -> None:
    counted = []
    for number in (2, 9):
        course, _users, (first, _second, third) = crowd(number)
        with mock.patch.object(keep, "AT_ONCE", 1):
            reschedule(first, NOW + 9 * DAY, drip_days=50)
            reschedule(third, NOW + 9 * DAY, is_required=False)
            with CaptureQueriesContext(connection) as queries:
                settle_chunk(course_id=course.pk)
        assert ReleasedLesson.objects.filter(enrolment__course=course).count() == number
        counted.append(len(queries))
    assert counted[0] == counted[1]


def test_a_change_is_stored_whole() -> None:
    course = make_course(2, 1, is_sequential=True)
    with mock.patch.object(keep, "AT_ONCE", 0):
        enrol(user=UserFactory(), course=course, now=NOW)
        lesson = lessons_of(course)[1]
        reschedule(lesson, NOW, drip=Drip.DATE, drip_date=(NOW + 3 * DAY).date())
        reschedule(lesson, NOW, drip=Drip.AFTER_MODULE, drip_days=3, is_preview=True)
    rows = CurriculumChange.objects.all()
    assert len(rows) == 2
    for row in rows:
        change = change_of(row)
        assert change.before != change.after
        assert row_of(course, change, row.learners).what == row.what


class LateLearning(test_histories.Learning):
    """Any history at all, with a worker that comes when it likes."""

    @rule()
    def let_the_worker_work(self) -> None:
        settle_chunk(course_id=self.course.pk)

    @invariant()
    def everything_is_as_the_plain_model_has_it(self) -> None:
        """What is open, at every moment; completions once the worker is through."""
        if not hasattr(self, "plain"):
            return
        for user in self.users:
            who, room = self.plain.people[user.pk], self.room(user)
            if room is not None and Enrolment.objects.filter(user=user).exists():
                self.judge(room, who)
                self.nothing_closed(user.pk, room)
        if not CurriculumChange.objects.filter(course=self.course, finished_at=None).exists():
            super().everything_is_as_the_plain_model_has_it()


@pytest.mark.django_db
class TestLateLearning(TestCase, LateLearning.TestCase):  # type: ignore[misc,name-defined]
    """One database transaction for each history."""

    settings = settings(max_examples=8, stateful_step_count=20, deadline=None)

    def run(self, result: Any = None) -> Any:
        """Whoever is in the course is many."""
        with mock.patch.object(keep, "AT_ONCE", 0), mock.patch.object(keep, "CHUNK", 1):
            return super().run(result)
