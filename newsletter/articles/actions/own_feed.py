"""A person's own feed: its address, and a new one."""

from __future__ import annotations

import secrets

from django.db import transaction
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.articles.models import PrivateFeed
from newsletter.memberships.actions import record


@transaction.atomic
def renew_private_feed(*, actor: User) -> PrivateFeed:
    """Give a person a feed, or their feed a new address. The old one is dead at once."""
    feed, _is_new = PrivateFeed.objects.update_or_create(
        user=actor, defaults={"key": secrets.token_urlsafe(12), "renewed_at": timezone.now()}
    )
    record(user=actor, what="feed_renewed", actor=actor)
    return feed
