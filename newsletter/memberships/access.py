"""Who may read what: one pure decision for articles, lessons, files, comments and mail variants.

This module knows neither articles nor courses. They say what they require and who asks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.memberships.enums import Access, Offer, Reason
from newsletter.memberships.models import Grant


@dataclass(frozen=True, slots=True)
class Requirement:
    """What reading something takes. `tier_ids` counts only with `Access.TIERS`.

    Who owns one of `product_ids` may read it whatever `access` asks: a course that is sold by
    itself and is included in a tier asks for that tier and names its product.
    """

    access: str = Access.PUBLIC
    tier_ids: frozenset[int] = frozenset()
    product_ids: frozenset[int] = frozenset()
    # Nobody but staff reads it before this moment (a lesson that opens later)…
    opens_at: datetime | None = None
    # …nor from this one on (a course that was open for some months).
    closes_at: datetime | None = None
    # Something that the reader must do first is not done (a lesson that follows another).
    is_blocked: bool = False


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks: a visitor (`user_id` is None) or a person, with what is open to them now."""

    user_id: int | None = None
    tier_ids: frozenset[int] = frozenset()
    is_staff: bool = False
    product_ids: frozenset[int] = frozenset()

    @property
    def is_known(self) -> bool:
        """Whether they are signed in (or, in a mail, subscribed)."""
        return self.user_id is not None


VISITOR = Reader()


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, with all that a page needs to explain it.

    `offer` is what would open it (None where nothing the reader can do would); `offer_tier_ids`
    are the tiers that count, empty when any paid tier does; `offer_product_ids` the products that
    would open it by themselves. `is_known` tells whether members-only sections of a text may be
    shown to this reader.
    """

    allowed: bool
    reason: Reason
    unlocks_at: datetime | None = None
    offer: Offer | None = None
    offer_tier_ids: frozenset[int] = field(default=frozenset())
    is_known: bool = False
    offer_product_ids: frozenset[int] = field(default=frozenset())


def get_reader(user: User | None, now: datetime | None = None) -> Reader:
    """Return `user` (None for a visitor) with the tiers and products open to them at `now`.

    One query for a reader, whatever the number of grants; none for a visitor or for staff.
    """
    if user is None or not user.is_authenticated or not user.is_active:
        return VISITOR
    if user.is_staff:
        return Reader(user.pk, is_staff=True)
    grants = Grant.objects.in_force(now or timezone.now()).filter(user=user).order_by()
    pairs = list(grants.values_list("tier_id", "product_id").distinct())
    return Reader(
        user.pk,
        tier_ids=frozenset(tier for tier, _ in pairs if tier is not None),
        product_ids=frozenset(product for _, product in pairs if product is not None),
    )


def get_readers(users: Iterable[User], now: datetime) -> dict[int, Reader]:
    """`get_reader` for many people by id, in one query. Of no use for visitors."""
    everyone = {user.pk: user for user in users if user.is_active}
    asked = [pk for pk, user in everyone.items() if not user.is_staff]
    tiers: dict[int, set[int]] = {pk: set() for pk in asked}
    products: dict[int, set[int]] = {pk: set() for pk in asked}
    grants = Grant.objects.in_force(now).filter(user__in=asked).order_by()
    for user_id, tier_id, product_id in (
        grants.values_list("user_id", "tier_id", "product_id").distinct() if asked else ()
    ):
        if tier_id is not None:
            tiers[user_id].add(tier_id)
        if product_id is not None:
            products[user_id].add(product_id)
    return {
        pk: Reader(pk, is_staff=True)
        if user.is_staff
        else Reader(pk, frozenset(tiers[pk]), product_ids=frozenset(products[pk]))
        for pk, user in everyone.items()
    }


def decide(reader: Reader, requirement: Requirement, now: datetime) -> Decision:
    """Say whether `reader` may read what takes `requirement`. Pure: no query, no clock.

    Whoever may not read it at all hears of that first, not of when it opens. An access level that
    is not known is refused to everyone but staff.
    """
    if reader.is_staff:
        return Decision(True, Reason.STAFF, is_known=True)
    decision = _decide_access(reader, requirement)
    if not decision.allowed:
        return decision
    known = reader.is_known
    if requirement.closes_at is not None and now >= requirement.closes_at:
        products = requirement.product_ids
        return Decision(
            False,
            Reason.ENDED,
            offer=Offer.BUY if products else None,
            is_known=known,
            offer_product_ids=products,
        )
    if requirement.opens_at is not None and now < requirement.opens_at:
        return Decision(False, Reason.NOT_YET, unlocks_at=requirement.opens_at, is_known=known)
    if requirement.is_blocked:
        return Decision(False, Reason.BLOCKED, is_known=known)
    return decision


def _decide_access(reader: Reader, requirement: Requirement) -> Decision:
    """The decision without regard to time and order."""
    if requirement.access == Access.PUBLIC:
        return Decision(True, Reason.OPEN, is_known=reader.is_known)
    if reader.is_known and reader.product_ids & requirement.product_ids:
        return Decision(True, Reason.GRANTED, is_known=True)
    match requirement.access:
        case Access.MEMBERS if reader.is_known:
            return Decision(True, Reason.SIGNED_IN, is_known=True)
        case Access.MEMBERS:
            return Decision(False, Reason.SIGN_IN_NEEDED, offer=Offer.SIGN_IN)
        case Access.PAID:
            return _decide_tiers(reader, requirement, any_tier=True, wanted=frozenset())
        case Access.TIERS:
            return _decide_tiers(reader, requirement, any_tier=False, wanted=requirement.tier_ids)
    return Decision(False, Reason.PAYMENT_NEEDED, offer=Offer.PAY, is_known=reader.is_known)


def _decide_tiers(
    reader: Reader, requirement: Requirement, *, any_tier: bool, wanted: frozenset[int]
) -> Decision:
    granted = bool(reader.tier_ids) if any_tier else bool(reader.tier_ids & wanted)
    if reader.is_known and granted:
        return Decision(True, Reason.GRANTED, is_known=True)
    sold_alone = bool(requirement.product_ids) and not any_tier and not wanted
    if sold_alone:
        return Decision(
            False,
            Reason.PAYMENT_NEEDED,
            offer=Offer.BUY,
            is_known=reader.is_known,
            offer_product_ids=requirement.product_ids,
        )
    has_another = reader.is_known and bool(reader.tier_ids)
    return Decision(
        False,
        Reason.OTHER_TIER_NEEDED if has_another else Reason.PAYMENT_NEEDED,
        offer=Offer.CHANGE_TIER if has_another else Offer.PAY,
        offer_tier_ids=wanted,
        is_known=reader.is_known,
        offer_product_ids=requirement.product_ids,
    )
