"""Mailings on the screens of slices that lie below them."""

from __future__ import annotations

from typing import Any

from django import template

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.mailings.models import Delivery, Mailing
from newsletter.mailings.queries import counts_of_mailings

register = template.Library()
_DELIVERIES_SHOWN = 20


@register.inclusion_tag("mailings/_status.html")
def mailing_status(article: Article) -> dict[str, Any]:
    """What an article was sent as, how each mailing stands, and ways to look and to try.

    Two queries, however many mailings there are.
    """
    mailings: list[Mailing] = []
    if article.pk:
        found = Mailing.objects.filter(article=article).select_related("newsletter")
        mailings = list(found.only(*_FIELDS, "newsletter__name"))
    counts = counts_of_mailings(mailings) if mailings else {}
    lines = [{"mailing": mailing, "counts": counts[mailing.pk]} for mailing in mailings]
    return {"article": article, "lines": lines}


_FIELDS = ("article", "newsletter", "subject", "state", "audience_count", "scheduled_at")


@register.inclusion_tag("mailings/_deliveries.html")
def deliveries_of(person: User) -> dict[str, Any]:
    """The newest letters that went to one person, and what became of each. One query."""
    found = Delivery.objects.filter(user=person).select_related("mailing__newsletter")
    shown = found.only(
        "state",
        "suppressed_because",
        "error",
        "changed_at",
        "user",
        "mailing",
        "mailing__newsletter",
        "mailing__subject",
        "mailing__newsletter__name",
    ).order_by("-pk")[:_DELIVERIES_SHOWN]
    return {"deliveries": list(shown)}
