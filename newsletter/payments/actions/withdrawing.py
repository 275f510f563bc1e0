"""The right of withdrawal: fourteen days, two clearly labelled steps, a receipt by mail.

A membership is a service: it can be withdrawn from within the time even where it began at once,
and then the days that were used are paid for if that was asked for. A product is delivered whole:
who asked for access at once, knowing that the right ends with it, has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from newsletter.accounts.models import User
from newsletter.memberships.actions import record
from newsletter.payments.actions.plans import sync_plan
from newsletter.payments.actions.settling import sync_payment, take_free_order_back
from newsletter.payments.actions.syncing import sync_subscription
from newsletter.payments.actions.telling import mail_withdrawal, name_of
from newsletter.payments.enums import CheckoutState, DisputeState, OrderKind, OrderStatus
from newsletter.payments.gateway import get_gateway
from newsletter.payments.models import Checkout, Instalment, Membership, Order, PaymentPlan
from newsletter.payments.money import show_amount, smallest_step
from newsletter.payments.policy import LIVE

WITHDRAWAL_PERIOD = timedelta(days=14)
# Stripe's clock and ours.
CLOCKS_DIFFER = timedelta(minutes=10)
# A payment page is open for a day.
LONGEST_PAGE = timedelta(days=1) + CLOCKS_DIFFER
# The reason of a membership's end.
WITHDRAWN = "withdrawn"


class WithdrawalRefused(Exception):
    """There is no right to withdraw here; the message says why, to the buyer."""


@dataclass(frozen=True)
class Withdrawal:
    """What a withdrawal would give back, said before it is declared."""

    amount: int
    currency: str
    until: datetime
    # Kept for the days that were used, because access at once was asked for.
    kept: int = 0


def preview_withdrawal(
    *, bought: Membership | Order | PaymentPlan, now: datetime | None = None
) -> Withdrawal:
    """Say what a withdrawal would give back. Raises WithdrawalRefused."""
    now = now or timezone.now()
    if not settings.WITHDRAWAL_ENABLED:
        raise WithdrawalRefused(_("Withdrawal is not offered here."))
    if isinstance(bought, Order):
        return _of_order(bought, now)
    if isinstance(bought, PaymentPlan):
        return _of_plan(bought, now)
    return _of_membership(bought, now)


def _of_order(order: Order, now: datetime) -> Withdrawal:
    if order.status != OrderStatus.PAID or order.paid_at is None:
        raise WithdrawalRefused(_("This is not paid, or was given back already."))
    until = _until(order.paid_at, now)
    if order.kind == OrderKind.TIP:
        raise WithdrawalRefused(_("A tip is a gift and buys nothing."))
    if order.kind == OrderKind.GIFT and order.gift.redeemed_at is not None:
        raise WithdrawalRefused(_("The gift has been redeemed."))
    if Checkout.objects.filter(order=order, waived_withdrawal_at__isnull=False).exists():
        raise WithdrawalRefused(_waived())
    return Withdrawal(order.amount - order.refunded_amount, order.currency, until)


def _waived() -> str:
    return _("You asked for access at once and agreed that the right to withdraw ends with it.")


def _of_plan(plan: PaymentPlan, now: datetime) -> Withdrawal:
    """As of a product: all that was paid of it, and nothing more is charged."""
    if plan.status not in LIVE and plan.withdrawn_at is None:
        raise WithdrawalRefused(_("This has ended."))
    until = _until(plan.started_at, plan.withdrawn_at or now)
    if _asked_for_access(plan):
        raise WithdrawalRefused(_waived())
    left = sum(each.amount_received - each.refunded_amount for each in _paid_instalments(plan))
    if plan.withdrawn_at is not None and left <= 0:
        raise WithdrawalRefused(_("You have withdrawn already, and the money was given back."))
    return Withdrawal(left, plan.currency, until)


def _of_membership(membership: Membership, now: datetime) -> Withdrawal:
    declared_at = _declared_at(membership)
    if membership.status not in LIVE and declared_at is None:
        raise WithdrawalRefused(_("This membership has ended."))
    now = declared_at or now
    until = _until(membership.started_at, now)
    paid = _paid_instalments(membership)
    refunded = sum(each.refunded_amount for each in paid)
    # What came back since it was declared belongs to the same withdrawal.
    before, since = (0, refunded) if declared_at else (refunded, 0)
    total = sum(each.amount_received for each in paid) - before
    kept = 0
    if total and membership.current_period_end and _asked_for_access(membership):
        # A trial is free: what is used of the paid time counts from its end.
        begin = max(membership.started_at, min(membership.trial_end or membership.started_at, now))
        whole = (membership.current_period_end - begin).total_seconds()
        used = (now - begin).total_seconds()
        kept = int(total * max(0.0, min(1.0, used / whole))) if whole > 0 else 0
        # What comes back is an amount that Stripe moves, rounded in the buyer's favour.
        kept -= kept % smallest_step(membership.currency)
    left = total - kept - since
    if declared_at and left <= 0:
        raise WithdrawalRefused(_("You have withdrawn already, and the money was given back."))
    return Withdrawal(left, membership.currency, until, kept)


def _declared_at(membership: Membership) -> datetime | None:
    """When a withdrawal ended the membership; its money may not have come back yet."""
    is_withdrawn = membership.cancel_reason == WITHDRAWN and membership.status not in LIVE
    return membership.ended_at if is_withdrawn else None


def _until(begun_at: datetime, now: datetime) -> datetime:
    until = begun_at + WITHDRAWAL_PERIOD
    if now > until:
        raise WithdrawalRefused(_("The fourteen days are over."))
    return until


def _paid_instalments(bought: Membership | PaymentPlan) -> list[Instalment]:
    rows = bought.payments if isinstance(bought, PaymentPlan) else bought.instalments
    paid = rows.filter(paid_at__isnull=False)
    return list(paid.exclude(dispute__in=[DisputeState.OPEN, DisputeState.LOST]).order_by("pk"))


def _asked_for_access(bought: Membership | PaymentPlan) -> bool:
    """Whether it was asked for on the page that this was bought on: a page that nobody paid, and
    an earlier purchase, say nothing of this contract.
    """
    pages = Checkout.objects.filter(
        user=bought.user_id,
        state__in=[CheckoutState.COMPLETED, CheckoutState.OPEN],
        created_at__gte=bought.started_at - LONGEST_PAGE,
        created_at__lte=bought.started_at + CLOCKS_DIFFER,
    )
    if isinstance(bought, PaymentPlan):
        pages = pages.filter(price=bought.price_id)
    else:
        pages = pages.filter(price__tier__isnull=False)
    page = pages.order_by("-pk").first()
    return page is not None and page.waived_withdrawal_at is not None


def withdraw(
    *, actor: User, bought: Membership | Order | PaymentPlan, now: datetime | None = None
) -> Withdrawal:
    """Declare the withdrawal: give the money back, take the access, send the receipt.

    A second declaration finds nothing to withdraw from and is refused; where Stripe failed in
    between, it gives back what the first did not.
    """
    if actor.pk != bought.user_id:
        raise PermissionDenied(_("Only the buyer may withdraw."))
    planned = preview_withdrawal(bought=bought, now=now)
    if isinstance(bought, Order):
        _withdraw_order(bought, planned)
    elif isinstance(bought, PaymentPlan):
        _withdraw_plan(bought)
    else:
        _withdraw_membership(bought, planned)
    with transaction.atomic():
        detail = f"{name_of(bought)} · {show_amount(planned.amount, planned.currency)}"
        record(user=actor, what="withdrawn", detail=detail, actor=actor)
        mail_withdrawal(bought, planned.amount, planned.kept, planned.currency)
    return planned


def _withdraw_order(order: Order, planned: Withdrawal) -> None:
    # Before the money goes: the refund's own webhook must find out why it was given.
    unsaid = Order.objects.filter(pk=order.pk, status=OrderStatus.PAID, withdrawn_at__isnull=True)
    unsaid.update(withdrawn_at=timezone.now())
    if order.stripe_payment_intent_id and planned.amount:
        get_gateway().refund(order.stripe_payment_intent_id, key=f"withdraw-order-{order.pk}")
        sync_payment(order.stripe_payment_intent_id)
    else:
        take_free_order_back(order)
    order.refresh_from_db()


def _withdraw_plan(plan: PaymentPlan) -> None:
    # Said first and ended first, as with a membership.
    PaymentPlan.objects.filter(pk=plan.pk, withdrawn_at__isnull=True).update(
        withdrawn_at=timezone.now()
    )
    if plan.status in LIVE:
        get_gateway().cancel_now(plan.stripe_id, key=f"withdraw-plan-{plan.pk}")
    for each in _paid_instalments(plan):
        back = each.amount_received - each.refunded_amount
        if back > 0:
            key = f"withdraw-instalment-{each.pk}"
            get_gateway().refund(each.stripe_payment_intent_id, key=key, amount=back)
            sync_payment(each.stripe_payment_intent_id)
    sync_plan(plan.stripe_id)
    plan.refresh_from_db()


def _withdraw_membership(membership: Membership, planned: Withdrawal) -> None:
    gateway, left = get_gateway(), planned.amount
    if _declared_at(membership) is None:
        # Said first and ended first: should the money fail to go, it is still known to be owed,
        # and nothing is charged meanwhile.
        Membership.objects.filter(pk=membership.pk).update(cancel_reason=WITHDRAWN)
        gateway.cancel_now(membership.stripe_id, key=f"withdraw-{membership.pk}")
        sync_subscription(membership.stripe_id)
    for each in reversed(_paid_instalments(membership)):
        back = min(left, each.amount_received - each.refunded_amount)
        if back > 0:
            gateway.refund(
                each.stripe_payment_intent_id, key=f"withdraw-instalment-{each.pk}", amount=back
            )
            sync_payment(each.stripe_payment_intent_id)
            left -= back
    sync_subscription(membership.stripe_id)
    membership.refresh_from_db()
