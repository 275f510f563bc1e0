"""Taking a quiz: what is asked, what is told, and what counts."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from courses.actions.answering import (
    HandedInError,
    NoAttemptLeftError,
    hand_in_attempt,
    start_attempt,
)
from courses.actions.examining import Draft, remove_question, save_question
from courses.enums import Feedback, QuestionKind
from courses.marking import Given
from courses.models import Answer, Lesson, LessonProgress, QuizAttempt
from tests.factories.accounts import UserFactory
from tests.factories.courses import author
from tests.factories.quizzes import add_question, choice_ids, choice_numbers, make_quiz

pytestmark = pytest.mark.django_db

# Words that the browser may have only once an answer is given.
SECRET = "sesame-4711"


@pytest.fixture
def reader() -> Any:
    return UserFactory()


def address(lesson: Lesson, rest: str = "") -> str:
    return f"/courses/{lesson.course.slug}/{lesson.slug}/quiz/{rest}"


def is_done(user: Any, lesson: Lesson) -> bool:
    return LessonProgress.objects.filter(
        enrolment__user=user, lesson=lesson, completed_at__isnull=False
    ).exists()


def everything(response: Any) -> str:
    """All that a browser is sent."""
    head = "\n".join(f"{name}: {value}" for name, value in response.items())
    return head + str(response.cookies) + response.content.decode()


# ── The way through ───────────────────────────────────────────────────────────────────────────


def test_a_quiz_of_all_kinds_completes_its_lesson(client: Client, reader: Any) -> None:
    quiz = make_quiz()
    lesson = quiz.lesson
    single = add_question(quiz)
    several = add_question(quiz, QuestionKind.MULTIPLE, "*One", "*Two", "Three")
    text = add_question(quiz, QuestionKind.TEXT, "Nein", "No")
    order = add_question(quiz, QuestionKind.ORDERING, "First", "Second", "Third")
    client.force_login(reader)
    client.post(address(lesson, "start/"))
    attempt = QuizAttempt.objects.get()
    page = client.get(address(lesson)).content.decode()
    assert page.count("<fieldset") == 4
    first, second, third = choice_numbers(attempt, order, "First", "Second", "Third")
    response = client.post(
        address(lesson, "hand-in/"),
        {
            "attempt": attempt.pk,
            f"q{single.pk}": choice_numbers(attempt, single, "Right"),
            f"q{several.pk}": choice_numbers(attempt, several, "One", "Two"),
            f"q{text.pk}": " NO. ",
            f"q{order.pk}-{second}": 2,
            f"q{order.pk}-{third}": 3,
            f"q{order.pk}-{first}": 1,
        },
    )
    assert response["Location"] == address(lesson, "attempts/1/")
    attempt.refresh_from_db()
    assert (attempt.state, attempt.percent, attempt.passed) == ("submitted", 100, True)
    assert is_done(reader, lesson)
    assert b"Passed" in client.get(response["Location"]).content


def test_too_little_is_no_pass(reader: Any) -> None:
    quiz = make_quiz(pass_percent=51)
    right, wrong = add_question(quiz), add_question(quiz)
    attempt = start_attempt(user=reader, lesson=quiz.lesson)
    given = {
        right.pk: Given(choice_ids(right, "Right")),
        wrong.pk: Given(choice_ids(wrong, "Wrong")),
    }
    done = hand_in_attempt(user=reader, lesson=quiz.lesson, attempt_id=attempt.pk, given=given)
    assert (done.score, done.max_score, done.percent, done.passed) == (1, 2, 50, False)
    assert not is_done(reader, quiz.lesson)


def test_what_is_missing_is_asked_for_once(client: Client, reader: Any) -> None:
    quiz = make_quiz()
    first, _second = add_question(quiz), add_question(quiz)
    client.force_login(reader)
    client.post(address(quiz.lesson, "start/"))
    attempt = QuizAttempt.objects.get()
    data = {"attempt": attempt.pk, f"q{first.pk}": choice_numbers(attempt, first, "Right")}
    response = client.post(address(quiz.lesson, "hand-in/"), data)
    assert response.status_code == 422
    assert "1 question has no answer yet" in response.content.decode()
    # What was chosen is chosen still.
    (chosen,) = choice_numbers(attempt, first, "Right")
    assert f'value="{chosen}" checked' in response.content.decode()
    response = client.post(address(quiz.lesson, "hand-in/"), {**data, "as_it_is": "1"})
    assert response.status_code == 302
    attempt.refresh_from_db()
    assert attempt.percent == 50
    assert attempt.answers.count() == 1


def test_an_order_with_the_same_number_twice_is_no_answer(client: Client, reader: Any) -> None:
    quiz = make_quiz()
    order = add_question(quiz, QuestionKind.ORDERING, "First", "Second")
    client.force_login(reader)
    client.post(address(quiz.lesson, "start/"))
    data = {
        "attempt": QuizAttempt.objects.get().pk,
        f"q{order.pk}-1": 1,
        f"q{order.pk}-2": 1,
    }
    response = client.post(address(quiz.lesson, "hand-in/"), data)
    assert response.status_code == 422
    page = response.content.decode()
    assert "a number of its own" in page
    assert page.count('<option value="1" selected>') == 2


# ── Once ──────────────────────────────────────────────────────────────────────────────────────


def test_handing_in_twice_counts_once(client: Client, reader: Any) -> None:
    quiz = make_quiz()
    question = add_question(quiz)
    client.force_login(reader)
    client.post(address(quiz.lesson, "start/"))
    attempt = QuizAttempt.objects.get()
    wrong = {"attempt": attempt.pk, f"q{question.pk}": choice_numbers(attempt, question, "Wrong")}
    right = {"attempt": attempt.pk, f"q{question.pk}": choice_numbers(attempt, question, "Right")}
    first = client.post(address(quiz.lesson, "hand-in/"), wrong)
    again = client.post(address(quiz.lesson, "hand-in/"), right)
    assert first["Location"] == again["Location"]
    attempt.refresh_from_db()
    assert (attempt.percent, attempt.answers.count()) == (0, 1)
    with pytest.raises(HandedInError):
        hand_in_attempt(user=reader, lesson=quiz.lesson, attempt_id=attempt.pk, given={})


@pytest.mark.django_db(transaction=True)
def test_handing_in_from_two_tabs_at_once_counts_once(reader: Any) -> None:
    quiz = make_quiz(feedback=Feedback.AT_END)
    question = add_question(quiz)
    attempt = start_attempt(user=reader, lesson=quiz.lesson)
    given = {question.pk: Given(choice_ids(question, "Right"))}
    gate = threading.Barrier(4)
    ends: list[str] = []

    def send() -> None:
        gate.wait()
        try:
            hand_in_attempt(user=reader, lesson=quiz.lesson, attempt_id=attempt.pk, given=given)
            ends.append("taken")
        except HandedInError:
            ends.append("refused")
        finally:
            connection.close()

    tabs = [threading.Thread(target=send) for _tab in range(4)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    assert sorted(ends) == ["refused"] * 3 + ["taken"]
    assert Answer.objects.count() == 1


def test_two_clicks_begin_one_attempt(reader: Any) -> None:
    quiz = make_quiz(max_attempts=2)
    add_question(quiz)
    first = start_attempt(user=reader, lesson=quiz.lesson)
    assert start_attempt(user=reader, lesson=quiz.lesson) == first
    assert QuizAttempt.objects.count() == 1


def test_there_are_as_many_attempts_as_the_author_says(client: Client, reader: Any) -> None:
    quiz = make_quiz(max_attempts=2)
    add_question(quiz)
    client.force_login(reader)
    for _attempt in range(2):
        attempt = start_attempt(user=reader, lesson=quiz.lesson)
        hand_in_attempt(user=reader, lesson=quiz.lesson, attempt_id=attempt.pk, given={})
    with pytest.raises(NoAttemptLeftError):
        start_attempt(user=reader, lesson=quiz.lesson)
    page = client.get(address(quiz.lesson)).content.decode()
    assert "no attempt left" in page
    assert "quiz/start/" not in page
    client.post(address(quiz.lesson, "start/"))
    assert QuizAttempt.objects.count() == 2


def test_passing_late_does_not_move_the_day(reader: Any) -> None:
    quiz = make_quiz()
    question = add_question(quiz)
    days = []
    for _attempt in range(2):
        attempt = start_attempt(user=reader, lesson=quiz.lesson)
        given = {question.pk: Given(choice_ids(question, "Right"))}
        hand_in_attempt(user=reader, lesson=quiz.lesson, attempt_id=attempt.pk, given=given)
        days.append(LessonProgress.objects.get(lesson=quiz.lesson).completed_at)
    assert days[0] == days[1]


# ── What is asked ─────────────────────────────────────────────────────────────────────────────


def test_what_is_drawn_stays_for_the_attempt(client: Client, reader: Any) -> None:
    quiz = make_quiz(sample_size=3, shuffles_questions=True, shuffles_choices=True)
    for _question in range(12):
        add_question(quiz, QuestionKind.SINGLE, "*A", "B", "C", "D", "E")
    client.force_login(reader)
    client.post(address(quiz.lesson, "start/"))
    names = re.compile(r'name="(q\d+)" value="(\d+)"')
    seen = [names.findall(client.get(address(quiz.lesson)).content.decode()) for _look in range(3)]
    assert seen[0] == seen[1] == seen[2]
    assert len({name for name, _value in seen[0]}) == 3
    drawn = set()
    for _attempt in range(8):
        attempt = start_attempt(user=reader, lesson=quiz.lesson)
        drawn.add(tuple(each["question"] for each in attempt.asked))
        hand_in_attempt(user=reader, lesson=quiz.lesson, attempt_id=attempt.pk, given={})
    assert len(drawn) > 1


def test_things_to_be_put_in_order_are_not_shown_in_order(reader: Any) -> None:
    quiz = make_quiz()
    order = add_question(quiz, QuestionKind.ORDERING, "First", "Second")
    for _attempt in range(6):
        attempt = start_attempt(user=reader, lesson=quiz.lesson)
        assert attempt.asked[0]["choices"] != list(choice_ids(order))
        hand_in_attempt(user=reader, lesson=quiz.lesson, attempt_id=attempt.pk, given={})


def test_a_question_that_was_asked_is_archived_and_still_asked_where_it_was(reader: Any) -> None:
    quiz = make_quiz()
    asked, other = add_question(quiz), add_question(quiz)
    attempt = start_attempt(user=reader, lesson=quiz.lesson)
    unasked = add_question(quiz)
    assert remove_question(actor=author(), question=unasked)
    assert not remove_question(actor=author(), question=asked)
    given = {each.pk: Given(choice_ids(each, "Right")) for each in (asked, other)}
    done = hand_in_attempt(user=reader, lesson=quiz.lesson, attempt_id=attempt.pk, given=given)
    assert (done.score, done.max_score) == (2, 2)
    again = start_attempt(user=reader, lesson=quiz.lesson)
    assert [each["question"] for each in again.asked] == [other.pk]


def test_words_that_stay_keep_their_choice() -> None:
    quiz = make_quiz()
    question = add_question(quiz)
    before = choice_ids(question, "Right")
    drafts = [Draft("Never"), Draft("Right", is_correct=True), Draft("Sometimes")]
    save_question(actor=author(), question=question, choices=drafts)
    question = type(question).objects.get(pk=question.pk)
    assert choice_ids(question, "Right") == before
    assert [choice.text for choice in question.choices.all()] == ["Never", "Right", "Sometimes"]


# ── Numbers of queries ────────────────────────────────────────────────────────────────────────


def test_a_long_quiz_takes_no_more_queries(client: Client, reader: Any) -> None:
    def count(questions: int) -> dict[str, int]:
        quiz = make_quiz()
        made = [
            add_question(quiz, QuestionKind.MULTIPLE, "*A", "B", "C") for _one in range(questions)
        ]
        attempt = start_attempt(user=reader, lesson=quiz.lesson)
        counts: dict[str, int] = {}
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address(quiz.lesson)).status_code == 200
        counts["attempt"] = len(asked)
        data: dict[str, Any] = {"attempt": attempt.pk}
        data |= {f"q{each.pk}": choice_ids(each, "A") for each in made}
        with CaptureQueriesContext(connection) as asked:
            client.post(address(quiz.lesson, "hand-in/"), data)
        counts["hand in"] = len(asked)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address(quiz.lesson, "attempts/1/")).status_code == 200
        counts["result"] = len(asked)
        return counts

    client.force_login(reader)
    count(1)
    assert count(1) == count(25)
