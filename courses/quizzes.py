"""A quiz as its learners see it. What is right comes only with `Review`, which the quiz's rule on
feedback must allow: everything else here could be printed on the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db.models import Count, Q

from courses.enums import AttemptState, Feedback, QuestionKind
from courses.marking import Given, Key, wrong_order
from courses.models import Answer, Choice, Enrolment, Lesson, Question, Quiz, QuizAttempt


@dataclass(frozen=True, slots=True)
class Option:
    """One choice as it is shown before the answer: its words alone."""

    pk: int
    # What a form calls it: where it stands, from 1. Ids follow the author's order, and of things to
    # be put in order that is the answer.
    number: int
    text: str
    is_chosen: bool = False
    # Where it was put in a question of ordering, from 1; 0: nowhere yet.
    place: int = 0


@dataclass(frozen=True, slots=True)
class Review:
    """What is said to an answer that was given."""

    is_right: bool
    words: str = ""
    # What is said to the choices that were chosen.
    notes: tuple[str, ...] = ()
    # The right answer in words: one line for each choice.
    solution: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of an attempt. Nothing of it says what is right."""

    pk: int
    number: int
    kind: str
    prompt: str
    points: int
    options: tuple[Option, ...] = ()
    given: Given = field(default_factory=Given)
    is_answered: bool = False
    error: str = ""
    review: Review | None = None

    @property
    def places(self) -> range:
        """The numbers to choose from when putting things in order."""
        return range(1, len(self.options) + 1)

    @property
    def said(self) -> tuple[str, ...]:
        """What was answered, in words: one line for each choice."""
        if self.kind == QuestionKind.TEXT:
            return (self.given.text,) if self.given.text else ()
        words = {option.pk: option.text for option in self.options}
        return tuple(words[pk] for pk in self.given.chosen if pk in words)


@dataclass(frozen=True, slots=True)
class QuizFacts:
    """A quiz from outside, as its lesson's page tells of it."""

    quiz: Quiz
    question_count: int
    attempts: tuple[QuizAttempt, ...] = ()
    open_attempt: QuizAttempt | None = None

    @property
    def handed_in(self) -> tuple[QuizAttempt, ...]:
        """The attempts that count, the newest first."""
        return tuple(each for each in self.attempts if each.state == AttemptState.SUBMITTED)

    @property
    def is_passed(self) -> bool:
        """Whether any attempt was enough."""
        return any(each.passed for each in self.attempts)

    @property
    def best(self) -> QuizAttempt | None:
        """The attempt with the most."""
        return max(self.handed_in, key=lambda each: each.percent or 0, default=None)

    @property
    def left(self) -> int | None:
        """How many more attempts may be begun; None: any number."""
        limit = self.quiz.max_attempts
        return None if limit is None else max(0, limit - len(self.attempts))

    @property
    def may_begin(self) -> bool:
        """Whether another attempt may be begun."""
        return self.left != 0 and self.question_count > 0


def asked_questions(quiz: Quiz) -> list[Question]:
    """The pool: what may be asked from now on, with its choices. Two queries."""
    return list(quiz.questions.filter(is_archived=False).prefetch_related("choices"))


def find_quiz(lesson: Lesson) -> Quiz | None:
    """The quiz of a lesson. One query."""
    return Quiz.objects.filter(lesson=lesson).first()


def look_at_quiz(quiz: Quiz, enrolment: Enrolment | None) -> QuizFacts:
    """What is told of a quiz to one learner. Two queries."""
    pool = quiz.questions.filter(is_archived=False).aggregate(number=Count("pk"))["number"]
    count = min(pool, quiz.sample_size) if quiz.sample_size else pool
    mine = list(_attempts_of(quiz, enrolment)) if enrolment else []
    under_way = next((each for each in mine if each.state == AttemptState.OPEN), None)
    return QuizFacts(quiz, count, tuple(mine), under_way)


def _attempts_of(quiz: Quiz, enrolment: Enrolment) -> Iterable[QuizAttempt]:
    return QuizAttempt.objects.filter(quiz=quiz, enrolment=enrolment).order_by("-number")


def may_review(quiz: Quiz, attempt: QuizAttempt, *, is_passed: bool) -> bool:
    """Whether the learner may see what was right in this attempt of theirs.

    `is_passed` says whether any attempt of theirs was enough.
    """
    if attempt.state != AttemptState.SUBMITTED:
        return False
    match quiz.feedback:
        case Feedback.NEVER:
            return False
        case Feedback.WHEN_PASSED:
            return is_passed
        case _:
            return True


def key_of(question: Question, asked: Iterable[int]) -> Key:
    """What is right in a question, among the choices that were shown."""
    shown = set(asked)
    choices = [choice for choice in question.choices.all() if choice.pk in shown]
    if question.kind == QuestionKind.ORDERING:
        right = tuple(choice.pk for choice in choices)
    else:
        right = tuple(choice.pk for choice in choices if choice.is_correct)
    accepted = tuple(str(each) for each in question.accepted)
    return Key(question.kind, right, accepted, question.is_case_sensitive)


@dataclass(frozen=True)
class Paper:
    """An attempt with its questions in the order in which they are asked. Three queries."""

    attempt: QuizAttempt
    quiz: Quiz
    questions: Mapping[int, Question]
    answers: Mapping[int, Answer]
    # Of each question, the choices in the order shown.
    shown: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    def order(self) -> list[Question]:
        """What is asked, in order; a question that is gone is left out."""
        return [self.questions[pk] for pk in self.shown if pk in self.questions]

    def key(self, question: Question) -> Key:
        """What is right in one of them."""
        return key_of(question, self.shown[question.pk])

    @property
    def unanswered(self) -> list[Question]:
        """What is not answered yet, in order."""
        return [each for each in self.order() if each.pk not in self.answers]

    def ask(
        self,
        question: Question,
        *,
        given: Given | None = None,
        places: Mapping[int, int] | None = None,
        error: str = "",
        with_review: bool = False,
    ) -> Asked:
        """One question as it is shown; `given` and `places` are what was sent and not taken."""
        answer = self.answers.get(question.pk)
        if given is None:
            given = Given(tuple(answer.chosen), answer.text) if answer else Given()
        return Asked(
            pk=question.pk,
            number=list(self.shown).index(question.pk) + 1,
            kind=question.kind,
            prompt=question.prompt,
            points=question.points,
            options=tuple(_options(question, self.shown[question.pk], given, places or {})),
            given=given,
            is_answered=answer is not None,
            error=error,
            review=self._review(question, answer) if with_review else None,
        )

    def _review(self, question: Question, answer: Answer | None) -> Review:
        is_right = answer is not None and answer.is_correct
        words = question.feedback_right if is_right else question.feedback_wrong
        choices = {choice.pk: choice for choice in question.choices.all()}
        chosen = [choices[pk] for pk in (answer.chosen if answer else ()) if pk in choices]
        key = self.key(question)
        solution = key.accepted[:1] or tuple(choices[pk].text for pk in key.right)
        notes = tuple(choice.feedback for choice in chosen if choice.feedback)
        return Review(is_right, words, notes, () if is_right else solution)


def _options(
    question: Question, shown: Iterable[int], given: Given, typed: Mapping[int, int]
) -> Iterable[Option]:
    choices: dict[int, Choice] = {choice.pk: choice for choice in question.choices.all()}
    places = typed or {pk: place for place, pk in enumerate(given.chosen, start=1)}
    for number, pk in enumerate(shown, start=1):
        if pk in choices:
            yield Option(pk, number, choices[pk].text, pk in places, places.get(pk, 0))


def choices_shown(attempt: QuizAttempt) -> dict[int, tuple[int, ...]]:
    """Of each question of an attempt, the choices in the order shown."""
    return {int(each["question"]): tuple(map(int, each["choices"])) for each in attempt.asked}


def load_paper(attempt: QuizAttempt) -> Paper:
    """An attempt with all that was asked and answered in it.

    While it is open, what is not answered yet is asked so that it can be (`_as_it_stands`).
    """
    shown = choices_shown(attempt)
    # Archived ones too: what was asked stays asked.
    found = Question.objects.filter(pk__in=shown, quiz=attempt.quiz_id)
    questions = {question.pk: question for question in found.prefetch_related("choices")}
    answers = {answer.question_id: answer for answer in Answer.objects.filter(attempt=attempt)}
    if attempt.state == AttemptState.OPEN:
        shown |= {
            pk: _as_it_stands(question, shown[pk])
            for pk, question in questions.items()
            if pk not in answers
        }
    return Paper(attempt, attempt.quiz, questions, answers, shown)


def _as_it_stands(question: Question, drawn: tuple[int, ...]) -> tuple[int, ...]:
    """The choices of a question, with what its author wrote since in the place of what is gone.

    A slip that is put right in the right answer would else leave nothing right to choose. What is
    only added waits for the next attempt.
    """
    now = [choice.pk for choice in question.choices.all()]
    is_whole = set(drawn) <= set(now)
    if question.kind == QuestionKind.TEXT or (is_whole and key_of(question, drawn).right):
        return drawn
    spare = iter([pk for pk in now if pk not in drawn])
    # One for which there is no other keeps its number: an open page knows the rest by theirs.
    shown = [pk if pk in now else next(spare, pk) for pk in drawn] + list(spare)
    if question.kind == QuestionKind.ORDERING:
        return tuple(wrong_order(now, [pk for pk in shown if pk in now]))
    return tuple(shown)


def is_asked_anywhere(question: Question) -> bool:
    """Whether a question was ever put to anybody, so that it is archived and not deleted."""
    attempts = QuizAttempt.objects.filter(Q(quiz=question.quiz_id))
    return any(
        each["question"] == question.pk
        for asked in attempts.values_list("asked", flat=True).iterator()
        for each in asked
    )
