"""Fixing the audience: one set-based INSERT … SELECT, whoever and however many they are.

What differs between the two databases is behind `_address_sql`; both are tested.
"""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection
from django.db.models import BigIntegerField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast

from newsletter.articles.enums import MailAudience
from newsletter.lib.addresses import normalise_address
from newsletter.mailings.circles import circle_of
from newsletter.mailings.enums import DeliveryState
from newsletter.mailings.models import Batch, Delivery, Mailing
from newsletter.memberships.access import Requirement
from newsletter.memberships.enums import Access
from newsletter.memberships.models import Grant
from newsletter.subscribers.enums import SubscriptionState
from newsletter.subscribers.models import Subscription, Suppression
from newsletter.subscribers.queries import suppressed_addresses

# They had this article already, or may have had it, or will.
_HAD_IT = frozenset(DeliveryState) - {
    DeliveryState.SUPPRESSED,
    DeliveryState.FAILED,
    DeliveryState.CANCELLED,
}
_ROWS_PER_DELETE = 10_000

# The batch is looked up for each row by its unique index. As a join, a planner that knows nothing
# of rows written a moment ago compares every reader with every batch: half a minute for 200,000.
_INSERT = """
INSERT INTO {delivery}
    (mailing_id, batch_id, user_id, subscription_id, address, state,
     suppressed_because, claim, attempts, provider_id, error)
SELECT %s,
       (SELECT batch.id FROM {batch} AS batch
        WHERE batch.mailing_id = %s
          AND batch.number = CAST(
              CASE WHEN reader.place > %s THEN %s ELSE (reader.place - 1) / %s + 1 END AS integer)),
       reader.user_id, reader.subscription_id, reader.address, 'queued', '', '', 0, '', ''
FROM (
    SELECT found.user_id, found.subscription_id, {address} AS address,
           ROW_NUMBER() OVER (ORDER BY found.user_id) AS place
    FROM ({audience}) AS found
) AS reader
ORDER BY reader.place
ON CONFLICT DO NOTHING
"""


def audience_of(mailing: Mailing, requirement: Requirement, now: datetime) -> QuerySet[Any]:
    """Return the active subscriptions that `mailing` goes to, each person once; or its circle.

    `requirement` is what counts as paying: the article's own where it has one (M20). Suppressed
    addresses are not taken out here; see `suppressed_readers`.
    """
    circle = circle_of(mailing)
    if circle is not None:
        return circle.audience(mailing, now)
    found = Subscription.objects.filter(
        newsletter_id=mailing.newsletter_id,
        state=SubscriptionState.ACTIVE,
        user__is_active=True,
    )
    if mailing.audience != MailAudience.ALL:
        granted = Exists(_paying(requirement, now).filter(user_id=OuterRef("user_id")))
        found = found.filter(granted if mailing.audience == MailAudience.PAID else ~granted)
    if mailing.article_id is not None and was_sent_before(mailing):
        found = found.filter(~had_it_elsewhere(mailing))
    return found


def had_it_elsewhere(mailing: Mailing) -> Exists:
    """Whether a row's person has had, may have had or will have the article by another mailing."""
    others = Delivery.objects.filter(
        mailing__article_id=mailing.article_id or 0,
        user_id=OuterRef("user_id"),
        state__in=_HAD_IT,
    )
    return Exists(others.exclude(mailing_id=mailing.pk))


def was_sent_before(mailing: Mailing) -> bool:
    """Whether this article was sent before, through this or another newsletter (M5)."""
    others = Mailing.objects.filter(article_id=mailing.article_id or 0, prepared_at__isnull=False)
    return others.exclude(pk=mailing.pk).exists()


def _paying(requirement: Requirement, now: datetime) -> QuerySet[Grant]:
    grants = Grant.objects.in_force(now)
    if requirement.access == Access.TIERS:
        return grants.filter(tier_id__in=requirement.tier_ids)
    # Who bought a single product is no paying member.
    return grants.filter(tier__isnull=False)


def suppressed_readers(mailing: Mailing, audience: QuerySet[Any]) -> list[int]:
    """Return ids of people in `audience` whose address is suppressed.

    Suppressions are keyed hashes, which SQL cannot make. This reads and writes nothing; it runs
    before the transaction that fixes the audience, and a suppression that comes in between is
    met when the batch is claimed.
    """
    scope = Q(newsletter__isnull=True) | Q(newsletter_id=mailing.newsletter_id)
    if not Suppression.objects.filter(scope).exists():
        return []
    found: list[int] = []
    rows = audience.values_list("user__email", "user_id").iterator(chunk_size=_ROWS_PER_DELETE)
    while part := dict(islice(rows, _ROWS_PER_DELETE)):
        suppressed = suppressed_addresses(part, mailing.newsletter)
        found.extend(part[address] for address in suppressed)
    return found


def freeze_audience(
    mailing: Mailing, audience: QuerySet[Any], suppressed: list[int], batch_size: int
) -> int:
    """Write a delivery for each person of `audience`, in batches; return how many there are.

    To be called inside a transaction. What an earlier attempt left behind is removed first.
    """
    Delivery.objects.filter(mailing=mailing)._raw_delete("default")
    Batch.objects.filter(mailing=mailing)._raw_delete("default")
    expected = audience.count()
    last = -(-expected // batch_size)
    Batch.objects.bulk_create(
        (Batch(mailing=mailing, number=number) for number in range(1, last + 1)), batch_size=500
    )
    written = _insert_deliveries(mailing, audience, batch_size, last) if last else 0
    for start in range(0, len(suppressed), _ROWS_PER_DELETE):
        out = suppressed[start : start + _ROWS_PER_DELETE]
        # A plain DELETE: nothing hangs on a row that was made a moment ago.
        written -= Delivery.objects.filter(mailing=mailing, user_id__in=out)._raw_delete("default")
    Batch.objects.filter(
        ~Exists(Delivery.objects.filter(batch_id=OuterRef("pk"))), mailing=mailing
    )._raw_delete("default")
    found = Delivery.objects.filter(mailing=mailing).count()
    if found != written:
        raise ShortAudience(f"{written} rows were written and {found} are there")
    return found


class ShortAudience(RuntimeError):
    """The rows written are not the rows found: nothing of it may stay (M8)."""


def _insert_deliveries(
    mailing: Mailing, audience: QuerySet[Any], batch_size: int, last: int
) -> int:
    is_subscribed = audience.model is Subscription
    subscription = F("pk") if is_subscribed else Cast(Value(None), BigIntegerField())
    found = audience.order_by().values(
        "user_id", subscription_id=subscription, email=F("user__email")
    )
    audience_sql, parameters = found.query.sql_with_params()
    statement = _INSERT.format(
        delivery=connection.ops.quote_name(Delivery._meta.db_table),
        batch=connection.ops.quote_name(Batch._meta.db_table),
        address=_address_sql(),
        audience=audience_sql,
    )
    # Somebody who joins between the count and this statement goes into the last batch.
    numbers = [mailing.pk, mailing.pk, last * batch_size, last, batch_size]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*numbers, *parameters])
        return int(cursor.rowcount)


def _address_sql() -> str:
    """SQL for `found.email` in its one spelling, so that one address is mailed once (M5)."""
    if connection.vendor == "postgresql":
        return "lower(normalize(trim(found.email), NFKC))"
    connection.ensure_connection()
    connection.connection.create_function(
        "masthead_normalise", 1, normalise_address, deterministic=True
    )
    # SQLite's lower() knows ASCII alone; only what goes beyond it is worth a call into Python.
    return (
        "CASE WHEN found.email GLOB '*[^!-~]*' THEN masthead_normalise(found.email)"
        " ELSE lower(found.email) END"
    )
