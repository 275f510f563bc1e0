"""What a subscription is worth, from when on, and how that moved. Pure: no query, no clock.

History is what was billed; now is what runs. Bills do not change, come in no order and can be read
again at any time, so whatever we heard, and however late, the same movements follow from them.
Only two things no bill says: that a subscription ended (it says so itself, with its moment), and
that it was changed without a bill (at Stripe's own screen, without proration): that counts from
when we first saw it until a bill says otherwise.

Amounts are those of a year, in minor units: twelve months, or one year, after the discounts that
last, before tax.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from newsletter.payments.enums import MembershipStatus, MovementKind

MONTHS = 12
# Bills by which a subscription runs on; others charge for something beside it.
REASONS = frozenset({"subscription_create", "subscription_cycle", "subscription_update"})
# Running, and not free for a while. What is overdue still counts: its money is still asked for.
COUNTED = frozenset({MembershipStatus.ACTIVE, MembershipStatus.PAST_DUE})


@dataclass(frozen=True, slots=True)
class Trial:
    """The free beginning of a subscription."""

    start: datetime | None = None
    end: datetime | None = None

    def covers(self, moment: datetime) -> bool:
        """Whether a bill of that moment was for the trial alone."""
        return bool(self.start and self.end and self.start <= moment < self.end)


@dataclass(frozen=True, slots=True)
class Point:
    """From `at` on a subscription brings `yearly`."""

    at: datetime
    yearly: int
    tier_id: int
    membership_id: int
    currency: str


@dataclass(frozen=True, slots=True)
class Step:
    """A movement to be stored."""

    at: datetime
    kind: str
    currency: str
    before: int
    after: int
    tier_id: int
    membership_id: int


def by_year(amount: int, interval: str | None) -> int:
    """What a year of it comes to."""
    return amount * MONTHS if interval == "month" else amount


def counts_from(
    *,
    reason: str,
    status: str,
    issued_at: datetime,
    paid_at: datetime | None,
    trial: Trial,
    has_begun: bool,
) -> datetime | None:
    """From when on a bill says what its subscription is worth; None: it says nothing.

    The first bill (after a trial, the first that is not free) and a change's count once they are
    paid: until then nothing has begun, or changed. A renewal counts from its day, paid or not:
    until Stripe gives up, it is owed.
    """
    if reason not in REASONS or status == "draft" or trial.covers(issued_at):
        return None
    return issued_at if has_begun and reason == "subscription_cycle" else paid_at


def given_up_at(bills: Sequence[tuple[datetime, datetime | None]]) -> datetime | None:
    """When the first of the bills fell due that an unpaid subscription has not paid since.

    `bills`: (issued, paid) in their order.
    """
    unpaid = None
    for issued_at, paid_at in bills:
        unpaid = None if paid_at else unpaid or issued_at
    return unpaid


def movements(points: Iterable[Point]) -> list[Step]:
    """How what one person brings in changed, by all of their subscriptions, in each currency.

    Who moves from one subscription to another without a gap has changed, not left and come back.
    """
    running: dict[tuple[str, int], int] = {}
    steps: list[Step] = []
    ever_paid = False
    for point in sorted(points, key=lambda each: each.at):
        before = sum(worth for (code, _id), worth in running.items() if code == point.currency)
        old = running.get((point.currency, point.membership_id), 0)
        after = before - old + point.yearly
        running[point.currency, point.membership_id] = point.yearly
        if after != before:
            kind = _kind(before, after, ever_paid)
            steps.append(
                Step(
                    point.at,
                    kind,
                    point.currency,
                    before,
                    after,
                    point.tier_id,
                    point.membership_id,
                )
            )
            ever_paid = True
    return steps


def _kind(before: int, after: int, ever_paid: bool) -> str:
    if not before:
        return MovementKind.REACTIVATION if ever_paid else MovementKind.NEW
    if not after:
        return MovementKind.CHURN
    return MovementKind.EXPANSION if after > before else MovementKind.CONTRACTION
