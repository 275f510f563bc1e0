"""Places in a group's membership: the owner invites by address, the invited accept."""

from __future__ import annotations

from urllib.parse import urljoin

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from newsletter.accounts.models import User
from newsletter.lib.addresses import is_address, normalise_address
from newsletter.lib.signing import BadToken, make_token, read_token
from newsletter.memberships.actions import record
from newsletter.outbox.actions import queue_email
from newsletter.payments.actions.granting import apply_membership
from newsletter.payments.enums import SeatState
from newsletter.payments.models import Membership, Seat
from newsletter.payments.policy import LIVE

SEAT_PATH = "/seats/"


class SeatRefused(Exception):
    """No seat can be given or taken; the message says why."""


def invite_to_seat(*, actor: User, membership: Membership, email: str) -> Seat:
    """Keep a seat for an address and write to it. Inviting again writes again."""
    if actor.pk != membership.user_id and not (actor.is_active and actor.is_staff):
        raise PermissionDenied(_("This membership is somebody else's."))
    address = normalise_address(email)
    if not is_address(address):
        raise SeatRefused(_("This is no e-mail address."))
    if address == membership.user.email:
        raise SeatRefused(_("You have a seat already: your own."))
    with transaction.atomic():
        _lock(membership)
        if membership.status not in LIVE:
            raise SeatRefused(_("This membership has ended."))
        kept = membership.seats.exclude(state=SeatState.REMOVED)
        seat = kept.filter(email=address).first()
        if seat is None:
            if kept.count() >= membership.quantity - 1:
                raise SeatRefused(_("All seats are taken."))
            seat = Seat.objects.create(membership=membership, email=address)
            record(user=membership.user, what="seat_offered", detail=address, actor=actor)
        if seat.state == SeatState.INVITED:
            _mail_invitation(seat)
    return seat


def accept_seat(*, user: User, token: str) -> Seat:
    """Take the seat that a mailed link offers; the person who is signed in gets it."""
    seat = find_seat(token)
    if seat is None:
        raise SeatRefused(_("This seat was given up, or its link is damaged."))
    with transaction.atomic():
        _lock(seat.membership)
        invited = Seat.objects.filter(pk=seat.pk, state=SeatState.INVITED)
        taken = seat.membership.seats.filter(user=user, state=SeatState.ACTIVE)
        if user.pk == seat.membership.user_id or taken.exists():
            raise SeatRefused(_("You have a seat already: your own."))
        # Fewer than were offered: at Stripe's own screens nobody asks who sits where.
        active = seat.membership.seats.filter(state=SeatState.ACTIVE)
        if active.count() >= seat.membership.quantity - 1:
            raise SeatRefused(_("All seats are taken."))
        if not invited.update(state=SeatState.ACTIVE, user=user, accepted_at=timezone.now()):
            raise SeatRefused(_("This seat is taken."))
        seat.refresh_from_db()
        apply_membership(seat.membership)
        record(user=seat.membership.user, what="seat_taken", detail=seat.email, actor=user)
    return seat


def remove_seat(*, actor: User, seat: Seat) -> bool:
    """Take a seat back; the owner or whoever sits in it may. False if it was before."""
    owner = seat.membership.user_id
    if actor.pk not in {owner, seat.user_id} and not (actor.is_active and actor.is_staff):
        raise PermissionDenied(_("This seat is somebody else's."))
    with transaction.atomic():
        _lock(seat.membership)
        kept = Seat.objects.filter(pk=seat.pk).exclude(state=SeatState.REMOVED)
        if not kept.update(state=SeatState.REMOVED, removed_at=timezone.now()):
            return False
        apply_membership(seat.membership)
        record(user=seat.membership.user, what="seat_removed", detail=seat.email, actor=actor)
    return True


def find_seat(token: str) -> Seat | None:
    """Return the seat that a mailed link is for, unless it was removed."""
    try:
        number = int(read_token("seat", token))
    except (BadToken, ValueError):
        return None
    seats = Seat.objects.exclude(state=SeatState.REMOVED).filter(pk=number)
    return seats.select_related("membership__user", "membership__tier").first()


def _lock(membership: Membership) -> None:
    """One at a time for each membership, and no sync in between writes an older state."""
    if not Membership.objects.filter(pk=membership.pk).update(version=F("version") + 1):
        raise SeatRefused(_("This membership is gone."))
    membership.refresh_from_db()


def _mail_invitation(seat: Seat) -> None:
    queue_email(
        kind="seat_invitation",
        to=seat.email,
        template="seat_invitation",
        context={
            "owner": seat.membership.user.get_full_name(),
            "tier": seat.membership.tier,
            "link": urljoin(settings.SITE_URL, f"{SEAT_PATH}{make_token('seat', seat.pk)}/"),
        },
        safe_to_repeat=True,
    )
