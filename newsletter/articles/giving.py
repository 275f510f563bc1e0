"""Gift links: what one is worth now, and the signed addresses that go with it.

Three tokens, each for its own purpose: the link itself, a ticket for the button (pressing it twice
is one opening), and the address at which an opening is read for a while.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse

from newsletter.accounts.models import User
from newsletter.articles.cards import absolute
from newsletter.articles.enums import ArticleState, GiftStanding, Visibility
from newsletter.articles.models import Article, GiftLink, GiftOpening
from newsletter.articles.queries import requirement_for
from newsletter.lib.signing import (
    BadToken,
    make_dated_token,
    make_token,
    read_dated_token,
    read_token,
)
from newsletter.memberships.access import decide, get_reader
from newsletter.memberships.enums import Access

# So long an opening can be read again without counting anew: the page reloaded, a call in between.
READING_LIFE = timedelta(hours=2)
_LIMIT_WINDOW = timedelta(days=30)
_LINK, _TICKET, _OPENING = "gift-link", "gift-ticket", "gift-opening"
_PAID_FOR = frozenset({Access.PAID, Access.TIERS})


def may_give(user: User, article: Article, now: datetime) -> bool:
    """Whether a person may give an article away: it is paid for, out, and theirs to read.

    One query for the person's grants, one more where certain tiers are asked for.
    """
    is_out = article.state == ArticleState.PUBLISHED
    has_page = is_out and article.visibility != Visibility.EMAIL_ONLY
    if not has_page or article.access not in _PAID_FOR:
        return False
    return decide(get_reader(user, now), requirement_for(article), now).allowed


def offers_gift(user: User, article: Article) -> bool:
    """Whether a person who may read `article` is offered to give it: the author can say no."""
    is_on = user.is_staff or settings.GIFT_LINKS_A_MONTH > 0
    return is_on and article.access in _PAID_FOR


def standing_of(link: GiftLink, now: datetime) -> GiftStanding:
    """What a link does now. It ends with its giver's own access, and with the article's."""
    if link.revoked_at is not None or not may_give(link.giver, link.article, now):
        return GiftStanding.ENDED
    if link.expires_at <= now:
        return GiftStanding.EXPIRED
    return GiftStanding.USED_UP if link.openings >= link.max_openings else GiftStanding.OPENS


def live_links(user: User, article: Article, now: datetime) -> list[GiftLink]:
    """A person's links to an article that can still be opened, the newest first."""
    links = GiftLink.objects.filter(
        giver=user, article=article, revoked_at=None, expires_at__gt=now
    )
    return [link for link in links if link.openings < link.max_openings]


def links_of(user: User, article: Article) -> QuerySet[GiftLink]:
    """Every link that a person made to an article, with both at hand."""
    return GiftLink.objects.filter(giver=user, article=article).select_related("giver", "article")


def links_left(user: User, now: datetime) -> int:
    """How many links a person may still make; ended ones count too, or the limit would be none."""
    made = GiftLink.objects.filter(giver=user, created_at__gt=now - _LIMIT_WINDOW).count()
    limit: int = settings.GIFT_LINKS_A_MONTH
    return max(0, limit - made)


def address_of_gift(link: GiftLink) -> str:
    """The address that the giver passes on."""
    return absolute(reverse("articles:show-gift", args=[make_token(_LINK, link.pk)]))


def find_gift(token: str) -> GiftLink | None:
    """The link behind an address, with article and giver; None for a forged one."""
    try:
        pk = int(read_token(_LINK, token))
    except BadToken:
        return None
    links = GiftLink.objects.select_related("giver", "article__author", "article__cover")
    return links.filter(pk=pk).first()


def make_ticket() -> str:
    """What the page with the button carries, different each time it is shown."""
    return make_dated_token(_TICKET, secrets.token_urlsafe(9))


def read_ticket(token: str) -> str:
    """The ticket's own number; empty for one that is forged or too old, and the page is anew."""
    try:
        return read_dated_token(_TICKET, token, READING_LIFE)
    except BadToken:
        return ""


def make_opening_token(opening: GiftOpening) -> str:
    """What lets one reader read for `READING_LIFE`."""
    return make_dated_token(_OPENING, opening.pk)


def find_opening(token: str, link: GiftLink) -> GiftOpening | None:
    """The opening that is being read; None where its time is over or it is another link's."""
    try:
        pk = int(read_dated_token(_OPENING, token, READING_LIFE))
    except BadToken:
        return None
    return link.opened.filter(pk=pk).first()
