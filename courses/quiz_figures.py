"""How the questions of a quiz do: which are too easy, too hard, or tell nobody apart.

Of the latest attempts that were handed in. What was asked and not answered counts as wrong.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from courses.enums import AttemptState, QuestionKind
from courses.marking import discrimination, fold
from courses.models import Answer, Question, Quiz, QuizAttempt

LATEST = 2000
# With fewer, what tells the better from the worse is chance.
ENOUGH = 20
# Kelley's share: the best and the worst 27 of 100 tell most.
_SHARE = 0.27
_MOST_WRONG = 5


@dataclass(frozen=True, slots=True)
class Line:
    """One answer and how many gave it."""

    text: str
    count: int
    percent: int
    is_right: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One question. `discrimination` is None where there were too few attempts."""

    question: Question
    asked: int
    right: int
    unanswered: int
    lines: tuple[Line, ...]
    discrimination: float | None = None

    @property
    def percent(self) -> int:
        """How many of those who were asked had it right, of a hundred."""
        return _percent(self.right, self.asked)

    @property
    def is_weak(self) -> bool:
        """Whether those who know more do no better in it."""
        return self.discrimination is not None and self.discrimination < 0.1


@dataclass(frozen=True, slots=True)
class Figures:
    """The whole quiz."""

    attempts: int
    learners: int
    passed: int
    average: int
    items: tuple[Item, ...]

    @property
    def passed_percent(self) -> int:
        """How many attempts were enough, of a hundred."""
        return _percent(self.passed, self.attempts)


def count_figures(quiz: Quiz) -> Figures:
    """The figures of a quiz. Four queries, whatever there is."""
    handed_in = QuizAttempt.objects.filter(quiz=quiz, state=AttemptState.SUBMITTED)
    attempts = list(handed_in.order_by("-submitted_at", "-pk")[:LATEST])
    ids = [attempt.pk for attempt in attempts]
    answers: defaultdict[int, dict[int, Answer]] = defaultdict(dict)
    for answer in Answer.objects.filter(attempt__in=ids):
        answers[answer.question_id][answer.attempt_id] = answer
    asked: defaultdict[int, set[int]] = defaultdict(set)
    for attempt in attempts:
        for each in attempt.asked:
            asked[int(each["question"])].add(attempt.pk)
    best, worst = _ends(attempts)
    items = tuple(
        _item(question, asked[question.pk], answers[question.pk], best, worst)
        for question in quiz.questions.prefetch_related("choices").order_by(
            "is_archived", "position", "pk"
        )
    )
    number = len(attempts)
    return Figures(
        attempts=number,
        learners=len({attempt.enrolment_id for attempt in attempts}),
        passed=sum(bool(attempt.passed) for attempt in attempts),
        average=sum(attempt.percent or 0 for attempt in attempts) // number if number else 0,
        items=items,
    )


def _ends(attempts: list[QuizAttempt]) -> tuple[set[int], set[int]]:
    """The best and the worst attempts; neither where there are too few to tell."""
    if len(attempts) < ENOUGH:
        return set(), set()
    ordered = sorted(attempts, key=lambda attempt: attempt.percent or 0)
    size = max(1, round(len(ordered) * _SHARE))
    return {each.pk for each in ordered[-size:]}, {each.pk for each in ordered[:size]}


def _item(
    question: Question,
    asked: set[int],
    answers: Mapping[int, Answer],
    best: set[int],
    worst: set[int],
) -> Item:
    right = [attempt for attempt, answer in answers.items() if answer.is_correct]
    upper, lower = best & asked, worst & asked
    return Item(
        question=question,
        asked=len(asked),
        right=len(right),
        unanswered=len(asked - answers.keys()),
        lines=tuple(_lines(question, list(answers.values()), len(asked))),
        discrimination=discrimination(right, upper, lower) if upper and lower else None,
    )


def _lines(question: Question, answers: list[Answer], asked: int) -> Iterable[Line]:
    """What was answered: of choices all, of words the wrong ones that came most."""
    if question.kind == QuestionKind.TEXT:
        wrong = Counter(fold(answer.text) for answer in answers if not answer.is_correct)
        for text, count in wrong.most_common(_MOST_WRONG):
            yield Line(text, count, _percent(count, asked))
    elif question.kind != QuestionKind.ORDERING:
        chosen = Counter(pk for answer in answers for pk in set(answer.chosen))
        for choice in question.choices.all():
            count = chosen[choice.pk]
            yield Line(choice.text, count, _percent(count, asked), choice.is_correct)


def _percent(part: int, whole: int) -> int:
    return round(100 * part / whole) if whole else 0
