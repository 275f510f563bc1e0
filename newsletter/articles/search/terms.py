"""What is indexed and what is asked, the same for both databases."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import ClassVar

MAX_QUERY = 200
MAX_TERMS = 16
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_TERM = re.compile(r'(-?)"([^"]*)"?|(\S+)')


@dataclass(frozen=True, slots=True)
class Table:
    """Where an index lies. `key` names PostgreSQL's column of what an entry is about.

    Both are names of ours and go into SQL as they stand.
    """

    name: str
    key: str


@dataclass(frozen=True, slots=True)
class Entry:
    """The public words of one article, or of what is found beside articles.

    No text of ours holds the two marker characters.
    """

    START: ClassVar[str] = "\x02"
    END: ClassVar[str] = "\x03"

    title: str
    dek: str
    tags: str
    body: str

    @classmethod
    def of(cls, *, title: str, dek: str, tags: str, body: str) -> Entry:
        """Make an entry from texts as they are, without control characters but line ends."""
        flat = (
            "\n".join(_CONTROLS.sub(" ", line) for line in part.split("\n"))
            for part in (title, dek, tags, body)
        )
        return cls(*flat)


@dataclass(frozen=True, slots=True)
class Query:
    """Of each group in `wanted` at least one must occur, of `unwanted` none. All are phrases."""

    wanted: list[list[str]] = field(default_factory=list)
    unwanted: list[str] = field(default_factory=list)


def parse_query(typed: str) -> Query:
    """Read what somebody typed. Never raises; what has no letter or digit is ignored."""
    query = Query()
    either = False
    cleaned = _CONTROLS.sub(" ", typed[:MAX_QUERY])
    for number, match in enumerate(_TERM.finditer(cleaned)):
        if number >= MAX_TERMS:
            break
        minus, phrase, word = match.groups()
        if word is not None:
            if word.lower() == "or":
                either = bool(query.wanted)
                continue
            minus, phrase = ("-", word[1:]) if word.startswith("-") else ("", word)
        phrase = " ".join(phrase.replace('"', " ").split())
        if not any(character.isalnum() for character in phrase):
            continue
        if minus:
            query.unwanted.append(phrase)
        elif either:
            query.wanted[-1].append(phrase)
        else:
            query.wanted.append([phrase])
        either = False
    return query


def fold(text: str) -> str:
    """Without accents: "cafe" finds "café"."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(character for character in decomposed if not unicodedata.combining(character))
