"""Write quizzes: how they are asked, what they ask, what is right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from courses.actions.common import record, require_author
from courses.enums import LessonState, QuestionKind
from courses.models import Choice, Lesson, Question, Quiz
from courses.quizzes import is_asked_anywhere
from newsletter.accounts.models import User

MOST_CHOICES = 30
LONGEST_SPELLING = 200
_SETTINGS = (
    "pass_percent",
    "max_attempts",
    "shuffles_questions",
    "shuffles_choices",
    "sample_size",
    "feedback",
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A choice as the author writes it; its place in the list is its place in the right order."""

    text: str
    is_correct: bool = False
    feedback: str = ""


@transaction.atomic
def save_quiz(*, actor: User, quiz: Quiz) -> Quiz:
    """Store how a quiz is asked; a new one belongs to a lesson that has none.

    Attempts under way keep their questions. Raises ValidationError.
    """
    require_author(actor)
    _lock_lesson(quiz)
    others = Quiz.objects.filter(lesson=quiz.lesson).exclude(pk=quiz.pk)
    if others.exists():
        raise ValidationError({"lesson": _("This lesson has a quiz already.")})
    quiz.full_clean()
    if quiz._state.adding:
        quiz.save()
    else:
        quiz.save(update_fields=_SETTINGS)
        Quiz.objects.filter(pk=quiz.pk).update(version=F("version") + 1)
        quiz.refresh_from_db(fields=["version"])
    record(course=quiz.lesson.course, what="quiz_saved", actor=actor, lesson=quiz.lesson)
    return quiz


def _lock_lesson(quiz: Quiz) -> None:
    """Whoever saves a lesson's quiz does so singly, the first time too: the quiz has no row yet."""
    Lesson.objects.select_for_update(no_key=True).get(pk=quiz.lesson_id)


@transaction.atomic
def save_question(*, actor: User, question: Question, choices: Iterable[Draft] = ()) -> Question:
    """Store a question with its choices; for one in words, `question.accepted` is what counts.

    A choice whose words stay keeps its row, so that answers given go on naming it. Answers that
    were given stay as they were judged. Raises ValidationError.
    """
    require_author(actor)
    drafts = [] if question.kind == QuestionKind.TEXT else list(choices)
    question.prompt = question.prompt.strip()
    question.accepted = _tidy_accepted(question)
    _check(question, drafts)
    question.full_clean(exclude=["quiz"] if question.quiz._state.adding else None)
    question.save()
    _put_choices(question, drafts)
    record(
        course=question.quiz.lesson.course,
        what="question_saved",
        actor=actor,
        lesson=question.quiz.lesson,
        detail=str(question),
    )
    return question


def _tidy_accepted(question: Question) -> list[str]:
    if question.kind != QuestionKind.TEXT:
        return []
    spelt = (" ".join(str(each).split())[:LONGEST_SPELLING] for each in question.accepted)
    return list(dict.fromkeys(each for each in spelt if each))


def _check(question: Question, drafts: list[Draft]) -> None:
    """Raise ValidationError for a question that nobody could answer rightly."""
    if question.kind == QuestionKind.TEXT:
        if not question.accepted:
            raise ValidationError(_("Give at least one answer that counts as right."))
        return
    if not 2 <= len(drafts) <= MOST_CHOICES:
        raise ValidationError(
            _("Give at least two answers, and at most %(most)d.") % {"most": MOST_CHOICES}
        )
    if len({draft.text for draft in drafts}) < len(drafts):
        raise ValidationError(_("Two of the answers are the same."))
    right = sum(draft.is_correct for draft in drafts)
    if question.kind == QuestionKind.SINGLE and right != 1:
        raise ValidationError(_("Mark exactly one answer as right."))
    if question.kind == QuestionKind.MULTIPLE and not right:
        raise ValidationError(_("Mark at least one answer as right."))


def _put_choices(question: Question, drafts: list[Draft]) -> None:
    stored = {choice.text: choice for choice in question.choices.all()}
    kept: list[int] = []
    for place, draft in enumerate(drafts, start=1):
        choice = stored.get(draft.text) or Choice(question=question, text=draft.text)
        choice.position = place
        choice.is_correct = draft.is_correct and question.kind != QuestionKind.ORDERING
        choice.feedback = draft.feedback[:500]
        choice.full_clean(exclude=["question"])
        choice.save()
        kept.append(choice.pk)
    Choice.objects.filter(question=question).exclude(pk__in=kept).delete()


@transaction.atomic
def remove_question(*, actor: User, question: Question) -> bool:
    """Ask a question no more: archived where it was ever asked, else deleted.

    True if it was deleted. Raises ValidationError for the last one of a lesson that is published.
    """
    require_author(actor)
    lesson = question.quiz.lesson
    others = question.quiz.questions.filter(is_archived=False).exclude(pk=question.pk)
    if lesson.state == LessonState.PUBLISHED and not others.exists():
        raise ValidationError(_("Learners see this lesson; leave it at least one question."))
    is_gone = not is_asked_anywhere(question)
    what = "question_deleted" if is_gone else "question_archived"
    record(course=lesson.course, what=what, actor=actor, lesson=lesson, detail=str(question))
    if is_gone:
        question.delete()
    else:
        Question.objects.filter(pk=question.pk).update(is_archived=True)
    return is_gone


@transaction.atomic
def restore_question(*, actor: User, question: Question) -> None:
    """Ask an archived question again."""
    require_author(actor)
    if Question.objects.filter(pk=question.pk, is_archived=True).update(is_archived=False):
        lesson = question.quiz.lesson
        detail = str(question)
        record(
            course=lesson.course,
            what="question_restored",
            actor=actor,
            lesson=lesson,
            detail=detail,
        )


def quiz_for(lesson: Lesson) -> Quiz:
    """The quiz of a lesson, or one that is not stored yet."""
    return Quiz.objects.filter(lesson=lesson).first() or Quiz(lesson=lesson)


@dataclass(frozen=True, slots=True)
class Written:
    """A question as it stands on the author's page; `row` is its place there, from 0."""

    row: int
    question: Question
    choices: tuple[Draft, ...] = ()


class QuestionError(Exception):
    """One question of several cannot be stored, and so none was. `row` says which, `error` why."""

    def __init__(self, row: int, error: ValidationError) -> None:
        super().__init__(row)
        self.row, self.error = row, error


class StaleQuizError(Exception):
    """Somebody else saved the quiz since the page was opened. Nothing was written (W2)."""


@transaction.atomic
def save_whole_quiz(
    *,
    actor: User,
    quiz: Quiz,
    expected_version: int,
    written: Iterable[Written],
    removed: Iterable[Question] = (),
) -> Quiz:
    """Store a quiz with all its questions, in the order given, or nothing of it.

    Raises StaleQuizError, QuestionError, ValidationError.
    """
    require_author(actor)
    _lock_lesson(quiz)
    stored = Quiz.objects.filter(lesson=quiz.lesson_id).first()
    found = (stored.pk, stored.version) if stored else None
    if found != ((quiz.pk, expected_version) if quiz.pk else None):
        raise StaleQuizError
    save_quiz(actor=actor, quiz=quiz)
    for place, each in enumerate(written, start=1):
        each.question.quiz, each.question.position = quiz, place
        try:
            save_question(actor=actor, question=each.question, choices=each.choices)
        except ValidationError as error:
            raise QuestionError(each.row, error) from error
    for question in removed:
        remove_question(actor=actor, question=question)
    return quiz
