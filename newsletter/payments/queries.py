"""Reading what is offered, bought and told."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.memberships.enums import SyncState
from newsletter.memberships.models import Grant, Product, Tier
from newsletter.payments.enums import (
    CheckoutState,
    EventState,
    GiftState,
    Interval,
    MembershipStatus,
    OrderKind,
    OrderStatus,
    PriceState,
    SeatState,
)
from newsletter.payments.models import (
    Checkout,
    Coupon,
    Customer,
    Gift,
    Instalment,
    Membership,
    Order,
    PaymentPlan,
    Price,
    Seat,
    StripeEvent,
)
from newsletter.payments.policy import LIVE, Policies


def policies() -> Policies:
    """The author's choices, as the settings have them now."""
    return Policies(
        grace=timedelta(days=settings.PAST_DUE_GRACE_DAYS),
        partial_refund_revokes=settings.PARTIAL_REFUND_REVOKES,
        dispute_suspends=settings.DISPUTE_SUSPENDS,
    )


def live_memberships(user: User) -> QuerySet[Membership]:
    """The subscriptions that somebody has now; more than one is a mistake to be shown (S5)."""
    return (
        Membership.objects.filter(user=user, status__in=LIVE)
        .select_related("tier", "price", "next_price")
        .order_by("started_at", "pk")
    )


def unended_memberships(user: User) -> QuerySet[Membership]:
    """The subscriptions of somebody that Stripe may still charge for, whatever their state."""
    over = [MembershipStatus.CANCELED, MembershipStatus.INCOMPLETE_EXPIRED]
    found = Membership.objects.filter(user=user).exclude(status__in=over)
    return found.select_related("tier", "price").order_by("started_at", "pk")


def unended_plans(user: User) -> QuerySet[PaymentPlan]:
    """The payment plans of somebody that Stripe may still charge for, whatever their state."""
    over = [MembershipStatus.CANCELED, MembershipStatus.INCOMPLETE_EXPIRED]
    return plans_of(user).exclude(status__in=over)


def unpaid_membership(user: User) -> Membership | None:
    """The subscription that opens nothing, or soon will not, until its bill is paid."""
    waiting = [MembershipStatus.PAST_DUE, MembershipStatus.UNPAID]
    return Membership.objects.filter(user=user, status__in=waiting).order_by("-pk").first()


def memberships_of(user: User) -> QuerySet[Membership]:
    """Every subscription somebody has or had, the newest first."""
    return (
        Membership.objects.filter(user=user)
        .select_related("tier", "price", "next_price")
        .order_by("-started_at", "-pk")
    )


def orders_of(user: User) -> QuerySet[Order]:
    """Somebody's one-off payments that came to something, the newest first."""
    return (
        Order.objects.filter(user=user)
        .exclude(status__in=[OrderStatus.PENDING, OrderStatus.EXPIRED])
        .select_related("product", "price")
        .order_by("-created_at", "-pk")
    )


def instalments_of(user: User) -> QuerySet[Instalment]:
    """What somebody paid for subscriptions and plans, the newest first."""
    theirs = Q(membership__user=user) | Q(plan__user=user)
    return Instalment.objects.filter(theirs).select_related("membership__tier", "plan__product")


def plans_of(user: User) -> QuerySet[PaymentPlan]:
    """What somebody pays or paid in instalments, the newest first."""
    return PaymentPlan.objects.filter(user=user).select_related("product", "price")


def running_plans(user: User) -> QuerySet[PaymentPlan]:
    """Payment plans of somebody that are still charged."""
    return plans_of(user).filter(status__in=LIVE)


def gifts_from(user: User) -> QuerySet[Gift]:
    """Gifts somebody paid for, the newest first."""
    return (
        Gift.objects.filter(order__user=user)
        .exclude(state=GiftState.UNPAID)
        .select_related("tier", "order")
        .order_by("-created_at")
    )


def people_paying_twice() -> QuerySet[User]:
    """People with more than one running subscription, with `live_count` (S5)."""
    live = Count("memberships", filter=Q(memberships__status__in=LIVE))
    return User.objects.annotate(live_count=live).filter(live_count__gt=1).order_by("email")


def offered_prices(*, currency: str = "") -> QuerySet[Price]:
    """Prices that can be bought now."""
    prices = Price.objects.filter(
        Q(tier__is_archived=False) | Q(product__is_archived=False),
        state=PriceState.ACTIVE,
        sync_state=SyncState.SYNCED,
        stripe_id__isnull=False,
    ).select_related("tier", "product")
    prices = prices.order_by("pk")
    return prices.filter(currency=currency.lower()) if currency else prices


def listed_tiers() -> QuerySet[Tier]:
    """Tiers of the plans page, in their order."""
    return Tier.objects.filter(is_listed=True, is_archived=False)


def listed_products() -> QuerySet[Product]:
    """Products of the plans page, in their order."""
    return Product.objects.filter(is_listed=True, is_archived=False)


def coupons_with_uses() -> QuerySet[Coupon]:
    """Coupons, each with `times_used`: purchases here; codes typed at Stripe are counted there."""
    completed = Q(checkout__state=CheckoutState.COMPLETED)
    return Coupon.objects.select_related("tier").annotate(
        times_used=Count("checkout", filter=completed)
    )


def default_currency() -> str:
    """The currency of most of the offered prices, or the first; "eur" where nothing is offered."""
    most = (
        Price.objects.filter(state=PriceState.ACTIVE)
        .values("currency")
        .annotate(times=Count("pk"), first=Min("pk"))
        .order_by("-times", "first")
        .first()
    )
    return most["currency"] if most else "eur"


def main_currency(sold: Tier | Product) -> str:
    """The currency of something's first fields: the usual one where it has prices in that."""
    usual = default_currency()
    if sold._state.adding:
        return usual
    active = sold.prices.filter(state=PriceState.ACTIVE).order_by("pk")
    codes = list(active.values_list("currency", flat=True))
    return usual if usual in codes or not codes else codes[0]


def other_currencies(sold: Tier | Product | None) -> list[str]:
    """The currencies of something's prices beside its main one."""
    if sold is None or sold._state.adding:
        return []
    active = sold.prices.filter(state=PriceState.ACTIVE)
    codes = set(active.values_list("currency", flat=True))
    return sorted(codes - {main_currency(sold)})


def gift_price(tier: Tier, months: int, currency: str) -> int | None:
    """What so many months of a tier cost as a gift, in minor units; None: cannot be given.

    Full years at the yearly price where there is one, the rest by the month.
    """
    amounts = dict(
        Price.objects.filter(
            tier=tier, state=PriceState.ACTIVE, currency=currency.lower()
        ).values_list("interval", "amount")
    )
    yearly, monthly = amounts.get(Interval.YEAR), amounts.get(Interval.MONTH)
    years, rest = divmod(months, 12) if yearly is not None else (0, months)
    if rest and monthly is None:
        return None
    return years * (yearly or 0) + rest * (monthly or 0)


def had_membership(user: User) -> bool:
    """Whether somebody ever had a subscription that began: a trial is for newcomers."""
    return Membership.objects.filter(user=user).exclude(status__startswith="incomplete").exists()


def has_paid(user: User) -> bool:
    """Whether somebody ever came back from a payment page: Stripe may know a card of theirs."""
    completed = Checkout.objects.filter(user=user, state=CheckoutState.COMPLETED)
    return completed.exists() or Membership.objects.filter(user=user).exists()


def owns_product(user: User, product: Product, now: datetime) -> bool:
    """Whether the product is open to somebody by whatever grant."""
    return Grant.objects.in_force(now).filter(user=user, product=product).exists()


def is_ours(session_id: str) -> bool:
    """Whether a payment page is known here. One is not whose making was never answered (S5)."""
    return Checkout.objects.filter(stripe_session_id=session_id).exists()


def open_checkout(user: User) -> Checkout | None:
    """The payment page for a subscription that somebody has open."""
    return Checkout.objects.filter(
        user=user, state=CheckoutState.OPEN, is_subscription=True
    ).first()


def customer_of(user: User) -> Customer | None:
    """How Stripe knows somebody; None where it does not (any more)."""
    return Customer.objects.filter(user=user, deleted_at__isnull=True).order_by("-pk").first()


def seats_of(membership: Membership) -> QuerySet[Seat]:
    """Invited and taken seats of a group, the owner's own not counted."""
    return membership.seats.exclude(state=SeatState.REMOVED).select_related("user")


def seats_taken_by(user: User) -> QuerySet[Seat]:
    """Seats in other people's running groups that somebody sits in."""
    taken = Seat.objects.filter(user=user, state=SeatState.ACTIVE, membership__status__in=LIVE)
    return taken.select_related("membership__user", "membership__tier")


def due_event_ids(*, overdue_by: timedelta, limit: int) -> list[int]:
    """Events to be handled (again): nudges that were lost, retries that are due, dead workers."""
    now = timezone.now()
    due = StripeEvent.objects.filter(
        Q(lease_until__isnull=True) | Q(lease_until__lt=now),
        state__in=[EventState.RECEIVED, EventState.FAILED],
        next_attempt_at__lte=now - overdue_by,
    )
    return list(due.order_by("next_attempt_at").values_list("pk", flat=True)[:limit])


def tips_received() -> QuerySet[Order]:
    """Paid tips, the newest first."""
    return (
        Order.objects.filter(kind=OrderKind.TIP, status=OrderStatus.PAID)
        .select_related("user")
        .order_by("-paid_at")
    )
