"""From what is held of a subscription to the grants of its owner and of its seats."""

from __future__ import annotations

from typing import cast

from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.memberships.actions import record, sync_grant
from newsletter.memberships.enums import GrantSource
from newsletter.memberships.models import Grant
from newsletter.payments.enums import DisputeState, SeatState
from newsletter.payments.models import Instalment, Membership
from newsletter.payments.policy import Returned, Verdict, subscription_verdict
from newsletter.payments.queries import policies


def verdict_on(membership: Membership, instalments: list[Instalment]) -> Verdict:
    """Return what the subscription opens, by what is stored of it and of its payments."""
    latest = [
        each
        for each in instalments
        if each.stripe_invoice_id and each.stripe_invoice_id == membership.latest_invoice_id
    ]
    current = latest[0] if latest else None
    return subscription_verdict(
        status=membership.status,
        period_end=membership.current_period_end or membership.started_at,
        cancel_at=membership.cancel_at,
        ended_at=membership.ended_at,
        past_due_since=membership.past_due_since,
        current=returned(current) if current and current.amount_received else None,
        all_disputes=[each.dispute for each in instalments],
        policies=policies(),
    )


def returned(instalment: Instalment) -> Returned:
    """What came back of one payment of a subscription."""
    return Returned(instalment.amount_received, instalment.refunded_amount, instalment.dispute)


def apply_membership(membership: Membership, *, no_longer_ours: bool = False) -> Verdict:
    """Keep the grants of a subscription's owner and seats in step with it.

    Inside the transaction that wrote the membership: its row is locked, so two never interleave.
    """
    instalments = list(membership.instalments.all())
    verdict = verdict_on(membership, instalments)
    if membership.awaits_payment and not verdict.revoked_reason:
        verdict = Verdict(None, "payment under way")
    if no_longer_ours:
        verdict = Verdict(None, "changed to something else at Stripe")
    _note_suspension(membership, instalments)
    sync_grant(
        user=membership.user,
        tier=membership.tier,
        source=GrantSource.SUBSCRIPTION,
        source_id=membership.stripe_id,
        starts_at=membership.started_at,
        ends_at=verdict.ends_at,
        revoked_reason=verdict.revoked_reason,
    )
    _apply_seats(membership, verdict)
    return verdict


def _note_suspension(membership: Membership, instalments: list[Instalment]) -> None:
    open_dispute = any(each.dispute == DisputeState.OPEN for each in instalments)
    if open_dispute == (membership.suspended_at is not None):
        return
    membership.suspended_at = timezone.now() if open_dispute else None
    membership.save(update_fields=["suspended_at"])
    what = "dispute_opened" if open_dispute else "dispute_settled"
    record(user=membership.user, what=what, detail=membership.stripe_id)


def _apply_seats(membership: Membership, verdict: Verdict) -> None:
    """Seats follow the owner's membership; the last taken close when there are fewer of them."""
    active = membership.seats.filter(state=SeatState.ACTIVE, user__isnull=False)
    for place, seat in enumerate(active.select_related("user").order_by("accepted_at", "pk")):
        fits = place < membership.quantity - 1
        sync_grant(
            user=cast(User, seat.user),
            tier=membership.tier,
            source=GrantSource.SEAT,
            source_id=str(seat.pk),
            starts_at=max(seat.accepted_at or membership.started_at, membership.started_at),
            ends_at=verdict.ends_at,
            revoked_reason=verdict.revoked_reason or ("" if fits else "no seat left"),
        )
    gone = membership.seats.filter(state=SeatState.REMOVED, user__isnull=False)
    given = Grant.objects.filter(source=GrantSource.SEAT, revoked_at__isnull=True)
    for seat in gone.select_related("user"):
        for grant in given.filter(user=seat.user, source_id=str(seat.pk)):
            sync_grant(
                user=cast(User, seat.user),
                tier=grant.tier,
                source=GrantSource.SEAT,
                source_id=str(seat.pk),
                starts_at=grant.starts_at,
                ends_at=grant.ends_at,
                revoked_reason="seat removed",
            )
