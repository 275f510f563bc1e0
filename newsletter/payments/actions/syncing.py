"""Bringing our subscriptions in step with Stripe's.

What an event said does not count: Stripe's state is read as it is now and ours is set from it, so
events may come twice, late, in any order, or not at all (S1). Two workers at once: who has read
Stripe's state writes only if nobody wrote since before that reading, else reads again. So an
older state never replaces a newer one, and no lock is held while Stripe is asked.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from newsletter.accounts.actions import get_or_create_user
from newsletter.accounts.models import User
from newsletter.lib.signing import BadToken, make_token, read_token
from newsletter.memberships.actions import record
from newsletter.memberships.enums import SyncState
from newsletter.memberships.models import Tier
from newsletter.payments.actions.counting import Books, count_membership, read_books
from newsletter.payments.actions.granting import apply_membership
from newsletter.payments.actions.telling import tell_about_change
from newsletter.payments.enums import (
    CheckoutState,
    Interval,
    MembershipStatus,
    PriceState,
)
from newsletter.payments.gateway import (
    CustomerFacts,
    ItemFacts,
    NotFound,
    SubscriptionFacts,
    get_gateway,
    is_ours,
)
from newsletter.payments.models import Checkout, Customer, Membership, Price
from newsletter.payments.policy import LIVE

# Each try means that another worker wrote in the meantime.
MAX_TRIES = 8
OWING = frozenset({MembershipStatus.PAST_DUE, MembershipStatus.UNPAID})
# What of a subscription is worth an entry in its owner's record when it changes.
TOLD = (
    "status",
    "tier_id",
    "price_id",
    "quantity",
    "cancel_at_period_end",
    "next_price_id",
    "next_quantity",
)


class OutrunError(Exception):
    """Others keep writing what we are about to write; to be tried again later."""


class NobodyError(Exception):
    """A subscription of ours whose owner cannot be found: its customer has no address."""


class NewerWasWritten(Exception):
    """Somebody wrote since we looked; what we read may be old."""


def sync_subscription(stripe_id: str) -> Membership | None:
    """Read a subscription at Stripe and set membership, grants and seats from it.

    Returns None, and touches nothing, where its product is none of ours (S2). A subscription that
    Stripe no longer has counts as ended. Raises GatewayError, OutrunError, NobodyError.
    """
    for _try in range(MAX_TRIES):
        known = _membership(stripe_id)
        try:
            facts = get_gateway().fetch_subscription(stripe_id)
        except NotFound:
            facts = None
        sold = find_price(facts) if facts else None
        if known is None and (facts is None or sold is None):
            return None
        try:
            # Found before the transaction: it may ask Stripe.
            user = known.user if known else owner_of(facts)  # type: ignore[arg-type]
            books = read_books(known, facts)
            awaits_payment = facts is not None and _awaits_payment(known, facts, books)
            with transaction.atomic():
                return _write(known, facts, sold, user, awaits_payment, books)
        except (NewerWasWritten, IntegrityError):
            continue
    raise OutrunError(stripe_id)


def _membership(stripe_id: str) -> Membership | None:
    found = Membership.objects.filter(stripe_id=stripe_id)
    return found.select_related("user", "tier", "price").first()


def _write(
    known: Membership | None,
    facts: SubscriptionFacts | None,
    sold: tuple[Price, ItemFacts] | None,
    user: User,
    awaits_payment: bool,
    books: Books,
) -> Membership:
    before = {name: getattr(known, name) for name in TOLD} if known else {}
    was_waiting = known is not None and known.awaits_payment
    if known is None:
        facts, sold = cast(SubscriptionFacts, facts), cast(tuple[Price, ItemFacts], sold)
        fields = {**_fields(None, facts, *sold), "awaits_payment": awaits_payment}
        membership = Membership.objects.create(user=user, stripe_id=facts.id, version=1, **fields)
        _remember_customer(user, facts.customer_id)
    else:
        membership = known
        if facts is None:
            fields = {"status": MembershipStatus.CANCELED}
            fields["ended_at"] = known.ended_at or timezone.now()
        elif sold is None:
            fields = {"status": facts.status}
        else:
            fields = {**_fields(known, facts, *sold), "awaits_payment": awaits_payment}
        _update(known, fields)
    apply_membership(membership, no_longer_ours=facts is not None and sold is None)
    count_membership(membership, facts, books, is_ours=sold is not None)
    _record_change(membership, before)
    if not awaits_payment:
        tell_about_change(
            membership,
            "" if was_waiting else before.get("status"),
            renewal_amount=facts.renewal_amount if facts else None,
        )
    return membership


def _update(known: Membership, fields: dict[str, Any]) -> None:
    """Write, unless somebody did since `known` was read. The row is locked until the commit."""
    fields = {"synced_at": timezone.now(), **fields}
    same = Membership.objects.filter(pk=known.pk, version=known.version)
    if not same.update(version=F("version") + 1, **fields):
        raise NewerWasWritten
    known.version += 1
    for name, value in fields.items():
        setattr(known, name, value)


def _fields(
    known: Membership | None, facts: SubscriptionFacts, price: Price, item: ItemFacts
) -> dict[str, Any]:
    cancel_at = facts.cancel_at or (item.current_period_end if facts.cancel_at_period_end else None)
    overdue = known.past_due_since if known else None
    ends = bool(cancel_at or facts.ended_at)
    own_reason = known.cancel_reason if known and ends else ""
    return {
        "tier": price.tier,
        "price": price,
        "next_price": Price.objects.filter(stripe_id=facts.next_price_id).first()
        if facts.next_price_id
        else None,
        "next_quantity": facts.next_quantity,
        "stripe_schedule_id": facts.schedule_id or "",
        "status": facts.status,
        "quantity": item.quantity,
        "started_at": facts.started_at,
        "current_period_end": item.current_period_end,
        "trial_end": facts.trial_end,
        "cancel_at_period_end": facts.cancel_at_period_end,
        "cancel_at": cancel_at,
        "cancel_reason": own_reason or (facts.cancel_reason if ends else ""),
        "ended_at": facts.ended_at,
        # Our own clock: from when we first saw it overdue until it is paid (S3). "unpaid" stops
        # no clock: what becomes overdue again after it gets no second grace.
        "past_due_since": (overdue or timezone.now()) if facts.status in OWING else None,
        "amount": facts.amount,
        "currency": facts.currency,
        "latest_invoice_id": facts.latest_invoice_id or "",
    }


def _awaits_payment(known: Membership | None, facts: SubscriptionFacts, books: Books) -> bool:
    """Whether the first payment was promised and has not come (S9).

    A subscription bought with a bank debit is "active" from the start; only the page on which it
    was bought says that nothing has been paid. It says so for ever where the debit failed and a
    card paid the bill instead. One that is over, or whose first bill is paid, waits for nothing.
    """
    read = books.bills[0].status if books.bills else ""
    if facts.status not in LIVE or read == "paid" or (known is not None and was_paid(known)):
        return False
    number = facts.metadata.get("checkout", "")
    if not is_ours(facts.metadata) or not number.isdigit():
        return False
    page = Checkout.objects.filter(pk=int(number), is_subscription=True, state=CheckoutState.OPEN)
    checkout = page.select_related("user").first()
    if checkout is None or not checkout.stripe_session_id:
        return False
    if facts.metadata.get("owner") != owner_mark(checkout.user):
        return False
    try:
        session = get_gateway().fetch_session(checkout.stripe_session_id)
    except NotFound:
        return False
    return session.status == "complete" and session.payment_status == "unpaid"


def was_paid(membership: Membership) -> bool:
    """Whether its first bill is paid, as far as its bills were read."""
    first = membership.bills.order_by("issued_at", "pk").first()
    return first is not None and first.status == "paid"


def find_price(facts: SubscriptionFacts) -> tuple[Price, ItemFacts] | None:
    """Return which of our prices a subscription pays, and in which line; None: none of ours.

    A price that the author made at Stripe for a tier of ours is taken in, as one that is not
    offered here.
    """
    for item in facts.items:
        price = Price.objects.filter(stripe_id=item.price.id, tier__isnull=False)
        found = price.select_related("tier").first()
        if found is not None:
            return found, item
    for item in facts.items:
        tier = Tier.objects.filter(stripe_product_id=item.price.product_id).first()
        if tier is not None:
            adopted, _created = Price.objects.get_or_create(
                stripe_id=item.price.id,
                defaults={
                    "tier": tier,
                    "interval": item.price.interval or Interval.MONTH,
                    "amount": item.price.amount,
                    "currency": item.price.currency,
                    "state": PriceState.ARCHIVED,
                    "sync_state": SyncState.SYNCED,
                },
            )
            return adopted, item
    return None


def owner_mark(user: User) -> str:
    """What we write on things at Stripe to know whose they are; nobody else can make it."""
    return make_token("stripe-owner", user.pk)


def owner_of(facts: SubscriptionFacts) -> User:
    """Find whose subscription this is, or make the person (S1: they may not be known yet).

    By our own mark, then by the customer's id, last by the customer's address, which anybody may
    have typed at Stripe and which therefore never outweighs what we know (S8).
    """
    marked = _marked_owner(facts)
    if marked is not None:
        return marked
    customer = Customer.objects.filter(stripe_id=facts.customer_id).select_related("user").first()
    if customer is not None:
        return customer.user
    person = get_gateway().fetch_customer(facts.customer_id)
    if not person.email:
        raise NobodyError(f"{facts.id}: customer {facts.customer_id} has no address.")
    return get_or_create_user(email=person.email, name=person.name)[0]


def _marked_owner(facts: SubscriptionFacts) -> User | None:
    if not is_ours(facts.metadata):
        return None
    try:
        user_id = int(read_token("stripe-owner", facts.metadata.get("owner", "")))
    except (BadToken, ValueError):
        return None
    return User.objects.filter(pk=user_id).first()


def _remember_customer(user: User, customer_id: str) -> None:
    Customer.objects.get_or_create(stripe_id=customer_id, defaults={"user": user})


def sync_customer(stripe_id: str) -> Customer | None:
    """Note that a customer was deleted at Stripe; the next purchase makes a new one (S8).

    Another name or address there changes nothing here: the account's address is the one that its
    owner proved.
    """
    customer = Customer.objects.filter(stripe_id=stripe_id).first()
    if customer is None:
        return None
    try:
        gone = get_gateway().fetch_customer(stripe_id).is_deleted
    except NotFound:
        gone = True
    if gone and customer.deleted_at is None:
        with transaction.atomic():
            fresh = Customer.objects.filter(pk=customer.pk, deleted_at__isnull=True)
            if fresh.update(deleted_at=timezone.now()):
                record(user=customer.user, what="customer_deleted", detail=stripe_id)
        for membership in Membership.objects.filter(user=customer.user, status__in=LIVE):
            sync_subscription(membership.stripe_id)
    return customer


def ensure_customer(user: User) -> CustomerFacts:
    """Return the person's customer at Stripe, making one where there is none (any more)."""
    # One that was deleted is named too: else Stripe would answer the first one's making again.
    known = Customer.objects.filter(user=user).order_by("-pk").first()
    facts = get_gateway().ensure_customer(
        user_id=user.pk,
        email=user.email,
        name=user.name,
        known_id=known.stripe_id if known else None,
    )
    if known and facts.id != known.stripe_id:
        gone = Customer.objects.filter(pk=known.pk, deleted_at__isnull=True)
        gone.update(deleted_at=timezone.now())
    _remember_customer(user, facts.id)
    return facts


def _record_change(membership: Membership, before: dict[str, Any]) -> None:
    changed = [name for name in TOLD if before.get(name) != getattr(membership, name)]
    if not changed:
        return
    what = "subscription_changed" if before else "subscription_begun"
    record(user=membership.user, what=what, detail=describe(membership))
    if not before and membership.status in LIVE:
        others = Membership.objects.filter(user=membership.user, status__in=LIVE)
        if others.exclude(pk=membership.pk).exists():
            record(user=membership.user, what="second_subscription", detail=membership.stripe_id)


def describe(membership: Membership) -> str:
    """One line about a subscription for the record."""
    parts = [str(membership.tier), str(membership.price), membership.status, membership.stripe_id]
    if membership.quantity > 1:
        parts.append(f"{membership.quantity} seats")
    if membership.cancel_at is not None:
        parts.append(f"ends {_day(membership.cancel_at)}")
    if membership.next_price is not None:
        seats = f" x {membership.next_quantity}" if (membership.next_quantity or 1) > 1 else ""
        parts.append(f"then {membership.next_price}{seats}")
    return " · ".join(parts)


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
