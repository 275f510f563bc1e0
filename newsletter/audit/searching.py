"""Search must not tell which words stand in what is not public (P2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from urllib.parse import urlencode

from django.urls import reverse

from newsletter.audit.articles import marks_of
from newsletter.audit.crawl import Audit
from newsletter.audit.http import Answer
from newsletter.audit.marks import Mark, Medium, Where, new_word
from newsletter.audit.people import Persona
from newsletter.audit.registry import Ask
from newsletter.audit.report import Finding, Kind
from newsletter.audit.routes import Place, route_at
from newsletter.audit.specs import LISTED, Part

SEARCH = "search"
# Those who may read everything learn no more from search than a visitor.
_ASKING = ("visitor", "both-tiers", "staff")
# A search is cut at 200 characters.
_WORDS_AT_ONCE = 8
_CHANGING = re.compile(r'nonce="[^"]*"|name="csrfmiddlewaretoken" value="[^"]*"')


def check_search(audit: Audit) -> None:
    """Compare the answers for secret words with those for words that stand nowhere."""
    if not audit.wants(SEARCH):
        return
    for persona in (each for each in audit.people if each.key in _ASKING):
        for group in _groups(_secrets(audit)):
            # Several at once; where that tells anything, one by one.
            words = [mark.word for mark in group]
            if _tells(audit, persona, " or ".join, words):
                for mark in group:
                    _look_for(audit, persona, mark)
        _look_without(audit, persona)


def _secrets(audit: Audit) -> list[Mark]:
    """What a visitor may read nowhere on the site."""
    visitor = audit.stage.people["visitor"]
    return [
        mark
        for mark in audit.stage.marks
        if not mark.may_read(visitor, Where(Medium.WEB, "/search/"))
    ]


def _groups(marks: list[Mark]) -> Iterator[list[Mark]]:
    for start in range(0, len(marks), _WORDS_AT_ONCE):
        yield marks[start : start + _WORDS_AT_ONCE]


def _look_for(audit: Audit, persona: Persona, mark: Mark) -> None:
    if told := _tells(audit, persona, " ".join, [mark.word]):
        _report(audit, persona, mark, told, "Found by searching for it.")
        if (route := route_at(told)) is not None:
            # What the snippet beside it says.
            audit.ask(Place(route, Ask(), told), persona, SEARCH)


def _look_without(audit: Audit, persona: Persona) -> None:
    """`open -secret` must find what `open` finds: a text is not known by what it lacks."""
    secrets = set(_secrets(audit))
    for key in LISTED:
        marks = marks_of(audit.stage, key)
        given = marks[Part.TITLE].word
        hidden = [mark for mark in marks.values() if mark in secrets]
        if hidden and _tells(audit, persona, partial(_without, given), [m.word for m in hidden]):
            for mark in hidden:
                told = _tells(audit, persona, partial(_without, given), [mark.word])
                if told:
                    _report(audit, persona, mark, told, "Told by searching for texts without it.")


def _without(given: str, words: list[str]) -> str:
    return " ".join([given, *(f"-{word}" for word in words)])


def _tells(
    audit: Audit, persona: Persona, query: Callable[[list[str]], str], words: list[str]
) -> str:
    """The address that answered differently for these words than for unknown ones, or ""."""
    unknown = [new_word() for _ in words]
    path = _path(query(words))
    answers = [
        _as_asked(audit.client.ask(_path(query(asked)), persona), asked)
        for asked in (words, unknown)
    ]
    audit.report.looked_at["searches"] += 1
    return path if answers[0] != answers[1] else ""


def _path(query: str) -> str:
    return f"{reverse('articles:search-articles')}?{urlencode({'q': query})}"


def _as_asked(answer: Answer, words: list[str]) -> tuple[int, str]:
    """What of an answer can tell anything: not the words themselves, which it repeats."""
    text = _CHANGING.sub("", answer.text)
    for word in words:
        text = text.replace(word, "…")
    return answer.status, text


def _report(audit: Audit, persona: Persona, mark: Mark, url: str, detail: str) -> None:
    audit.report.add(
        [Finding(Kind.ORACLE, SEARCH, url, persona.key, mark.owner, mark.part, detail=detail)]
    )
