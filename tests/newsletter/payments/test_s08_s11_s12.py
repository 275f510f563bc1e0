"""Other addresses, deleted customers, odd currencies, and grants beside a subscription."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.memberships.actions import grant_comp, revoke_grant
from newsletter.memberships.models import Grant
from newsletter.payments import actions
from newsletter.payments.models import Customer, Instalment
from tests.factories.accounts import StaffFactory
from tests.factories.payments import offer
from tests.newsletter.payments.shop import Shop, all_handled, soon

pytestmark = pytest.mark.django_db


def test_s08_another_address_at_stripe_changes_nothing_here(shop: Shop) -> None:
    membership = shop.join()
    address = shop.reader.email
    shop.stripe.change_address(shop.reader.customers.get().stripe_id, "other@example.org")
    shop.stripe.renew(membership.stripe_id)
    shop.hear()
    assert all_handled()
    shop.reader.refresh_from_db()
    assert shop.reader.email == address
    assert not User.objects.filter(email="other@example.org").exists()
    assert shop.membership().user == shop.reader


def test_s08_an_address_changed_here_keeps_the_membership(shop: Shop) -> None:
    membership = shop.join()
    User.objects.filter(pk=shop.reader.pk).update(email="moved@example.org")
    shop.stripe.renew(membership.stripe_id)
    shop.hear()
    assert shop.has(shop.goods.basic)
    assert User.objects.filter(is_staff=False).count() == 1


def test_s08_a_customer_deleted_at_stripe_ends_it_and_can_come_back(shop: Shop) -> None:
    shop.join()
    old = shop.reader.customers.get()
    shop.stripe.delete_customer(old.stripe_id)
    shop.hear(order="shuffled")
    assert all_handled()
    assert shop.membership().status == "canceled"
    assert not shop.has(shop.goods.basic, soon(seconds=2))
    old.refresh_from_db()
    assert old.deleted_at is not None
    shop.buy()
    shop.hear()
    assert shop.has(shop.goods.basic)
    assert Customer.objects.filter(user=shop.reader, deleted_at=None).count() == 1


def test_s08_a_deletion_that_nobody_told_of_does_not_stop_a_purchase(shop: Shop) -> None:
    shop.buy(shop.goods.course_price)
    shop.hear()
    shop.stripe.delete_customer(shop.reader.customers.get().stripe_id)
    shop.stripe.take_events(drop=1.0)
    shop.join()
    assert shop.has(shop.goods.basic)
    assert shop.owns(shop.goods.course)


@pytest.mark.parametrize(("currency", "amount"), [("jpy", 800), ("kwd", 1500), ("usd", 599)])
def test_s11_amounts_are_the_currencys_own_units(shop: Shop, currency: str, amount: int) -> None:
    membership = shop.join(offer(shop.goods.basic, amount, currency=currency))
    assert (membership.amount, membership.currency) == (amount, currency)
    assert Instalment.objects.get().amount_received == amount
    shop.stripe.refund(membership.stripe_id, amount // 2)
    shop.hear()
    assert shop.has(shop.goods.basic)
    shop.stripe.refund(membership.stripe_id)
    shop.hear()
    assert not shop.has(shop.goods.basic)


@pytest.mark.parametrize(
    ("currency", "bounds"),
    [
        ("eur", (100, 500_000)),
        ("jpy", (100, 500_000)),
        ("kwd", (1000, 5_000_000)),
        ("huf", (17_500, 500_000)),
        ("czk", (1500, 500_000)),
    ],
)
def test_s11_tips_have_bounds_in_every_currency(shop: Shop, currency: str, bounds) -> None:
    assert actions.tip_bounds(currency) == bounds
    least, most = bounds
    for amount in (least - 1, most + 1, -5, 0):
        with pytest.raises(actions.CheckoutRefused):
            actions.start_tip(user=shop.reader, amount=amount, currency=currency)
    page = actions.start_tip(user=shop.reader, amount=least, currency=currency, message="Thanks")
    shop.stripe.complete_checkout(page.stripe_session_id)
    shop.hear(order="doubled")
    order = shop.order()
    assert (order.status, order.amount, order.currency) == ("paid", least, currency)
    assert not Grant.objects.exists()


def test_tips_can_be_switched_off(shop: Shop, settings) -> None:
    settings.TIPS_ENABLED = False
    with pytest.raises(actions.CheckoutRefused):
        actions.start_tip(user=shop.reader, amount=500, currency="eur")


def test_s12_a_comp_outlives_the_subscription_beside_it(shop: Shop) -> None:
    author = StaffFactory()
    comp = grant_comp(actor=author, user=shop.reader, tier=shop.goods.basic)
    membership = shop.join()
    shop.stripe.cancel_now(membership.stripe_id)
    shop.hear()
    assert shop.has(shop.goods.basic, soon(days=400))
    revoke_grant(actor=author, grant=comp)
    assert not shop.has(shop.goods.basic, soon(seconds=2))


def test_s12_the_subscription_outlives_the_comp(shop: Shop) -> None:
    author = StaffFactory()
    comp = grant_comp(actor=author, user=shop.reader, tier=shop.goods.basic, ends_at=soon(days=3))
    membership = shop.join()
    assert shop.has(shop.goods.basic, soon(days=4))
    revoke_grant(actor=author, grant=comp)
    shop.stripe.renew(membership.stripe_id)
    shop.hear()
    assert shop.has(shop.goods.basic)


def test_what_staff_revoked_by_hand_stays_revoked(shop: Shop) -> None:
    membership = shop.join()
    revoke_grant(actor=StaffFactory(), grant=Grant.objects.get(), reason="Abuse")
    shop.stripe.renew(membership.stripe_id)
    shop.hear()
    actions.reconcile()
    assert not shop.has(shop.goods.basic)
    assert "Abuse" in Grant.objects.get().reason


def test_a_product_that_opens_for_months_ends_then(shop: Shop) -> None:
    shop.goods.course.access_months = 6
    shop.goods.course.save()
    shop.buy(shop.goods.course_price)
    shop.hear()
    assert shop.owns(shop.goods.course, timezone.now() + timedelta(days=178))
    assert not shop.owns(shop.goods.course, timezone.now() + timedelta(days=187))
