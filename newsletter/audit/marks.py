"""Words that exist nowhere else, and who may come across them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from newsletter.audit.people import Persona

# No vowel, so no word of any language, and nothing that a stemmer would shorten.
_LETTERS = "bcdfghjkmnpqrtvwxz"


class Medium(StrEnum):
    """Through what a text reaches somebody."""

    WEB = "web"
    MAIL = "mail"
    # A mail's page for the browser, under an address that anybody may have been sent.
    LETTER = "letter"
    # The admin and other pages for staff.
    DESK = "desk"


@dataclass(frozen=True, slots=True)
class Where:
    """The place in which a mark was looked for."""

    medium: Medium
    path: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """One word in one part of one sentinel, and the rule for who may read it where.

    The rule is written down here a second time on purpose: an audit that asked the code under
    audit who may read would agree with every mistake in it.
    """

    word: str
    owner: str
    part: str
    may_read: Callable[[Persona, Where], bool] = field(repr=False)


def new_word() -> str:
    """A word that stands nowhere else; alike in shape and length to every other."""
    return "zq" + "".join(secrets.choice(_LETTERS) for _ in range(14))


class MarkFinder:
    """Finds the marks that a text holds, whatever the text's format."""

    def __init__(self, marks: Collection[Mark]) -> None:
        self._by_word = {mark.word: mark for mark in marks}
        words = "|".join(self._by_word) or "(?!)"
        self._pattern = re.compile(words, re.IGNORECASE)

    def find(self, text: str) -> Iterator[tuple[Mark, int]]:
        """Each occurrence of a mark, with its place."""
        for match in self._pattern.finditer(text):
            yield self._by_word[match[0].lower()], match.start()
