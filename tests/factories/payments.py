"""What is sold, with its prices at the stand-in for Stripe."""

from __future__ import annotations

from dataclasses import dataclass

import factory

from newsletter.accounts.models import User
from newsletter.memberships.models import Product, Tier
from newsletter.payments.actions import push_price, set_price
from newsletter.payments.enums import Interval
from newsletter.payments.models import Price
from tests.factories.accounts import StaffFactory
from tests.factories.memberships import TierFactory


class ProductFactory(factory.django.DjangoModelFactory[Product]):
    """A product that is sold."""

    class Meta:
        model = Product

    name = factory.Sequence(lambda n: f"Product {n}")
    slug = factory.Sequence(lambda n: f"product-{n}")


def offer(
    sold: Tier | Product,
    amount: int,
    interval: str = "month",
    currency: str = "eur",
    instalments: int | None = None,
) -> Price:
    """A price of `sold`, pushed to whatever Stripe the settings lead to."""
    author = User.objects.filter(is_staff=True).first() or StaffFactory()
    price = set_price(
        actor=author,
        sold=sold,
        interval=Interval(interval),
        amount=amount,
        currency=currency,
        instalments=instalments,
    )
    return push_price(price=price)


@dataclass
class Catalogue:
    """Two tiers, a product, and their prices."""

    basic: Tier
    patron: Tier
    course: Product
    basic_month: Price
    basic_year: Price
    patron_month: Price
    patron_year: Price
    course_price: Price


def make_catalogue(*, trial_days: int = 0) -> Catalogue:
    """Offer two tiers by month and year, and a product."""
    basic = TierFactory(name="Reader", slug="reader", trial_days=trial_days)
    patron = TierFactory(name="Patron", slug="patron")
    course = ProductFactory(name="A course", slug="a-course")
    return Catalogue(
        basic=basic,
        patron=patron,
        course=course,
        basic_month=offer(basic, 500),
        basic_year=offer(basic, 5000, "year"),
        patron_month=offer(patron, 1500),
        patron_year=offer(patron, 15000, "year"),
        course_price=offer(course, 4900, "once"),
    )
