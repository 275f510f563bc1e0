"""What is offered, and bringing it to Stripe: tiers and products, prices, coupons.

Each is stored first and pushed then, with a key made of its own number: a push that died in the
middle is done again and makes nothing twice. How it stands is kept beside it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Literal, cast

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.crypto import get_random_string
from django.utils.text import slugify
from django.utils.translation import gettext as _

from newsletter.accounts.models import User
from newsletter.lib.page_cache import forget_pages
from newsletter.memberships.actions import CODE_LETTERS, spell_code
from newsletter.memberships.enums import SyncState
from newsletter.memberships.models import Product, Tier
from newsletter.payments.enums import (
    DiscountDuration,
    DiscountKind,
    Interval,
    PriceState,
)
from newsletter.payments.gateway import (
    GatewayError,
    GatewayUnavailable,
    digest,
    get_gateway,
)
from newsletter.payments.models import Coupon, Price

STRIPE_INTERVALS: dict[Interval, Literal["month", "year"] | None] = {
    Interval.MONTH: "month",
    Interval.YEAR: "year",
    Interval.ONCE: None,
    Interval.PLAN: "month",
}
# Three years: what takes longer is no plan.
MAX_INSTALMENTS = 36
STRIPE_DURATIONS: dict[DiscountDuration, Literal["once", "repeating", "forever"]] = {
    DiscountDuration.ONCE: "once",
    DiscountDuration.REPEATING: "repeating",
    DiscountDuration.FOREVER: "forever",
}


def require_staff(actor: User) -> None:
    """Raise PermissionDenied for everybody else."""
    if not (actor.is_active and actor.is_staff):
        raise PermissionDenied(_("Only staff may change what is offered."))


# ── Prices ────────────────────────────────────────────────────────────────────────────────────


def set_price(
    *,
    actor: User,
    sold: Tier | Product,
    interval: Interval,
    amount: int,
    currency: str,
    instalments: int | None = None,
) -> Price:
    """Offer a tier or product at `amount` (minor units); the price it replaces is archived.

    A plan is charged `amount` so many times (`instalments`). Who pays the old price goes on paying
    it. The same price again changes nothing. The new one is pushed by `push_price`.
    """
    require_staff(actor)
    if isinstance(sold, Product) != (interval in {Interval.ONCE, Interval.PLAN}):
        raise ValidationError(_("Tiers are charged by month or year, products once."))
    if (interval == Interval.PLAN) != (instalments is not None):
        raise ValidationError({"instalments": _("Say how many payments there are.")})
    if instalments is not None and not 2 <= instalments <= MAX_INSTALMENTS:
        raise ValidationError({"instalments": _("From 2 to 36 payments.")})
    if amount <= 0:
        raise ValidationError({"amount": _("A price is more than nothing.")})
    code = currency.strip().lower()
    if len(code) != 3 or not code.isalpha():
        raise ValidationError({"currency": _("Three letters, such as EUR.")})
    owner: dict[str, Any] = {"product" if isinstance(sold, Product) else "tier": sold}
    with transaction.atomic():
        offered = Price.objects.select_for_update().filter(
            **owner, interval=interval, currency=code, state=PriceState.ACTIVE
        )
        current = offered.first()
        if current is not None and (current.amount, current.instalments) == (amount, instalments):
            return current
        if current is not None:
            _archive(current)
        price = Price.objects.create(
            **owner, interval=interval, amount=amount, currency=code, instalments=instalments
        )
    forget_pages()
    return price


def archive_price(*, actor: User, price: Price) -> None:
    """Offer a price no more; `push_price` tells Stripe. Who pays it goes on paying it."""
    require_staff(actor)
    with transaction.atomic():
        _archive(price)
    forget_pages()


def _archive(price: Price) -> None:
    price.state, price.sync_state = PriceState.ARCHIVED, SyncState.PENDING
    price.save(update_fields=["state", "sync_state"])


def push_price(*, price: Price) -> Price:
    """Make a price (and what it is for) at Stripe, or archive it there. How it went is stored."""
    try:
        if price.state == PriceState.ARCHIVED:
            if price.stripe_id:
                get_gateway().archive_price(price.stripe_id)
            stripe_id = price.stripe_id
        else:
            stripe_id = _make_price(price)
    except GatewayError as error:
        _note_failure(Price, price.pk, error)
    else:
        Price.objects.filter(pk=price.pk, state=price.state).update(
            stripe_id=stripe_id, sync_state=SyncState.SYNCED, sync_error=""
        )
        forget_pages()
    price.refresh_from_db()
    return price


def _make_price(price: Price) -> str:
    if price.stripe_id:
        return price.stripe_id
    product_id = push_sold(sold=_sold(price))
    return (
        get_gateway()
        .push_price(
            key=f"price-{price.pk}-{price.created_at:%Y%m%d%H%M%S%f}",
            product_id=product_id,
            amount=price.amount,
            currency=price.currency,
            interval=STRIPE_INTERVALS[Interval(price.interval)],
            metadata={"price": str(price.pk)},
        )
        .id
    )


def _sold(price: Price) -> Tier | Product:
    return price.tier or cast(Product, price.product)


def push_sold(*, sold: Tier | Product) -> str:
    """Make a tier or product at Stripe, or bring its name up to date; returns its id there.

    How it went is stored. Raises GatewayError.
    """
    kind = "product" if isinstance(sold, Product) else "tier"
    name, description, is_active = sold.name, sold.description[:500], not sold.is_archived
    # Of all that is said: one that was rewritten after an answer was lost is no other request
    # under the same key, which Stripe would refuse for a day.
    said = digest(name, description, is_active)
    try:
        facts = get_gateway().push_product(
            key=f"{kind}-{sold.pk}-{sold.created_at:%Y%m%d%H%M%S%f}-{said}",
            product_id=sold.stripe_product_id,
            name=name,
            description=description,
            is_active=is_active,
            metadata={kind: str(sold.pk)},
        )
    except GatewayError as error:
        _note_failure(type(sold), sold.pk, error)
        raise
    # Only as what was pushed: it may have been renamed meanwhile, and then waits on.
    type(sold).objects.filter(
        pk=sold.pk, name=sold.name, description=sold.description, is_archived=sold.is_archived
    ).update(sync_state=SyncState.SYNCED, sync_error="")
    if sold.stripe_product_id != facts.id:
        type(sold).objects.filter(pk=sold.pk, stripe_product_id__isnull=True).update(
            stripe_product_id=facts.id
        )
        sold.stripe_product_id = facts.id
    return facts.id


# ── Coupons ───────────────────────────────────────────────────────────────────────────────────


def save_coupon(*, actor: User, coupon: Coupon) -> Coupon:
    """Store a coupon. What it takes off never changes once Stripe has it: archive and make anew.

    Its name and its page (address, headline, text) may be changed. One that is reached by its page
    alone needs no code: it gets one that nobody guesses.
    """
    require_staff(actor)
    coupon.slug = (slugify(coupon.slug or "")[:80].strip("-_")) or None
    coupon.code = spell_code(coupon.code) or (
        get_random_string(12, CODE_LETTERS) if coupon.slug else ""
    )
    coupon.currency = coupon.currency.lower()
    _check_coupon(coupon)
    if coupon._state.adding:
        coupon.save()
    else:
        coupon.save(update_fields=["name", "slug", "headline", "pitch"])
    forget_pages()
    return coupon


def _check_coupon(coupon: Coupon) -> None:
    """Raise ValidationError for a coupon that means nothing or is there already."""
    others = Coupon.objects.exclude(pk=coupon.pk)
    if len(coupon.code) < 3:
        raise ValidationError({"code": _("Take at least three letters or digits.")})
    if others.filter(code=coupon.code).exists():
        raise ValidationError({"code": _("There is such a code.")})
    if coupon.slug and others.filter(slug=coupon.slug).exists():
        raise ValidationError({"slug": _("Another offer has this address.")})
    if (coupon.duration == DiscountDuration.REPEATING) != bool(coupon.months):
        raise ValidationError({"months": _("Say for how many months, or choose another duration.")})
    is_percent = coupon.kind == DiscountKind.PERCENT
    if is_percent and not 1 <= (coupon.percent or 0) <= 100:
        raise ValidationError({"percent": _("From 1 to 100.")})
    if not is_percent and not (coupon.amount and coupon.currency):
        raise ValidationError({"amount": _("Give an amount and its currency.")})


def push_coupon(*, coupon: Coupon) -> Coupon:
    """Make a coupon and its code at Stripe, or take the code back. How it went is stored."""
    fields: dict[str, str] = {}
    try:
        if coupon.is_archived:
            if coupon.stripe_promotion_code_id:
                get_gateway().archive_coupon(coupon.stripe_promotion_code_id)
        elif not coupon.stripe_promotion_code_id:
            fields = _make_coupon(coupon)
    except GatewayError as error:
        _note_failure(Coupon, coupon.pk, error)
    else:
        Coupon.objects.filter(pk=coupon.pk, is_archived=coupon.is_archived).update(
            sync_state=SyncState.SYNCED, sync_error="", **fields
        )
    coupon.refresh_from_db()
    return coupon


def _make_coupon(coupon: Coupon) -> dict[str, str]:
    product_ids = (push_sold(sold=coupon.tier),) if coupon.tier else ()
    facts = get_gateway().push_coupon(
        key=f"coupon-{coupon.pk}-{coupon.created_at:%Y%m%d%H%M%S%f}",
        name=coupon.name,
        code=coupon.code,
        percent=coupon.percent,
        amount=coupon.amount,
        currency=coupon.currency,
        duration=STRIPE_DURATIONS[DiscountDuration(coupon.duration)],
        months=coupon.months,
        product_ids=product_ids,
        max_redemptions=coupon.max_redemptions,
        expires_at=coupon.expires_at,
        metadata={"coupon": str(coupon.pk)},
    )
    return {
        "stripe_coupon_id": facts.coupon_id,
        "stripe_promotion_code_id": facts.promotion_code_id,
    }


def archive_coupon(*, actor: User, coupon: Coupon) -> Coupon:
    """Take a code back. Discounts that run keep running."""
    require_staff(actor)
    coupon.is_archived, coupon.sync_state = True, SyncState.PENDING
    coupon.save(update_fields=["is_archived", "sync_state"])
    forget_pages()
    return push_coupon(coupon=coupon)


# ── What waits ─────────────────────────────────────────────────


def push_waiting() -> int:
    """Push what could not be pushed when it was made; returns how much was brought to Stripe."""
    done = 0
    for model in (Tier, Product):
        # Who has no price is not known at Stripe, and need not be.
        for sold in model.objects.filter(
            sync_state=SyncState.PENDING, stripe_product_id__isnull=False
        ):
            with suppress(GatewayError):
                push_sold(sold=sold)
                done += 1
    for price in Price.objects.filter(sync_state=SyncState.PENDING).order_by("pk"):
        done += push_price(price=price).sync_state == SyncState.SYNCED
    for coupon in Coupon.objects.filter(sync_state=SyncState.PENDING).order_by("pk"):
        done += push_coupon(coupon=coupon).sync_state == SyncState.SYNCED
    return done


def push_again(*, actor: User, thing: Tier | Product | Coupon) -> bool:
    """Try at once what was refused or waits; returns whether all of it is in step now.

    With the keys of the first try: whatever Stripe did make then is found, not made twice.
    """
    require_staff(actor)
    if isinstance(thing, Coupon):
        return push_coupon(coupon=thing).sync_state == SyncState.SYNCED
    behind = thing.prices.exclude(sync_state=SyncState.SYNCED).select_related("tier", "product")
    states = [push_price(price=price).sync_state for price in behind.order_by("pk")]
    thing.refresh_from_db()
    if thing.stripe_product_id and thing.sync_state != SyncState.SYNCED:
        with suppress(GatewayError):
            push_sold(sold=thing)
        thing.refresh_from_db()
    is_told = thing.sync_state == SyncState.SYNCED or not thing.stripe_product_id
    return is_told and all(state == SyncState.SYNCED for state in states)


def _note_failure(
    model: type[Price | Coupon | Tier | Product], pk: int, error: GatewayError
) -> None:
    """Away: stays waiting for the next try. Refused: the author is told."""
    away = isinstance(error, GatewayUnavailable)
    model._default_manager.filter(pk=pk).update(
        sync_state=SyncState.PENDING if away else SyncState.FAILED, sync_error=str(error)[:2000]
    )
