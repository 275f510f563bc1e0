"""Whatever is noted about a course and its learners can be read by people."""

from __future__ import annotations

import re
from pathlib import Path

import courses
from courses.words import WORDS, in_words


def test_every_entry_has_words() -> None:
    folder = Path(str(courses.__file__)).parent / "actions"
    text = "".join(path.read_text() for path in folder.rglob("*.py"))
    literal = set(re.findall(r'what\s*=\s*"([a-z_]+)"', text))
    chosen = set(re.findall(r'what = "([a-z_]+)" if .*? else "([a-z_]+)"', text))
    moved = set(re.findall(r'CourseState\.[A-Z]+, "([a-z_]+)"', text))
    codes = literal | moved | {code for pair in chosen for code in pair}
    assert len(codes) > 20
    assert codes <= set(WORDS)


def test_an_unknown_code_is_shown_as_it_is() -> None:
    assert str(in_words("enrolled")) == "They came into the course"
    assert in_words("something_else") == "something else"
