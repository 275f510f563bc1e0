"""What is right stays on the server until it may be told; and K5: with another person's ids."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from courses.actions import NotOpenError, revoke_enrolment
from courses.actions.answering import (
    NotOwnAttemptError,
    hand_in_attempt,
    start_attempt,
)
from courses.enums import AttemptState, Feedback, QuestionKind
from courses.marking import Given
from courses.models import Answer, Enrolment, Lesson, LessonProgress, QuizAttempt
from tests.factories.accounts import UserFactory
from tests.factories.courses import author, enrolled, lessons_of, make_course
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


# ── Answers stay on the server ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("feedback", list(Feedback))
def test_no_answer_reaches_the_browser_before_it_is_given(
    client: Client, reader: Any, feedback: str
) -> None:
    quiz = make_quiz(feedback=feedback, pass_percent=100)
    said = {"feedback_right": f"{SECRET} right", "feedback_wrong": f"{SECRET} wrong"}
    text = add_question(quiz, QuestionKind.TEXT, SECRET, **said)
    single = add_question(quiz, QuestionKind.SINGLE, "*Aye", "Nay", **said)
    order = add_question(quiz, QuestionKind.ORDERING, "First", "Second", "Third", **said)
    single.choices.update(feedback=SECRET)
    lesson = quiz.lesson
    seen: list[str] = []

    def keep(response: Any) -> Any:
        seen.append(everything(response))
        return response

    keep(client.get(address(lesson)))
    client.force_login(reader)
    keep(client.get(address(lesson)))
    keep(client.post(address(lesson, "start/")))
    keep(client.get(address(lesson)))
    attempt = QuizAttempt.objects.get()
    # Forms with nothing in them, with nonsense, to the wrong place.
    for rest in ("hand-in/", "answer/"):
        keep(client.post(address(lesson, rest), {"attempt": attempt.pk, "question": single.pk}))
    keep(client.post(address(lesson, "answer/"), {"attempt": attempt.pk, "question": "x"}))
    keep(client.get(address(lesson, "attempts/1/")))
    keep(client.post(address(lesson, "hand-in/"), {"attempt": "0"}))
    for page in seen:
        assert SECRET not in page
        assert "is_correct" not in page
        assert "data-right" not in page
    # One that is right looks like one that is not.
    page = client.get(address(lesson)).content.decode()
    # Sorted by what the form calls them, things to be put in order stand as they are shown.
    numbers = re.findall(rf'name="q{order.pk}-(\d+)"', page)
    assert numbers in ([], ["1", "2", "3"])
    assert choice_numbers(attempt, order) != (1, 2, 3)
    if f'name="q{single.pk}"' in page:
        inputs = re.findall(rf'<input[^>]*name="q{single.pk}"[^>]*>', page)
        bare = {re.sub(r'value="\d+"', "", tag) for tag in inputs}
        assert len(inputs) == 2
        assert len(bare) == 1
    assert text.accepted == [SECRET]


@pytest.mark.parametrize(
    ("feedback", "failed", "passed"),
    [
        (Feedback.AT_END, True, True),
        (Feedback.WHEN_PASSED, False, True),
        (Feedback.NEVER, False, False),
    ],
)
def test_what_was_right_is_shown_when_the_quiz_says(
    client: Client, reader: Any, feedback: str, failed: bool, passed: bool
) -> None:
    quiz = make_quiz(feedback=feedback)
    question = add_question(quiz, QuestionKind.TEXT, SECRET)
    client.force_login(reader)
    for number, (typed, is_shown) in enumerate([("no idea", failed), (SECRET, passed)], start=1):
        client.post(address(quiz.lesson, "start/"))
        attempt = QuizAttempt.objects.get(number=number)
        data = {"attempt": attempt.pk, f"q{question.pk}": typed}
        client.post(address(quiz.lesson, "hand-in/"), data)
        page = client.get(address(quiz.lesson, f"attempts/{number}/")).content.decode()
        assert ("Question by question" in page) == is_shown
    # The failed one is explained once another has passed, if at all.
    page = client.get(address(quiz.lesson, "attempts/1/")).content.decode()
    assert (SECRET in page) == passed


def test_each_answer_is_explained_at_once_and_stands(client: Client, reader: Any) -> None:
    quiz = make_quiz(feedback=Feedback.AT_ONCE, pass_percent=50)
    first = add_question(quiz, QuestionKind.TEXT, SECRET, feedback_wrong="Think of a door.")
    second = add_question(quiz)
    client.force_login(reader)
    client.post(address(quiz.lesson, "start/"))
    attempt = QuizAttempt.objects.get()
    page = client.get(address(quiz.lesson)).content.decode()
    assert page.count("<fieldset") == 1
    data = {"attempt": attempt.pk, "question": first.pk, f"q{first.pk}": "open up"}
    page = client.post(address(quiz.lesson, "answer/"), data).content.decode()
    assert "Think of a door." in page
    assert SECRET in page
    # Knowing better now is too late.
    again = client.post(address(quiz.lesson, "answer/"), {**data, f"q{first.pk}": SECRET})
    assert again.status_code == 302
    right = {"attempt": attempt.pk, "question": second.pk}
    right[f"q{second.pk}"] = choice_numbers(attempt, second, "Right")[0]
    page = client.post(address(quiz.lesson, "answer/"), right).content.decode()
    assert "See how it went" in page
    attempt.refresh_from_db()
    assert (attempt.state, attempt.percent, attempt.passed) == (AttemptState.SUBMITTED, 50, True)
    assert is_done(reader, quiz.lesson)


def test_a_quiz_that_is_judged_at_the_end_answers_nothing_at_once(
    reader: Any, client: Client
) -> None:
    quiz = make_quiz(feedback=Feedback.AT_END)
    question = add_question(quiz, QuestionKind.TEXT, SECRET)
    client.force_login(reader)
    attempt = start_attempt(user=reader, lesson=quiz.lesson)
    data = {"attempt": attempt.pk, "question": question.pk, f"q{question.pk}": "guess"}
    response = client.post(address(quiz.lesson, "answer/"), data)
    assert response.status_code == 404
    assert not Answer.objects.exists()


# ── K5: with another person's ids ─────────────────────────────────────────────────────────────


def test_k5_somebody_elses_attempt_is_not_there(client: Client, reader: Any) -> None:
    quiz = make_quiz()
    question = add_question(quiz)
    other = UserFactory()
    theirs = start_attempt(user=other, lesson=quiz.lesson)
    client.force_login(reader)
    data = {"attempt": theirs.pk, f"q{question.pk}": choice_numbers(theirs, question, "Right")}
    assert client.post(address(quiz.lesson, "hand-in/"), data).status_code == 404
    client.post(address(quiz.lesson, "start/"))
    assert client.post(address(quiz.lesson, "hand-in/"), data).status_code == 404
    theirs.refresh_from_db()
    assert theirs.state == AttemptState.OPEN
    assert not is_done(other, quiz.lesson)
    # Neither by its number: that counts one's own.
    hand_in_attempt(user=other, lesson=quiz.lesson, attempt_id=theirs.pk, given={})
    assert client.get(address(quiz.lesson, "attempts/1/")).status_code == 404


def test_k5_an_attempt_of_another_quiz_is_not_taken_for_this_one(reader: Any) -> None:
    easy, hard = make_quiz(), make_quiz()
    question = add_question(easy)
    add_question(hard)
    attempt = start_attempt(user=reader, lesson=easy.lesson)
    given = {question.pk: Given(choice_ids(question, "Right"))}
    with pytest.raises(NotOwnAttemptError):
        hand_in_attempt(user=reader, lesson=hard.lesson, attempt_id=attempt.pk, given=given)
    assert not is_done(reader, hard.lesson)


def test_k5_choices_of_another_question_are_no_answer(reader: Any) -> None:
    quiz = make_quiz()
    question, other = add_question(quiz), add_question(quiz)
    attempt = start_attempt(user=reader, lesson=quiz.lesson)
    given = {question.pk: Given(choice_ids(other, "Right"))}
    done = hand_in_attempt(user=reader, lesson=quiz.lesson, attempt_id=attempt.pk, given=given)
    assert done.score == 0
    assert done.answers.get().chosen == []


def test_k5_a_quiz_behind_the_wall_is_not_shown(client: Client, reader: Any) -> None:
    lesson = lessons_of(make_course(access="paid"))[0]
    quiz = make_quiz(lesson)
    add_question(quiz, prompt="What is behind the wall?")
    assert client.get(address(lesson)).status_code == 302
    client.force_login(reader)
    response = client.get(address(lesson))
    assert response["Location"] == f"/courses/{lesson.course.slug}/{lesson.slug}/"
    assert client.post(address(lesson, "start/")).status_code == 302
    assert not QuizAttempt.objects.exists()
    with pytest.raises(NotOpenError):
        start_attempt(user=reader, lesson=lesson)


def test_k5_whoever_lost_access_hands_in_nothing(reader: Any) -> None:
    quiz = make_quiz()
    question = add_question(quiz)
    enrolment = enrolled(quiz.lesson.course, reader)
    attempt = start_attempt(user=reader, lesson=quiz.lesson)
    revoke_enrolment(actor=author(), enrolment=enrolment, reason="Refunded")
    given = {question.pk: Given(choice_ids(question, "Right"))}
    with pytest.raises(NotOpenError):
        hand_in_attempt(user=reader, lesson=quiz.lesson, attempt_id=attempt.pk, given=given)
    assert not is_done(reader, quiz.lesson)


@pytest.mark.parametrize("rest", ["start/", "answer/", "hand-in/"])
def test_reading_changes_nothing(client: Client, reader: Any, rest: str) -> None:
    quiz = make_quiz()
    add_question(quiz)
    client.force_login(reader)
    assert client.get(address(quiz.lesson, rest)).status_code == 405
    assert client.get(address(quiz.lesson)).status_code == 200
    assert not QuizAttempt.objects.exists()
    assert not Enrolment.objects.exists()
