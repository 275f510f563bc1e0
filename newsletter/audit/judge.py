"""One answer against the rules: what is in it that must not be, and what is not that must."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from newsletter.audit.http import Answer
from newsletter.audit.marks import Mark, MarkFinder, Medium, Where
from newsletter.audit.people import Persona
from newsletter.audit.registry import Ask, Stage
from newsletter.audit.report import Finding, Kind
from newsletter.audit.routes import Place

_TAG = re.compile(r"<([a-zA-Z][\w:-]*)([^<>]*)$")
_NAMED = re.compile(r"""\b(?:property|name|rel|class|id)=["']?([^"'>]+)""")
_OPENED = re.compile(r"<([a-zA-Z][\w:-]*)([^<>]*)>")
_AROUND = 45
_NEAR = 2_000


def judge(
    answer: Answer,
    place: Place,
    persona: Persona,
    stage: Stage,
    finder: MarkFinder,
    *,
    check: str = "",
) -> list[Finding]:
    """Everything wrong with one answer to one persona."""
    check = check or place.route.label
    reader = _reader(place.ask, persona, stage)
    found = list(_faults_of_status(answer, place, persona, reader, check))
    if answer.status >= 500:
        return found
    found += _leaks(answer, place, persona, stage, finder, check)
    found += _kept_by_others(answer, place, persona, stage, finder, check)
    if not _is_refused(place, persona):
        text = answer.text.lower()
        found += [
            Finding(
                Kind.MISSING,
                check,
                place.path,
                persona.key,
                mark.owner,
                mark.part,
                detail=f"The answer was {answer.status}.",
            )
            for mark in place.ask.shows(reader)
            if mark.word not in text
        ]
    return found


def _is_refused(place: Place, persona: Persona) -> bool:
    """Whether this persona is not let in at all: nothing can be missing there."""
    return place.route.medium is Medium.DESK and not persona.is_staff


def _reader(ask: Ask, persona: Persona, stage: Stage) -> Persona:
    """Whose rights count: those of the link's holder, or of whom the page is shown as."""
    key = ask.holder or ask.judged_as
    return stage.people[key] if key else persona


def _faults_of_status(
    answer: Answer, place: Place, persona: Persona, reader: Persona, check: str
) -> Iterator[Finding]:
    wanted = place.ask.status
    if callable(wanted):
        wanted = wanted(reader)
    if answer.status >= 500:
        detail = f"The answer was {answer.status}."
        yield Finding(Kind.ERROR, check, place.path, persona.key, detail=detail)
    elif wanted is not None and answer.status != wanted and not _is_refused(place, persona):
        detail = f"The answer was {answer.status}; it must be {wanted}."
        yield Finding(Kind.STATUS, check, place.path, persona.key, detail=detail)


def _leaks(
    answer: Answer,
    place: Place,
    persona: Persona,
    stage: Stage,
    finder: MarkFinder,
    check: str,
) -> Iterator[Finding]:
    asked_for = unquote(place.path).lower()
    for name, value in answer.headers:
        for mark, start in finder.find(value):
            if mark.word not in asked_for and not _may(mark, place, persona, stage):
                spot = f"the header {name}"
                yield _leak(check, place, persona, mark, spot, value, start)
    for mark, start in finder.find(answer.text):
        # Whoever has a word in the address that they ask for has it already.
        if mark.word not in asked_for and not _may(mark, place, persona, stage):
            spot = spot_in(answer.text, start)
            yield _leak(check, place, persona, mark, spot, answer.text, start)


def _kept_by_others(
    answer: Answer,
    place: Place,
    persona: Persona,
    stage: Stage,
    finder: MarkFinder,
    check: str,
) -> Iterator[Finding]:
    """What is not for everybody must not be kept on the way to somebody (P3)."""
    control = answer.header("Cache-Control")
    if "private" in control or "no-store" in control:
        return
    visitor, where = stage.people["visitor"], Where(place.medium, unquote(place.path))
    for mark, _start in finder.find(answer.text):
        if mark.word not in where.path.lower() and not mark.may_read(visitor, where):
            yield Finding(
                Kind.STATUS,
                check,
                place.path,
                persona.key,
                mark.owner,
                mark.part,
                "the header Cache-Control",
                detail="Shared caches may keep what not everybody may read.",
            )


def _may(mark: Mark, place: Place, persona: Persona, stage: Stage) -> bool:
    ask = place.ask
    path = unquote(urlsplit(place.path).path)
    if ask.judged_as:
        if not persona.is_staff:
            return False
        # The preview lies at the desk; what it shows is what stands on the article's own page.
        reader = stage.people[ask.judged_as]
        return mark.may_read(reader, Where(Medium.WEB, path))
    where = Where(place.medium, path)
    readers = [persona, stage.people[ask.holder]] if ask.holder else [persona]
    if mark.owner in ask.opens:
        # As much as somebody sees there to whom everything is open: no mail section on a page.
        readers.append(stage.people["staff"])
    return any(mark.may_read(reader, where) for reader in readers)


def _leak(
    check: str,
    place: Place,
    persona: Persona,
    mark: Mark,
    spot: str,
    text: str,
    start: int,
) -> Finding:
    return Finding(
        Kind.LEAK,
        check,
        place.path,
        persona.key,
        mark.owner,
        mark.part,
        spot,
        excerpt_of(text, start),
    )


def excerpt_of(text: str, start: int) -> str:
    """The words around a place, on one line."""
    return " ".join(text[max(0, start - _AROUND) : start + _AROUND].split())


def spot_in(text: str, start: int) -> str:
    """Where in a page or feed a place lies, in words: an element, or an attribute's element."""
    before = text[:start]
    if before.rfind("<script") > before.rfind("</script"):
        head = text[before.rfind("<script") : start].partition(">")[0]
        return "JSON-LD" if "ld+json" in head else "a script"
    # In the tag itself, or in what the last tag has opened.
    near = before[-_NEAR:]
    inside = _TAG.search(near)
    opened = [inside] if inside else list(_OPENED.finditer(near))
    if not opened:
        return "the text"
    named = _NAMED.search(opened[-1][2])
    return f"<{opened[-1][1]} {named[1]}>" if named else f"<{opened[-1][1]}>"
