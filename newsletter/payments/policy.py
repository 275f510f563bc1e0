"""What a subscription or an order says about access. Pure: no query, no clock, no settings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.payments.enums import DisputeState, MembershipStatus, OrderStatus

# A subscription in one of these is one that somebody has; a second one is a mistake (S5).
LIVE = frozenset({MembershipStatus.TRIALING, MembershipStatus.ACTIVE, MembershipStatus.PAST_DUE})


@dataclass(frozen=True, slots=True)
class Policies:
    """The author's choices (settings): what money that fails or comes back does to access."""

    grace: timedelta
    partial_refund_revokes: bool
    dispute_suspends: bool


@dataclass(frozen=True, slots=True)
class Returned:
    """What came back of one payment."""

    amount_received: int
    refunded: int
    dispute: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Until when there is access (None: for good), and why there is none at all ("": there is)."""

    ends_at: datetime | None = None
    revoked_reason: str = ""


def subscription_verdict(
    *,
    status: str,
    period_end: datetime,
    cancel_at: datetime | None,
    ended_at: datetime | None,
    past_due_since: datetime | None,
    current: Returned | None,
    all_disputes: Iterable[str],
    policies: Policies,
) -> Verdict:
    """Say what a subscription opens.

    `current` is what came back of the payment of the latest bill, None where there was none. A
    renewal that Stripe has not told us of yet closes nothing: access runs on for the days of
    grace, and no longer, should Stripe fall silent for good (S3).
    """
    ends_at: datetime | None
    if status in {MembershipStatus.TRIALING, MembershipStatus.ACTIVE}:
        ends_at = cancel_at or period_end + policies.grace
    elif status == MembershipStatus.PAST_DUE and past_due_since is not None:
        ends_at = past_due_since + policies.grace
        ends_at = min(ends_at, cancel_at) if cancel_at else ends_at
    elif status == MembershipStatus.CANCELED and ended_at is not None:
        ends_at = ended_at
    else:
        return Verdict(None, status)
    if policies.dispute_suspends and DisputeState.OPEN in set(all_disputes):
        return Verdict(ends_at, "disputed")
    return Verdict(ends_at, taken_back(current, policies) if current else "")


def plan_verdict(
    *,
    status: str,
    instalments: int,
    paid_count: int,
    period_end: datetime,
    ended_at: datetime | None,
    past_due_since: datetime | None,
    payments: Iterable[Returned],
    lasts_until: datetime | None,
    policies: Policies,
) -> Verdict:
    """Say what a payment plan opens: while it is paid, and until `lasts_until` once it all is.

    What comes back is judged by the whole: one instalment of four is a part of the price. Money
    that a bank holds back or has taken back counts as for a single payment.
    """
    paid = list(payments)
    disputes = {each.dispute for each in paid}
    if DisputeState.LOST in disputes:
        return Verdict(None, "dispute lost")
    if DisputeState.OPEN in disputes and policies.dispute_suspends:
        return Verdict(None, "disputed")
    whole = Returned(
        sum(each.amount_received for each in paid), sum(each.refunded for each in paid), ""
    )
    if reason := taken_back(whole, policies):
        return Verdict(None, reason)
    if paid_count >= instalments:
        return Verdict(lasts_until)
    if not paid_count:
        return Verdict(None, "not paid")
    if status == MembershipStatus.ACTIVE:
        return Verdict(period_end + policies.grace)
    if status == MembershipStatus.PAST_DUE and past_due_since is not None:
        return Verdict(past_due_since + policies.grace)
    if status == MembershipStatus.CANCELED and ended_at is not None:
        return Verdict(ended_at)
    return Verdict(None, status)


def taken_back(payment: Returned, policies: Policies) -> str:
    """Why a payment opens nothing any more; "" where it still does."""
    if payment.dispute == DisputeState.LOST:
        return "dispute lost"
    if payment.dispute == DisputeState.OPEN and policies.dispute_suspends:
        return "disputed"
    if payment.refunded and payment.refunded >= payment.amount_received:
        return "refunded"
    if payment.refunded and policies.partial_refund_revokes:
        return "partly refunded"
    return ""


def order_status(*, is_paid: bool, has_failed: bool, payment: Returned) -> OrderStatus:
    """Return the state of a one-off payment. A refund after a lost dispute changes nothing."""
    if not is_paid:
        return OrderStatus.FAILED if has_failed else OrderStatus.PENDING
    if payment.dispute == DisputeState.LOST:
        return OrderStatus.LOST
    if payment.refunded and payment.refunded >= payment.amount_received:
        return OrderStatus.REFUNDED
    if payment.dispute == DisputeState.OPEN:
        return OrderStatus.DISPUTED
    return OrderStatus.PAID
