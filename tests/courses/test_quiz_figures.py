"""How the questions of a quiz do."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from courses.actions.answering import hand_in_attempt, start_attempt
from courses.actions.examining import remove_question
from courses.enums import QuestionKind
from courses.marking import Given
from courses.quiz_figures import ENOUGH, count_figures
from tests.factories.accounts import UserFactory
from tests.factories.courses import author
from tests.factories.quizzes import add_question, choice_ids, make_quiz

pytestmark = pytest.mark.django_db


def page_of(lesson: Any, rest: str = "") -> str:
    return f"/admin/courses/quiz/of/{lesson.pk}/{rest}"


# ── How the questions do ──────────────────────────────────────────────────────────────────────


def test_figures_tell_a_good_question_from_a_bad_one(desk: Client) -> None:
    quiz = make_quiz()
    good = add_question(quiz, prompt="Good?")
    bad = add_question(quiz, prompt="Bad?")
    easy = add_question(quiz, QuestionKind.TEXT, "yes", prompt="Easy?")
    for number in range(ENOUGH):
        knows = number < ENOUGH // 2
        user = UserFactory()
        attempt = start_attempt(user=user, lesson=quiz.lesson)
        given = {
            good.pk: Given(choice_ids(good, "Right" if knows else "Wrong")),
            bad.pk: Given(choice_ids(bad, "Wrong" if knows or number % 2 else "Right")),
        }
        # The last one leaves it out, and the one before says something else.
        if number < ENOUGH - 1:
            given[easy.pk] = Given(text="Perhaps" if number == ENOUGH - 2 else "Yes")
        hand_in_attempt(user=user, lesson=quiz.lesson, attempt_id=attempt.pk, given=given)
    figures = count_figures(quiz)
    items = {item.question.prompt: item for item in figures.items}
    assert (figures.attempts, figures.learners) == (ENOUGH, ENOUGH)
    assert (items["Good?"].asked, items["Good?"].right, items["Good?"].percent) == (20, 10, 50)
    assert items["Good?"].discrimination == 1.0
    assert not items["Good?"].is_weak
    assert items["Bad?"].is_weak
    assert [(line.text, line.count) for line in items["Good?"].lines] == [
        ("Right", 10),
        ("Wrong", 10),
    ]
    assert items["Easy?"].unanswered == 1
    assert [(line.text, line.count) for line in items["Easy?"].lines] == [("perhaps", 1)]
    page = desk.get(page_of(quiz.lesson, "figures/")).content.decode()
    assert "50 % right" in page
    assert "did no better" in page


def test_with_few_attempts_nothing_is_claimed() -> None:
    quiz = make_quiz()
    add_question(quiz)
    user = UserFactory()
    attempt = start_attempt(user=user, lesson=quiz.lesson)
    hand_in_attempt(user=user, lesson=quiz.lesson, attempt_id=attempt.pk, given={})
    assert count_figures(quiz).items[0].discrimination is None


def test_an_archived_question_keeps_its_figures() -> None:
    quiz = make_quiz()
    question, _other = add_question(quiz), add_question(quiz)
    user = UserFactory()
    attempt = start_attempt(user=user, lesson=quiz.lesson)
    given = {question.pk: Given(choice_ids(question, "Right"))}
    hand_in_attempt(user=user, lesson=quiz.lesson, attempt_id=attempt.pk, given=given)
    remove_question(actor=author(), question=question)
    items = {item.question.pk: item for item in count_figures(quiz).items}
    assert items[question.pk].percent == 100
