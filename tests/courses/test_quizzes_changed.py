"""A quiz that its author changes while somebody is at it: what is asked can still be answered."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from courses.actions.answering import hand_in_attempt, start_attempt
from courses.actions.examining import Draft, save_question
from courses.enums import Feedback, QuestionKind
from courses.marking import Given
from courses.models import Lesson, Question, QuizAttempt
from tests.courses.test_quizzes import address, is_done, reader
from tests.factories.courses import author
from tests.factories.quizzes import add_question, choice_ids, make_quiz

__all__ = ["reader"]
pytestmark = pytest.mark.django_db


def rewrite(question: Question, *lines: str, kind: str = "") -> Question:
    """The author saves other answers; a star before a right one."""
    stored = Question.objects.get(pk=question.pk)
    stored.kind = kind or stored.kind
    drafts = [Draft(line.removeprefix("*"), line.startswith("*")) for line in lines]
    save_question(actor=author(), question=stored, choices=drafts)
    return Question.objects.get(pk=question.pk)


def page(client: Client, lesson: Lesson) -> str:
    return str(client.get(address(lesson)).content.decode())


def labels(text: str) -> list[str]:
    return re.findall(r'<label class="check">.*?<span dir="auto">(.*?)</span>', text)


@pytest.mark.parametrize("feedback", [Feedback.AT_END, Feedback.AT_ONCE])
def test_a_slip_that_is_put_right_in_the_right_answer(
    client: Client, reader: Any, feedback: str
) -> None:
    quiz = make_quiz(feedback=feedback)
    question = add_question(quiz, QuestionKind.SINGLE, "*Fourty-one", "Forty-two", "Seven")
    client.force_login(reader)
    attempt = start_attempt(user=reader, lesson=quiz.lesson)
    # This page was open before.
    old = page(client, quiz.lesson)
    number = labels(old).index("Fourty-one") + 1
    question = rewrite(question, "*Forty-one", "Forty-two", "Seven")
    # Where it was, for whoever loads the page anew.
    assert sorted(labels(page(client, quiz.lesson))) == ["Forty-one", "Forty-two", "Seven"]
    assert labels(page(client, quiz.lesson))[number - 1] == "Forty-one"
    rest = "answer/" if feedback == Feedback.AT_ONCE else "hand-in/"
    sent = {"attempt": attempt.pk, "question": question.pk, f"q{question.pk}": number}
    client.post(address(quiz.lesson, rest), sent)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.percent) == ("submitted", 100)
    assert is_done(reader, quiz.lesson)
    # And it is told what was answered.
    shown = client.get(address(quiz.lesson, "attempts/1/")).content.decode()
    assert "Forty-one" in shown
    assert "Fourty-one" not in shown


def test_another_answer_becomes_the_right_one(client: Client, reader: Any) -> None:
    quiz = make_quiz()
    question = add_question(quiz, QuestionKind.SINGLE, "*A", "B")
    attempt = start_attempt(user=reader, lesson=quiz.lesson)
    question = rewrite(question, "A", "B", "*C")
    client.force_login(reader)
    assert sorted(labels(page(client, quiz.lesson))) == ["A", "B", "C"]
    given = {question.pk: Given(choice_ids(question, "C"))}
    done = hand_in_attempt(user=reader, lesson=quiz.lesson, attempt_id=attempt.pk, given=given)
    assert done.percent == 100


def test_words_become_choices_and_an_order_is_not_given_away(client: Client, reader: Any) -> None:
    quiz = make_quiz()
    question = add_question(quiz, QuestionKind.TEXT, "one")
    attempt = start_attempt(user=reader, lesson=quiz.lesson)
    question = rewrite(question, "First", "Second", "Third", kind=QuestionKind.ORDERING)
    client.force_login(reader)
    asked = re.findall(r'<label for="q\d+-\d+" dir="auto">(.*?)</label>', page(client, quiz.lesson))
    assert sorted(asked) == ["First", "Second", "Third"]
    assert asked != ["First", "Second", "Third"]
    given = {question.pk: Given(choice_ids(question, "First", "Second", "Third"))}
    done = hand_in_attempt(user=reader, lesson=quiz.lesson, attempt_id=attempt.pk, given=given)
    assert done.percent == 100


def test_an_answer_that_is_added_waits_for_the_next_attempt(client: Client, reader: Any) -> None:
    quiz = make_quiz()
    question = add_question(quiz, QuestionKind.MULTIPLE, "*A", "B")
    attempt = start_attempt(user=reader, lesson=quiz.lesson)
    question = rewrite(question, "*A", "B", "*C")
    client.force_login(reader)
    assert sorted(labels(page(client, quiz.lesson))) == ["A", "B"]
    given = {question.pk: Given(choice_ids(question, "A"))}
    done = hand_in_attempt(user=reader, lesson=quiz.lesson, attempt_id=attempt.pk, given=given)
    assert done.percent == 100
    again = start_attempt(user=reader, lesson=quiz.lesson)
    assert len(again.asked[0]["choices"]) == 3


def test_what_was_handed_in_before_stays_as_it_was(client: Client, reader: Any) -> None:
    quiz = make_quiz()
    question = add_question(quiz, QuestionKind.SINGLE, "*A", "B")
    attempt = start_attempt(user=reader, lesson=quiz.lesson)
    given = {question.pk: Given(choice_ids(question, "B"))}
    hand_in_attempt(user=reader, lesson=quiz.lesson, attempt_id=attempt.pk, given=given)
    before = QuizAttempt.objects.get().asked
    rewrite(question, "*C", "D")
    client.force_login(reader)
    assert client.get(address(quiz.lesson, "attempts/1/")).status_code == 200
    assert QuizAttempt.objects.get().asked == before
