"""Take a quiz: begin, answer, hand in.

What is asked is drawn when an attempt begins and kept with it. The learner comes from the session
and the attempt must be theirs (K5); it is handed in once, however often it is sent.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from courses.actions.enrolling import lock_enrolment
from courses.actions.learning import enrolment_for, settle_completion
from courses.enums import AttemptState, Feedback, QuestionKind
from courses.marking import Given, has_passed, is_right, percent_of, wrong_order
from courses.models import Answer, Enrolment, Lesson, Question, Quiz, QuizAttempt
from courses.quizzes import Paper, asked_questions, load_paper
from newsletter.accounts.models import User

MAX_TEXT = 500
# Not predictable from what was drawn before.
_DRAW = random.SystemRandom()


class NoAttemptLeftError(Exception):
    """As many attempts as the author allows were begun already."""


class NothingAskedError(Exception):
    """The lesson has no quiz, or the quiz no question."""


class NotOwnAttemptError(Exception):
    """There is no such attempt of this learner at this quiz."""


class HandedInError(Exception):
    """The attempt was handed in already; the first time counts. `attempt` is as it stands."""

    def __init__(self, attempt: QuizAttempt) -> None:
        super().__init__(str(attempt))
        self.attempt = attempt


class AnsweredError(Exception):
    """The question was answered already, and its feedback shown: that answer stands."""


def start_attempt(*, user: User, lesson: Lesson, now: datetime | None = None) -> QuizAttempt:
    """Begin an attempt, or go on with the one that is open.

    Raises NotOpenError, NothingAskedError, NoAttemptLeftError.
    """
    now = now or timezone.now()
    with transaction.atomic():
        enrolment = lock_enrolment(enrolment_for(user, lesson, now))
        quiz = Quiz.objects.filter(lesson=lesson).first()
        if quiz is None:
            raise NothingAskedError
        mine = list(QuizAttempt.objects.filter(enrolment=enrolment, quiz=quiz))
        under_way = next((each for each in mine if each.state == AttemptState.OPEN), None)
        if under_way is not None:
            return under_way
        if quiz.max_attempts is not None and len(mine) >= quiz.max_attempts:
            raise NoAttemptLeftError
        asked = _draw(quiz)
        if not asked:
            raise NothingAskedError
        return QuizAttempt.objects.create(
            enrolment=enrolment,
            quiz=quiz,
            number=max((each.number for each in mine), default=0) + 1,
            asked=asked,
            started_at=now,
        )


def _draw(quiz: Quiz) -> list[dict[str, object]]:
    """Which questions are asked, in which order, with which order of choices."""
    pool = asked_questions(quiz)
    if quiz.sample_size and quiz.sample_size < len(pool):
        drawn = {question.pk for question in _DRAW.sample(pool, quiz.sample_size)}
        pool = [question for question in pool if question.pk in drawn]
    if quiz.shuffles_questions:
        _DRAW.shuffle(pool)
    return [
        {"question": question.pk, "choices": _draw_choices(quiz, question)} for question in pool
    ]


def _draw_choices(quiz: Quiz, question: Question) -> list[int]:
    right = [choice.pk for choice in question.choices.all()]
    if question.kind == QuestionKind.ORDERING:
        return wrong_order(right, _DRAW.sample(right, len(right)))
    return _DRAW.sample(right, len(right)) if quiz.shuffles_choices else right


def answer_question(
    *,
    user: User,
    lesson: Lesson,
    attempt_id: int,
    question_id: int,
    given: Given,
    now: datetime | None = None,
) -> QuizAttempt:
    """Answer one question of a quiz that says at once what was right. The last one hands it in.

    Raises NotOpenError, NotOwnAttemptError, HandedInError, and AnsweredError for a question that
    was answered: who has seen the feedback does not answer again.
    """
    now = now or timezone.now()
    with transaction.atomic():
        enrolment = lock_enrolment(enrolment_for(user, lesson, now))
        attempt = _own_open_attempt(enrolment, lesson, attempt_id)
        paper = _paper_of(attempt)
        question = paper.questions.get(question_id)
        if question is None or attempt.quiz.feedback != Feedback.AT_ONCE:
            raise NotOwnAttemptError
        if question_id in paper.answers:
            raise AnsweredError
        _judge(paper, question, given, now).save()
        if len(paper.unanswered) == 1:
            _settle(enrolment, lesson, load_paper(attempt), now)
    attempt.refresh_from_db()
    return attempt


def hand_in_attempt(
    *,
    user: User,
    lesson: Lesson,
    attempt_id: int,
    given: Mapping[int, Given],
    now: datetime | None = None,
) -> QuizAttempt:
    """Judge a whole attempt and complete the lesson if it is enough. What is missing is wrong.

    Raises NotOpenError, NotOwnAttemptError, HandedInError.
    """
    now = now or timezone.now()
    with transaction.atomic():
        enrolment = lock_enrolment(enrolment_for(user, lesson, now))
        attempt = _own_open_attempt(enrolment, lesson, attempt_id)
        paper = _paper_of(attempt)
        answers = [
            _judge(paper, question, given[question.pk], now)
            for question in paper.unanswered
            if question.pk in given and not given[question.pk].is_empty
        ]
        Answer.objects.bulk_create(answers)
        _settle(enrolment, lesson, load_paper(attempt), now)
    attempt.refresh_from_db()
    return attempt


def _own_open_attempt(enrolment: Enrolment, lesson: Lesson, attempt_id: int) -> QuizAttempt:
    mine = QuizAttempt.objects.select_related("quiz").filter(
        pk=attempt_id, enrolment=enrolment, quiz__lesson=lesson
    )
    attempt = mine.first()
    if attempt is None:
        raise NotOwnAttemptError
    if attempt.state != AttemptState.OPEN:
        raise HandedInError(attempt)
    return attempt


def _paper_of(attempt: QuizAttempt) -> Paper:
    """The attempt as it is asked now; it is kept so, for what is answered to it."""
    paper = load_paper(attempt)
    asked = [{"question": pk, "choices": list(shown)} for pk, shown in paper.shown.items()]
    if asked != attempt.asked:
        attempt.asked = asked
        attempt.save(update_fields=["asked"])
    return paper


def _judge(paper: Paper, question: Question, given: Given, now: datetime) -> Answer:
    """The row of an answer. Choices that were not shown in this question are left out."""
    shown = set(paper.shown[question.pk])
    chosen = tuple(pk for pk in dict.fromkeys(given.chosen) if pk in shown)
    is_text = question.kind == QuestionKind.TEXT
    text = given.text.replace("\x00", "").strip()[:MAX_TEXT] if is_text else ""
    kept = Given((), text) if is_text else Given(chosen)
    right = is_right(paper.key(question), kept)
    return Answer(
        attempt=paper.attempt,
        question=question,
        chosen=list(kept.chosen),
        text=kept.text,
        is_correct=right,
        points=question.points if right else 0,
        answered_at=now,
    )


def _settle(enrolment: Enrolment, lesson: Lesson, paper: Paper, now: datetime) -> None:
    """Close an attempt, once, and complete the lesson where it was enough."""
    score = sum(answer.points for answer in paper.answers.values())
    most = sum(question.points for question in paper.order())
    passed = has_passed(score, most, paper.quiz.pass_percent)
    still_open = QuizAttempt.objects.filter(pk=paper.attempt.pk, state=AttemptState.OPEN)
    moved = still_open.update(
        state=AttemptState.SUBMITTED,
        submitted_at=now,
        score=score,
        max_score=most,
        percent=percent_of(score, most),
        passed=passed,
    )
    if not moved:
        raise HandedInError(paper.attempt)
    if passed:
        settle_completion(enrolment=enrolment, lesson=lesson, now=now)
