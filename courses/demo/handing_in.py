"""What the demo's learners answered in quizzes and handed in for assignments."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from random import Random

from courses.enums import AttemptState, QuestionKind, SubmissionState
from courses.marking import percent_of
from courses.models import (
    Answer,
    Assignment,
    AssignmentSubmission,
    Choice,
    Course,
    LessonProgress,
    Question,
    Quiz,
    QuizAttempt,
)

_SAID = Path(__file__).parent / "handed_in.toml"


def hand_in(course: Course, progress: Iterable[LessonProgress], rng: Random) -> None:
    """For everybody who completed a lesson with a quiz or an assignment."""
    rows = list(progress)
    for quiz in Quiz.objects.filter(lesson__course=course):
        _answer(quiz, [row for row in rows if row.lesson_id == quiz.lesson_id], rng)
    for assignment in Assignment.objects.filter(lesson__course=course):
        _submit(assignment, [row for row in rows if row.lesson_id == assignment.lesson_id], rng)


def _answer(quiz: Quiz, rows: list[LessonProgress], rng: Random) -> None:
    questions = list(quiz.questions.prefetch_related("choices"))
    attempts, answers = [], []
    for row in rows:
        at = row.completed_at
        if at is None:
            continue
        right = {each.pk: rng.random() < 0.84 for each in questions}
        # They passed, for it is completed: what is too much to be wrong is right after all.
        for each in questions:
            if percent_of(sum(right.values()), len(questions)) >= quiz.pass_percent:
                break
            right[each.pk] = True
        attempt = QuizAttempt(
            enrolment=row.enrolment,
            quiz=quiz,
            number=1,
            state=AttemptState.SUBMITTED,
            asked=[
                {"question": each.pk, "choices": [choice.pk for choice in each.choices.all()]}
                for each in questions
            ],
            score=sum(right.values()),
            max_score=len(questions),
            percent=percent_of(sum(right.values()), len(questions)),
            passed=True,
            started_at=at - timedelta(minutes=9),
            submitted_at=at,
        )
        attempts.append(attempt)
        answers += [_given(attempt, each, right[each.pk], rng) for each in questions]
    QuizAttempt.objects.bulk_create(attempts)
    Answer.objects.bulk_create(answers)


def _given(attempt: QuizAttempt, question: Question, is_right: bool, rng: Random) -> Answer:
    choices: list[Choice] = list(question.choices.all())
    right = [choice.pk for choice in choices if choice.is_correct]
    chosen, text = right, ""
    match question.kind:
        case QuestionKind.TEXT:
            text = question.accepted[0] if is_right else "I should have to look it up"
        case QuestionKind.ORDERING:
            chosen = [choice.pk for choice in choices]
            chosen = chosen if is_right else [*chosen[1:], chosen[0]]
        case QuestionKind.SINGLE if not is_right:
            chosen = [rng.choice([choice.pk for choice in choices if not choice.is_correct])]
        case QuestionKind.MULTIPLE if not is_right:
            chosen = right[:-1]
    return Answer(
        attempt=attempt,
        question=question,
        chosen=chosen,
        text=text,
        is_correct=is_right,
        points=int(is_right),
        answered_at=attempt.submitted_at or attempt.started_at,
    )


def _submit(assignment: Assignment, rows: list[LessonProgress], rng: Random) -> None:
    said = tomllib.loads(_SAID.read_text(encoding="utf-8"))["submissions"]
    submissions = []
    for place, row in enumerate(rows):
        at = row.completed_at
        if at is None:
            continue
        given = said[place % len(said)]
        feedback = given["feedback"]
        submissions.append(
            AssignmentSubmission(
                enrolment=row.enrolment,
                assignment=assignment,
                number=1,
                text=given["text"],
                state=SubmissionState.APPROVED if feedback else SubmissionState.SUBMITTED,
                submitted_at=at,
                feedback=feedback,
                feedback_at=at + timedelta(hours=rng.randint(5, 60)) if feedback else None,
            )
        )
    AssignmentSubmission.objects.bulk_create(submissions)
