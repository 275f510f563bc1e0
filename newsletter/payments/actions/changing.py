"""What a member does with a running subscription: change, cancel, resume; and what time does."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import urljoin

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from newsletter.accounts.models import User
from newsletter.memberships.actions import record
from newsletter.payments.actions.buying import MAX_SEATS
from newsletter.payments.actions.syncing import describe, ensure_customer, sync_subscription
from newsletter.payments.actions.telling import MEMBERSHIP_PATH, mail_member, tell_grace_ended
from newsletter.payments.enums import Interval, MembershipStatus, PriceState, SeatState
from newsletter.payments.gateway import (
    ChangePreview,
    GatewayError,
    SubscriptionFacts,
    digest,
    get_gateway,
)
from newsletter.payments.gateway.subscribing import Feedback
from newsletter.payments.models import Membership, Price
from newsletter.payments.policy import LIVE
from newsletter.payments.queries import policies

MONTHS = {Interval.MONTH: 1, Interval.YEAR: 12}


class ChangeRefused(Exception):
    """This change cannot be made; the message says why, to the member."""


@dataclass(frozen=True)
class PlanChange:
    """A change as it would be made: said before it is agreed to (S7)."""

    membership: Membership
    price: Price
    quantity: int
    when: Literal["now", "period_end"]
    preview: ChangePreview


@dataclass(frozen=True)
class Changed:
    """A change as it was made. `pay_url`: nothing changes until the difference is paid there."""

    membership: Membership
    when: Literal["now", "period_end"]
    pay_url: str = ""


def preview_change(
    *, actor: User, membership: Membership, price: Price, quantity: int | None = None
) -> PlanChange:
    """Say what a change would charge and when. Hand the result to `change_plan`."""
    _require_own(actor, membership)
    quantity = quantity or membership.quantity
    _require_possible(membership, price, quantity)
    when = moment_of_change(membership, price, quantity)
    preview = get_gateway().preview_change(
        membership.stripe_id, price_id=str(price.stripe_id), quantity=quantity, when=when
    )
    return PlanChange(membership, price, quantity, when, preview)


def moment_of_change(
    membership: Membership, price: Price, quantity: int
) -> Literal["now", "period_end"]:
    """Whoever goes up to another tier (or takes more seats) does so at once, for the difference.

    Everything else waits for the period's end: what is paid for is used up, and no credit is left
    stranded. A year that is paid for never becomes a month at once, whatever the tiers.
    """
    old = membership.price
    if old.interval == Interval.YEAR and price.interval == Interval.MONTH:
        return "period_end"
    more_seats = price.pk == old.pk and quantity > membership.quantity
    rises = _per_month(price) * quantity > _per_month(old) * membership.quantity
    goes_up = rises and price.tier_id != old.tier_id and quantity >= membership.quantity
    return "now" if more_seats or goes_up else "period_end"


def _per_month(price: Price) -> float:
    return price.amount / MONTHS[Interval(price.interval)]


def change_plan(*, actor: User, change: PlanChange) -> Changed:
    """Make the change that was previewed. Raises ChangeRefused and GatewayError.

    One that was cancelled goes on with the new plan, once that is paid or planned and not before.
    """
    membership = Membership.objects.select_related("price", "tier").get(pk=change.membership.pk)
    _require_own(actor, membership)
    _require_possible(membership, change.price, change.quantity)
    gateway, stripe_id, price_id = get_gateway(), membership.stripe_id, str(change.price.stripe_id)
    # The same change of the same state is one change, however often the button is pressed. One
    # that was agreed to again, at another moment's price, is another.
    moment = change.preview.proration_at if change.when == "now" else None
    stamp = int(moment.timestamp()) if moment else 0
    key = f"change-{membership.pk}-{membership.version}-{price_id}-{change.quantity}-{stamp}"
    is_ending = membership.cancel_at is not None
    if change.when == "now":
        facts = gateway.change_price_now(
            stripe_id,
            key=key,
            price_id=price_id,
            quantity=change.quantity,
            proration_at=change.preview.proration_at,
        )
        if is_ending and not facts.pending_url:
            # What is paid must not look as if it had failed: they can take it back themselves.
            with suppress(GatewayError):
                gateway.resume(stripe_id, key=f"{key}-resume")
    else:
        facts = _schedule(membership, change, key)
    return Changed(_after(actor, membership, "change_asked_for"), change.when, facts.pending_url)


def _schedule(membership: Membership, change: PlanChange, key: str) -> SubscriptionFacts:
    """Plan the change for the period's end. One that was cancelled goes on for it, or stays so."""
    gateway, stripe_id = get_gateway(), membership.stripe_id
    is_ending = membership.cancel_at is not None
    if is_ending:
        gateway.resume(stripe_id, key=f"{key}-resume")
    try:
        return gateway.schedule_change(
            stripe_id, key=key, price_id=str(change.price.stripe_id), quantity=change.quantity
        )
    except GatewayError:
        if is_ending:
            gateway.cancel_at_period_end(stripe_id, key=f"{key}-cancel")
        raise


def drop_planned_change(*, actor: User, membership: Membership) -> Membership:
    """Stay with the present price after all."""
    _require_own(actor, membership)
    get_gateway().drop_scheduled_change(membership.stripe_id)
    return _after(actor, membership, "planned_change_dropped")


def cancel_membership(
    *,
    actor: User,
    membership: Membership,
    reason: str = "",
    feedback: Feedback | None = None,
) -> Membership:
    """Let it end with the period that is paid for; until then nothing closes. Safe to repeat."""
    _require_own(actor, membership)
    _require_live(membership)
    # With what is said: who tries again after an answer was lost may say something else.
    said = digest(feedback or "", reason)
    get_gateway().cancel_at_period_end(
        membership.stripe_id,
        key=f"cancel-{membership.pk}-{membership.version}-{said}",
        feedback=feedback,
        comment=reason[:300],
    )
    why = " · ".join(filter(None, (feedback or "", reason)))[:300]
    Membership.objects.filter(pk=membership.pk).update(cancel_reason=why)
    fresh = _after(actor, membership, "cancelled")
    if not membership.cancel_at_period_end:
        mail_member(fresh, "membership_cancelled")
    return fresh


def resume_membership(*, actor: User, membership: Membership) -> Membership:
    """Take a cancellation back while the period runs."""
    _require_own(actor, membership)
    _require_live(membership)
    get_gateway().resume(membership.stripe_id, key=f"resume-{membership.pk}-{membership.version}")
    return _after(actor, membership, "resumed")


def portal_url(*, user: User, purpose: Literal["home", "card"] = "home") -> str:
    """Return a fresh address of Stripe's billing portal: cards, bills. A bearer secret."""
    return get_gateway().portal_url(
        customer_id=ensure_customer(user).id,
        return_url=urljoin(settings.SITE_URL, MEMBERSHIP_PATH),
        purpose=purpose,
    )


def end_grace_periods(*, now: datetime | None = None) -> int:
    """Tell those whose days of grace are over, and note it; returns how many.

    The access itself ended by the grant's own end, to the second, whether this runs or not.
    """
    limit = (now or timezone.now()) - policies().grace
    over = Membership.objects.filter(
        status=MembershipStatus.PAST_DUE, past_due_since__lte=limit, told_ended_at__isnull=True
    )
    count = 0
    for membership in over.select_related("user", "tier", "price", "next_price"):
        with transaction.atomic():
            if tell_grace_ended(membership):
                record(user=membership.user, what="grace_ended", detail=describe(membership))
                count += 1
    return count


def _after(actor: User, membership: Membership, what: str) -> Membership:
    fresh = sync_subscription(membership.stripe_id) or membership
    record(user=fresh.user, what=what, detail=describe(fresh), actor=actor)
    return fresh


def _require_own(actor: User, membership: Membership) -> None:
    staff = actor.is_active and actor.is_staff
    if actor.pk != membership.user_id and not staff:
        raise PermissionDenied(_("This membership is somebody else's."))


def _require_live(membership: Membership) -> None:
    if membership.status not in LIVE:
        raise ChangeRefused(_("This membership has ended."))


def _require_possible(membership: Membership, price: Price, quantity: int) -> None:
    _require_live(membership)
    if membership.status == MembershipStatus.PAST_DUE:
        raise ChangeRefused(_("A payment is overdue. Settle it first, then change the plan."))
    # Who pays a price that is offered no more may take seats at it: it goes on for them.
    is_theirs = price.pk == membership.price_id
    is_offered = price.tier is not None and price.state == PriceState.ACTIVE and price.stripe_id
    if not is_theirs and not (is_offered and price.tier and not price.tier.is_archived):
        raise ChangeRefused(_("This plan is not on offer."))
    if not 1 <= quantity <= MAX_SEATS:
        raise ChangeRefused(_("This number cannot be bought."))
    if price.currency != membership.currency:
        raise ChangeRefused(_("A membership keeps the currency that it began with."))
    if (price.pk, quantity) == (membership.price_id, membership.quantity):
        raise ChangeRefused(_("This is your plan already."))
    kept = membership.seats.exclude(state=SeatState.REMOVED).count()
    if quantity < 1 + kept:
        raise ChangeRefused(_("More seats are given than that. Take some back first."))
