"""Answers of a question, a line each: read, written, and told what is wrong with which."""

from __future__ import annotations

import pytest
from django.test import Client
from hypothesis import given as examples
from hypothesis import strategies as st

from courses.actions.examining import Draft
from courses.choice_lines import find_problems, read_lines, write_lines
from courses.enums import QuestionKind
from courses.models import (
    Quiz,
)
from tests.courses.quiz_desk import page_of, typed
from tests.factories.courses import lessons_of, make_course

pytestmark = pytest.mark.django_db


words = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1)
plain = words.map(lambda text: " ".join(text.split())).filter(
    # A backslash stands for the sign after it; what is only stars and bars is no answer.
    lambda text: text.strip("* |") and "\\" not in text
)


@examples(st.lists(st.builds(Draft, plain, st.booleans(), plain | st.just("")), max_size=6))
def test_lines_say_what_was_written(drafts: list[Draft]) -> None:
    assert read_lines(write_lines(drafts), QuestionKind.MULTIPLE) == drafts


def test_lines_are_read_as_people_write_them() -> None:
    text = "* Right |  Well said. \n\n Wrong\n*Also right\n\\*literally\na \\| b | said \\| so"
    assert read_lines(text, QuestionKind.MULTIPLE) == [
        Draft("Right", True, "Well said."),
        Draft("Wrong"),
        Draft("Also right", True),
        Draft("*literally"),
        Draft("a | b", False, "said | so"),
    ]
    assert read_lines("* one\ntwo", QuestionKind.ORDERING)[0] == Draft("* one")


@pytest.mark.parametrize(
    ("kind", "answers", "said"),
    [
        ("single", "Yes\nNo", ["Put a star before the one answer that is right."]),
        (
            "single",
            "* Yes\n\n* No\nMaybe",
            ["Lines 1 and 3 have a star, but only one answer can be right here."],
        ),
        ("multiple", "Yes\nNo", ["Put a star before each answer that is right."]),
        (
            "single",
            "* Yes\nNo\n Yes | Again",
            ["Line 3 says the same as line 1."],
        ),
        (
            "single",
            "* Yes\n | Said to nobody\n*\nNo",
            ["Line 2 has no words for the answer.", "Line 3 has no words for the answer."],
        ),
        ("ordering", "Alone", ["Give at least two answers, and at most 30, each on a line."]),
        ("text", " \n", ["Give at least one answer that counts as right."]),
        ("text", "no\n" + "n" * 201, ["Line 2 is too long: 201 characters, where 200 fit."]),
        ("single", "* Yes\n" + "n" * 501, ["Line 2 is too long: 501 characters, where 500 fit."]),
        (
            "single",
            "* Yes\nNo | " + "n" * 501,
            ["Line 2 is too long: 501 characters, where 500 fit."],
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_by_its_line_and_what_was_typed_stays(
    desk: Client, kind: str, answers: str, said: list[str]
) -> None:
    assert find_problems(answers, kind) == said
    lesson = lessons_of(make_course())[0]
    row = {"prompt": "Well?", "kind": kind, "answers": answers}
    response = desk.post(page_of(lesson), typed({"prompt": "", "answers": "* A\nB"}, row))
    assert response.status_code == 422
    form = response.context["rows"].forms[1]
    assert form.errors == {"answers": said}
    shown = response.content.decode()
    # What is wrong with another question is said at once, and each is a link away.
    for words in ("Nothing is stored yet.", 'href="#question-1"', 'href="#question-2"'):
        assert words in shown
    assert form["answers"].value() == answers
    assert not Quiz.objects.exists()


@examples(st.text(max_size=60), st.sampled_from(QuestionKind.values))
def test_lines_without_a_problem_can_be_stored(text: str, kind: str) -> None:
    if find_problems(text, kind) or kind == QuestionKind.TEXT:
        return
    drafts = read_lines(text, kind)
    assert len({draft.text for draft in drafts}) == len(drafts) >= 2
    assert all(draft.text and len(draft.text) <= 500 for draft in drafts)
