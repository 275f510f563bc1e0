"""How good the classifier is, measured on what it was taught: no figure is its own word for it.

Every text that a decision taught is judged by a classifier that was taught nine tenths of the
others and not the text itself (ten-fold cross-validation). Pure, but for `read_quality`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from newsletter.comments.classifier import ENOUGH, Counts, judge_tokens, score_of
from newsletter.comments.enums import Label
from newsletter.comments.models import LearntText, WordCount
from newsletter.comments.pipeline.content import SPAM_FROM
from newsletter.comments.queries import ALL_TEXTS

FOLDS = 10
# The newest texts of each kind that are measured, so that the page stays quick.
MEASURED = 500
TOP_WORDS = 15
# Words that stood in many texts are looked at, and of those the most telling are shown.
_CANDIDATES = 400

Lesson = tuple[Sequence[str], str]


@dataclass(frozen=True, slots=True)
class Confusion:
    """What became of the texts when they were judged as if they were new."""

    held_spam: int = 0
    missed_spam: int = 0
    held_ham: int = 0
    passed_ham: int = 0

    @property
    def precision(self) -> float | None:
        """Of what it would hold, the share that was spam; None where it would hold nothing."""
        held = self.held_spam + self.held_ham
        return self.held_spam / held if held else None

    @property
    def recall(self) -> float | None:
        """Of the spam, the share that it would hold; None where there was none."""
        spam = self.held_spam + self.missed_spam
        return self.held_spam / spam if spam else None


@dataclass(frozen=True, slots=True)
class Word:
    """One token and in how many texts of each kind it stood."""

    token: str
    ham: int
    spam: int


@dataclass(frozen=True, slots=True)
class Quality:
    """All that the page shows. `confusion` is None where too little can be measured."""

    texts: Counts
    confusion: Confusion | None
    measured: int
    spam_words: list[Word]
    ham_words: list[Word]

    @property
    def is_silent(self) -> bool:
        """Whether it says nothing yet."""
        return min(self.texts.ham, self.texts.spam) < ENOUGH

    @property
    def total(self) -> int:
        """How many texts it was shown."""
        return self.texts.ham + self.texts.spam

    @property
    def precision_percent(self) -> str:
        """In whole percent, rounded down; empty where there is none."""
        return _percent(self.confusion.precision if self.confusion else None)

    @property
    def recall_percent(self) -> str:
        """The same of the recall."""
        return _percent(self.confusion.recall if self.confusion else None)

    @property
    def missing_ham(self) -> int:
        """How many comments it must still be shown before it speaks."""
        return max(0, ENOUGH - self.texts.ham)

    @property
    def missing_spam(self) -> int:
        """How much spam it must still be shown before it speaks."""
        return max(0, ENOUGH - self.texts.spam)


def _percent(share: float | None) -> str:
    return "" if share is None else f"{int(share * 100)} %"


def cross_validate(lessons: Sequence[Lesson], folds: int = FOLDS) -> Confusion:
    """Judge each lesson by what the other folds teach. Every n-th lesson is in the same fold."""
    total = _count(lessons)
    found: Counter[tuple[str, bool]] = Counter()
    for fold in range(folds):
        tested = lessons[fold::folds]
        left_out = _count(tested)
        texts = _minus(total[ALL_TEXTS], left_out[ALL_TEXTS])
        if not texts.ham or not texts.spam:
            continue
        for tokens, label in tested:
            seen = {each: _minus(total[each], left_out[each]) for each in tokens}
            found[label, judge_tokens(tokens, seen, texts).probability >= SPAM_FROM] += 1
    return Confusion(
        held_spam=found[Label.SPAM, True],
        missed_spam=found[Label.SPAM, False],
        held_ham=found[Label.HAM, True],
        passed_ham=found[Label.HAM, False],
    )


def read_quality() -> Quality:
    """Measure what is stored. Five queries, whatever was learnt."""
    all_texts = WordCount.objects.filter(token=ALL_TEXTS).first()
    texts = Counts(all_texts.ham, all_texts.spam) if all_texts else Counts()
    lessons: list[Lesson] = []
    for label in Label:
        newest = LearntText.objects.filter(label=label).order_by("-pk")[:MEASURED]
        lessons += newest.values_list("tokens", "label")
    smallest = min((sum(each == label for _, each in lessons) for label in Label), default=0)
    words = _telling_words(texts)
    return Quality(
        texts=texts,
        confusion=cross_validate(lessons) if smallest >= ENOUGH else None,
        measured=len(lessons),
        spam_words=[word for word, score in words if score > 0.5][:TOP_WORDS],
        ham_words=[word for word, score in reversed(words) if score < 0.5][:TOP_WORDS],
    )


def _telling_words(texts: Counts) -> list[tuple[Word, float]]:
    """Common tokens, the strongest for spam first."""
    if not texts.ham or not texts.spam:
        return []
    known = WordCount.objects.exclude(token=ALL_TEXTS)
    rows = {
        row.token: Word(row.token, row.ham, row.spam)
        for order in ("-spam", "-ham")
        for row in known.order_by(order, "token")[:_CANDIDATES]
    }
    scored = [(word, score_of(Counts(word.ham, word.spam), texts)) for word in rows.values()]
    return sorted(scored, key=lambda pair: (-pair[1], pair[0].token))


def _count(lessons: Iterable[Lesson]) -> dict[str, Counts]:
    counted: dict[str, Counter[str]] = {Label.HAM: Counter(), Label.SPAM: Counter()}
    for tokens, label in lessons:
        counted[label].update([ALL_TEXTS, *tokens])
    ham, spam = counted[Label.HAM], counted[Label.SPAM]
    return _Counted({token: Counts(ham[token], spam[token]) for token in {*ham, *spam}})


class _Counted(dict[str, Counts]):
    """Nothing was seen of what is not there."""

    def __missing__(self, _token: str) -> Counts:
        return Counts()


def _minus(all_of_it: Counts, part: Counts) -> Counts:
    return Counts(all_of_it.ham - part.ham, all_of_it.spam - part.spam)
