"""What is offered, and bringing it to Stripe: once, and told how it stands."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from newsletter.memberships.actions import save_tier
from newsletter.memberships.models import Product, Tier
from newsletter.outbox.models import OutgoingEmail
from newsletter.payments import actions, tasks
from newsletter.payments.enums import Interval
from newsletter.payments.gateway import get_gateway
from newsletter.payments.models import Coupon, Price
from newsletter.payments.queries import default_currency, offered_prices
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.memberships import TierFactory
from tests.factories.payments import offer
from tests.newsletter.payments.shop import Shop

pytestmark = pytest.mark.django_db


def test_a_price_is_pushed_with_its_tier_once(stripe) -> None:
    tier = TierFactory()
    price = offer(tier, 600)
    actions.push_price(price=price)
    tier.refresh_from_db()
    assert price.sync_state == "synced"
    assert tier.stripe_product_id == stripe.all("product")[0]["id"]
    assert [each["unit_amount"] for each in stripe.all("price")] == [600]


def test_a_lost_answer_makes_nothing_twice(stripe) -> None:
    stripe.break_next("lost", None, "lost")  # the answers, not the deeds
    offer(TierFactory(), 600)
    assert len(stripe.all("product")) == len(stripe.all("price")) == 1


def test_what_was_rewritten_after_a_lost_answer_is_pushed_all_the_same(stripe) -> None:
    tier, staff = TierFactory(name="黄金"), StaffFactory()
    stripe.break_next(*["lost"] * 3)
    price = offer(tier, 600)
    assert price.sync_state == "pending"
    for tier.name, tier.description in (("白银", ""), ("白银", "With a letter each week")):
        save_tier(actor=staff, tier=tier)
        price.refresh_from_db()
        assert actions.push_price(price=price).sync_state == "synced"


def test_another_amount_is_a_new_price_and_who_pays_the_old_one_goes_on(shop: Shop) -> None:
    membership = shop.join()
    new = offer(shop.goods.basic, 800)
    membership.price.refresh_from_db()
    assert (membership.price.state, membership.price.amount) == ("archived", 500)
    tasks.push_catalogue()
    assert not shop.stripe.read(membership.price.stripe_id)["active"]
    shop.stripe.renew(membership.stripe_id)
    shop.hear()
    assert shop.membership().amount == 500
    assert new in offered_prices(currency="EUR")
    assert membership.price not in offered_prices()


def test_the_same_price_again_changes_nothing(stripe) -> None:
    tier = TierFactory()
    assert offer(tier, 600) == offer(tier, 600)
    assert Price.objects.count() == 1


def test_stripe_away_waits_stripes_no_is_shown(stripe) -> None:
    stripe.break_next(*["time-out"] * 3)
    price = offer(TierFactory(), 600)
    assert price.sync_state == "pending"
    tasks.push_catalogue()
    price.refresh_from_db()
    assert price.sync_state == "synced"
    stripe.break_next(400)
    refused = offer(TierFactory(), 700)
    assert (refused.sync_state, bool(refused.sync_error)) == ("failed", True)


@pytest.mark.parametrize(
    ("amount", "currency", "interval"),
    [(0, "eur", "month"), (5, "euro", "month"), (5, "eur", "once")],
)
def test_what_cannot_be_a_price_is_refused(
    stripe, amount: int, currency: str, interval: str
) -> None:
    with pytest.raises(ValidationError):
        offer(TierFactory(), amount, interval, currency)


def test_readers_change_nothing(stripe) -> None:
    price, reader = offer(TierFactory(), 600), UserFactory()
    with pytest.raises(PermissionDenied):
        actions.set_price(
            actor=reader, sold=price.tier, interval=Interval.MONTH, amount=1, currency="eur"
        )
    with pytest.raises(PermissionDenied):
        actions.archive_price(actor=reader, price=price)
    with pytest.raises(PermissionDenied):
        actions.save_coupon(actor=reader, coupon=Coupon(name="x", code="xxx"))


def test_a_coupon_is_pushed_and_taken_back(stripe) -> None:
    author = StaffFactory()
    coupon = Coupon(
        name="Spring", code="spring 26", kind="percent", percent=20, duration="repeating", months=3
    )
    actions.save_coupon(actor=author, coupon=coupon)
    actions.push_coupon(coupon=coupon)
    assert (coupon.code, coupon.sync_state) == ("SPRING26", "synced")
    code = stripe.read(coupon.stripe_promotion_code_id)
    assert (code["code"], code["active"]) == ("SPRING26", True)
    actions.archive_coupon(actor=author, coupon=coupon)
    assert not stripe.read(coupon.stripe_promotion_code_id)["active"]


@pytest.mark.parametrize(
    "fields",
    [
        {"code": "x"}, {"percent": 0}, {"percent": 101}, {"duration": "repeating"},
        {"kind": "amount", "percent": None}, {"months": 3},
    ],
)  # fmt: skip
def test_a_coupon_that_means_nothing_is_refused(fields) -> None:
    coupon = Coupon(**{"name": "C", "code": "CODE", "kind": "percent", "percent": 10, **fields})
    with pytest.raises(ValidationError):
        actions.save_coupon(actor=StaffFactory(), coupon=coupon)


def test_products_of_stripe_can_be_adopted(stripe) -> None:
    gateway = get_gateway()
    made = gateway.push_product(key="k1", product_id=None, name="Old tier")
    for number, amount in enumerate((400, 500)):
        gateway.push_price(
            key=f"p{number}", product_id=made.id, amount=amount, currency="eur", interval="month"
        )
    once = gateway.push_product(key="k2", product_id=None, name="Old book")
    gateway.push_price(key="p9", product_id=once.id, amount=900, currency="eur", interval=None)
    assert {each.product.name for each in actions.list_adoptable()} == {"Old tier", "Old book"}
    author = StaffFactory()
    tier = actions.adopt_product(actor=author, stripe_product_id=made.id)
    book = actions.adopt_product(actor=author, stripe_product_id=once.id)
    assert (type(tier), type(book)) == (Tier, Product)
    assert actions.adopt_product(actor=author, stripe_product_id=made.id) == tier
    assert sorted(tier.prices.values_list("state", flat=True)) == ["active", "archived"]
    assert list(actions.list_adoptable()) == []
    assert default_currency() == "eur"


@pytest.mark.parametrize(("days", "mails"), [(1, ["membership_started"]), (400, [])])
def test_who_has_paid_for_long_is_not_welcomed_when_a_product_is_taken_over(
    shop: Shop, days: int, mails: list[str]
) -> None:
    shop.buy()
    shop.stripe.take_events(drop=1.0)
    with shop.stripe.world.store.transaction():
        for each in shop.stripe.world.store.find("subscription"):
            each["start_date"] -= days * 86_400
            shop.stripe.world.put(each)
    actions.reconcile()
    assert shop.has(shop.goods.basic)
    assert list(OutgoingEmail.objects.values_list("kind", flat=True)) == mails
    # What happens from now on is told.
    shop.stripe.cancel_now(shop.membership().stripe_id)
    shop.hear()
    kinds = OutgoingEmail.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == [*mails, "membership_ended"]
