"""One person's feed: everything they may read now, whole, at an address that nobody else knows.

The address is signed over a random key of the feed's row, so neither who reads the database nor
who knows a person can make one, and a new key ends it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from newsletter.accounts.models import User
from newsletter.articles import queries
from newsletter.articles.cards import absolute, address_of
from newsletter.articles.content import web_html
from newsletter.articles.content.files import with_files_at
from newsletter.articles.enums import ShownTo
from newsletter.articles.feeds import ITEMS, way_on, with_full_addresses
from newsletter.articles.models import Article, FileUse, PrivateFeed
from newsletter.lib.signing import BadToken, make_token, read_token
from newsletter.memberships.access import Decision, decide, get_reader
from newsletter.memberships.enums import Offer

_PURPOSE = "private-feed"


@dataclass(frozen=True, slots=True)
class FeedAddresses:
    """Where a feed program asks."""

    atom: str
    rss: str


def token_of(feed: PrivateFeed) -> str:
    """What the feed's addresses hold."""
    return make_token(_PURPOSE, f"{feed.pk}.{feed.key}")


def addresses_of(user: User) -> FeedAddresses | None:
    """A person's own addresses; None while they have asked for none. One query."""
    feed = PrivateFeed.objects.filter(user=user).first()
    if feed is None:
        return None
    token = token_of(feed)
    return FeedAddresses(
        atom=absolute(reverse("articles:own-atom", args=[token])),
        rss=absolute(reverse("articles:own-rss", args=[token])),
    )


def find_reader_of_feed(token: str) -> User | None:
    """Whose feed this is; None where the address is forged, or not theirs any more."""
    try:
        pk, _dot, key = read_token(_PURPOSE, token).partition(".")
    except BadToken:
        return None
    feed = PrivateFeed.objects.select_related("user").filter(pk=pk, key=key).first()
    return feed.user if feed is not None and feed.user.is_active else None


def newest_for(user: User, token: str, now: datetime) -> list[tuple[Article, str]]:
    """The newest articles with as much of each as `user` may read at `now`.

    Five queries, whatever the number: grants, articles, tags, tiers, and what stands in them.
    """
    listed = queries.list_published(now=now).defer(None).defer("body").prefetch_related("tiers")
    articles = list(listed[:ITEMS])
    reader = get_reader(user, now)
    closed = FileUse.objects.filter(article__in=articles).exclude(shown_to=ShownTo.EVERYONE)
    folders = set(closed.values_list("folder", flat=True))
    files_at = reverse("articles:own-file", args=[token, "x"]).removesuffix("x")
    found = []
    for article in articles:
        decision = decide(reader, queries.requirement_for(article), now)
        html = with_files_at(web_html(article, decision), folders, files_at)
        text = with_full_addresses(html, address_of(article))
        found.append((article, text + _way_on(article, decision)))
    return found


def _way_on(article: Article, decision: Decision) -> SafeString | str:
    if decision.allowed:
        return ""
    if decision.offer == Offer.CHANGE_TIER:
        words = _("The rest belongs to another membership. See what it adds.")
    else:
        words = _("The rest is for paying members. Become one, and this feed brings it whole.")
    return way_on(article, words)
