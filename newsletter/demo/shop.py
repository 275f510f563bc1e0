"""What the demo publication sells: two plans, a handbook that is bought once, and an offer."""

from __future__ import annotations

from typing import Any

from newsletter.accounts.models import User
from newsletter.demo.reading import TierContent
from newsletter.memberships.actions import save_product, save_tier
from newsletter.memberships.models import Product, Tier
from newsletter.payments.actions import push_waiting, save_coupon, set_price
from newsletter.payments.enums import DiscountDuration, DiscountKind, Interval
from newsletter.payments.gateway import is_demo
from newsletter.payments.models import Coupon

_READER_BENEFITS = """Every long piece, to its end
The sheets and letters that go with them
The archive since the first Tuesday
Four issues a year to print and keep"""
_PATRON_BENEFITS = """Everything that readers have
A seat at the table: two evenings a year, by video
Your name in the printed issues, if you like"""

_HANDBOOK = (
    "Ninety pages of sums, scripts and sheets for setting a price and keeping it. As a book to "
    "print, and as files to fill in."
)
FREE_BENEFITS = """The letter every other Tuesday
A clause taken apart on the first Friday
The free part of everything here"""
_OFFER: dict[str, Any] = {
    "name": "First winter",
    "slug": "first-winter",
    "headline": "The first winter at half price",
    "pitch": "Long evenings are for long pieces. Come in now, read all of it, and decide in spring "
    "whether it is worth the whole price to you.",
    "kind": DiscountKind.PERCENT,
    "percent": 50,
    "duration": DiscountDuration.REPEATING,
    "months": 3,
}


def open_shop(content: TierContent, author: User) -> Tier:
    """Make plans and product with their prices; returns the plan that paid articles ask for."""
    reader = save_tier(
        actor=author,
        tier=Tier(
            name=content.name,
            slug=content.slug,
            description=content.description,
            benefits=_READER_BENEFITS,
            trial_days=14,
        ),
    )
    patron = save_tier(
        actor=author,
        tier=Tier(
            name="Patron",
            slug="patron",
            description="For those who can carry a little more of it, so that others read free.",
            benefits=_PATRON_BENEFITS,
            position=1,
        ),
    )
    handbook = save_product(
        actor=author,
        product=Product(
            name="The Rate Handbook",
            slug="rate-handbook",
            description=_HANDBOOK,
        ),
    )
    for sold, interval, amount, currency in (
        (reader, Interval.MONTH, 600, "eur"),
        (reader, Interval.YEAR, 6000, "eur"),
        (patron, Interval.MONTH, 1500, "eur"),
        (patron, Interval.YEAR, 15000, "eur"),
        (handbook, Interval.ONCE, 2900, "eur"),
        (reader, Interval.MONTH, 700, "usd"),
        (reader, Interval.YEAR, 7000, "usd"),
        (patron, Interval.MONTH, 1700, "usd"),
        (patron, Interval.YEAR, 17000, "usd"),
    ):
        set_price(actor=author, sold=sold, interval=interval, amount=amount, currency=currency)
    save_coupon(actor=author, coupon=Coupon(tier=reader, **_OFFER))
    return reader


def stock_shop() -> None:
    """Bring the prices to the stand-in for Stripe. Real ones wait for the worker's own round."""
    if is_demo():
        push_waiting()
