"""What came of a payment page: one way for the success page, the webhook and the nightly run."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from newsletter.memberships.actions import record
from newsletter.payments.actions.plans import sync_recurring
from newsletter.payments.actions.settling import settle_free_order, sync_payment
from newsletter.payments.actions.syncing import owner_mark, was_paid
from newsletter.payments.enums import CheckoutState, MembershipStatus, OrderStatus
from newsletter.payments.gateway import NotFound, SessionFacts, get_gateway
from newsletter.payments.models import Checkout, Membership, Order


@dataclass(frozen=True)
class Returning:
    """What came of a payment page, for the page behind it."""

    checkout: Checkout
    is_paid: bool
    # Completed, but the money takes days (a bank debit): access follows when it comes (S9).
    is_under_way: bool = False


def complete_checkout(session_id: str) -> Returning | None:
    """Read a payment page at Stripe and do everything that follows from its state.

    The success page, the webhook and the reconciliation call this, in any order and any number of
    times. None where the page is none of ours.
    """
    checkout = Checkout.objects.filter(stripe_session_id=session_id).first()
    try:
        session = get_gateway().fetch_session(session_id)
    except NotFound:
        session = None
    if checkout is None and session is not None:
        checkout = _find_checkout(session)
    if checkout is None:
        return None
    if session is None or session.status == "expired":
        _move(checkout, CheckoutState.EXPIRED, OrderStatus.EXPIRED)
        return Returning(checkout, is_paid=False)
    if session.status == "open":
        return Returning(checkout, is_paid=False)
    return _settle(checkout, session)


def _find_checkout(session: SessionFacts) -> Checkout | None:
    """A page whose answer never reached us: Stripe made it, and the process died before saving."""
    if session.metadata.get("owner") is None or not session.client_reference_id.isdigit():
        return None
    checkout = Checkout.objects.filter(pk=int(session.client_reference_id)).first()
    if checkout is None or checkout.stripe_session_id is not None:
        return None
    if session.metadata["owner"] != owner_mark(checkout.user):
        return None
    Checkout.objects.filter(pk=checkout.pk, stripe_session_id__isnull=True).update(
        stripe_session_id=session.id, expires_at=session.expires_at
    )
    checkout.refresh_from_db()
    return checkout


def _settle(checkout: Checkout, session: SessionFacts) -> Returning:
    """Follow a completed page to its subscription or payment; that one says what is open."""
    has_failed, is_paid = False, session.is_settled
    if session.subscription_id:
        bought = sync_recurring(session.subscription_id)
        # In another way than on this page, which goes on to say "unpaid": the debit failed.
        is_paid = is_paid or (isinstance(bought, Membership) and was_paid(bought))
        has_failed = bought is not None and bought.status in {
            MembershipStatus.INCOMPLETE_EXPIRED,
            MembershipStatus.CANCELED,
        }
    elif session.payment_intent_id:
        order = sync_payment(session.payment_intent_id)
        has_failed = isinstance(order, Order) and order.status == OrderStatus.FAILED
    elif checkout.order is not None and session.is_settled:
        settle_free_order(checkout.order)
    if is_paid:
        _move(checkout, CheckoutState.COMPLETED, None)
    elif has_failed:
        _move(checkout, CheckoutState.FAILED, None)
    return Returning(checkout, is_paid=is_paid, is_under_way=not is_paid and not has_failed)


def _move(checkout: Checkout, state: CheckoutState, order_status: OrderStatus | None) -> None:
    """open -> `state`, once; what was waived is recorded with it."""
    with transaction.atomic():
        moved = Checkout.objects.filter(pk=checkout.pk, state=CheckoutState.OPEN)
        if moved.update(state=state):
            if order_status is not None and checkout.order_id is not None:
                Order.objects.filter(pk=checkout.order_id, status=OrderStatus.PENDING).update(
                    status=order_status
                )
            if state == CheckoutState.COMPLETED and checkout.waived_withdrawal_at is not None:
                said = (
                    f"{checkout.waived_withdrawal_at:%Y-%m-%d %H:%M} UTC · checkout {checkout.pk}"
                )
                record(user=checkout.user, what="access_at_once_asked_for", detail=said)
    checkout.refresh_from_db()
