"""Payments: one-off orders, and the instalments of subscriptions, with what came back of them."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any, cast

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.lib.moments import add_months
from newsletter.lib.signing import BadToken, make_token, read_token
from newsletter.memberships.actions import record, sync_grant
from newsletter.memberships.enums import GrantSource
from newsletter.memberships.models import Grant, Product, Tier
from newsletter.payments.actions.plans import instalment_source, sync_recurring
from newsletter.payments.actions.syncing import MAX_TRIES, NewerWasWritten, OutrunError
from newsletter.payments.actions.telling import mail_buyer
from newsletter.payments.enums import GiftState, OrderKind, OrderStatus
from newsletter.payments.gateway import NotFound, PaymentFacts, get_gateway, is_ours
from newsletter.payments.models import Gift, Instalment, Membership, Order, PaymentPlan
from newsletter.payments.money import show_amount
from newsletter.payments.policy import Returned, order_status, taken_back
from newsletter.payments.queries import policies

# Stripe's words for a payment that can come to nothing without another attempt of the payer.
FAILED = frozenset({"canceled", "requires_payment_method"})


def sync_payment(payment_intent_id: str) -> Order | Instalment | None:
    """Read a payment at Stripe with its refunds and disputes, and set ours and its access from it.

    None where it is neither for an order of ours nor for a subscription of ours (S2).
    """
    for _try in range(MAX_TRIES):
        order = Order.objects.filter(stripe_payment_intent_id=payment_intent_id).first()
        instalment = Instalment.objects.filter(stripe_payment_intent_id=payment_intent_id).first()
        try:
            facts = get_gateway().fetch_payment(payment_intent_id)
        except NotFound:
            return order or instalment
        try:
            if facts.subscription_id:
                return _sync_instalment(instalment, facts)
            order = order or find_order(facts)
            return _sync_order(order, facts) if order else None
        except (NewerWasWritten, IntegrityError):
            continue
    raise OutrunError(payment_intent_id)


# ── Subscriptions ─────────────────────────────────────────────────────────────────────────────


def _sync_instalment(known: Instalment | None, facts: PaymentFacts) -> Instalment | None:
    subscription_id = str(facts.subscription_id)
    source = instalment_source(subscription_id)
    if not source:
        return None
    fields = {
        "stripe_invoice_id": facts.invoice_id or "",
        "amount": facts.amount,
        "currency": facts.currency,
        "amount_received": facts.amount_received,
        "refunded_amount": facts.amount_refunded,
        "dispute": facts.dispute,
        "receipt_url": facts.receipt_url,
        "error": facts.error,
        "paid_at": facts.paid_at,
    }
    with transaction.atomic():
        instalment = _write_instalment(known, source, facts.id, fields)
    # Reads the subscription after the payment is stored: what it opens follows from both.
    sync_recurring(subscription_id)
    return instalment


def _write_instalment(
    known: Instalment | None,
    source: dict[str, Membership | PaymentPlan],
    intent_id: str,
    fields: dict[str, Any],
) -> Instalment:
    if known is None:
        instalment = Instalment.objects.create(
            stripe_payment_intent_id=intent_id, version=1, **source, **fields
        )
        before: tuple[Any, ...] = (0, "none", None)
    else:
        instalment = known
        before = (known.refunded_amount, known.dispute, known.paid_at)
        same = Instalment.objects.filter(pk=known.pk, version=known.version)
        if not same.update(version=F("version") + 1, **fields):
            raise NewerWasWritten
        for name, value in fields.items():
            setattr(instalment, name, value)
    after = (instalment.refunded_amount, instalment.dispute, instalment.paid_at)
    if after != before:
        what = "instalment_changed"
        record(user=instalment.source.user, what=what, detail=_describe(instalment))
    return instalment


def _describe(payment: Order | Instalment) -> str:
    parts = [show_amount(payment.amount, payment.currency)]
    if isinstance(payment, Order):
        parts = [f"{payment.kind} {payment.pk}", *parts, payment.status]
    elif payment.dispute != "none":
        parts.append(f"dispute {payment.dispute}")
    if payment.refunded_amount:
        parts.append(f"refunded {show_amount(payment.refunded_amount, payment.currency)}")
    parts.append(payment.stripe_payment_intent_id or "-")
    return " · ".join(parts)


# ── One-off payments ──────────────────────────────────────────────────────────────────────────


def order_mark(order: Order) -> str:
    """What we write on a payment at Stripe to know its order; nobody else can make it."""
    return make_token("stripe-order", order.pk)


def find_order(facts: PaymentFacts) -> Order | None:
    """Return the order that a payment carries our mark of."""
    if not is_ours(facts.metadata):
        return None
    try:
        order_id = int(read_token("stripe-order", facts.metadata.get("order", "")))
    except (BadToken, ValueError):
        return None
    order = Order.objects.filter(pk=order_id).first()
    if order is None or order.stripe_payment_intent_id not in {None, facts.id}:
        return None
    return order


def _sync_order(order: Order, facts: PaymentFacts) -> Order:
    status = order_status(
        is_paid=facts.is_paid,
        has_failed=facts.status == "canceled" or (facts.status in FAILED and bool(facts.error)),
        payment=Returned(facts.amount_received, facts.amount_refunded, facts.dispute),
    )
    if order.withdrawn_at is not None and status == OrderStatus.REFUNDED:
        status = OrderStatus.WITHDRAWN
    fields: dict[str, Any] = {
        "stripe_payment_intent_id": facts.id,
        # With the coupon and the tax of the payment page.
        "amount": facts.amount,
        "currency": facts.currency,
        "refunded_amount": facts.amount_refunded,
        "status": status,
        "receipt_url": facts.receipt_url,
        "paid_at": facts.paid_at if facts.is_paid else None,
    }
    back = Returned(facts.amount_received, facts.amount_refunded, facts.dispute)
    return write_order(order, fields, taken_back(back, policies()) if facts.is_paid else "")


def settle_free_order(order: Order) -> None:
    """Mark an order that cost nothing (a coupon of 100 %) as paid: there is no payment to read.

    Once: the success page and the webhook may both be about to, and it may be taken back since.
    """
    unpaid = {OrderStatus.PENDING, OrderStatus.FAILED, OrderStatus.EXPIRED}
    fields = {"status": OrderStatus.PAID, "amount": 0, "paid_at": timezone.now()}
    _write_free_order(order, unpaid, fields, "")


def take_free_order_back(order: Order) -> None:
    """Close what an order for nothing opened: its buyer has withdrawn."""
    _write_free_order(
        order, {OrderStatus.PAID}, {"status": OrderStatus.WITHDRAWN}, OrderStatus.WITHDRAWN
    )


def _write_free_order(
    order: Order, only_from: set[OrderStatus], fields: dict[str, Any], revoked_reason: str
) -> None:
    for _try in range(MAX_TRIES):
        order.refresh_from_db()
        if order.status not in only_from:
            return
        with suppress(NewerWasWritten):
            write_order(order, fields, revoked_reason)
            return
    raise OutrunError(str(order))


def write_order(order: Order, fields: dict[str, Any], revoked_reason: str) -> Order:
    """Store an order's new state and what it opens, unless somebody wrote since it was read."""
    before = (order.status, order.refunded_amount)
    fields = {"synced_at": timezone.now(), **fields}
    with transaction.atomic():
        same = Order.objects.filter(pk=order.pk, version=order.version)
        if not same.update(version=F("version") + 1, **fields):
            raise NewerWasWritten
        order.version += 1
        for name, value in fields.items():
            setattr(order, name, value)
        if order.kind == OrderKind.PRODUCT:
            _apply_product(order, revoked_reason)
        elif order.kind == OrderKind.GIFT:
            _apply_gift(order, revoked_reason)
        if (order.status, order.refunded_amount) != before:
            record(user=order.user, what="order_changed", detail=_describe(order))
        if order.status == OrderStatus.PAID and before[0] in {
            OrderStatus.PENDING,
            OrderStatus.FAILED,
            OrderStatus.EXPIRED,
        }:
            mail_buyer(order)
    return order


def _apply_product(order: Order, revoked_reason: str) -> None:
    product = cast(Product, order.product)
    given = Grant.objects.filter(source=GrantSource.ORDER, source_id=str(order.pk))
    before = given.filter(product=product).first()
    if order.paid_at is None:
        if before is None:
            return
        revoked_reason = revoked_reason or "not paid"
    starts_at = order.paid_at or order.created_at
    months = product.access_months
    ends_at = add_months(starts_at, months) if months else None
    if before is not None and before.starts_at == starts_at:
        # What was sold stands: the author may sell it for fewer months, or more, since.
        ends_at = before.ends_at
    sync_grant(
        user=order.user,
        product=product,
        source=GrantSource.ORDER,
        source_id=str(order.pk),
        starts_at=starts_at,
        ends_at=ends_at,
        revoked_reason=revoked_reason,
    )


def _apply_gift(order: Order, revoked_reason: str) -> None:
    """Move a gift with its payment: paid ones wait for their day, refunded ones are taken back."""
    gift = Gift.objects.select_related("redeemed_by", "tier").filter(order=order).first()
    if gift is None:
        return
    final = order.status in {OrderStatus.REFUNDED, OrderStatus.WITHDRAWN, OrderStatus.LOST}
    # Paid still, and yet to open nothing: a part was given back, and the policy takes access then.
    final = final or (order.status == OrderStatus.PAID and bool(revoked_reason))
    gifts = Gift.objects.filter(pk=gift.pk)
    if final:
        gifts.exclude(state=GiftState.REFUNDED).update(state=GiftState.REFUNDED, code_hash=None)
    elif order.status == OrderStatus.PAID:
        gifts.filter(state=GiftState.UNPAID).update(state=GiftState.WAITING)
    grant = Grant.objects.filter(source=GrantSource.GIFT, source_id=str(gift.pk)).first()
    if grant is None:
        return
    # Before any grant: what moves several of one person's goes one at a time.
    User.objects.select_for_update(no_key=True).get(pk=grant.user_id)
    sync_grant(
        user=grant.user,
        tier=gift.tier,
        source=GrantSource.GIFT,
        source_id=str(gift.pk),
        starts_at=grant.starts_at,
        ends_at=grant.ends_at,
        revoked_reason=revoked_reason,
    )
    if final and grant.revoked_at is None:
        _bring_gifts_forward(grant.user, gift.tier)


def _bring_gifts_forward(user: User, tier: Tier) -> None:
    """Have each gift follow the one before it again: what was to begin after one that was taken
    back begins now, or its owner would have a paid gift and read nothing for months.
    """
    free_from = timezone.now()
    given = Grant.objects.filter(
        user=user, tier=tier, source=GrantSource.GIFT, revoked_at__isnull=True
    )
    for grant in given.filter(ends_at__gt=free_from).order_by("starts_at", "pk"):
        ends_at = cast(datetime, grant.ends_at)
        if grant.starts_at > free_from:
            ends_at = add_months(free_from, Gift.objects.get(pk=int(grant.source_id)).months)
            sync_grant(
                user=user,
                tier=tier,
                source=GrantSource.GIFT,
                source_id=grant.source_id,
                starts_at=free_from,
                ends_at=ends_at,
            )
        free_from = max(free_from, ends_at)
