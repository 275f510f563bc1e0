"""What it takes to get into a course, in words and with the ways there: for catalogue and pages.

Prices are read for many courses at once. What somebody holds already is not asked here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from courses.addresses import course_path
from courses.enums import CourseAccess
from courses.models import Course
from newsletter.payments.enums import Interval
from newsletter.payments.gateway import is_open
from newsletter.payments.models import Price
from newsletter.payments.offering import Sold, choose_currency, price_in_words, sold_at
from newsletter.payments.queries import offered_prices


@dataclass(frozen=True, slots=True)
class Way:
    """One way in: what it is called, what it costs, and where its button leads."""

    name: str
    says: str
    button: str
    url: str


@dataclass(frozen=True, slots=True)
class CourseOffer:
    """How one gets into a course. `label` fits into a line of small print.

    `ways` are what can be bought now, the cheapest that is bought once first; `prices` what is
    bought once, for search engines.
    """

    label: str
    ways: tuple[Way, ...] = ()
    prices: tuple[Price, ...] = ()

    @property
    def says(self) -> str:
        """The price of the first way."""
        return self.ways[0].says if self.ways else ""


def offers_for(courses: Iterable[Course]) -> dict[int, CourseOffer]:
    """The offers of courses by id, whose tiers and products are prefetched. One query at most."""
    everything = list(courses)
    sold = [course for course in everything if course.access not in _FREE]
    products = {product.pk for course in sold for product in course.products.all()}
    tiers = {
        tier.pk
        for course in sold
        if course.access == CourseAccess.TIERS
        for tier in course.tiers.all()
    }
    wanted = Q(product__in=products) | Q(tier__in=tiers)
    if any(course.access == CourseAccess.PAID for course in sold):
        wanted |= Q(tier__is_listed=True)
    prices = list(offered_prices().filter(wanted)) if sold and is_open() else []
    return {course.pk: _offer_of(course, prices) for course in everything}


_FREE = frozenset({CourseAccess.FREE, CourseAccess.ADDRESS})


def _offer_of(course: Course, prices: list[Price]) -> CourseOffer:
    if course.access == CourseAccess.FREE:
        return CourseOffer(_("Free"))
    if course.access == CourseAccess.ADDRESS:
        return CourseOffer(_("Free for your address"))
    back = {"next": course_path(course)}
    sold = _sold_alone(course, prices)
    alone = tuple(way for each in sold for way in _ways_to_buy(each, back, is_only=len(sold) == 1))
    member = _membership(course, prices, back)
    return CourseOffer(
        label=_label(course, alone[0].says if alone else ""),
        ways=(*alone, *((member,) if member else ())),
        prices=tuple(each.price for each in sold if each.price.interval == Interval.ONCE),
    )


def _sold_alone(course: Course, prices: list[Price]) -> list[Sold]:
    """Its products with what each costs in the usual currency, the cheapest first."""
    products = {product.pk: product for product in course.products.all()}
    found = [price for price in prices if price.product_id in products]
    usual, _all = choose_currency(found, "")
    by_product: defaultdict[int, dict[str, Price]] = defaultdict(dict)
    for price in found:
        if price.currency == usual and price.product_id is not None:
            by_product[price.product_id][price.interval] = price
    sold = [sold_at(products[pk], known) for pk, known in by_product.items()]
    return sorted(sold, key=lambda each: (_total(each.price), each.product.pk))


def _total(price: Price) -> int:
    return price.amount * (price.instalments or 1)


def _ways_to_buy(sold: Sold, back: dict[str, str], *, is_only: bool) -> Iterator[Way]:
    """At once and, where that is offered too, in instalments."""
    for price in filter(None, (sold.price, sold.plan)):
        says = price_in_words(price)
        if price.interval == Interval.PLAN:
            button = _("Pay in instalments")
        elif is_only:
            button = _("Buy it for %(price)s") % {"price": says}
        else:
            button = _("Buy %(name)s") % {"name": sold.product}
        url = f"{reverse('payments:start-checkout', args=[price.pk])}?{urlencode(back)}"
        yield Way(name=sold.product.name, says=says, button=button, url=url)


def _membership(course: Course, prices: list[Price], back: dict[str, str]) -> Way | None:
    """What the cheapest membership costs that opens the course."""
    if course.access == CourseAccess.PAID:
        found = [price for price in prices if price.tier is not None and price.tier.is_listed]
    elif course.access == CourseAccess.TIERS:
        ids = {tier.pk for tier in course.tiers.all()}
        found = [price for price in prices if price.tier_id in ids]
    else:
        return None
    if not found:
        return None
    usual, _all = choose_currency(found, "")
    by_rhythm: defaultdict[str, list[Price]] = defaultdict(list)
    for price in found:
        if price.currency == usual:
            by_rhythm[price.interval].append(price)
    rhythm = Interval.MONTH if Interval.MONTH in by_rhythm else next(iter(by_rhythm))
    least = min(by_rhythm[rhythm], key=lambda price: price.amount)
    says = price_in_words(least)
    if len({price.tier_id for price in found}) > 1:
        says = _("from %(price)s") % {"price": says}
    name = _("A membership") if course.access == CourseAccess.PAID else _tier_names(course)
    return Way(
        name=name,
        says=says,
        button=_("See the plans"),
        url=f"{reverse('payments:show-plans')}?{urlencode(back)}",
    )


def _tier_names(course: Course) -> str:
    return _(" or ").join(tier.name for tier in course.tiers.all())


def _label(course: Course, alone: str) -> str:
    """`alone`: what it costs by itself."""
    if course.access == CourseAccess.PAID:
        words = _("For paying members")
    elif course.access == CourseAccess.TIERS:
        words = _("With %(tiers)s") % {"tiers": _tier_names(course)}
    else:
        return alone or _("Not for sale at the moment")
    return _("%(words)s, or %(price)s") % {"words": words, "price": alone} if alone else words
