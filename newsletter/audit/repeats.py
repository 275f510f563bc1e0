"""The same page again: kept in a cache, by its head alone, only if it has changed, or in parts."""

from __future__ import annotations

from dataclasses import replace

from django.utils.http import http_date

from newsletter.audit.crawl import Audit, open_places
from newsletter.audit.marks import Medium
from newsletter.audit.people import Persona
from newsletter.audit.registry import STRANGERS
from newsletter.audit.report import Finding, Kind
from newsletter.audit.routes import Place, Route, find_routes, places_of
from newsletter.lib.page_cache import forget_pages

CACHE, HEAD, FRAGMENTS = "cache", "head", "fragments"
# Whose views answer htmx with a part of the page.
_IN_PARTS = "comments:"


def check_cache(audit: Audit) -> None:
    """A member's page is not for the next visitor, nor a visitor's for the next member (P3)."""
    if not audit.wants(CACHE):
        return
    member, visitor = audit.stage.people["both-tiers"], audit.stage.people["visitor"]
    for place in open_places(audit):
        _ask_one_after_the_other(audit, place, member, visitor)
        if _differs(place, member, visitor):
            _ask_one_after_the_other(audit, place, visitor, member)


def _differs(place: Place, one: Persona, other: Persona) -> bool:
    return set(place.ask.shows(one)) != set(place.ask.shows(other))


def _ask_one_after_the_other(audit: Audit, place: Place, first: Persona, second: Persona) -> None:
    """And, where they may read different things, in a browser that the first has used."""
    forget_pages()
    headers = {"Accept-Encoding": "br"}
    seen = audit.ask(place, first, CACHE, headers=headers)
    audit.ask(place, second, CACHE, headers=headers)
    if _differs(place, first, second):
        headers["If-None-Match"] = seen.header("ETag") or '""'
        headers["If-Modified-Since"] = seen.header("Last-Modified") or http_date()
        audit.ask(place, second, CACHE, headers=headers)


def check_heads(audit: Audit) -> None:
    """HEAD says nothing that GET does not, and has no body."""
    if not audit.wants(HEAD):
        return
    askers = [each for each in audit.people if each.key in STRANGERS]
    for place in open_places(audit):
        silent = replace(place, ask=replace(place.ask, shows=lambda _persona: ()))
        for persona in askers:
            answer = audit.ask(silent, persona, HEAD, method="HEAD")
            if answer.text:
                detail = "The answer to HEAD has a body."
                audit.report.add(
                    [Finding(Kind.STATUS, HEAD, place.path, persona.key, detail=detail)]
                )


def check_fragments(audit: Audit) -> None:
    """The part of a page that htmx asks for says nothing that the page does not (C7)."""
    if not audit.wants(FRAGMENTS):
        return
    for route in find_routes():
        for place in places_of(route, audit.stage) or [] if _is_in_parts(route) else []:
            # A part may well leave out what the page shows.
            part = replace(place, ask=replace(place.ask, shows=lambda _persona: ()))
            for key in ("visitor", "second-tier"):
                persona = audit.stage.people[key]
                audit.ask(part, persona, FRAGMENTS, headers={"HX-Request": "true"})


def _is_in_parts(route: Route) -> bool:
    return route.medium is Medium.WEB and route.name.startswith(_IN_PARTS)
