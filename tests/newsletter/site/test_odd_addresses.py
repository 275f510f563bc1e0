"""Addresses that no page of ours makes: answered as unknown, never with a fault of the site."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.newsletter.payments.shop import Shop, shop
from tests.stripe_contract.fixtures import stripe

__all__ = ["shop", "stripe"]

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("address", "status"),
    [
        # PostgreSQL takes no NUL in a text.
        ("/plans/success/?session_id=%00", 404),
        ("/plans/success/?session_id=cs%00", 404),
        ("/plans/buy/{price}/?offer=%00", 200),
        ("/plans/buy/{price}/?offer=a%00b", 200),
        ("/courses/-/certificates/a%00b/", 404),
        # Numbers that fit into no column, and that Python does not read.
        ("/search/?q=x&page=00019999999999999999999999", 404),
        (f"/search/?q=x&page=0001{'9' * 5000}", 404),
        ("/search/?q=x&page=2", 200),
    ],
)
def test_what_no_page_of_ours_links_to(shop: Shop, address: str, status: int) -> None:
    wanted = address.format(price=shop.goods.basic_month.pk)
    assert Client().get(wanted).status_code == status


def test_a_form_with_an_offer_that_is_none(shop: Shop) -> None:
    page = f"/plans/buy/{shop.goods.basic_month.pk}/"
    answer = Client().post(page, {"offer": "a\x00b"}, headers={"sec-fetch-site": "same-origin"})
    assert answer.status_code == 422
