"""Looking at a claimed batch once more: an issue may drain for hours, and people leave (M9)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from newsletter.articles.enums import MailAudience
from newsletter.mailings.circles import circle_of
from newsletter.mailings.entitlement import (
    audience_requirement,
    choose_variant,
    strictest_first,
)
from newsletter.mailings.enums import DeliveryState, SuppressedBecause
from newsletter.mailings.models import Batch, Delivery, Variant
from newsletter.memberships.access import Reader, decide
from newsletter.memberships.enums import Access
from newsletter.memberships.models import Grant
from newsletter.subscribers.enums import SubscriptionState
from newsletter.subscribers.models import Subscription
from newsletter.subscribers.queries import suppressed_addresses


@dataclass(slots=True)
class Row:
    """A delivery that is about to be made. `leave` is the way out where no subscription is."""

    pk: int
    user_id: int
    subscription_id: int | None
    address: str
    name: str
    variant_id: int
    attempts: int
    leave: str = ""


@dataclass(slots=True)
class _Candidate:
    pk: int
    user_id: int | None
    address: str
    attempts: int
    variant_id: int | None
    name: str
    is_active: bool
    is_staff: bool


def recheck_batch(batch: Batch, variants: Iterable[Variant]) -> list[Row]:
    """Return the rows of a claimed batch that may be sent now, each with its variant.

    Subscription, suppression and entitlement are asked for the whole batch in one query each.
    Who is out is marked so with the reason; whose entitlement changed gets the other variant.
    """
    now = timezone.now()
    fields = ("pk", "user_id", "address", "attempts", "variant_id")
    person = ("user__name", "user__is_active", "user__is_staff")
    queued = Delivery.objects.filter(batch_id=batch.pk, state=DeliveryState.QUEUED)
    # Those that a server complained of come last: it may have meant them alone.
    ordered = queued.order_by("error", "pk").values_list(*fields, *person)
    found = [_Candidate(*row) for row in ordered]
    checker = _Checker(batch, found, strictest_first(variants), now)
    rows: list[Row] = []
    out: dict[SuppressedBecause, list[int]] = defaultdict(list)
    changed: dict[int, list[int]] = defaultdict(list)
    for candidate in found:
        verdict = checker.check(candidate)
        if isinstance(verdict, SuppressedBecause):
            out[verdict].append(candidate.pk)
            continue
        rows.append(verdict)
        if verdict.variant_id != candidate.variant_id:
            changed[verdict.variant_id].append(candidate.pk)
    with transaction.atomic():
        for reason, pks in out.items():
            Delivery.objects.filter(pk__in=pks, state=DeliveryState.QUEUED).update(
                state=DeliveryState.SUPPRESSED, suppressed_because=reason, changed_at=now
            )
        for variant_id, pks in changed.items():
            Delivery.objects.filter(pk__in=pks).update(variant_id=variant_id)
    return rows


class _Checker:
    """Everything about the people of one batch, asked for at once."""

    def __init__(
        self, batch: Batch, found: list[_Candidate], variants: list[Variant], now: datetime
    ) -> None:
        self.now, self.variants = now, variants
        self.paid_only = batch.mailing.audience == MailAudience.PAID
        self.paying = audience_requirement((v.access, v.tier_ids) for v in variants)
        people = [each.user_id for each in found if each.user_id is not None]
        circle = circle_of(batch.mailing)
        self.ways_out = circle.ways_out(batch.mailing, people, now) if circle else None
        self.subscriptions: dict[int, int] = dict(
            Subscription.objects.filter(
                newsletter_id=batch.mailing.newsletter_id,
                state=SubscriptionState.ACTIVE,
                user_id__in=people,
            ).values_list("user_id", "pk")
        )
        self.suppressed = suppressed_addresses(
            [each.address for each in found], batch.mailing.newsletter
        )
        self.tiers: dict[int, set[int]] = defaultdict(set)
        if self.paid_only or any(variant.access != Access.PUBLIC for variant in variants):
            grants = Grant.objects.in_force(now).filter(user_id__in=people, tier__isnull=False)
            for user_id, tier_id in grants.values_list("user_id", "tier_id"):
                self.tiers[user_id].add(tier_id)

    def check(self, each: _Candidate) -> Row | SuppressedBecause:
        if each.user_id is None or not each.is_active:
            return SuppressedBecause.ERASED
        subscription_id, leave = self.subscriptions.get(each.user_id), ""
        if self.ways_out is not None:
            subscription_id, leave = None, self.ways_out.get(each.user_id, "")
            if not leave:
                return SuppressedBecause.NOT_ENTITLED
        elif subscription_id is None:
            return SuppressedBecause.UNSUBSCRIBED
        if each.address in self.suppressed:
            return SuppressedBecause.SUPPRESSED
        tiers = frozenset(self.tiers.get(each.user_id, ()))
        reader = Reader(each.user_id, tiers, is_staff=each.is_staff)
        if self.paid_only and not decide(reader, self.paying, self.now).allowed:
            return SuppressedBecause.NOT_ENTITLED
        variant = choose_variant(reader, self.variants, self.now)
        if variant is None:
            return SuppressedBecause.NOT_ENTITLED
        return Row(
            pk=each.pk,
            user_id=each.user_id,
            subscription_id=subscription_id,
            address=each.address,
            name=each.name,
            variant_id=variant.pk,
            attempts=each.attempts,
            leave=leave,
        )
