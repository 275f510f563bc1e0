"""Export and erasure of what one person bought: the books stay, who they speak of goes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from newsletter.accounts.models import User
from newsletter.lib.addresses import erased_address
from newsletter.lib.plain_rows import PlainRow, plain_rows
from newsletter.outbox.actions import take_name_out_of_mail
from newsletter.payments.actions.buying import close_checkout
from newsletter.payments.actions.plans import sync_plan
from newsletter.payments.actions.syncing import sync_subscription
from newsletter.payments.enums import CheckoutState, GiftState, MembershipStatus, SeatState
from newsletter.payments.gateway import GatewayRefused, get_gateway
from newsletter.payments.models import (
    Bill,
    Checkout,
    Customer,
    Gift,
    Instalment,
    Membership,
    Movement,
    Order,
    PaymentPlan,
    Seat,
    StripeEvent,
)
from newsletter.payments.queries import (
    instalments_of,
    plans_of,
    unended_memberships,
    unended_plans,
)

# Entries of a person's record that belong to the books: their details are amounts, states and
# Stripe's numbers, nothing that anybody wrote.
BOOKED = frozenset(
    {
        "access_at_once_asked_for", "cancelled", "change_asked_for", "customer_deleted",
        "dispute_opened", "dispute_settled", "grace_ended", "instalment_changed", "order_changed",
        "plan_begun", "plan_changed", "planned_change_dropped", "resumed", "second_subscription",
        "subscription_begun", "subscription_changed", "withdrawn",
    }
)  # fmt: skip
OVER = (MembershipStatus.CANCELED, MembershipStatus.INCOMPLETE_EXPIRED)
EVENTS_AT_ONCE = 200
# Runs after the first come daily, and may have been kept from coming for a while.
LATE_EVENTS = timedelta(days=14)


class StillPaying(Exception):
    """Stripe did not end what is charged; nothing may be forgotten while it goes on."""


def end_payments_of(*, actor: User, user: User) -> int:
    """End at Stripe, at once, whatever a person still pays or could still pay for.

    Returns how many subscriptions and payment plans were ended. Nothing is given back by it: that
    is a withdrawal or a refund, before. Safe to repeat: what has ended is passed over. Raises
    GatewayError and StillPaying; what was ended before that stays so.
    """
    if actor.pk != user.pk and not (actor.is_active and actor.is_staff):
        raise PermissionDenied(_("This membership is somebody else's."))
    for checkout in Checkout.objects.filter(user=user, state=CheckoutState.OPEN).order_by("pk"):
        close_checkout(checkout)
    # Asked again: a page that was paid in this moment has become a subscription or a plan.
    memberships, plans = list(unended_memberships(user)), list(unended_plans(user))
    for membership in memberships:
        _end(membership.stripe_id, key=f"erase-{membership.pk}", sync=sync_subscription)
    for plan in plans:
        _end(plan.stripe_id, key=f"erase-plan-{plan.pk}", sync=sync_plan)
    return len(memberships) + len(plans)


def _end(
    stripe_id: str, *, key: str, sync: Callable[[str], Membership | PaymentPlan | None]
) -> None:
    # Refused: it has ended there, or is gone; the next line says which.
    with contextlib.suppress(GatewayRefused):
        get_gateway().cancel_now(stripe_id, key=key)
    after = sync(stripe_id)
    if after is not None and after.status not in OVER:
        raise StillPaying(_("Stripe did not end the subscription. Try again in a while."))


@transaction.atomic
def erase_purchases_of(*, user: User) -> None:
    """Leave the books, without anything that a person wrote or that leads to who they are.

    Stripe's numbers stay: refunds and disputes come back by them. The caller (account erasure) has
    the permission and has ended what goes on being paid. Safe to repeat.
    """
    Checkout.objects.filter(user=user).update(url="", next_path="", error="")
    Membership.objects.filter(user=user).update(cancel_reason="")
    paid = Instalment.objects.filter(Q(membership__user=user) | Q(plan__user=user))
    paid.update(receipt_url="", error="")
    Bill.objects.filter(membership__user=user).update(hosted_url="")
    Order.objects.filter(user=user).update(message="", receipt_url="")
    _leave_gifts(user)
    _leave_seats(user)
    _blank_events(user)


def _leave_gifts(user: User) -> None:
    given = Gift.objects.filter(order__user=user)
    _take_name_out("gift", user, given.values_list("recipient_email", flat=True))
    # What was paid is still delivered; what has been needs no words of theirs any more.
    given.exclude(state=GiftState.WAITING).update(message="")
    received = Gift.objects.filter(Q(redeemed_by=user) | Q(recipient_email=user.email))
    received.update(
        redeemed_by=None, recipient_email=erased_address(user.pk), recipient_name="", message=""
    )


def _take_name_out(kind: str, user: User, recipients: Iterable[str]) -> None:
    if not user.is_erased:
        take_name_out_of_mail(name=user.get_full_name(), kind=kind, to=list(recipients))


def _leave_seats(user: User) -> None:
    """Give up seats in others' groups, and take back the invitations to one's own."""
    invited = Seat.objects.filter(membership__user=user).values_list("email", flat=True)
    _take_name_out("seat_invitation", user, invited)
    Seat.objects.filter(membership__user=user, state=SeatState.INVITED).delete()
    own = Seat.objects.filter(Q(user=user) | Q(email=user.email))
    own.exclude(state=SeatState.REMOVED).update(state=SeatState.REMOVED, removed_at=timezone.now())
    own.update(user=None, email=erased_address(user.pk))


def _blank_events(user: User) -> None:
    """Keep of what Stripe told about somebody what it takes to handle it, and no more."""
    told = _events_about(user)
    for event in told:
        event.payload = _bare(event.payload)
    StripeEvent.objects.bulk_update(told, ["payload"], batch_size=EVENTS_AT_ONCE)


def _events_about(user: User) -> list[StripeEvent]:
    # Whole strings of the JSON: a part of one may be somebody else's.
    about = Q(payload__icontains=f'"{user.email}"')
    for number in Customer.objects.filter(user=user).values_list("stripe_id", flat=True):
        about |= Q(payload__icontains=f'"{number}"')
    events = StripeEvent.objects.filter(about)
    if user.is_erased:
        # What was told before is blanked; all events are read through for one person once.
        events = events.filter(received_at__gt=timezone.now() - LATE_EVENTS)
    return list(events.only("payload"))


def _bare(event: dict[str, Any]) -> dict[str, Any]:
    """What `read_event` reads of an event, without names, addresses and cards."""
    if "data" not in event:
        return event  # a thin one names objects only
    about = event["data"].get("object", {})
    parent = (about.get("parent") or {}).get("subscription_details") or {}
    references = ("id", "object", "customer", "subscription", "payment_intent")
    bare: dict[str, Any] = {
        name: _number(about[name]) for name in references if about.get(name) is not None
    }
    if parent.get("subscription"):
        bare["parent"] = {"subscription_details": {"subscription": _number(parent["subscription"])}}
    outer = ("id", "object", "type", "created", "livemode", "api_version")
    kept = {name: event[name] for name in outer if name in event}
    return {**kept, "data": {"object": bare}}


def _number(value: Any) -> Any:
    """An object's number, where an event holds the whole object in its place."""
    return value.get("id") if isinstance(value, dict) else value


def export_purchases_of(user: User) -> dict[str, list[PlainRow]]:
    """What a person bought, gave and was given, as plain data. Amounts in minor units (cents)."""
    return {**_export_paid(user), **_export_given(user)}


def _export_paid(user: User) -> dict[str, list[PlainRow]]:
    return {
        "payment_accounts": plain_rows(
            Customer.objects.filter(user=user).order_by("pk"),
            number_at_stripe="stripe_id",
            since="created_at",
            deleted_at="deleted_at",
        ),
        "memberships": plain_rows(
            Membership.objects.filter(user=user).order_by("pk"),
            tier="tier__name",
            number_at_stripe="stripe_id",
            state="status",
            seats="quantity",
            amount="amount",
            currency="currency",
            every="price__interval",
            started_at="started_at",
            paid_until="current_period_end",
            trial_until="trial_end",
            ends_on="cancel_at",
            why_it_ends="cancel_reason",
            ended_at="ended_at",
            overdue_since="past_due_since",
            suspended_at="suspended_at",
        ),
        "payment_plans": plain_rows(
            plans_of(user).order_by("pk"),
            product="product__name",
            number_at_stripe="stripe_id",
            state="status",
            payments="instalments",
            paid="paid_count",
            amount="amount",
            currency="currency",
            started_at="started_at",
            next_payment="current_period_end",
            ends_on="cancel_at",
            ended_at="ended_at",
            overdue_since="past_due_since",
            paid_off_at="paid_off_at",
            withdrawn_at="withdrawn_at",
        ),
        "membership_payments": plain_rows(
            instalments_of(user).order_by("pk"),
            tier="membership__tier__name",
            product="plan__product__name",
            amount="amount",
            received="amount_received",
            refunded="refunded_amount",
            currency="currency",
            dispute="dispute",
            paid_at="paid_at",
            number_at_stripe="stripe_payment_intent_id",
            receipt="receipt_url",
            error="error",
        ),
        "bills": plain_rows(
            Bill.objects.filter(membership__user=user).order_by("issued_at", "pk"),
            number_at_stripe="stripe_id",
            state="status",
            open_amount="amount_remaining",
            currency="currency",
            issued_at="issued_at",
            page="hosted_url",
        ),
        "revenue": plain_rows(
            Movement.objects.filter(user=user).order_by("at", "pk"),
            at="at",
            movement="kind",
            tier="tier__name",
            a_year_before="before",
            a_year_after="after",
            currency="currency",
        ),
        "orders": plain_rows(
            Order.objects.filter(user=user).order_by("pk"),
            kind="kind",
            product="product__name",
            amount="amount",
            refunded="refunded_amount",
            currency="currency",
            state="status",
            message="message",
            ordered_at="created_at",
            paid_at="paid_at",
            withdrawn_at="withdrawn_at",
            number_at_stripe="stripe_payment_intent_id",
            receipt="receipt_url",
        ),
        "checkouts": plain_rows(
            Checkout.objects.filter(user=user).order_by("pk"),
            tier="price__tier__name",
            product="price__product__name",
            coupon="coupon__code",
            state="state",
            at="created_at",
            came_from="next_path",
            access_at_once_asked_for_at="waived_withdrawal_at",
            error="error",
        ),
    }


def _export_given(user: User) -> dict[str, list[PlainRow]]:
    received = Gift.objects.filter(Q(redeemed_by=user) | Q(recipient_email=user.email))
    return {
        "gifts_given": _gifts(Gift.objects.filter(order__user=user)),
        "gifts_received": _gifts(received),
        "seats_given": _seats(Seat.objects.filter(membership__user=user)),
        "seats_taken": _seats(Seat.objects.filter(Q(user=user) | Q(email=user.email))),
    }


def _gifts(gifts: QuerySet[Gift]) -> list[PlainRow]:
    return plain_rows(
        gifts.order_by("pk"),
        tier="tier__name",
        months="months",
        to="recipient_email",
        to_name="recipient_name",
        message="message",
        state="state",
        delivered_on="deliver_at",
        redeemed_at="redeemed_at",
    )


def _seats(seats: QuerySet[Seat]) -> list[PlainRow]:
    return plain_rows(
        seats.order_by("pk"),
        tier="membership__tier__name",
        address="email",
        state="state",
        invited_at="invited_at",
        accepted_at="accepted_at",
        removed_at="removed_at",
    )
