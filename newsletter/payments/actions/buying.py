"""To Stripe's payment page and back.

A person has one open payment page for a subscription at a time, and asking for it again gives the
same one: Stripe takes one payment on a page, so two clicks, two tabs and the back button buy once
(S5). Both the success page and the webhook call `complete_checkout`; each finds what the other
missed (S4).
"""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import cast
from urllib.parse import urljoin

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from newsletter.accounts.models import User
from newsletter.lib.local_paths import local_path
from newsletter.memberships.models import Product
from newsletter.payments.actions.completing import complete_checkout
from newsletter.payments.actions.settling import order_mark
from newsletter.payments.actions.syncing import ensure_customer, owner_mark
from newsletter.payments.actions.telling import describe_order
from newsletter.payments.discounts import counts_for
from newsletter.payments.enums import (
    CheckoutState,
    Interval,
    OrderKind,
    OrderStatus,
    PriceState,
)
from newsletter.payments.gateway import (
    AmountLine,
    GatewayRefused,
    PriceLine,
    SessionFacts,
    get_gateway,
)
from newsletter.payments.models import Checkout, Coupon, Gift, Order, Price
from newsletter.payments.money import decimals, least_amount, show_amount, to_minor
from newsletter.payments.opened import Sale, sale_to
from newsletter.payments.queries import (
    had_membership,
    live_memberships,
    open_checkout,
    owns_product,
    running_plans,
)

SUCCESS_PATH = "/plans/success/?session_id={CHECKOUT_SESSION_ID}"
MAX_SEATS = 500
TIP_BOUNDS = (Decimal(1), Decimal(5000))
# Yen and their like: a unit is worth about a hundredth.
TIP_FACTOR_WITHOUT_DECIMALS = 100


class CheckoutRefused(Exception):
    """This cannot be bought now; the message says why, to the buyer."""


class AlreadyMember(CheckoutRefused):
    """They have a running subscription: changing it is not buying a second one (S5)."""


class AlreadyOwned(CheckoutRefused):
    """The product is open to them already, or will be: they are paying for it."""


def start_checkout(
    *,
    user: User,
    price: Price,
    coupon: Coupon | None = None,
    quantity: int = 1,
    next_path: str = "",
    waives_withdrawal: bool = False,
) -> Checkout:
    """Return the person's payment page for a price; its `url` is where to send them.

    `waives_withdrawal`: they asked for access at once and know what that does to their right of
    withdrawal; kept with its moment. Raises CheckoutRefused (AlreadyMember, AlreadyOwned) and
    GatewayError.
    """
    _require_offered(price, coupon, quantity)
    if price.tier_id is not None:
        return _start_subscription(user, price, coupon, quantity, next_path, waives_withdrawal)
    if price.interval == Interval.PLAN:
        return _start_plan(user, price, next_path, waives_withdrawal)
    return _start_product(user, price, coupon, next_path, waives_withdrawal)


def start_tip(
    *, user: User, amount: int, currency: str, message: str = "", next_path: str = ""
) -> Checkout:
    """Return a payment page for a tip of `amount` minor units. Raises CheckoutRefused."""
    if not settings.TIPS_ENABLED:
        raise CheckoutRefused(_("Tips are not taken here."))
    least, most = tip_bounds(currency)
    if not least <= amount <= most:
        raise CheckoutRefused(
            _("A tip is between %(least)s and %(most)s.")
            % {"least": show_amount(least, currency), "most": show_amount(most, currency)}
        )
    order = Order(
        user=user,
        kind=OrderKind.TIP,
        amount=amount,
        currency=currency.lower(),
        message=message.strip()[:500],
    )
    return start_order(order, Checkout(next_path=local_path(next_path)))


def tip_bounds(currency: str) -> tuple[int, int]:
    """The least and the most that a tip may be, in minor units (S11)."""
    factor = TIP_FACTOR_WITHOUT_DECIMALS if decimals(currency) == 0 else 1
    least, most = (to_minor(bound * factor, currency) for bound in TIP_BOUNDS)
    # One forint or koruna is less than Stripe takes.
    return max(least, least_amount(currency)), most


def _require_offered(price: Price, coupon: Coupon | None, quantity: int) -> None:
    sold = price.tier or price.product
    if price.state != PriceState.ACTIVE or not price.stripe_id or sold is None or sold.is_archived:
        raise CheckoutRefused(_("This is not on offer any more."))
    if not 1 <= quantity <= MAX_SEATS or (quantity > 1 and price.tier_id is None):
        raise CheckoutRefused(_("This number cannot be bought."))
    if coupon is None:
        return
    expired = coupon.expires_at is not None and coupon.expires_at <= timezone.now()
    is_known = bool(coupon.stripe_promotion_code_id)
    if coupon.is_archived or expired or not counts_for(coupon, price) or not is_known:
        raise CheckoutRefused(_("This code cannot be used here, or not any more."))


# ── Subscriptions ─────────────────────────────────────────────────────────────────────────────


def _start_subscription(
    user: User,
    price: Price,
    coupon: Coupon | None,
    quantity: int,
    next_path: str,
    waives_withdrawal: bool,
) -> Checkout:
    _refuse_second(user)
    waiting = open_checkout(user)
    if waiting is not None and _still_open(waiting):
        same = (waiting.price_id, waiting.coupon_id, waiting.quantity)
        if same == (price.pk, coupon.pk if coupon else None, quantity):
            return _open_page(_agreed_anew(waiting, next_path, waives_withdrawal))
        # They went back and chose something else: the page they left must not be paid any more.
        close_checkout(waiting)
    _refuse_second(user)
    try:
        with transaction.atomic():
            checkout = Checkout.objects.create(
                user=user,
                price=price,
                coupon=coupon,
                quantity=quantity,
                is_subscription=True,
                next_path=local_path(next_path),
                waived_withdrawal_at=timezone.now() if waives_withdrawal else None,
            )
    except IntegrityError:
        # The other click of a double click was first: both go to its page.
        found = open_checkout(user)
        if found is None:
            raise
        checkout = found
    return _open_page(checkout)


def _refuse_second(user: User) -> None:
    if live_memberships(user).exists():
        raise AlreadyMember(_("You have a running membership. Change it instead of buying twice."))


def _still_open(checkout: Checkout) -> bool:
    """Whether the page can still be paid; if not, what came of it is written down.

    One that was paid in a way that takes days is not: AlreadyOwned (S9).
    """
    if checkout.stripe_session_id is None:
        return True
    outcome = complete_checkout(checkout.stripe_session_id)
    if outcome is not None and outcome.is_under_way:
        raise AlreadyOwned(_("Your payment for this is under way. It opens when it has come."))
    checkout.refresh_from_db()
    return checkout.state == CheckoutState.OPEN


def _agreed_anew(checkout: Checkout, next_path: str, waives_withdrawal: bool) -> Checkout:
    """The page that they left, on the terms that they agreed to last: a box ticked or not."""
    if waives_withdrawal != (checkout.waived_withdrawal_at is not None):
        checkout.waived_withdrawal_at = timezone.now() if waives_withdrawal else None
    checkout.next_path = local_path(next_path)
    Checkout.objects.filter(pk=checkout.pk, state=CheckoutState.OPEN).update(
        waived_withdrawal_at=checkout.waived_withdrawal_at, next_path=checkout.next_path
    )
    return checkout


def close_checkout(checkout: Checkout) -> None:
    """Make sure that a payment page is not paid any more, and write down what came of it."""
    if checkout.stripe_session_id is None:
        Checkout.objects.filter(pk=checkout.pk, state=CheckoutState.OPEN).update(
            state=CheckoutState.EXPIRED
        )
        return
    # Refused: it was paid or expired a moment ago, and the next line says which.
    with suppress(GatewayRefused):
        get_gateway().expire_session(checkout.stripe_session_id)
    complete_checkout(checkout.stripe_session_id)


# ── One-off payments ──────────────────────────────────────────────────────────────────────────


def _start_product(
    user: User, price: Price, coupon: Coupon | None, next_path: str, waives_withdrawal: bool
) -> Checkout:
    product = cast(Product, price.product)
    _refuse_owned(user, product)
    pages = Checkout.objects.filter(user=user, price=price, state=CheckoutState.OPEN)
    waiting = pages.first()
    if waiting is not None and _still_open(waiting):
        if waiting.coupon_id == (coupon.pk if coupon else None):
            return _open_page(_agreed_anew(waiting, next_path, waives_withdrawal))
        close_checkout(waiting)
    _close_other_ways(user, price)
    _refuse_owned(user, product)
    order = Order(
        user=user,
        kind=OrderKind.PRODUCT,
        product=product,
        price=price,
        amount=price.amount,
        currency=price.currency,
    )
    checkout = Checkout(price=price, coupon=coupon, next_path=local_path(next_path))
    try:
        return start_order(order, checkout, waives_withdrawal=waives_withdrawal)
    except IntegrityError:
        found = pages.first()
        if found is None:
            raise
        return _open_page(found)


def _start_plan(user: User, price: Price, next_path: str, waives_withdrawal: bool) -> Checkout:
    """The first instalment is paid on the page; the others follow by themselves."""
    product = cast(Product, price.product)
    _refuse_owned(user, product)
    pages = Checkout.objects.filter(user=user, price=price, state=CheckoutState.OPEN)
    waiting = pages.first()
    if waiting is not None and _still_open(waiting):
        return _open_page(_agreed_anew(waiting, next_path, waives_withdrawal))
    _close_other_ways(user, price)
    _refuse_owned(user, product)
    try:
        with transaction.atomic():
            checkout = Checkout.objects.create(
                user=user,
                price=price,
                next_path=local_path(next_path),
                waived_withdrawal_at=timezone.now() if waives_withdrawal else None,
            )
    except IntegrityError:
        found = pages.first()
        if found is None:
            raise
        checkout = found
    return _open_page(checkout)


def _close_other_ways(user: User, price: Price) -> None:
    """At once or in instalments, in this currency or that: what they left is not paid as well."""
    open_pages = Checkout.objects.filter(user=user, state=CheckoutState.OPEN)
    for page in open_pages.filter(price__product=price.product_id).exclude(price=price):
        if _still_open(page):
            close_checkout(page)


def _refuse_owned(user: User, product: Product) -> None:
    now = timezone.now()
    sale = sale_to(user, product, now)
    if sale == Sale.NEVER:
        raise CheckoutRefused(_("This is closed to you; you would pay for nothing."))
    if sale != Sale.AGAIN and owns_product(user, product, now):
        raise AlreadyOwned(_("You have this already."))
    if running_plans(user).filter(product=product).exists():
        raise AlreadyOwned(_("You are paying for this in instalments already."))


def start_order(
    order: Order,
    checkout: Checkout,
    *,
    gift: Gift | None = None,
    waives_withdrawal: bool = False,
) -> Checkout:
    """Store an order with its payment page (and its gift), and open the page."""
    with transaction.atomic():
        order.save()
        if gift is not None:
            gift.order = order
            gift.save()
        checkout.user, checkout.order = order.user, order
        checkout.waived_withdrawal_at = timezone.now() if waives_withdrawal else None
        checkout.save()
    return _open_page(checkout)


# ── The page at Stripe ────────────────────────────────────────────────────────────────────────


def _open_page(checkout: Checkout) -> Checkout:
    """Give the checkout its page at Stripe. The key makes it one page however often this runs."""
    if checkout.stripe_session_id and checkout.url:
        return checkout
    try:
        session = _create_session(checkout, ensure_customer(checkout.user).id)
    except GatewayRefused as error:
        Checkout.objects.filter(pk=checkout.pk, state=CheckoutState.OPEN).update(
            state=CheckoutState.FAILED, error=str(error)
        )
        if checkout.order_id is not None:
            Order.objects.filter(pk=checkout.order_id, status=OrderStatus.PENDING).update(
                status=OrderStatus.FAILED
            )
        raise
    Checkout.objects.filter(pk=checkout.pk, stripe_session_id__isnull=True).update(
        stripe_session_id=session.id, url=session.url, expires_at=session.expires_at
    )
    checkout.refresh_from_db()
    return checkout


def _create_session(checkout: Checkout, customer_id: str) -> SessionFacts:
    price, order = checkout.price, checkout.order
    line: PriceLine | AmountLine
    if price is not None and price.stripe_id:
        line = PriceLine(price.stripe_id, checkout.quantity)
    elif order is not None:
        line = AmountLine(describe_order(order), order.amount, order.currency)
    else:
        raise CheckoutRefused(_("This is not on offer any more."))
    metadata = {"checkout": str(checkout.pk), "owner": owner_mark(checkout.user)}
    if order is not None:
        metadata["order"] = order_mark(order)
    trial_days = 0
    if checkout.is_subscription and price is not None and price.tier is not None:
        trial_days = 0 if had_membership(checkout.user) else price.tier.trial_days
    coupon = checkout.coupon
    is_plan = price is not None and price.interval == Interval.PLAN
    return get_gateway().create_checkout(
        key=f"checkout-{checkout.pk}-{customer_id}",
        mode="subscription" if checkout.is_subscription or is_plan else "payment",
        line=line,
        customer_id=customer_id,
        success_url=settings.SITE_URL + SUCCESS_PATH,
        cancel_url=urljoin(settings.SITE_URL, _way_back(checkout)),
        client_reference_id=str(checkout.pk),
        metadata=metadata,
        trial_days=trial_days,
        promotion_code_id=coupon.stripe_promotion_code_id if coupon else None,
        # Nothing is taken off a plan: its instalments are its price.
        may_enter_code=price is not None and coupon is None and not is_plan,
        automatic_tax=settings.STRIPE_AUTOMATIC_TAX,
    )


def _way_back(checkout: Checkout) -> str:
    """Where somebody goes who thinks better of it on the payment page."""
    coupon = checkout.coupon
    offer = f"/offers/{coupon.slug}/" if coupon and coupon.slug else "/plans/"
    return checkout.next_path or offer
