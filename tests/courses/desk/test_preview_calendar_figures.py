"""Looking at a course without touching it: other eyes, the calendar, the figures."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from courses.access import get_classroom
from courses.actions import complete_lesson, open_lesson, publish_course
from courses.enums import CourseAccess, Drip
from courses.models import (
    Answer,
    Choice,
    Course,
    CourseEvent,
    Enrolment,
    Lesson,
    LessonProgress,
    Question,
    Quiz,
    QuizAttempt,
)
from newsletter.memberships.models import Grant
from tests.courses.desk.conftest import staff_with
from tests.courses.desk.test_lesson_desk import typed
from tests.factories.accounts import UserFactory
from tests.factories.courses import (
    CourseFactory,
    LessonFactory,
    ModuleFactory,
    ProductFactory,
    author,
    enrolled,
    fill_course,
    lessons_of,
    make_course,
)
from tests.factories.memberships import TierFactory

pytestmark = pytest.mark.django_db

SECRET = "The number is forty-one."


@pytest.fixture
def course() -> Course:
    """Sold, or for one tier. A free preview, a lesson at once, one after a week, one that follows
    the first module, and a draft."""
    tier = TierFactory(name="Patron")
    course = CourseFactory(
        title="Saying no",
        access=CourseAccess.TIERS,
        tiers=[tier],
        products=[ProductFactory()],
        time_zone="Europe/Berlin",
    )
    one, two = (ModuleFactory(course=course, title=title) for title in ("One", "Two"))
    LessonFactory(module=one, title="Open", is_preview=True, body=f"<p>{SECRET}</p>")
    LessonFactory(module=one, title="Paid", body=f"<p>{SECRET}</p>")
    LessonFactory(module=two, title="Weekly", drip=Drip.DAYS, drip_days=7, body=f"<p>{SECRET}</p>")
    LessonFactory(module=two, title="Follows", drip=Drip.AFTER_MODULE, drip_days=2)
    LessonFactory(module=two, title="Unready", state="draft", body=f"<p>{SECRET}</p>")
    publish_course(actor=author(), course=course)
    return course


def lesson(title: str) -> Lesson:
    return Lesson.objects.get(title=title)


def preview(desk: Client, course: Course, query: str = "") -> str:
    path = reverse("admin:courses_course_preview", args=[course.pk])
    answer = desk.get(f"{path}?{query}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def rows_there_are() -> list[int]:
    models: list[Any] = [Enrolment, LessonProgress, CourseEvent, Grant]
    return [model.objects.count() for model in models]


@pytest.mark.parametrize(
    ("query", "title", "sees"),
    [
        ("as=visitor", "Open", True),
        ("as=visitor", "Paid", False),
        ("as=reader", "Paid", False),
        ("as=buyer", "Paid", True),
        ("as=learner", "Paid", True),
        ("as=tier", "Paid", True),
        ("as=other", "Paid", False),
        ("as=learner&day=6", "Weekly", False),
        ("as=learner&day=8", "Weekly", True),
        ("as=buyer", "Weekly", False),
        # Taken for published.
        ("as=visitor", "Unready", False),
        ("as=learner", "Unready", True),
    ],
)
def test_a_lesson_through_other_eyes(
    desk: Client, course: Course, query: str, title: str, sees: bool
) -> None:
    tier = course.tiers.get()
    other = TierFactory()
    query = query.replace("as=tier", f"as=tier-{tier.pk}").replace(
        "as=other", f"as=tier-{other.pk}"
    )
    before = rows_there_are()
    page = preview(desk, course, f"{query}&lesson={lesson(title).pk}")
    assert (SECRET in page) is sees
    assert title in page
    assert rows_there_are() == before
    # What is stored is as it was.
    assert lesson("Unready").state == "draft"


def test_a_lesson_that_follows_opens_when_the_module_is_finished(
    desk: Client, course: Course
) -> None:
    pk = lesson("Follows").pk
    nothing = preview(desk, course, f"as=learner&day=30&lesson={pk}")
    assert "after you finish “One”" in nothing
    finished = preview(desk, course, f"as=learner&day=30&finished=1&lesson={pk}")
    assert "after you finish" not in finished
    assert "It opens on" in finished


def test_the_course_itself_through_other_eyes(desk: Client, course: Course) -> None:
    before = rows_there_are()
    about = preview(desk, course, "as=visitor")
    assert "What is in it" in about
    home = preview(desk, course, "as=learner&day=8&finished=1")
    assert "40 % done" in home
    assert "A draft" not in home
    # Who is not known is a visitor.
    assert "What is in it" in preview(desk, course, "as=nobody&day=x")
    assert rows_there_are() == before


def test_no_button_of_the_page_does_anything(desk: Client, course: Course) -> None:
    path = reverse("admin:courses_course_preview", args=[course.pk])
    answer = desk.get(f"{path}?as=reader")
    policy = answer["Content-Security-Policy"]
    assert f"form-action http://testserver{path}" in policy
    assert "script-src 'self'" in policy or "default-src 'self'" in policy
    assert "'unsafe" not in policy
    assert answer["Cache-Control"].startswith("no-store")


def test_what_is_typed_is_shown_and_not_stored(desk: Client, course: Course) -> None:
    paid = lesson("Paid")
    path = reverse("admin:courses_lesson_preview", args=[paid.pk])
    data = typed(paid, body="<p>Typed just <b>now</b><script>x</script>.</p>", title="Renamed")
    page = desk.post(path, {**data, "as": "learner"}).content.decode()
    assert "Typed just" in page
    assert "<script>x" not in page
    assert "Renamed" in page
    hidden = desk.post(path, {**data, "as": "visitor"}).content.decode()
    assert "Typed just" not in hidden.replace("&lt;p&gt;Typed just", "")
    paid.refresh_from_db()
    assert (paid.title, paid.version) == ("Paid", lesson("Paid").version)


def test_a_learner_whose_time_is_over_is_told_so(desk: Client, course: Course) -> None:
    Course.objects.update(access_length="months", access_months=1)
    assert "Your time in" not in preview(desk, course, "as=learner&day=20")
    page = preview(desk, course, "as=learner&day=40")
    assert "This course is over" in page
    assert "Go on where you left" not in page


def test_the_preview_costs_the_same_for_many_lessons(desk: Client) -> None:
    counted = []
    for number in (1, 200):
        course = CourseFactory()
        fill_course(course, modules=1, lessons=number)
        preview(desk, course, "as=learner")
        with CaptureQueriesContext(connection) as queries:
            preview(desk, course, "as=learner")
        counted.append(len(queries))
    assert counted[0] == counted[1]


# ── Calendar ──────────────────────────────────────────────────────────────────────────────────


def calendar(desk: Client, course: Course, query: str = "") -> str:
    path = reverse("admin:courses_course_calendar", args=[course.pk])
    return str(desk.get(f"{path}?{query}").content.decode())


def test_the_calendar_says_what_opens_when(desk: Client, course: Course) -> None:
    page = calendar(desk, course, "day=2026-03-24&zone=Europe/Berlin")
    assert "Tue, 24 Mar 2026" in page
    # A week later the clocks have changed; it is the same hour for the learner.
    assert "Tue, 31 Mar 2026" in page
    assert page.count("08:00") == 2
    assert "2 days after “One”" in page
    # A draft opens for nobody.
    assert "Unready" not in page
    assert calendar(desk, course, "day=x&zone=y").count("desk-problem") == 2


@pytest.mark.parametrize("day", ["9999-12-31", "9998-12-30", "0001-01-01"])
def test_the_calendar_has_an_answer_for_the_first_and_the_last_day(
    desk: Client, course: Course, day: str
) -> None:
    lesson = lessons_of(course)[0]
    Lesson.objects.filter(pk=lesson.pk).update(drip="days", drip_days=30, is_preview=False)
    assert lesson.title in calendar(desk, course, f"day={day}&zone=Pacific/Kiritimati")


def test_the_calendar_lists_those_who_are_in_it(desk: Client, course: Course) -> None:
    free = make_course(1)
    for _each in range(2):
        enrolled(free, UserFactory(time_zone="Asia/Kolkata"))
    page = calendar(desk, free)
    assert "Asia/Kolkata" in page
    assert "zone=Asia%2FKolkata" in page
    assert (
        staff_with("view_enrolment")
        .get(reverse("admin:courses_course_calendar", args=[free.pk]))
        .status_code
        == 403
    )


# ── Figures ───────────────────────────────────────────────────────────────────────────────────


def figures(client: Client, course: Course) -> str:
    return str(
        client.get(reverse("admin:courses_course_figures", args=[course.pk])).content.decode()
    )


def test_the_funnel_shows_where_people_stop(desk: Client) -> None:
    course = make_course(3)
    first, second, _third = lessons_of(course)
    for number in range(4):
        user = UserFactory()
        enrolled(course, user)
        complete_lesson(user=user, lesson=first)
        if number < 3:
            room = get_classroom(course, user, timezone.now())
            assert room is not None
            open_lesson(user=user, room=room, lesson=second)
        if number == 0:
            complete_lesson(user=user, lesson=second)
    page = figures(desk, course)
    assert "Of 4 learners." in page
    stopped = f"?course={course.pk}&amp;stopped_at={second.pk}"
    assert f'{stopped}">2</a>' in page
    assert f"stopped_at={first.pk}" not in page
    roster = desk.get(
        f"{reverse('admin:courses_enrolment_changelist')}?course={course.pk}&stopped_at={second.pk}"
    ).content.decode()
    assert "2 learners" in roster


def test_questions_are_counted_as_they_were_answered(desk: Client) -> None:
    course = make_course(1)
    quiz = Quiz.objects.create(lesson=lessons_of(course)[0])
    question = Question.objects.create(quiz=quiz, prompt="How long do you wait?")
    Choice.objects.create(question=question, text="Four seconds", is_correct=True)
    for number in range(4):
        enrolment = enrolled(course, UserFactory())
        attempt = QuizAttempt.objects.create(
            enrolment=enrolment,
            quiz=quiz,
            number=1,
            state="submitted" if number < 3 else "open",
            percent=100 if number == 0 else 0,
            passed=number == 0,
        )
        Answer.objects.create(attempt=attempt, question=question, is_correct=number == 0)
    page = figures(desk, course)
    assert "How long do you wait?" in page
    assert "3 attempts handed in, 1 passed, 33 % on average." in page
    assert "33 %</td>" in page


def test_the_figures_cost_the_same_for_many(desk: Client) -> None:
    counted = []
    for number in (1, 3):
        course = CourseFactory(
            access="products", products=[ProductFactory() for _ in range(number)]
        )
        fill_course(course, modules=number, lessons=number * 20)
        for each in lessons_of(course)[:number]:
            quiz = Quiz.objects.create(lesson=each)
            question = Question.objects.create(quiz=quiz, prompt="Why?")
            enrolment = Enrolment.objects.create(
                user=UserFactory(), course=course, time_zone="UTC", anchor_date=date(2026, 1, 1)
            )
            attempt = QuizAttempt.objects.create(
                enrolment=enrolment, quiz=quiz, number=1, state="submitted"
            )
            Answer.objects.create(attempt=attempt, question=question)
        figures(desk, course)
        with CaptureQueriesContext(connection) as queries:
            figures(desk, course)
        counted.append(len(queries))
    assert counted[0] == counted[1]
