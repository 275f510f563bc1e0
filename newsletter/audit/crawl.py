"""Asks every address as every persona, then every address that the answers lead to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from html import unescape
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from django.conf import settings

from newsletter.audit.http import Answer, Client
from newsletter.audit.judge import judge
from newsletter.audit.marks import MarkFinder, Medium
from newsletter.audit.people import Persona
from newsletter.audit.registry import STRANGERS, Ask, Stage
from newsletter.audit.report import Finding, Kind, Report
from newsletter.audit.routes import Place, Route, find_routes, is_skipped, places_of, route_at
from newsletter.lib.opens_to import Opens

LINKS, UNFILLED = "links", "unfilled"
_LINK = re.compile(
    r"""(?:href|src|action)=["']([^"'<>\s]+)["']|\bcontent=["']((?:https?:/)?/[^"'<>\s]+)["']"""
    r"""|<(?:loc|link|id)>([^<\s]+)</""",
    re.IGNORECASE,
)
_IN_HEADER = re.compile(r"<([^>]+)>")
# Where to go back to afterwards: the page itself is the same.
_COMING_BACK = frozenset({"next"})
_DEEPEST = 4
_NONE: frozenset[str] = frozenset()
# Nobody but staff is let in there: who has nothing, who has most, and who was let in once.
REFUSED_AT_THE_DESK = frozenset({"visitor", "both-tiers", "closed"})


@dataclass
class _Link:
    """An address that answers led to: who got it, and what whoever has it may open."""

    opens: frozenset[str]
    readers: set[str] = field(default_factory=set)


@dataclass
class Audit:
    """One audit under way. `only` are names of views and checks, `personas` their keys; empty: all.

    Names may hold * and ?.
    """

    stage: Stage
    client: Client
    only: tuple[str, ...] = ()
    personas: tuple[str, ...] = ()
    report: Report = field(default_factory=Report)
    matched: bool = False

    def __post_init__(self) -> None:
        self.finder: MarkFinder = self.stage.finder()
        self._asked: set[str] = set()
        self._links: dict[str, _Link] = {}

    @property
    def people(self) -> list[Persona]:
        """Whoever asks, those who may read most first."""
        return [each for each in self.stage.people.values() if _matches(each.key, self.personas)]

    def wants(self, name: str) -> bool:
        """Whether this view or check is to be looked at."""
        wanted = _matches(name, self.only)
        self.matched = self.matched or wanted
        return wanted

    def crawl_routes(self) -> None:
        """Ask every address that the URLconf has."""
        for route in find_routes():
            if is_skipped(route):
                self._note_skipped()
            elif (places := places_of(route, self.stage)) is None:
                self._report_unfilled(route)
            elif self.wants(route.label):
                for place in places:
                    self._ask_as_all(place)

    def crawl_links(self) -> None:
        """Ask what the answers led to and the URLconf did not, until nothing new is found."""
        if not self.wants(LINKS):
            return
        for _depth in range(_DEEPEST):
            new = [path for path in self._links if _same(path) not in self._asked]
            for path in new:
                route = route_at(path)
                if route is not None and _same(path) not in self._asked and not is_skipped(route):
                    self.report.looked_at["links"] += 1
                    self._ask_as_all(_linked(route, path, self._links[path]))
            if not new:
                return

    def ask(self, place: Place, persona: Persona, check: str = "", **how: object) -> Answer:
        """Ask once, judge the answer, and return it."""
        answer = self.client.ask(place.path, persona, **how)  # type: ignore[arg-type]
        self.report.looked_at["answers"] += 1
        found = judge(answer, place, persona, self.stage, self.finder, check=check)
        self.report.add(found)
        return answer

    def note_links(self, text: str, path: str, reader: str, opens: frozenset[str] = _NONE) -> None:
        """Remember the addresses of this site in a page, a feed or a mail that `reader` got.

        `opens` is what the address that led there opens for whoever has it.
        """
        for found in _LINK.finditer(text):
            self._note_link(unescape(found[1] or found[2] or found[3]), path, reader, opens)

    def _ask_as_all(self, place: Place) -> None:
        self._asked.add(_same(place.path))
        for persona in self.people:
            if _is_idle(place, persona):
                continue
            answer = self.ask(place, persona)
            if place.medium is not Medium.DESK:
                self._note_answer(answer, place, persona)

    def _note_answer(self, answer: Answer, place: Place, persona: Persona) -> None:
        path, reader, opens = place.path, place.ask.holder or persona.key, place.ask.opens
        self._note_link(answer.header("Location"), path, reader, opens)
        for link in _IN_HEADER.findall(answer.header("Link")):
            self._note_link(link, path, reader, opens)
        self.note_links(answer.text, path, reader, opens)

    def _note_link(self, link: str, path: str, reader: str, opens: frozenset[str]) -> None:
        address = urlsplit(urljoin(f"{settings.SITE_URL}{path}", link))
        if address.netloc == urlsplit(settings.SITE_URL).netloc and address.path:
            query = f"?{address.query}" if address.query else ""
            if not address.path.startswith(settings.STATIC_URL):
                found = self._links.setdefault(f"{address.path}{query}", _Link(opens=opens))
                found.readers.add(reader)

    def _report_unfilled(self, route: Route) -> None:
        if self.wants(UNFILLED):
            names = ", ".join(sorted(route.parameters))
            detail = f"Add a filler for {route.label} ({names}) to newsletter/audit/fillers.py."
            self.report.add(
                [Finding(Kind.UNFILLED, route.label, f"/{route.pattern}", detail=detail)]
            )

    def _note_skipped(self) -> None:
        note = "With DEBUG, the pages for developers show everything and are not looked at."
        if note not in self.report.notes:
            self.report.notes.append(note)


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)


def _is_idle(place: Place, persona: Persona) -> bool:
    """Whether there is nothing to be seen: others ask, or staff do, who may see all of the desk.

    Readers are refused there whatever they have paid for, so those of whom there is one kind ask.
    """
    if place.ask.askers and persona.key not in place.ask.askers:
        return True
    if place.route.medium is not Medium.DESK:
        return False
    if persona.is_staff:
        return not place.ask.judged_as
    return persona.key not in REFUSED_AT_THE_DESK


def open_places(audit: Audit) -> Iterator[Place]:
    """The readers' pages that give everybody an answer: those that may be kept in a cache."""
    for route in find_routes():
        if route.medium is Medium.WEB and not is_skipped(route):
            for place in places_of(route, audit.stage) or []:
                if place.ask.status == 200 and not place.ask.is_personal:
                    yield place


def _linked(route: Route, path: str, link: _Link) -> Place:
    """The address as it is to be judged.

    A signed address that one person alone was given may carry that person's rights; a letter's
    page is the same for everybody.
    """
    if route.name == "mailings:read-letter":
        return Place(route, Ask(medium=Medium.LETTER), path)
    if route.opens is not Opens.LINK_HOLDER:
        return Place(route, Ask(), path)
    holder = next(iter(link.readers)) if len(link.readers) == 1 else ""
    return Place(route, Ask(holder=holder, opens=link.opens, askers=STRANGERS), path)


def _same(path: str) -> str:
    """One name for addresses that show the same page."""
    parts = urlsplit(path)
    query = [pair for pair in parse_qsl(parts.query) if pair[0] not in _COMING_BACK]
    return f"{parts.path}?{urlencode(query)}"
