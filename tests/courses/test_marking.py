"""Answers are judged as a patient teacher would: by what was meant, not by how it was typed."""

from __future__ import annotations

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from courses.enums import QuestionKind
from courses.marking import Given, Key, discrimination, fold, has_passed, is_right, percent_of
from courses.marking import wrong_order as turn


@pytest.mark.parametrize(
    ("typed", "accepted"),
    [
        ("  no  thanks. ", "No thanks"),
        ("CAFE", "café"),
        ("cafe\u0301", "caf\u00e9"),
        ("Malmo", "Malmö"),
        ("Lodz", "Łódź"),
        ("it\u2019s", "it's"),
        ("STRASSE", "Straße"),
        ("Привет!", "привет"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
    ],
)
def test_case_space_and_accents_do_not_matter(typed: str, accepted: str) -> None:
    key = Key(QuestionKind.TEXT, accepted=("something else", accepted))
    assert is_right(key, Given(text=typed))


@pytest.mark.parametrize(
    ("typed", "accepted"),
    [("yes", "no"), ("", "no"), ("か", "が"), ("किताब", "कताब"), ("...", "no")],
)
def test_another_word_is_another_word(typed: str, accepted: str) -> None:
    assert not is_right(Key(QuestionKind.TEXT, accepted=(accepted,)), Given(text=typed))


def test_capitals_matter_where_the_author_says_so() -> None:
    key = Key(QuestionKind.TEXT, accepted=("NaCl",), is_case_sensitive=True)
    assert is_right(key, Given(text=" NaCl "))
    assert not is_right(key, Given(text="nacl"))


@examples(st.text(max_size=40))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_choices() -> None:
    single = Key(QuestionKind.SINGLE, right=(2,))
    assert is_right(single, Given((2,)))
    assert not is_right(single, Given((1,)))
    assert not is_right(single, Given((2, 1)))
    several = Key(QuestionKind.MULTIPLE, right=(1, 3))
    assert is_right(several, Given((3, 1)))
    assert not is_right(several, Given((1,)))
    assert not is_right(several, Given((1, 2, 3)))
    order = Key(QuestionKind.ORDERING, right=(3, 1, 2))
    assert is_right(order, Given((3, 1, 2)))
    assert not is_right(order, Given((1, 3, 2)))
    assert not is_right(order, Given((3, 1)))


@examples(st.integers(0, 50), st.integers(1, 50), st.integers(0, 100))
def test_enough_is_enough(score: int, most: int, needed: int) -> None:
    score = min(score, most)
    assert 0 <= percent_of(score, most) <= 100
    assert (percent_of(score, most) == 100) == (score == most)
    assert has_passed(score, most, needed) == (score / most >= needed / 100)


def test_what_cannot_be_had_is_not_passed() -> None:
    assert not has_passed(0, 0, 0)


@examples(st.lists(st.integers(), min_size=2, max_size=8, unique=True))
def test_no_order_is_shown_as_it_should_be(right: list[int]) -> None:
    assert turn(right, right) != right
    assert sorted(turn(right, right)) == sorted(right)


def test_a_question_that_tells_the_better_from_the_worse() -> None:
    assert discrimination([1, 2], upper=[1, 2], lower=[3, 4]) == 1.0
    assert discrimination([1, 2, 3, 4], upper=[1, 2], lower=[3, 4]) == 0.0
    assert discrimination([3, 4], upper=[1, 2], lower=[3, 4]) == -1.0
    assert discrimination([], upper=[], lower=[]) == 0.0
