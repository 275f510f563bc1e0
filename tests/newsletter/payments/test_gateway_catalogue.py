"""Pushing the author's offers, adopting what is there, through the real SDK."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from newsletter.payments.gateway import GatewayRefused, get_gateway, is_ours


def test_a_product_is_made_once_and_then_kept_up_to_date(stripe):
    gateway = get_gateway()
    first, again = (
        gateway.push_product(key="tier-1", product_id=None, name="Gold", description="All of it")
        for _twice in range(2)
    )
    assert first == again
    assert is_ours(first.metadata)
    renamed = gateway.push_product(
        key="tier-1", product_id=first.id, name="Golden", is_active=False, metadata={"tier": "1"}
    )
    assert (renamed.name, renamed.description, renamed.is_active) == ("Golden", "", False)
    assert renamed.metadata == {"masthead": "1", "tier": "1"}
    assert gateway.fetch_product(first.id) == renamed
    assert len(stripe.all("product")) == 1


def test_an_answer_that_was_lost_makes_no_second_product(stripe):
    stripe.break_next("lost")
    made = get_gateway().push_product(key="tier-1", product_id=None, name="Gold")
    assert [each["id"] for each in stripe.all("product")] == [made.id]


@pytest.mark.parametrize("interval", ["month", "year", None])
def test_a_price_is_made_and_archived(account, interval):
    price = account.price(1250, interval)
    assert (price.amount, price.currency, price.interval) == (1250, "eur", interval)
    assert price.is_active
    assert not price.is_unusual
    assert price.product_id == account.product.id
    assert not account.gateway.archive_price(price.id).is_active
    assert not account.gateway.fetch_price(price.id).is_active


def test_what_is_there_already_can_be_adopted(account, stripe):
    stripe.add_foreign_subscription()
    account.gateway.archive_price(account.year.id)
    names = {each.name: each for each in account.gateway.list_products()}
    assert set(names) == {"Supporter", "Something else"}
    assert not is_ours(names["Something else"].metadata)
    prices = {each.id for each in account.gateway.list_prices(account.product.id)}
    assert prices == {account.month.id, account.once.id}
    foreign = list(account.gateway.list_prices(names["Something else"].id))
    assert [(each.amount, each.interval) for each in foreign] == [(900, "month")]


def test_every_page_of_the_catalogue_is_read(account):
    for _each in range(103):
        account.price(700, "month")
    assert len(list(account.gateway.list_prices(account.product.id))) == 106


@pytest.mark.parametrize(
    "recurring", [{"interval": "week"}, {"interval": "month", "interval_count": "3"}]
)
def test_prices_that_we_cannot_mirror_say_so(account, stripe, recurring):
    from newsletter.payments.fake import objects

    with stripe.world.store.transaction():
        made = stripe.world.put(
            objects.price(
                stripe.world,
                {"currency": "eur", "unit_amount": 300, "recurring": recurring},
                account.product.id,
            )
        )
    assert account.gateway.fetch_price(made["id"]).is_unusual


@pytest.mark.parametrize(
    ("discount", "kept"),
    [
        ({"percent": 20}, {"percent_off": 20.0, "duration": "once"}),
        (
            {"percent": 20, "duration": "repeating", "months": 3},
            {"duration": "repeating", "duration_in_months": 3},
        ),
        (
            {"amount": 500, "currency": "EUR", "duration": "forever"},
            {"amount_off": 500, "currency": "eur"},
        ),
    ],
)
def test_a_coupon_is_a_coupon_and_a_code(account, stripe, discount, kept):
    until = datetime.now(UTC) + timedelta(days=30)
    made = account.gateway.push_coupon(
        key="c-1",
        name="Spring",
        code="SPRING",
        max_redemptions=100,
        expires_at=until,
        product_ids=(account.product.id,),
        **discount,
    )
    coupon, code = stripe.read(made.coupon_id), stripe.read(made.promotion_code_id)
    assert {key: coupon[key] for key in kept} == kept
    assert coupon["applies_to"] == {"products": [account.product.id]}
    assert (code["code"], code["max_redemptions"]) == ("SPRING", 100)
    assert code["expires_at"] == int(until.timestamp())
    assert account.gateway.fetch_coupon(made.promotion_code_id) == made


def test_a_code_is_taken_once_and_free_again_when_archived(account):
    first = account.gateway.push_coupon(key="c-1", name="A", code="SPRING", percent=10)
    with pytest.raises(GatewayRefused, match="already exists"):
        account.gateway.push_coupon(key="c-2", name="B", code="spring", percent=10)
    assert not account.gateway.archive_coupon(first.promotion_code_id).is_active
    assert account.gateway.push_coupon(key="c-3", name="B", code="SPRING", percent=10).is_active
