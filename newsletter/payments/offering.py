"""What is on offer, put together for screens: plans, products, and what one pays, in words."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from newsletter.accounts.models import User
from newsletter.memberships.models import Product, Tier
from newsletter.payments.enums import Interval
from newsletter.payments.gateway import is_open
from newsletter.payments.models import Price
from newsletter.payments.money import show_amount
from newsletter.payments.queries import (
    listed_products,
    listed_tiers,
    live_memberships,
    offered_prices,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """One tier as the plans page shows it."""

    tier: Tier
    price: Price | None
    # Of the other rhythm, so that the page can say what a year saves.
    monthly: Price | None = None

    @property
    def benefits(self) -> list[str]:
        """What is included, one line each."""
        return lines_of(self.tier.benefits)

    @property
    def says(self) -> str:
        """The price in words."""
        return price_in_words(self.price) if self.price else ""

    @property
    def trial(self) -> str:
        """ "14 days free", or nothing."""
        return trial_in_words(self.tier.trial_days) if self.price else ""

    @property
    def aside(self) -> str:
        """What a year comes to by the month; empty for a monthly price."""
        if self.price is None or self.price.interval != Interval.YEAR:
            return ""
        by_month = show_amount(round(self.price.amount / 12), self.price.currency)
        if self.monthly is None or self.monthly.amount * 12 <= self.price.amount:
            return _("That is %(amount)s a month.") % {"amount": by_month}
        saved = show_amount(self.monthly.amount * 12 - self.price.amount, self.price.currency)
        return _("That is %(amount)s a month, and saves %(saved)s a year.") % {
            "amount": by_month,
            "saved": saved,
        }


@dataclass(frozen=True, slots=True)
class Sold:
    """One product as the plans page shows it."""

    product: Product
    price: Price
    # The same in monthly instalments, where that is offered beside it.
    plan: Price | None = None

    @property
    def says(self) -> str:
        """The price and for how long it is theirs."""
        return price_in_words(self.price)

    @property
    def plan_says(self) -> str:
        """ "4 monthly payments of €50", or nothing."""
        return price_in_words(self.plan) if self.plan else ""


@dataclass(frozen=True, slots=True)
class Offering:
    """Everything on the plans page, in one currency and one rhythm."""

    plans: list[Plan] = field(default_factory=list)
    products: list[Sold] = field(default_factory=list)
    currency: str = ""
    currencies: list[str] = field(default_factory=list)
    has_both_rhythms: bool = False


def offering(*, interval: Interval, currency: str = "") -> Offering:
    """Put together what can be bought. Three queries, whatever the number of tiers.

    A tier without a price in this rhythm is shown with the one it has.
    """
    if not is_open():
        return Offering()
    prices = list(offered_prices())
    chosen, currencies = choose_currency(prices, currency)
    by_tier: dict[int, dict[str, Price]] = {}
    by_product: dict[int, dict[str, Price]] = {}
    for price in prices:
        if price.currency != chosen:
            continue
        if price.tier_id is not None:
            by_tier.setdefault(price.tier_id, {})[price.interval] = price
        elif price.product_id is not None:
            by_product.setdefault(price.product_id, {})[price.interval] = price
    plans = []
    for tier in listed_tiers():
        known = by_tier.get(tier.pk, {})
        shown = known.get(interval) or next(iter(known.values()), None)
        if shown is not None:
            plans.append(Plan(tier, shown, known.get(Interval.MONTH)))
    products = [
        sold_at(product, by_product[product.pk])
        for product in listed_products()
        if product.pk in by_product
    ]
    rhythms = {rhythm for known in by_tier.values() for rhythm in known}
    return Offering(plans, products, chosen, currencies, len(rhythms) > 1)


def sold_at(product: Product, prices: Mapping[str, Price]) -> Sold:
    """A product with what it is offered at, by rhythm: at once, in instalments, or either."""
    once, plan = prices.get(Interval.ONCE), prices.get(Interval.PLAN)
    if once is None and plan is not None:
        return Sold(product, plan)
    return Sold(product, prices[Interval.ONCE], plan)


def lines_of(text: str) -> list[str]:
    """What was typed one per line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def choose_currency(prices: Collection[Price], wanted: str) -> tuple[str, list[str]]:
    """The currency that was asked for if something is offered in it, else the usual; and all."""
    codes = [price.currency for price in prices]
    all_codes = sorted(set(codes))
    # Where two have as many prices, the author's first.
    usual = max(all_codes, key=lambda code: (codes.count(code), -codes.index(code)), default="")
    return (wanted.lower() if wanted.lower() in all_codes else usual), all_codes


def answers(text: str) -> list[tuple[str, str]]:
    """The author's questions and answers: blocks between empty lines, the question first."""
    blocks = [block.strip() for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n"))]
    pairs = (block.partition("\n") for block in blocks if block)
    return [(question.strip(), answer.strip()) for question, _mark, answer in pairs]


def price_in_words(price: Price) -> str:
    """ "€6 a month", "€60 a year", "€49, once"."""
    amount = show_amount(price.amount, price.currency)
    if price.interval == Interval.MONTH:
        return _("%(amount)s a month") % {"amount": amount}
    if price.interval == Interval.YEAR:
        return _("%(amount)s a year") % {"amount": amount}
    if price.interval == Interval.PLAN:
        said = _("%(count)s monthly payments of %(amount)s")
        return said % {"count": price.instalments, "amount": amount}
    return _("%(amount)s, once") % {"amount": amount}


def trial_in_words(days: int) -> str:
    """ "The first 14 days are free", or nothing."""
    if not days:
        return ""
    return ngettext("The first day is free.", "The first %(days)s days are free.", days) % {
        "days": days
    }


def cheapest_in_words(tier_ids: Collection[int] = ()) -> str:
    """ "From €6 a month, or €60 a year": the least that opens something. "" if nothing is sold.

    `tier_ids`: only these tiers count; none means any that is on offer. One query.
    """
    if not is_open():
        return ""
    prices = offered_prices().filter(tier__is_listed=True)
    if tier_ids:
        prices = offered_prices().filter(tier__in=tier_ids)
    known = list(prices)
    if not known:
        return ""
    usual, _all = choose_currency(known, "")
    least: dict[str, Price] = {}
    for price in known:
        if price.currency == usual and (
            price.interval not in least or price.amount < least[price.interval].amount
        ):
            least[price.interval] = price
    monthly, yearly = least.get(Interval.MONTH), least.get(Interval.YEAR)
    is_range = len({price.tier_id for price in known}) > 1
    if monthly and yearly:
        words = _("%(monthly)s, or %(yearly)s") % {
            "monthly": price_in_words(monthly),
            "yearly": price_in_words(yearly),
        }
    else:
        words = price_in_words(next(iter(least.values())))
    return _("From %(price)s") % {"price": words} if is_range else words


@dataclass(frozen=True, slots=True)
class Upgrade:
    """Another tier for somebody who has one: what it costs, beside what they pay."""

    tier: str
    yours: str
    says: str
    url: str
    is_dearer: bool


def find_upgrade(user: User, tier_ids: Collection[int]) -> Upgrade | None:
    """The cheapest of `tier_ids` in the rhythm and currency of a running subscription.

    None where there is no subscription (a comp, say) or nothing to change to. Two queries.
    """
    membership = live_memberships(user).first() if is_open() else None
    if membership is None:
        return None
    old = membership.price
    fitting = offered_prices(currency=old.currency).filter(tier__in=tier_ids, interval=old.interval)
    price = fitting.order_by("amount", "pk").first()
    if price is None:
        return None
    return Upgrade(
        tier=str(price.tier),
        yours=membership.tier.name,
        says=_beside(old, price),
        url=reverse("payments:change-plan", args=[membership.pk, price.pk]),
        is_dearer=price.amount > old.amount,
    )


def _beside(old: Price, new: Price) -> str:
    """ "€15 a month: €10 more than now"."""
    difference = new.amount - old.amount
    words = {"price": price_in_words(new), "by": show_amount(abs(difference), new.currency)}
    if difference == 0:
        return _("%(price)s, as much as now") % words
    if difference < 0:
        return _("%(price)s: %(by)s less than now") % words
    return _("%(price)s: %(by)s more than now") % words
