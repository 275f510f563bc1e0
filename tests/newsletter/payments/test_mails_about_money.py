"""What the mails about money promise is what happens."""

from __future__ import annotations

from datetime import timedelta

import pytest

from newsletter.outbox.models import OutgoingEmail
from newsletter.payments import actions
from newsletter.payments.models import Coupon
from tests.factories.accounts import StaffFactory
from tests.newsletter.payments.shop import Shop, give

pytestmark = pytest.mark.django_db


def text_of(kind: str) -> str:
    """The one mail of this kind, on one line."""
    return " ".join(OutgoingEmail.objects.get(kind=kind).text.split())


@pytest.mark.parametrize(
    ("goods", "months", "renews_for"),
    [
        ("basic_year", 3, "€50"),
        ("basic_month", 1, "€5"),
        ("basic_month", 3, "€2.50"),
        ("basic_year", None, "€25"),
    ],
)
def test_a_renewal_is_announced_at_what_it_will_cost(
    shop: Shop, goods: str, months: int | None, renews_for: str
) -> None:
    """A coupon that ends before the next payment takes nothing off that."""
    half = Coupon(name="Half", code="half", kind="percent", percent=50, months=months)
    half.duration = "repeating" if months else "forever"
    half = actions.push_coupon(coupon=actions.save_coupon(actor=StaffFactory(), coupon=half))
    price = getattr(shop.goods, goods)
    shop.join(price, coupon=half)
    assert f"for {renews_for}. You can" in text_of("membership_started")
    shop.stripe.advance(timedelta(days=366 if price.interval == "year" else 32))
    shop.hear()
    bill = shop.stripe.read(shop.membership().latest_invoice_id)
    assert renews_for == f"€{bill['total'] / 100:.2f}".removesuffix(".00")


def test_the_giver_reads_what_is_given_to_whom(shop: Shop) -> None:
    give(shop)
    assert "3 months of Reader for friend@example.com. It is" in text_of("order_paid")


@pytest.mark.parametrize("is_overdue", [False, True])
def test_a_cancellation_promises_what_is_kept(shop: Shop, is_overdue: bool) -> None:
    membership = shop.join()
    if is_overdue:
        shop.stripe.fail_payment(membership.stripe_id)
        shop.hear()
    actions.cancel_membership(actor=shop.reader, membership=shop.membership())
    text = text_of("membership_cancelled")
    assert ("nothing more is charged" in text) != is_overdue
    assert ("Everything stays open to you" in text) != is_overdue
    assert ("€5 that did not go through stays owed" in text) == is_overdue
