"""Memberships bought for somebody else: paid, delivered on their day, redeemed once."""

from __future__ import annotations

import secrets
from datetime import datetime
from urllib.parse import urljoin

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from newsletter.accounts.models import User
from newsletter.accounts.queries import hash_of
from newsletter.lib.addresses import is_address, normalise_address
from newsletter.lib.moments import add_months
from newsletter.memberships.actions import record, spell_code, sync_grant
from newsletter.memberships.enums import GrantSource
from newsletter.memberships.models import Grant, Tier
from newsletter.outbox.actions import queue_email
from newsletter.outbox.models import OutgoingEmail
from newsletter.payments.actions.buying import CheckoutRefused, start_order
from newsletter.payments.enums import GiftState, OrderKind, OrderStatus
from newsletter.payments.models import Checkout, Gift, Order
from newsletter.payments.queries import gift_price

# No vowels (no words), nothing that is read as something else. 20^16 codes.
CODE_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
CODE_LENGTH = 16
MAX_MONTHS = 36
REDEEM_PATH = "/gifts/redeem/"


class GiftRefused(Exception):
    """The code gives nothing; the message says why, to whoever typed it."""


def start_gift(
    *,
    user: User,
    tier: Tier,
    months: int,
    currency: str,
    recipient_email: str,
    recipient_name: str = "",
    message: str = "",
    deliver_at: datetime | None = None,
) -> Checkout:
    """Return a payment page for a gift that is delivered at `deliver_at` (None: once paid)."""
    amount = gift_price(tier, months, currency) if 1 <= months <= MAX_MONTHS else None
    address = normalise_address(recipient_email)
    if amount is None or tier.is_archived:
        raise CheckoutRefused(_("This cannot be given."))
    if not is_address(address):
        raise CheckoutRefused(_("This is no e-mail address."))
    order = Order(user=user, kind=OrderKind.GIFT, amount=amount, currency=currency.lower())
    gift = Gift(
        tier=tier,
        months=months,
        recipient_email=address,
        recipient_name=" ".join(recipient_name.split())[:120],
        message=message.strip()[:500],
        deliver_at=deliver_at or timezone.now(),
    )
    # The order, its gift and its page come into being together, before Stripe hears of any.
    return start_order(order, Checkout(), gift=gift)


def deliver_due_gifts(*, now: datetime | None = None) -> list[OutgoingEmail]:
    """Queue the mail of every paid gift whose day has come; returns the mails to deliver.

    The code is made here and only its hash is stored, in the transaction that queues its mail:
    two beats deliver once, and a crash in between delivers at the next.
    """
    now = now or timezone.now()
    due = Gift.objects.filter(state=GiftState.WAITING, deliver_at__lte=now)
    mails: list[OutgoingEmail] = []
    for gift in due.select_related("order__user", "tier").order_by("deliver_at", "pk"):
        with transaction.atomic():
            code = _new_code()
            # No join: PostgreSQL would look at the joined rows as they were before it waited.
            paid = Order.objects.filter(status=OrderStatus.PAID)
            waiting = Gift.objects.filter(
                pk=gift.pk, state=GiftState.WAITING, order_id__in=paid.values("pk")
            )
            if waiting.update(state=GiftState.DELIVERED, code_hash=_hash(code), delivered_at=now):
                mails.append(_mail_gift(gift, code))
                record(user=gift.order.user, what="gift_delivered", detail=str(gift))
    return mails


def deliver_again(*, actor: User, gift: Gift, recipient_email: str = "") -> OutgoingEmail | None:
    """Send a gift that was not redeemed with a new code, to another address if the first was wrong.

    The old code stops working. None where it cannot be (redeemed, refunded, not delivered yet).
    """
    _require_own(actor, gift)
    address = _address(recipient_email or gift.recipient_email)
    with transaction.atomic():
        code = _new_code()
        delivered = Gift.objects.filter(pk=gift.pk, state=GiftState.DELIVERED)
        if not delivered.update(code_hash=_hash(code), recipient_email=address):
            return None
        gift.refresh_from_db()
        record(user=gift.order.user, what="gift_sent_again", detail=str(gift), actor=actor)
        return _mail_gift(gift, code)


def readdress_gift(*, actor: User, gift: Gift, recipient_email: str) -> bool:
    """Correct the address of a gift that was not delivered yet. False where it was meanwhile."""
    _require_own(actor, gift)
    address = _address(recipient_email)
    with transaction.atomic():
        waiting = Gift.objects.filter(pk=gift.pk, state=GiftState.WAITING)
        if not waiting.update(recipient_email=address):
            return False
        gift.refresh_from_db()
        record(user=gift.order.user, what="gift_readdressed", detail=str(gift), actor=actor)
    return True


def _require_own(actor: User, gift: Gift) -> None:
    if actor.pk != gift.order.user_id and not (actor.is_active and actor.is_staff):
        raise PermissionDenied(_("This gift is somebody else's."))


def _address(typed: str) -> str:
    address = normalise_address(typed)
    if not is_address(address):
        raise GiftRefused(_("This is no e-mail address."))
    return address


def find_gift(code: str) -> Gift | None:
    """Return the gift that a code opens and nobody has redeemed. The caller limits guessing."""
    return _with_code(code).filter(state=GiftState.DELIVERED).first()


def find_redeemed_gift(code: str) -> Gift | None:
    """Return the gift that a code opened, for those who come back by its link."""
    return _with_code(code).filter(state=GiftState.REDEEMED).first()


def _with_code(code: str) -> QuerySet[Gift]:
    return Gift.objects.filter(code_hash=_hash(code)).select_related("tier", "order__user")


def redeem_gift(*, user: User, code: str, now: datetime | None = None) -> Grant:
    """Give what a gift holds to `user`, once. Raises GiftRefused.

    It begins when an earlier gift of the same tier ends, so that no month of a gift is lost.
    """
    now = now or timezone.now()
    with transaction.atomic():
        gifts = Gift.objects.filter(
            code_hash=_hash(code),
            state=GiftState.DELIVERED,
            order__status__in=[OrderStatus.PAID],
        )
        gift = gifts.select_related("tier", "order__user").first()
        if gift is None or not Gift.objects.filter(pk=gift.pk, state=GiftState.DELIVERED).update(
            state=GiftState.REDEEMED, redeemed_by=user, redeemed_at=now
        ):
            raise GiftRefused(_("There is no such gift, or it was redeemed before."))
        # One gift of a person's after the other: each begins where the one before it ends.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        starts_at = _after_earlier_gifts(user, gift.tier, now)
        grant = sync_grant(
            user=user,
            tier=gift.tier,
            source=GrantSource.GIFT,
            source_id=str(gift.pk),
            starts_at=starts_at,
            ends_at=add_months(starts_at, gift.months),
        )
        record(user=gift.order.user, what="gift_redeemed", detail=str(gift), actor=user)
    return grant


def _after_earlier_gifts(user: User, tier: Tier, now: datetime) -> datetime:
    earlier = Grant.objects.filter(
        user=user, tier=tier, source=GrantSource.GIFT, revoked_at__isnull=True, ends_at__gt=now
    )
    last = earlier.order_by("-ends_at").first()
    return last.ends_at if last and last.ends_at else now


def _new_code() -> str:
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


def _hash(code: str) -> str:
    return hash_of("gift", spell_code(code))


def _mail_gift(gift: Gift, code: str) -> OutgoingEmail:
    shown = "-".join(code[start : start + 4] for start in range(0, CODE_LENGTH, 4))
    return queue_email(
        kind="gift",
        to=gift.recipient_email,
        template="gift",
        context={
            "gift": gift,
            "giver": gift.order.user.get_full_name(),
            "code": shown,
            "link": urljoin(settings.SITE_URL, f"{REDEEM_PATH}?code={shown}"),
        },
        safe_to_repeat=True,
    )
