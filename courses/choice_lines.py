"""Choices as lines of text, so that a quiz is written as quickly as a list.

One choice a line; a star before it says that it is right; what is said to whoever chooses it
follows after a bar. A backslash takes either sign as it stands. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, cast

from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from courses.actions.examining import LONGEST_SPELLING, MOST_CHOICES, Draft
from courses.enums import QuestionKind
from courses.models import Choice

_BAR = re.compile(r"(?<!\\)\|")


def read_lines(text: str, kind: str) -> list[Draft]:
    """The choices that lines of text say. In a question of ordering no line is more right."""
    return [draft for _number, draft in _numbered(text, kind) if draft.text or draft.feedback]


def find_problems(text: str, kind: str) -> list[str]:
    """What is wrong with the answers of a question, each by its line as an author counts them."""
    if kind == QuestionKind.TEXT:
        return list(_of_spellings(text))
    lines = list(_numbered(text, kind))
    return [*_of_each_line(lines), *_of_all(lines, kind)]


def _of_spellings(text: str) -> Iterator[str]:
    spelt = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not spelt:
        yield _("Give at least one answer that counts as right.")
    for number, line in spelt:
        yield from _too_long(number, " ".join(line.split()), LONGEST_SPELLING)


def _of_each_line(lines: list[tuple[int, Draft]]) -> Iterator[str]:
    seen: dict[str, int] = {}
    for number, draft in lines:
        if not draft.text:
            yield _("Line %(line)d has no words for the answer.") % {"line": number}
            continue
        first = seen.setdefault(draft.text, number)
        if first != number:
            said = {"line": number, "first": first}
            yield _("Line %(line)d says the same as line %(first)d.") % said
        yield from _too_long(number, draft.text, _longest("text"))
        yield from _too_long(number, draft.feedback, _longest("feedback"))


def _of_all(lines: list[tuple[int, Draft]], kind: str) -> Iterator[str]:
    if not 2 <= len(lines) <= MOST_CHOICES:
        most = {"most": MOST_CHOICES}
        yield _("Give at least two answers, and at most %(most)d, each on a line.") % most
    right = [number for number, draft in lines if draft.is_correct]
    if kind == QuestionKind.SINGLE and not right:
        yield _("Put a star before the one answer that is right.")
    elif kind == QuestionKind.SINGLE and len(right) > 1:
        stars = {"lines": get_text_list([str(number) for number in right], _("and"))}
        yield _("Lines %(lines)s have a star, but only one answer can be right here.") % stars
    elif kind == QuestionKind.MULTIPLE and not right:
        yield _("Put a star before each answer that is right.")


def _longest(name: str) -> int:
    return int(cast(Any, Choice._meta.get_field(name)).max_length)


def _too_long(number: int, words: str, most: int) -> Iterator[str]:
    if len(words) > most:
        said = {"line": number, "count": len(words), "most": most}
        yield _("Line %(line)d is too long: %(count)d characters, where %(most)d fit.") % said


def _numbered(text: str, kind: str) -> Iterator[tuple[int, Draft]]:
    """Each line that is not empty, by its number from 1."""
    for number, line in enumerate(text.splitlines(), start=1):
        bare = " ".join(line.split())
        if bare:
            yield number, Draft("") if not bare.strip("* |") else _read(bare, kind)


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
