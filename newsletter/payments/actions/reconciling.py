"""Comparing everything here with everything at Stripe, and mending what differs.

Finds what webhooks missed, in both directions: what Stripe has and we do not (or in another
state), and what we hold to be running and Stripe does not know any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from newsletter.accounts.models import User
from newsletter.memberships.enums import GrantSource
from newsletter.memberships.models import Grant
from newsletter.payments.actions.completing import complete_checkout
from newsletter.payments.actions.counting import mark_of
from newsletter.payments.actions.granting import verdict_on
from newsletter.payments.actions.plans import find_plan_price, plan_differs, sync_plan
from newsletter.payments.actions.settling import find_order, sync_payment
from newsletter.payments.actions.syncing import find_price, sync_subscription
from newsletter.payments.enums import CheckoutState, DisputeState, OrderStatus
from newsletter.payments.gateway import (
    GatewayMisconfigured,
    PaymentFacts,
    SubscriptionFacts,
    get_gateway,
)
from newsletter.payments.models import (
    Checkout,
    Instalment,
    Membership,
    Order,
    PaymentPlan,
    Reconciliation,
)
from newsletter.payments.policy import LIVE

log = structlog.get_logger(__name__)

# Payments, bills, refunds and disputes are looked at that far back. A dispute may come half a year
# after its payment, but is itself young; one that is open here is looked at until it is decided.
NIGHTLY_WINDOW = timedelta(days=35)
# A run that has not ended by then has died.
LONGEST_RUN = timedelta(hours=3)


@dataclass
class _Run:
    """Counts what one comparison looked at and mended."""

    checked: int = 0
    mended: list[dict[str, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def mend(self, what: str, was: Callable[[], str], act: Callable[[], Any]) -> None:
        """Run `act` on one object; note how it stood before and after if that differs."""
        before = was()
        try:
            act()
        except GatewayMisconfigured:
            raise
        except Exception as error:  # one broken object must not hide the others
            log.warning("reconcile_failed", object=what, error=str(error))
            self.faults.append(f"{what}: {type(error).__name__}: {error}")
            return
        after = was()
        if before != after:
            self.mended.append({"object": what, "was": before, "is": after})


def start_reconciliation(*, actor: User | None = None) -> Reconciliation | None:
    """Return the row of a new comparison to be run; None while one is under way."""
    if actor is not None and not (actor.is_active and actor.is_staff):
        raise PermissionDenied(_("Only staff may do this."))
    running = Reconciliation.objects.filter(
        finished_at__isnull=True, started_at__gt=timezone.now() - LONGEST_RUN
    )
    return None if running.exists() else Reconciliation.objects.create()


def reconcile(*, since: datetime | None = None, run_id: int | None = None) -> Reconciliation:
    """Compare and mend; returns the report. `since`: how far back payments are looked at.

    Every subscription is looked at whatever its age. Never raises: what went wrong is in `error`.
    """
    report = Reconciliation.objects.get(pk=run_id) if run_id else Reconciliation.objects.create()
    run = _Run()
    since = since or timezone.now() - NIGHTLY_WINDOW
    try:
        _compare_subscriptions(run)
        _compare_bills(run, since)
        _compare_payments(run, since)
        _compare_returned(run, since)
        _compare_checkouts(run)
    except Exception as error:
        log.exception("reconcile_stopped")
        run.faults.append(f"{type(error).__name__}: {error}")
    Reconciliation.objects.filter(pk=report.pk).update(
        finished_at=timezone.now(),
        checked=run.checked,
        mended=run.mended,
        error="\n".join(run.faults)[:10_000],
    )
    report.refresh_from_db()
    return report


# ── Subscriptions ─────────────────────────────────────────────────────────────────────────────


def _compare_subscriptions(run: _Run) -> None:
    seen: set[str] = set()
    for facts in get_gateway().list_subscriptions():
        run.checked += 1
        seen.add(facts.id)
        plan = PaymentPlan.objects.filter(stripe_id=facts.id).first()
        if plan is not None or find_plan_price(facts) is not None:
            if plan is None or plan_differs(plan, facts):
                _mend_plan(run, facts.id)
            continue
        held = _held(facts.id)
        if held is None and find_price(facts) is None:
            continue
        if held is None or _differs(held, facts):
            _mend_subscription(run, facts.id)
    ours = Membership.objects.filter(Q(status__in=LIVE) | Q(ended_at__isnull=True))
    for stripe_id in list(ours.values_list("stripe_id", flat=True)):
        if stripe_id not in seen:
            run.checked += 1
            _mend_subscription(run, stripe_id)
    plans = PaymentPlan.objects.filter(ended_at__isnull=True)
    for stripe_id in list(plans.values_list("stripe_id", flat=True)):
        if stripe_id not in seen:
            run.checked += 1
            _mend_plan(run, stripe_id)


def _mend_plan(run: _Run, stripe_id: str) -> None:
    run.mend(stripe_id, lambda: _plan_state(stripe_id), lambda: sync_plan(stripe_id))


def _plan_state(stripe_id: str) -> str:
    plan = PaymentPlan.objects.filter(stripe_id=stripe_id).first()
    if plan is None:
        return "-"
    grant = Grant.objects.filter(source=GrantSource.PLAN, source_id=stripe_id).first()
    access = "-" if grant is None else f"until {grant.ends_at or '∞'} {grant.reason}".strip()
    return f"{plan} · ends {plan.cancel_at or plan.ended_at or '-'} · access {access}"


def _held(stripe_id: str) -> Membership | None:
    found = Membership.objects.filter(stripe_id=stripe_id)
    return found.select_related("price", "next_price").first()


def _mend_subscription(run: _Run, stripe_id: str) -> None:
    run.mend(
        stripe_id, lambda: _subscription_state(stripe_id), lambda: sync_subscription(stripe_id)
    )


def _subscription_state(stripe_id: str) -> str:
    held = _held(stripe_id)
    if held is None:
        return "-"
    grant = _grant(held)
    access = "-" if grant is None else f"until {grant.ends_at or '∞'} {grant.reason}".strip()
    return (
        f"{held.status} · {held.price} x {held.quantity} · paid until {held.current_period_end}"
        f" · ends {held.cancel_at or '-'} · then {held.next_price or '-'}"
        f" x {held.next_quantity or '-'}"
        f" · {held.amount} · {held.latest_invoice_id} · a year {held.yearly} · access {access}"
    )


def _grant(held: Membership) -> Grant | None:
    found = Grant.objects.filter(source=GrantSource.SUBSCRIPTION, source_id=held.stripe_id)
    return found.filter(user=held.user_id, tier=held.tier_id).first()


def _differs(held: Membership, facts: SubscriptionFacts) -> bool:
    """Whether anything that we mirror, or the access that follows from it, is not as it should."""
    sold = find_price(facts)
    if sold is None:
        grant = _grant(held)
        return grant is None or grant.revoked_at is None or held.status != facts.status
    price, item = sold
    cancel_at = facts.cancel_at or (item.current_period_end if facts.cancel_at_period_end else None)
    theirs = (
        facts.status, price.pk, item.quantity, item.current_period_end, facts.trial_end, cancel_at,
        facts.ended_at, facts.amount, facts.latest_invoice_id or "", facts.next_price_id,
        facts.next_quantity,
    )  # fmt: skip
    ours = (
        held.status, held.price_id, held.quantity, held.current_period_end, held.trial_end,
        held.cancel_at, held.ended_at, held.amount, held.latest_invoice_id,
        held.next_price.stripe_id if held.next_price else None, held.next_quantity,
    )  # fmt: skip
    is_off = held.awaits_payment or held.bills_mark != mark_of(facts)
    return ours != theirs or is_off or _grant_is_off(held)


def _grant_is_off(held: Membership) -> bool:
    verdict, grant = verdict_on(held, list(held.instalments.all())), _grant(held)
    if grant is None or grant.revoked_by_id is not None:
        return grant is None
    if (grant.revoked_at is not None) != bool(verdict.revoked_reason):
        # One that ended before it began is stored as revoked.
        return verdict.ends_at is None or verdict.ends_at > held.started_at
    return grant.revoked_at is None and grant.ends_at != verdict.ends_at


# ── Money ─────────────────────────────────────────────────────────────────────────────────────


def _compare_bills(run: _Run, since: datetime) -> None:
    """Find bills of our subscriptions that were paid by a payment we have never seen."""
    gateway = get_gateway()
    for invoice in gateway.list_invoices(created_after=since):
        run.checked += 1
        if invoice.status != "paid" or not invoice.amount_paid:
            continue
        source = invoice.subscription_id or ""
        held = (
            Membership.objects.filter(stripe_id=source).exists()
            or PaymentPlan.objects.filter(stripe_id=source).exists()
        )
        if not held or Instalment.objects.filter(stripe_invoice_id=invoice.id).exists():
            continue
        payment_id = gateway.payment_of_invoice(invoice.id)
        if payment_id:
            _mend_payment(run, payment_id)


def _compare_payments(run: _Run, since: datetime) -> None:
    for facts in get_gateway().list_payments(created_after=since):
        run.checked += 1
        order = _order_of(facts)
        if order is not None and _order_differs(order, facts):
            _mend_payment(run, facts.id)


def _order_of(facts: PaymentFacts) -> Order | None:
    held = Order.objects.filter(stripe_payment_intent_id=facts.id).first()
    return held or find_order(facts)


def _order_differs(order: Order, facts: PaymentFacts) -> bool:
    if order.stripe_payment_intent_id != facts.id:
        return True
    paid = order.paid_at is not None
    lost, disputed = order.status == OrderStatus.LOST, order.status == OrderStatus.DISPUTED
    return (
        paid != facts.is_paid
        or order.refunded_amount != facts.amount_refunded
        or lost != (facts.dispute == "lost")
        or (disputed != (facts.dispute == "open") and not facts.is_fully_refunded)
    )


def _compare_returned(run: _Run, since: datetime) -> None:
    """Refunds and disputes are young even where their payment is old; what a bank decides is not:
    that takes months, so every dispute that is open here is looked at, however old.
    """
    returned = [*get_gateway().list_returned(since=since), *_disputed_here()]
    for payment_id in dict.fromkeys(returned):
        run.checked += 1
        held = (
            Order.objects.filter(stripe_payment_intent_id=payment_id).exists()
            or Instalment.objects.filter(stripe_payment_intent_id=payment_id).exists()
        )
        # Not held: it may still be an instalment whose every event was lost.
        if held or Membership.objects.exists() or PaymentPlan.objects.exists():
            _mend_payment(run, payment_id)


def _disputed_here() -> Iterator[str]:
    """Payments that a bank holds back as far as we know."""
    orders = Order.objects.filter(status=OrderStatus.DISPUTED).order_by("pk")
    instalments = Instalment.objects.filter(dispute=DisputeState.OPEN).order_by("pk")
    for rows in (orders, instalments):
        yield from filter(None, rows.values_list("stripe_payment_intent_id", flat=True))


def _mend_payment(run: _Run, payment_id: str) -> None:
    run.mend(payment_id, lambda: _payment_state(payment_id), lambda: sync_payment(payment_id))


def _payment_state(payment_id: str) -> str:
    order = Order.objects.filter(stripe_payment_intent_id=payment_id).first()
    if order is not None:
        return f"{order.status} · {order.amount} · refunded {order.refunded_amount}"
    held = Instalment.objects.filter(stripe_payment_intent_id=payment_id).first()
    if held is None:
        return "-"
    return f"{held.amount_received} · refunded {held.refunded_amount} · dispute {held.dispute}"


def _compare_checkouts(run: _Run) -> None:
    """Pages that neither the success page nor a webhook told the end of (S4)."""
    waiting = Checkout.objects.filter(state=CheckoutState.OPEN, stripe_session_id__isnull=False)
    for checkout in _iterate(waiting.order_by("pk").values_list("pk", "stripe_session_id")):
        run.checked += 1
        _mend_checkout(run, *checkout)
    # Never reached Stripe: the process died, or Stripe was away and the person left.
    Checkout.objects.filter(
        state=CheckoutState.OPEN,
        stripe_session_id__isnull=True,
        created_at__lt=timezone.now() - timedelta(days=1),
    ).update(state=CheckoutState.EXPIRED)


def _iterate(rows: Any) -> Iterator[tuple[int, str]]:
    yield from list(rows)


def _mend_checkout(run: _Run, checkout_id: int, session_id: str) -> None:
    rows = Checkout.objects.filter(pk=checkout_id).values_list("state", "order__status")
    run.mend(
        session_id,
        lambda: " · ".join(filter(None, rows.get())),
        lambda: complete_checkout(session_id),
    )
