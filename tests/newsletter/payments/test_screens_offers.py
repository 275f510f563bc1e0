"""Offers by link: their own page, and the discount carried to the payment page."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from newsletter.payments import actions
from newsletter.payments.discounts import deal_in_words, lowered
from newsletter.payments.models import Checkout, Coupon, Price
from tests.factories.accounts import StaffFactory
from tests.factories.payments import offer
from tests.newsletter.payments.shop import soon

pytestmark = pytest.mark.django_db


def make_offer(**fields: Any) -> Coupon:
    made = {
        "name": "Winter", "slug": "winter", "headline": "A winter at half price",
        "kind": "percent", "percent": 50, **fields,
    }  # fmt: skip
    coupon = actions.save_coupon(actor=StaffFactory(), coupon=Coupon(**made))
    return actions.push_coupon(coupon=coupon)


def order_url(price: Price, slug: str = "winter") -> str:
    return f"{reverse('payments:start-checkout', args=[price.pk])}?offer={slug}"


def test_the_page_shows_the_lower_price_and_sets_no_cookie(shop, client: Client) -> None:
    make_offer(tier=shop.goods.basic)
    answer = client.get("/offers/winter/")
    page = answer.content.decode()
    assert "A winter at half price" in page
    assert "€2.50 for the first month, then €5 a month" in page
    assert "€25 for the first year, then €50 a year" in page
    assert "Patron" not in page
    assert order_url(shop.goods.basic_month) in page
    assert not answer.cookies


def test_the_link_carries_the_discount_into_the_payment_page(shop, client: Client) -> None:
    coupon = make_offer(tier=shop.goods.basic)
    url = order_url(shop.goods.basic_month)
    page = client.get(url).content.decode()
    assert "€2.50 for the first month" in page
    assert 'name="code"' not in page
    client.post(url, {"email": "new@example.com", "offer": "winter"})
    checkout = Checkout.objects.get()
    session = shop.stripe.read(checkout.stripe_session_id)
    assert (checkout.coupon, session["amount_total"]) == (coupon, 250)
    # Who thinks better of it comes back to the offer.
    assert session["cancel_url"].endswith("/offers/winter/")
    shop.stripe.complete_checkout(checkout.stripe_session_id)
    shop.hear()
    assert shop.access(user=checkout.user).tier_ids == {shop.goods.basic.pk}


def test_whoever_must_sign_in_first_keeps_the_offer(shop, client: Client) -> None:
    make_offer()
    shop.buy(shop.goods.course_price)
    shop.hear()
    answer = client.post(order_url(shop.goods.basic_month), {"email": shop.reader.email})
    assert "offer%3Dwinter" in answer.headers["Location"]


@pytest.mark.parametrize(
    "end", [{"expires_at": soon(days=-1)}, {"max_redemptions": 0}, {"is_archived": True}]
)
def test_an_offer_that_is_over_says_so_and_sells_at_the_usual_price(
    shop, client: Client, end: dict[str, Any]
) -> None:
    coupon = make_offer()
    Coupon.objects.filter(pk=coupon.pk).update(**end)
    answer = client.get("/offers/winter/")
    assert answer.status_code == 410
    assert "This offer is over" in answer.content.decode()
    page = client.get(order_url(shop.goods.basic_month)).content.decode()
    assert "You see the usual price" in page
    assert "€5 a month" in page
    # Over between looking and pressing the button: nobody is sent on to another price.
    form = {"email": "new@example.com", "offer": "winter"}
    assert client.post(order_url(shop.goods.basic_month), form).status_code == 422
    assert not Checkout.objects.exists()


def test_an_offer_for_one_is_over_after_one(shop, client: Client) -> None:
    coupon = make_offer(max_redemptions=1)
    assert client.get("/offers/winter/").status_code == 200
    shop.join(coupon=coupon)
    assert client.get("/offers/winter/").status_code == 410


def test_an_unknown_offer_is_not_found(shop, client: Client) -> None:
    assert client.get("/offers/summer/").status_code == 404


def test_an_amount_off_counts_in_its_own_currency_alone(shop, client: Client) -> None:
    price = offer(shop.goods.basic, 700, currency="usd")
    coupon = make_offer(kind="amount", percent=None, amount=200, currency="eur")
    assert "$" not in client.get("/offers/winter/").content.decode()
    with pytest.raises(actions.CheckoutRefused):
        shop.start(price, coupon=coupon)


def test_a_percentage_counts_in_the_currency_one_chooses(shop, client: Client) -> None:
    offer(shop.goods.basic, 700, currency="usd")
    make_offer(tier=shop.goods.basic)
    assert "€2.50" in client.get("/offers/winter/").content.decode()
    page = client.get("/offers/winter/", {"currency": "usd"}).content.decode()
    assert "$3.50 for the first month" in page


def test_members_are_told_instead_of_sold_to(shop, client: Client) -> None:
    make_offer()
    shop.join()
    client.force_login(shop.reader)
    page = client.get("/offers/winter/").content.decode()
    assert "You are a member already" in page
    assert "/plans/buy/" not in page


@pytest.mark.parametrize(
    ("terms", "interval", "words"),
    [
        ({}, "month", "€5 for the first month, then €10 a month"),
        ({"duration": "repeating", "months": 3}, "month",
         "€5 a month for the first 3 months, then €10 a month"),
        ({"duration": "repeating", "months": 3}, "year", "€5 for the first year, then €10 a year"),
        ({"duration": "repeating", "months": 24}, "year",
         "€5 a year for the first 2 years, then €10 a year"),
        ({"duration": "forever"}, "month",
         "€5 a month for as long as you stay, instead of €10 a month"),
        ({"duration": "forever"}, "year",
         "€5 a year for as long as you stay, instead of €10 a year"),
        ({}, "once", "€5 instead of €10, once"),
    ],
)  # fmt: skip
def test_what_a_deal_says(terms: dict[str, Any], interval: str, words: str) -> None:
    coupon = Coupon(**{"kind": "percent", "percent": 50, "duration": "once", **terms})
    assert deal_in_words(coupon, Price(amount=1000, currency="eur", interval=interval)) == words


@pytest.mark.parametrize(
    ("coupon", "amount", "left"),
    [
        (Coupon(percent=15), 650, 552),
        (Coupon(percent=100), 650, 0),
        (Coupon(amount=500), 300, 0),
        (Coupon(amount=500), 1200, 700),
    ],
)
def test_s11_what_is_left_of_an_amount(coupon: Coupon, amount: int, left: int) -> None:
    assert lowered(coupon, amount) == left
