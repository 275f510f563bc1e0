"""Tags about how a person reads: their own feed."""

from __future__ import annotations

from django import template

from newsletter.accounts.models import User
from newsletter.articles.own_feed import FeedAddresses, addresses_of

register = template.Library()


@register.simple_tag
def own_feed(user: User) -> FeedAddresses | None:
    """The addresses of a person's own feed; None while they have none. One query."""
    return addresses_of(user)
