"""Quizzes and lessons' files, quizzes through the author's own actions."""

from __future__ import annotations

from typing import Any

from django.core.files.base import ContentFile

from courses.actions.examining import Draft, save_question, save_quiz
from courses.enums import FileRole, LessonKind, QuestionKind
from courses.models import Lesson, LessonFile, Question, Quiz, QuizAttempt
from courses.quizzes import choices_shown
from tests.factories.courses import author, lessons_of, make_course

CONTENT = bytes(range(256)) * 4


def make_quiz(lesson: Lesson | None = None, **settings: Any) -> Quiz:
    """A quiz without questions, in the first lesson of a course of its own if none is given."""
    lesson = lesson or lessons_of(make_course())[0]
    Lesson.objects.filter(pk=lesson.pk).update(kind=LessonKind.QUIZ)
    lesson.refresh_from_db()
    settings.setdefault("shuffles_choices", False)
    return save_quiz(actor=author(), quiz=Quiz(lesson=lesson, **settings))


def add_question(
    quiz: Quiz, kind: str = QuestionKind.SINGLE, *choices: str, prompt: str = "", **fields: Any
) -> Question:
    """A question; right choices begin with a star. Of one in words, `choices` are what counts."""
    position = quiz.questions.count() + 1
    question = Question(
        quiz=quiz, kind=kind, prompt=prompt or f"Question {position}?", position=position, **fields
    )
    if kind == QuestionKind.TEXT:
        question.accepted = list(choices or ("No",))
        return save_question(actor=author(), question=question)
    drafts = [
        Draft(text.lstrip("*"), is_correct=text.startswith("*"))
        for text in choices or ("*Right", "Wrong")
    ]
    return save_question(actor=author(), question=question, choices=drafts)


def choice_ids(question: Question, *texts: str) -> tuple[int, ...]:
    """The ids of choices by their words, in the order given; of all, in order, for none."""
    found = {choice.text: choice.pk for choice in question.choices.all()}
    return tuple(found[text] for text in texts) if texts else tuple(found.values())


def choice_numbers(attempt: QuizAttempt, question: Question, *texts: str) -> tuple[int, ...]:
    """What a form calls choices in an attempt, by their words: where they stand, from 1."""
    shown = choices_shown(attempt)[question.pk]
    return tuple(shown.index(pk) + 1 for pk in choice_ids(question, *texts))


def attach(
    lesson: Lesson, name: str = "talk.mp3", role: str = FileRole.MEDIA, content: bytes = CONTENT
) -> LessonFile:
    """A file of a lesson; in the storage it has another name."""
    row = LessonFile(lesson=lesson, role=role, name=name, size=len(content), content_type="x/y")
    row.file.save("stored.bin", ContentFile(content), save=False)
    row.save()
    return row
