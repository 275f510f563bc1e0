"""Reading the audience: counts that stay cheap, suppressions by the thousand, links."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import lru_cache
from typing import TypeVar

from django.conf import settings
from django.core.cache import cache
from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.lib.signing import make_token
from newsletter.subscribers.enums import (
    RequestAnswer,
    SubscriptionState,
    SuppressionReason,
)
from newsletter.subscribers.hashing import address_hash, address_hashes, key_ids
from newsletter.subscribers.models import (
    ConsentEvent,
    Newsletter,
    Subscription,
    SubscriptionRequest,
    Suppression,
)

__all__ = [
    "address_hash",
    "count_active",
    "count_subscriptions",
    "forget_counts",
    "key_ids",
    "open_newsletters",
    "suppressed_addresses",
    "unsubscribe_url",
]

COUNTS_KEY = "masthead.subscription-counts"
READERS_KEY = "masthead.reader-count"
COUNTS_FRESH_SECONDS = 60
READERS_FRESH_SECONDS = 600
# Hashes asked for in one query; SQLite takes 32,766 parameters in the oldest version we allow.
HASHES_PER_QUERY = 20_000

ACTIVE = SubscriptionState.ACTIVE

Value = TypeVar("Value")
Counts = dict[tuple[int, str], int]


def open_newsletters() -> QuerySet[Newsletter]:
    """Newsletters that can be joined, in the author's order."""
    return Newsletter.objects.filter(is_archived=False)


def unsubscribe_url(subscription_id: int) -> str:
    """The link that leaves one newsletter and can do nothing else (M19)."""
    token = make_token("unsubscribe", subscription_id)
    return str(settings.SITE_URL) + _unsubscribe_path().replace("TOKEN", token)


@lru_cache(maxsize=1)
def _unsubscribe_path() -> str:
    # An issue makes one link for every reader, and `reverse` takes longer than the signature.
    return reverse("subscribers:unsubscribe", args=["TOKEN"])


def suppressed_addresses(
    addresses: Iterable[str], newsletter: Newsletter | None = None
) -> set[str]:
    """Return those of `addresses`, as they were spelled, that must not be mailed.

    With a newsletter: those blocked for it or for all. Without: those blocked for all.
    One query for up to 10,000 addresses (with one fallback key; fewer with more keys).
    """
    by_hash: dict[str, list[str]] = {}
    for address in addresses:
        for hashed in address_hashes(address):
            by_hash.setdefault(hashed, []).append(address)
    scope = Q(newsletter__isnull=True)
    if newsletter is not None:
        scope |= Q(newsletter=newsletter)
    hashes = list(by_hash)
    found: set[str] = set()
    for start in range(0, len(hashes), HASHES_PER_QUERY):
        part = hashes[start : start + HASHES_PER_QUERY]
        rows = Suppression.objects.filter(scope, address_hash__in=part)
        for hashed in rows.values_list("address_hash", flat=True):
            found.update(by_hash[hashed])
    return found


def blocked_by_author(address: str, newsletter_ids: Iterable[int]) -> set[int]:
    """Return those newsletters from which the author has barred the address by hand."""
    asked = set(newsletter_ids)
    rows = Suppression.objects.filter(
        address_hash__in=address_hashes(address), reason=SuppressionReason.MANUAL
    ).values_list("newsletter_id", flat=True)
    barred = set(rows)
    return asked if None in barred else {pk for pk in asked if pk in barred}


def count_subscriptions() -> Counts:
    """How many subscriptions there are by (newsletter id, state); at most a minute old.

    One pass over an index (0.1 s at 1,000,000 rows), made by one process a minute while the
    others go on with the last answer. Counting is preferred to counters in a table: those would
    have to be moved by every import, bulk load and cascade, and one that forgets makes them
    wrong for ever.
    """
    return _remembered(COUNTS_KEY, COUNTS_FRESH_SECONDS, _count_subscriptions)


def count_active(newsletter: Newsletter | None = None) -> int:
    """How many confirmed subscribers one newsletter has; without one, how many readers in all.

    A reader of two newsletters counts once. The first is at most a minute old, the second ten.
    """
    if newsletter is not None:
        return count_subscriptions().get((newsletter.pk, ACTIVE), 0)
    return _remembered(READERS_KEY, READERS_FRESH_SECONDS, _count_readers)


def forget_counts() -> None:
    """Make the next count a fresh one; for after an act of the author who looks at the number."""
    cache.delete_many([COUNTS_KEY, READERS_KEY])


def waiting_request_ids(*, overdue_by: timedelta, limit: int) -> list[int]:
    """Requests that nobody answered for so long, the oldest first."""
    rows = SubscriptionRequest.objects.filter(
        answer=RequestAnswer.WAITING, created_at__lt=timezone.now() - overdue_by
    ).order_by("created_at")
    return list(rows.values_list("pk", flat=True)[:limit])


def subscriptions_of(user: User) -> QuerySet[Subscription]:
    """A person's subscriptions with their newsletters, in the author's order."""
    return (
        Subscription.objects.filter(user=user)
        .select_related("newsletter")
        .order_by("newsletter__position", "newsletter_id")
    )


def consent_record_of(user: User) -> QuerySet[ConsentEvent]:
    """What happened to a person's consent, the latest first."""
    mine = Q(user=user) | Q(address_hash__in=address_hashes(user.email))
    return ConsentEvent.objects.filter(mine).select_related("newsletter", "actor")


def suppressions_of(address: str) -> QuerySet[Suppression]:
    """From what an address is barred."""
    rows = Suppression.objects.filter(address_hash__in=address_hashes(address))
    return rows.select_related("newsletter", "created_by", "user")


def suppressions_by_old_keys() -> QuerySet[Suppression]:
    """Those that were hashed with a former SECRET_KEY."""
    return Suppression.objects.exclude(key_id=key_ids()[0])


def _count_subscriptions() -> Counts:
    rows = Subscription.objects.values_list("newsletter_id", "state").annotate(n=Count("pk"))
    return {(newsletter_id, state): n for newsletter_id, state, n in rows.order_by()}


def _count_readers() -> int:
    by_list = [n for (_, state), n in _count_subscriptions().items() if state == ACTIVE]
    if len(by_list) < 2:
        return sum(by_list)
    active = Subscription.objects.filter(state=ACTIVE)
    return int(active.aggregate(n=Count("user_id", distinct=True))["n"])


def _remembered(key: str, fresh_seconds: int, count: Callable[[], Value]) -> Value:
    """Return `count()` from the shared cache; when it is stale one caller counts for all."""
    kept: tuple[float, Value] | None = cache.get(key)
    now = time.time()
    if kept and (now - kept[0] < fresh_seconds or not cache.add(f"{key}.lock", 1, 30)):
        return kept[1]
    value = count()
    cache.set(key, (now, value), None)
    cache.delete(f"{key}.lock")
    return value


def active_addresses(newsletter: Newsletter, *, limit: int) -> list[str]:
    """The addresses of people who get a newsletter, at most so many."""
    active = Subscription.objects.filter(newsletter=newsletter, state=SubscriptionState.ACTIVE)
    return list(active.order_by("pk").values_list("user__email", flat=True)[:limit])
