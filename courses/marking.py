"""Judging answers. Pure: no query, no clock."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from courses.enums import QuestionKind

# Letters that no decomposition takes apart, and signs that keyboards and phones change.
_PLAIN = str.maketrans(
    {
        "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "\u0131": "i",
        "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE",
        "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"',
        "\u2010": "-", "\u2011": "-", "\u2013": "-", "\u2014": "-",
    }
)  # fmt: skip
_ENDS = " .,;:!?\u2026"
# Marks above and below letters are of these combining classes; vowel signs and voicing marks of
# other scripts, which make another word, are of lower ones.
_FIRST_ACCENT = 200


@dataclass(frozen=True, slots=True)
class Given:
    """What was answered: ids of choices (in a question of ordering, in that order), or words."""

    chosen: tuple[int, ...] = ()
    text: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was answered."""
        return not self.chosen and not self.text.strip()


@dataclass(frozen=True, slots=True)
class Key:
    """What is right: the choices that are (in a question of ordering, all in order), or words."""

    kind: str
    right: tuple[int, ...] = ()
    accepted: tuple[str, ...] = ()
    is_case_sensitive: bool = False


def fold(text: str, *, is_case_sensitive: bool = False) -> str:
    """The text without what a careless hand leaves out: accents, spaces, the full stop, capitals.

    Capitals stay with `is_case_sensitive`.
    """
    apart = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    letters = "".join(each for each in apart if unicodedata.combining(each) < _FIRST_ACCENT)
    whole = " ".join(unicodedata.normalize("NFC", letters).split())
    bare = whole.strip(_ENDS) or whole
    return bare if is_case_sensitive else bare.casefold()


def is_right(key: Key, given: Given) -> bool:
    """Whether an answer is right; half right is not."""
    match key.kind:
        case QuestionKind.TEXT:
            said = fold(given.text, is_case_sensitive=key.is_case_sensitive)
            return bool(said) and said in _folded(key.accepted, key.is_case_sensitive)
        case QuestionKind.ORDERING:
            return bool(key.right) and given.chosen == key.right
        case QuestionKind.SINGLE:
            return len(given.chosen) == 1 and given.chosen[0] in key.right
        case _:
            return bool(key.right) and set(given.chosen) == set(key.right)


def _folded(accepted: Iterable[str], is_case_sensitive: bool) -> set[str]:
    return {fold(each, is_case_sensitive=is_case_sensitive) for each in accepted}


def percent_of(score: int, most: int) -> int:
    """Whole percent, rounded down: 100 only for everything."""
    return 100 * score // most if most else 0


def has_passed(score: int, most: int, pass_percent: int) -> bool:
    """Whether so many points are enough. A quiz in which nothing can be had is not passed."""
    return most > 0 and score * 100 >= pass_percent * most


def wrong_order(right: Sequence[int], drawn: Sequence[int]) -> list[int]:
    """`drawn`, unless it gives the right order away: then turned by one."""
    order = list(drawn)
    if len(order) > 1 and order == list(right):
        order = [*order[1:], order[0]]
    return order


def discrimination(right: Collection[int], upper: Collection[int], lower: Collection[int]) -> float:
    """How well a question tells the better from the worse: from 1 (only the better have it right)
    over 0 to -1 (only the worse do). `upper` and `lower` are the best and worst attempts.
    """
    if not upper or not lower:
        return 0.0
    got = set(right)
    return len(got & set(upper)) / len(upper) - len(got & set(lower)) / len(lower)
