"""Choices as lines of text, so that a quiz is written as quickly as a list.

One choice a line; a star before it says that it is right; what is said to whoever chooses it
follows after a bar. A backslash takes either sign as it stands. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from courses.actions.examining import Draft
from courses.enums import QuestionKind

_BAR = re.compile(r"(?<!\\)\|")


def read_lines(text: str, kind: str) -> list[Draft]:
    """The choices that lines of text say. In a question of ordering no line is more right."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return [_read(line, kind) for line in lines if line.strip("* |")]


def _read(line: str, kind: str) -> Draft:
    is_right = kind != QuestionKind.ORDERING and line.startswith("*")
    if is_right:
        line = line[1:].lstrip()
    parts = [part.strip() for part in _BAR.split(line, maxsplit=1)]
    words = parts[0].removeprefix("\\") if parts[0].startswith("\\*") else parts[0]
    return Draft(_plain(words), is_right, _plain(parts[1]) if len(parts) > 1 else "")


def _plain(text: str) -> str:
    return text.replace("\\|", "|")


def write_lines(choices: Iterable[Draft]) -> str:
    """The lines that say these choices."""
    return "\n".join(_write(choice) for choice in choices)


def _write(choice: Draft) -> str:
    words = choice.text.replace("|", "\\|")
    if words.startswith("*"):
        words = f"\\{words}"
    said = f" | {choice.feedback.replace('|', chr(92) + '|')}" if choice.feedback else ""
    return f"{'* ' if choice.is_correct else ''}{words}{said}"
