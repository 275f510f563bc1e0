"""What a course brings in: at once, in instalments, and as a part of a bundle."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from courses.figures import income_of, part_of
from courses.models import (
    Course,
)
from newsletter.payments.models import Instalment, Order, PaymentPlan, Price
from tests.courses.desk.conftest import staff_with
from tests.courses.desk.test_preview_calendar_figures import figures
from tests.factories.accounts import UserFactory
from tests.factories.courses import (
    ProductFactory,
    make_course,
)

pytestmark = pytest.mark.django_db


def test_what_its_products_brought_in(desk: Client) -> None:
    alone, bundle = ProductFactory(name="Alone"), ProductFactory(name="Both")
    course = make_course(1, access="products", products=[alone, bundle])
    make_course(1, title="The other", access="products", products=[bundle])
    for product, amount, back, status in (
        (alone, 9000, 0, "paid"),
        (alone, 9000, 9000, "refunded"),
        (bundle, 12000, 0, "lost"),
        (alone, 9000, 0, "pending"),
        (ProductFactory(), 5000, 0, "paid"),
    ):
        Order.objects.create(
            user=UserFactory(),
            kind="product",
            product=product,
            amount=amount,
            currency="eur",
            refunded_amount=back,
            status=status,
            paid_at=timezone.now() if status != "pending" else None,
        )
    page = figures(desk, course)
    assert "€180" in page
    # Its half of the bundle, which was lost; and what the whole was.
    assert "A bundle, with: The other. Paid for all of them: €120" in page
    assert "€60" in page
    assert "divided into equal parts" in page
    assert "€50" not in page
    orders = f"{reverse('admin:newsletter_order_changelist')}?product__id__exact={alone.pk}"
    assert orders in page
    assert desk.get(orders).status_code == 200
    # Money is for those who see it elsewhere.
    assert "€180" not in figures(staff_with("view_enrolment"), course)


def test_a_plan_in_instalments_counts_as_one_sale_with_what_came_so_far() -> None:
    product = ProductFactory()
    course = make_course(1, access="products", products=[product])
    price = Price.objects.create(
        product=product, interval="plan", amount=3000, currency="eur", instalments=3
    )
    for number in (1, 2):
        plan = PaymentPlan.objects.create(
            user=UserFactory(),
            product=product,
            price=price,
            stripe_id=f"sub_{number}",
            status="active",
            instalments=3,
            amount=3000,
            currency="eur",
            started_at=timezone.now(),
        )
        # The second plan's bank took its second payment back; its third has not come.
        for payment, back, dispute, paid in (
            (1, 500, "", True),
            (2, 0, "lost", True),
            (3, 0, "", False),
        ):
            Instalment.objects.create(
                plan=plan,
                stripe_payment_intent_id=f"pi_{number}_{payment}",
                amount=3000,
                amount_received=3000 if paid else 0,
                refunded_amount=back,
                currency="eur",
                dispute=dispute if number == 2 else "",
                paid_at=timezone.now() if paid else None,
            )
    Order.objects.create(
        user=UserFactory(),
        kind="product",
        product=product,
        amount=8000,
        currency="eur",
        status="paid",
        paid_at=timezone.now(),
    )
    (line,) = income_of(course)
    assert (line.sold, line.came, line.given_back, line.stays) == (3, "€200", "€40", "€160")


@pytest.mark.parametrize("amount", [0, 1, 2, 3, 10_000, 9_999, 12_345_678])
@pytest.mark.parametrize("parts", [1, 2, 3, 7])
def test_the_parts_of_a_bundle_are_the_whole(amount: int, parts: int) -> None:
    shares = [part_of(amount, place, parts) for place in range(parts)]
    assert sum(shares) == amount
    assert max(shares) - min(shares) <= 1
    assert shares == sorted(shares, reverse=True)


def test_a_bundle_is_divided_over_its_courses_and_nothing_is_lost() -> None:
    bundle = ProductFactory()
    courses = [make_course(1, access="products", products=[bundle]) for _each in range(3)]
    # The last one stands first in the catalogue.
    Course.objects.exclude(pk=courses[2].pk).update(position=5)
    for amount, back, currency in ((10_000, 0, "eur"), (10_000, 500, "eur"), (1_000, 0, "jpy")):
        Order.objects.create(
            user=UserFactory(),
            kind="product",
            product=bundle,
            amount=amount,
            currency=currency,
            refunded_amount=back,
            status="paid",
            paid_at=timezone.now(),
        )
    lines = [income_of(course) for course in courses]
    shown = [
        [(line.sold, line.came, line.given_back, line.stays) for line in each] for each in lines
    ]
    assert shown[2] == [(2, "€66.67", "€1.67", "€65"), (1, "¥334", "", "¥334")]
    assert shown[0] == [(2, "€66.67", "€1.67", "€65"), (1, "¥333", "", "¥333")]
    assert shown[1] == [(2, "€66.66", "€1.66", "€65"), (1, "¥333", "", "¥333")]
    assert {line.whole for each in lines for line in each} == {"€200", "¥1,000"}


def test_what_is_sold_alone_says_nothing_of_bundles(desk: Client) -> None:
    course = make_course(1, access="products", products=[ProductFactory()])
    assert "divided into equal parts" not in figures(desk, course)
