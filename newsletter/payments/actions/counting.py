"""Keeping what subscriptions bring in, and its movements, in step with Stripe's bills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.memberships.models import Tier
from newsletter.payments.enums import MembershipStatus
from newsletter.payments.gateway import BillFacts, SubscriptionFacts, digest, get_gateway
from newsletter.payments.models import Bill, Membership, Movement, Price
from newsletter.payments.worth import (
    COUNTED,
    Point,
    Step,
    Trial,
    by_year,
    counts_from,
    given_up_at,
    movements,
)

MIRRORED = ("tier_id", "status", "yearly", "currency", "amount_remaining", "hosted_url")
MIRRORED_BILL = (*MIRRORED, "issued_at", "counts_from")


@dataclass(frozen=True)
class Books:
    """A subscription's bills as they were read, and what they were read by. `bills` None: no need
    to read them, nothing that they say can have changed."""

    mark: str = ""
    bills: list[BillFacts] | None = None


def mark_of(facts: SubscriptionFacts) -> str:
    """What must have changed where a bill has: to be compared, before bills are read again."""
    return digest(
        facts.status,
        facts.latest_invoice_id,
        facts.latest_invoice_status,
        facts.amount,
        facts.price_id,
        facts.quantity,
        facts.trial_start,
        facts.trial_end,
        facts.ended_at,
    )


def read_books(known: Membership | None, facts: SubscriptionFacts | None) -> Books:
    """Read a subscription's bills at Stripe where that can tell something new."""
    if facts is None:
        return Books()
    mark = mark_of(facts)
    if known is not None and known.bills_mark == mark:
        return Books(mark)
    prices = [item.price for item in facts.items]
    return Books(mark, get_gateway().list_bills(facts.id, known=prices))


def count_membership(
    membership: Membership, facts: SubscriptionFacts | None, books: Books, *, is_ours: bool
) -> None:
    """Set what a subscription is worth and how its owner's part moved from what Stripe says.

    Inside the transaction that wrote the membership: its row is locked. So is its owner's, for
    their other subscriptions count as well; in a way that lets others go on to write rows that
    name the owner, or two groups whose owners sit in each other's would wait for each other.
    """
    User.objects.select_for_update(no_key=True).get(pk=membership.user_id)
    if facts is not None and books.bills is not None:
        _mirror_bills(membership, books.bills, Trial(facts.trial_start, facts.trial_end))
    bills = list(membership.bills.all())
    has_begun = any(bill.counts_from for bill in bills)
    now_worth = _running_worth(facts) if facts is not None and is_ours and has_begun else 0
    since = _since(membership, bills, now_worth, facts)
    fields = {"yearly": now_worth, "yearly_since": since, "bills_mark": books.mark}
    Membership.objects.filter(pk=membership.pk).update(**fields)
    for name, value in fields.items():
        setattr(membership, name, value)
    _store(membership.user_id, movements(_points(membership.user_id)))


def _running_worth(facts: SubscriptionFacts) -> int:
    if facts.status not in COUNTED:
        return 0
    return by_year(facts.amount, facts.item.price.interval)


def _mirror_bills(membership: Membership, bills: list[BillFacts], trial: Trial) -> None:
    tiers = _tiers_of(bills)
    held = {bill.stripe_id: bill for bill in membership.bills.all()}
    has_begun = False
    for facts in bills:
        fields = _bill_fields(facts, tiers.get(facts.id), trial, has_begun)
        has_begun = has_begun or fields["counts_from"] is not None
        bill = held.get(facts.id)
        if bill is None:
            seen = _seen_before(membership, fields["yearly"], fields["counts_from"])
            Bill.objects.create(membership=membership, stripe_id=facts.id, seen_from=seen, **fields)
        elif any(getattr(bill, name) != fields[name] for name in MIRRORED_BILL):
            Bill.objects.filter(pk=bill.pk).update(**fields)


def _tiers_of(bills: list[BillFacts]) -> dict[str, int]:
    """Whose each bill was: by its price, else by its product, as in `find_price`."""
    prices = {bill.price_id for bill in bills}
    products = {bill.product_id for bill in bills}
    by_price = dict(
        Price.objects.filter(stripe_id__in=prices, tier__isnull=False).values_list(
            "stripe_id", "tier_id"
        )
    )
    by_product = dict(
        Tier.objects.filter(stripe_product_id__in=products).values_list("stripe_product_id", "pk")
    )
    found = {
        bill.id: by_price.get(bill.price_id) or by_product.get(bill.product_id) for bill in bills
    }
    return {bill_id: tier_id for bill_id, tier_id in found.items() if tier_id}


def _bill_fields(
    facts: BillFacts, tier_id: int | None, trial: Trial, has_begun: bool
) -> dict[str, Any]:
    return {
        "tier_id": tier_id,
        "status": facts.status,
        "yearly": by_year(facts.amount, facts.interval) if tier_id and facts.interval else 0,
        "currency": facts.currency,
        "amount_remaining": facts.amount_remaining if facts.status == "open" else 0,
        "hosted_url": facts.hosted_url,
        "issued_at": facts.created_at,
        "counts_from": counts_from(
            reason=facts.reason,
            status=facts.status,
            issued_at=facts.created_at,
            paid_at=facts.paid_at,
            trial=trial,
            has_begun=has_begun,
        ),
    }


def _seen_before(membership: Membership, yearly: object, counted: object) -> datetime | None:
    """When the change that a new bill charges for was seen, if that was before the bill."""
    since = membership.yearly_since
    if since is None or yearly != membership.yearly or not isinstance(counted, datetime):
        return None
    return since if since < counted else None


def _since(
    membership: Membership,
    bills: Sequence[Bill],
    now_worth: int,
    facts: SubscriptionFacts | None,
) -> datetime | None:
    """From when on it is worth what it is now; None where its last bill says that."""
    counted = [bill for bill in bills if bill.counts_from]
    last = max(counted, key=lambda bill: (_from(bill), bill.pk)) if counted else None
    if now_worth == (last.yearly if last else 0):
        return None
    ended_at = _ended_at(membership, counted, facts)
    if ended_at is not None:
        return ended_at
    is_as_seen = now_worth == membership.yearly and membership.yearly_since
    seen = membership.yearly_since if is_as_seen else timezone.now()
    return max(seen, _from(last)) if last and seen else seen


def _ended_at(
    membership: Membership, bills: Sequence[Bill], facts: SubscriptionFacts | None
) -> datetime | None:
    """When a subscription ceased to count, by what Stripe says of it; None: it has not.

    `bills`: those that count. What was not paid at its end had ceased when it fell due.
    """
    paid = [(each.issued_at, each.issued_at if each.status == "paid" else None) for each in bills]
    unpaid_from = given_up_at(paid)
    if membership.ended_at:
        return min(membership.ended_at, unpaid_from or membership.ended_at)
    if membership.status == MembershipStatus.UNPAID:
        return unpaid_from
    if membership.status == MembershipStatus.PAUSED and facts is not None:
        return facts.item.current_period_start
    return None


def _from(bill: Bill) -> datetime:
    """From when on a bill counts that counts at all."""
    return bill.seen_from or bill.counts_from or bill.issued_at


def _points(user_id: int) -> list[Point]:
    """What each of a person's subscriptions was worth, from when on."""
    points = [
        Point(
            _from(bill),
            bill.yearly,
            bill.tier_id or bill.membership.tier_id,
            bill.membership_id,
            bill.currency,
        )
        for bill in Bill.objects.filter(membership__user=user_id, counts_from__isnull=False)
        .select_related("membership")
        .order_by("issued_at", "pk")
        # Bills of a subscription that goes unpaid come on after it ceased to count.
        if bill.membership.yearly_since is None or _from(bill) <= bill.membership.yearly_since
    ]
    ended = Membership.objects.filter(user=user_id, yearly_since__isnull=False).order_by("pk")
    for each in ended:
        since = each.yearly_since
        if since is not None:
            points.append(Point(since, each.yearly, each.tier_id, each.pk, each.currency))
    return points


def _store(user_id: int, steps: list[Step]) -> None:
    """Keep the movements that are right, so that a row stays the row that was looked at."""
    wanted = list(steps)
    wrong: list[int] = []
    for held in Movement.objects.filter(user=user_id).order_by("at", "pk"):
        same = Step(
            held.at,
            held.kind,
            held.currency,
            held.before,
            held.after,
            held.tier_id,
            held.membership_id,
        )
        if same in wanted:
            wanted.remove(same)
        else:
            wrong.append(held.pk)
    if wrong:
        Movement.objects.filter(pk__in=wrong).delete()
    if wanted:
        Movement.objects.bulk_create(
            Movement(
                user_id=user_id,
                at=step.at,
                kind=step.kind,
                currency=step.currency,
                before=step.before,
                after=step.after,
                tier_id=step.tier_id,
                membership_id=step.membership_id,
            )
            for step in wanted
        )
