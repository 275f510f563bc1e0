"""A gift as its receiver gets it: looking opens nothing, pressing the button opens one article."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.urls import reverse

from newsletter.articles.actions import make_gift_link
from newsletter.articles.models import GiftLink
from newsletter.audit.articles import titles
from newsletter.audit.crawl import Audit
from newsletter.audit.given import GIVEN, GIVEN_OWNERS, given_text, token_of_gift
from newsletter.audit.registry import Ask
from newsletter.audit.report import Finding, Kind
from newsletter.audit.routes import Place, route_at

GIFTS = "gifts"
_TICKET = re.compile(r'name="ticket" value="([^"]+)"')


def check_gifts(audit: Audit) -> None:
    """Open a gift as a visitor does, and count what that took from the link."""
    if audit.wants(GIFTS):
        audit.report.add(_open(audit))


def _open(audit: Audit) -> Iterator[Finding]:
    stage, visitor = audit.stage, audit.stage.people["visitor"]
    link = make_gift_link(actor=stage.author, article=stage.articles[GIVEN])
    path = reverse("articles:show-gift", args=[token_of_gift(link)])
    looking = _place(path, Ask(shows=titles(stage, GIVEN), status=200))
    before = _openings(link)
    # Mail scanners and messengers look in both ways.
    audit.ask(Place(looking.route, Ask(), path), visitor, GIFTS, method="HEAD")
    found = _TICKET.search(audit.ask(looking, visitor, GIFTS).text)
    if _openings(link) != before:
        yield _wrong(path, "Looking at the link has used up one of its openings.")
    if found is None:
        yield _wrong(path, "There is no button that opens it.")
        return
    pressing = _place(path, Ask(status=302))
    for _press in range(2):
        form = {"ticket": found[1]}
        answer = audit.ask(pressing, visitor, GIFTS, method="POST", form=form)
    if _openings(link) != before + 1:
        yield _wrong(path, "Pressing its button twice has not used up one opening.")
    opened = urlsplit(answer.header("Location")).path
    if opened:
        ask = Ask(shows=lambda _persona: given_text(stage), status=200, opens=GIVEN_OWNERS)
        audit.ask(_place(opened, ask), visitor, GIFTS)


def _place(path: str, ask: Ask) -> Place:
    route = route_at(path)
    if route is None:
        raise LookupError(path)
    return Place(route, ask, path)


def _openings(link: GiftLink) -> int:
    return GiftLink.objects.values_list("openings", flat=True).get(pk=link.pk)


def _wrong(path: str, detail: str) -> Finding:
    return Finding(Kind.STATUS, GIFTS, path, "visitor", f"article {GIVEN}", detail=detail)
