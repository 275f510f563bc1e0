"""What Stripe tells: stored first, answered, then handled by re-reading what it is about."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from newsletter.accounts.models import User
from newsletter.payments.actions.completing import complete_checkout
from newsletter.payments.actions.plans import sync_recurring
from newsletter.payments.actions.settling import sync_payment
from newsletter.payments.actions.syncing import sync_customer
from newsletter.payments.actions.telling import tell_trial_ends
from newsletter.payments.enums import EventState
from newsletter.payments.gateway import Event, get_gateway
from newsletter.payments.gateway.signature import read_event
from newsletter.payments.models import Membership, PaymentPlan, StripeEvent

log = structlog.get_logger(__name__)

# Longer than the slowest handling: a few calls of at most 20 s with their retries.
LEASE = timedelta(minutes=5)
# 10 s, 40 s, 160 s … then every hour: about three days in all, as long as Stripe itself retries.
FIRST_DELAY = timedelta(seconds=10)
LONGEST_DELAY = timedelta(hours=1)
MAX_ATTEMPTS = 75
KEEP_HANDLED = timedelta(days=60)

PAYMENT_KINDS = frozenset({"payment_intent", "charge", "refund", "dispute"})


def receive_event(payload: bytes, header: str | None) -> StripeEvent | None:
    """Verify and store what came to our webhook; returns the row, None if it came before.

    Raises BadSignature, and stores nothing, for anything that Stripe did not sign for us (S10).
    """
    event = get_gateway().verify_event(payload, header)
    return store_event(event)


def store_event(event: Event) -> StripeEvent | None:
    """Store a verified event once; None if it is there."""
    row = StripeEvent(
        stripe_id=event.id,
        type=event.type[:100],
        object_id=event.object_id[:255],
        payload=dict(event.payload),
        next_attempt_at=timezone.now(),
    )
    # Stripe waits: one statement, which commits by itself, is all that the answer takes.
    alone: AbstractContextManager[None] = (
        transaction.atomic() if connection.in_atomic_block else nullcontext()
    )
    try:
        with alone:
            row.save(force_insert=True)
    except IntegrityError:
        return None
    return row


def handle_event(*, event_id: int) -> EventState | None:
    """Do what a stored event calls for. None where it is not ours to do: done, or under way.

    A failure is kept with its reason and tried again, at growing intervals.
    """
    row = _claim(event_id)
    if row is None:
        return None
    try:
        known = _react(read_event(row.payload))
    except Exception as error:  # whatever it is, it is kept, shown and tried again
        log.warning("stripe_event_failed", stripe_id=row.stripe_id, type=row.type, error=str(error))
        return _settle(row, EventState.FAILED, f"{type(error).__name__}: {error}"[:2000])
    return _settle(row, EventState.HANDLED if known else EventState.IGNORED)


def _claim(event_id: int) -> StripeEvent | None:
    now = timezone.now()
    taken = StripeEvent.objects.filter(
        Q(lease_until__isnull=True) | Q(lease_until__lt=now),
        pk=event_id,
        state__in=[EventState.RECEIVED, EventState.FAILED],
        next_attempt_at__lte=now,
    ).update(lease_until=now + LEASE, attempts=F("attempts") + 1)
    return StripeEvent.objects.get(pk=event_id) if taken else None


def _settle(row: StripeEvent, state: EventState, error: str = "") -> EventState | None:
    now = timezone.now()
    again = state == EventState.FAILED and row.attempts < MAX_ATTEMPTS
    # `attempts` tells our claim from a later one on the same row.
    ours = StripeEvent.objects.filter(pk=row.pk, attempts=row.attempts)
    moved = ours.update(
        state=state,
        error=error,
        lease_until=None,
        next_attempt_at=now + back_off(row.attempts) if again else None,
        handled_at=None if state == EventState.FAILED else now,
    )
    return state if moved else None


def back_off(attempts: int) -> timedelta:
    """How long to wait after the n-th attempt (n from 1)."""
    factor: int = 4 ** min(attempts - 1, 10)
    return min(FIRST_DELAY * factor, LONGEST_DELAY)


def _react(event: Event) -> bool:
    """Bring what an event is about in step with Stripe; False where it is none of ours."""
    kind = event.object_kind
    if kind == "checkout.session":
        return complete_checkout(event.object_id) is not None
    if kind == "customer":
        return sync_customer(event.object_id) is not None
    if kind == "subscription":
        return _react_to_subscription(event)
    if kind == "invoice":
        return _react_to_invoice(event)
    if kind in PAYMENT_KINDS:
        return _react_to_payment(event)
    return False


def _react_to_subscription(event: Event) -> bool:
    synced = sync_recurring(event.object_id)
    if synced is None:
        return False
    is_ending = event.type == "customer.subscription.trial_will_end"
    if is_ending and isinstance(synced, Membership) and synced.status == "trialing":
        with transaction.atomic():
            tell_trial_ends(synced)
    return True


def _react_to_invoice(event: Event) -> bool:
    """A paid bill leads to its payment, which says more, and with it to its subscription."""
    subscription_id = event.subscription_id
    if not subscription_id:
        if not event.is_thin:
            return False
        subscription_id = get_gateway().fetch_invoice(event.object_id).subscription_id
    is_known = (
        Membership.objects.filter(stripe_id=subscription_id).exists()
        or PaymentPlan.objects.filter(stripe_id=subscription_id).exists()
    )
    if not subscription_id or (not is_known and sync_recurring(subscription_id) is None):
        return False
    payment_id = get_gateway().payment_of_invoice(event.object_id)
    if not (payment_id and sync_payment(payment_id)) and is_known:
        sync_recurring(subscription_id)
    return True


def _react_to_payment(event: Event) -> bool:
    if event.payment_intent_id:
        return sync_payment(event.payment_intent_id) is not None
    if not event.is_thin:
        return False
    # A thin event about a refund or a dispute names that alone; ask whose money went back lately.
    since = event.created_at - timedelta(hours=1)
    synced = [sync_payment(each) for each in get_gateway().list_returned(since=since)]
    return any(each is not None for each in synced)


def retry_event(*, actor: User, event: StripeEvent) -> bool:
    """Have a failed event handled again now. False where it is under way or done."""
    if not (actor.is_active and actor.is_staff):
        raise PermissionDenied(_("Only staff may do this."))
    failed = StripeEvent.objects.filter(pk=event.pk, state=EventState.FAILED)
    return bool(failed.update(next_attempt_at=timezone.now(), lease_until=None))


def prune_events() -> int:
    """Delete old handled events, which hold addresses; what failed stays until it is looked at."""
    old: Any = StripeEvent.objects.filter(
        state__in=[EventState.HANDLED, EventState.IGNORED],
        received_at__lt=timezone.now() - KEEP_HANDLED,
    )
    return int(old.delete()[0])
