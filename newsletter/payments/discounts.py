"""What a coupon makes of a price, in numbers and in words; and whether it still counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from newsletter.memberships.models import Product, Tier
from newsletter.payments.enums import DiscountDuration, Interval
from newsletter.payments.models import Coupon, Price
from newsletter.payments.money import show_amount
from newsletter.payments.offering import choose_currency, lines_of, price_in_words, trial_in_words
from newsletter.payments.queries import offered_prices

MONTHS_A_YEAR = 12


@dataclass(frozen=True, slots=True)
class Deal:
    """One price with a coupon taken off, as a page shows it."""

    price: Price
    coupon: Coupon

    @property
    def says(self) -> str:
        """The lower price and for how long, in words."""
        return deal_in_words(self.coupon, self.price)


@dataclass(frozen=True, slots=True)
class Lowered:
    """One tier or product with the deals on it, as the page of an offer shows it."""

    sold: Tier | Product
    deals: list[Deal]

    @property
    def benefits(self) -> list[str]:
        """What is included, one line each."""
        return lines_of(getattr(self.sold, "benefits", ""))

    @property
    def trial(self) -> str:
        """ "The first 14 days are free.", or nothing."""
        return trial_in_words(getattr(self.sold, "trial_days", 0))


def deals_on(coupon: Coupon, currency: str = "") -> tuple[list[Lowered], str, list[str]]:
    """What a coupon makes cheaper: (by tier and product in their order, currency, all currencies).

    What is not on the plans page counts only where the coupon is for it alone. One query.
    """
    prices = [price for price in offered_prices() if counts_for(coupon, price)]
    prices = [price for price in prices if coupon.tier_id or _is_listed(price)]
    chosen, currencies = choose_currency(prices, currency)
    found: dict[tuple[bool, int, int], Lowered] = {}
    for price in sorted(prices, key=lambda price: Interval.values.index(price.interval)):
        sold = price.tier or price.product
        if price.currency == chosen and sold is not None:
            place = (price.tier is None, sold.position, sold.pk)
            found.setdefault(place, Lowered(sold, [])).deals.append(Deal(price, coupon))
    return [found[place] for place in sorted(found)], chosen, currencies


def _is_listed(price: Price) -> bool:
    sold = price.tier or price.product
    return sold is not None and sold.is_listed


def counts_for(coupon: Coupon, price: Price) -> bool:
    """Whether the coupon takes something off this price: its tier, its currency, no plan's."""
    if price.interval == Interval.PLAN:
        return False
    is_elsewhere = coupon.tier_id is not None and coupon.tier_id != price.tier_id
    is_foreign = coupon.amount is not None and coupon.currency != price.currency
    return not (is_elsewhere or is_foreign)


def is_over(coupon: Coupon, *, used: int, now: datetime) -> bool:
    """Whether nobody can use it any more."""
    is_used_up = coupon.max_redemptions is not None and used >= coupon.max_redemptions
    has_expired = coupon.expires_at is not None and coupon.expires_at <= now
    return coupon.is_archived or is_used_up or has_expired


def lowered(coupon: Coupon, amount: int) -> int:
    """What remains of `amount` (minor units), as Stripe works it out."""
    if coupon.amount is not None:
        return max(0, amount - coupon.amount)
    return amount - (amount * (coupon.percent or 0) + 50) // 100


def taken_off_in_words(coupon: Coupon) -> str:
    """ "20%" or "€5"."""
    if coupon.amount is not None:
        return show_amount(coupon.amount, coupon.currency)
    return _("%(percent)s%%") % {"percent": coupon.percent}


def deal_in_words(coupon: Coupon, price: Price) -> str:
    """ "€3 a month for the first 3 months, then €6 a month": what is paid now, and what later."""
    low = show_amount(lowered(coupon, price.amount), price.currency)
    usual = price_in_words(price)
    if price.interval == Interval.ONCE:
        words = {"low": low, "usual": show_amount(price.amount, price.currency)}
        return _("%(low)s instead of %(usual)s, once") % words
    if coupon.duration == DiscountDuration.FOREVER:
        is_monthly = price.interval == Interval.MONTH
        words = {"low": low, "usual": usual}
        if is_monthly:
            return _("%(low)s a month for as long as you stay, instead of %(usual)s") % words
        return _("%(low)s a year for as long as you stay, instead of %(usual)s") % words
    return _("%(first)s, then %(usual)s") % {
        "first": _first_payments(coupon, price, low),
        "usual": usual,
    }


def _first_payments(coupon: Coupon, price: Price, low: str) -> str:
    months = coupon.months or 1 if coupon.duration == DiscountDuration.REPEATING else 1
    if price.interval == Interval.MONTH:
        said = ngettext(
            "%(low)s for the first month", "%(low)s a month for the first %(count)s months", months
        )
        return said % {"low": low, "count": months}
    # Every bill that falls into those months: a yearly one is written at the start of each year.
    years = -(-months // MONTHS_A_YEAR)
    said = ngettext(
        "%(low)s for the first year", "%(low)s a year for the first %(count)s years", years
    )
    return said % {"low": low, "count": years}
