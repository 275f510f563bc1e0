"""Customers, the payment page and the portal, through the real SDK."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from newsletter.payments.fake import Refusal
from newsletter.payments.gateway import (
    AmountLine,
    GatewayRefused,
    NotFound,
    get_gateway,
    is_ours,
)
from tests.stripe_contract.account import Account


def test_a_customer_is_made_once_and_found_again(stripe):
    gateway = get_gateway()
    first = gateway.ensure_customer(user_id=7, email="ada@example.com", name="Ada")
    again = gateway.ensure_customer(user_id=7, email="ada@example.com", name="Ada")
    known = gateway.ensure_customer(user_id=7, email="other@example.com", known_id=first.id)
    assert first == again == known
    assert is_ours(first.metadata)
    assert first.metadata["user_id"] == "7"
    assert len(stripe.all("customer")) == 1


def test_s8_a_customer_deleted_at_stripe_is_made_anew(stripe):
    gateway = get_gateway()
    first = gateway.ensure_customer(user_id=7, email="ada@example.com")
    stripe.delete_customer(first.id)
    assert gateway.fetch_customer(first.id).is_deleted
    second = gateway.ensure_customer(user_id=7, email="ada@example.com", known_id=first.id)
    assert second.id != first.id
    assert not second.is_deleted


def test_a_customer_of_another_account_is_made_anew(stripe):
    made = get_gateway().ensure_customer(
        user_id=7, email="ada@example.com", known_id="cus_of_test_mode"
    )
    assert made.id != "cus_of_test_mode"


def test_s8_the_address_at_stripe_may_differ_and_can_be_set(account, stripe):
    stripe.change_address(account.customer.id, "else@example.com")
    assert account.gateway.fetch_customer(account.customer.id).email == "else@example.com"
    account.gateway.update_customer(account.customer.id, email="new@example.com", name="Ada L.")
    found = account.gateway.fetch_customer(account.customer.id)
    assert (found.email, found.name) == ("new@example.com", "Ada L.")


def test_an_open_checkout_has_a_page(account):
    session = account.checkout(account.month)
    assert (session.mode, session.status, session.payment_status) == (
        "subscription",
        "open",
        "unpaid",
    )
    assert not session.is_settled
    assert session.url.startswith("http://testserver/demo-payment/cs_test_")
    assert (session.amount_total, session.currency) == (600, "eur")
    assert session.metadata == {"masthead": "1", "checkout": "17"}
    assert session.client_reference_id == "17"


def test_a_paid_checkout_is_a_subscription_with_our_mark(account, stripe):
    session = account.checkout(account.month)
    stripe.complete_checkout(session.id)
    session = account.gateway.fetch_session(session.id)
    assert session.is_settled
    assert session.subscription_id
    subscription = account.gateway.fetch_subscription(session.subscription_id)
    assert (subscription.status, subscription.price_id, subscription.product_id) == (
        "active",
        account.month.id,
        account.product.id,
    )
    assert is_ours(subscription.metadata)
    assert subscription.customer_id == account.customer.id


def test_a_one_off_payment_has_our_mark(account, stripe):
    payment = account.gateway.fetch_payment(account.buy(description="A recording"))
    assert payment.is_paid
    assert payment.paid_at is not None
    assert (payment.amount_received, payment.currency) == (4900, "eur")
    assert payment.metadata == {"masthead": "1", "checkout": "17"}
    assert payment.subscription_id is None
    assert payment.receipt_url


def test_an_amount_of_the_payers_choice(account):
    tip = AmountLine(name="Thank you", amount=700, currency="EUR")
    assert account.gateway.fetch_payment(account.buy(tip)).amount == 700


@pytest.mark.parametrize(("currency", "amount"), [("jpy", 900), ("kwd", 5250)])
def test_s11_currencies_without_cents_pass_unchanged(stripe, currency, amount):
    account = Account(stripe, currency=currency)
    price = account.price(amount, "month")
    subscription = account.subscribe(price)
    assert (subscription.amount, subscription.currency) == (amount, currency)
    assert next(account.gateway.list_invoices(subscription_id=subscription.id)).total == amount


def test_s5_the_same_key_opens_the_same_page(account, stripe):
    options = {"key": "checkout-17", "expires_at": datetime.now(UTC) + timedelta(hours=2)}
    first, again = (account.checkout(account.month, **options) for _click in range(2))
    assert first.id == again.id
    assert len(stripe.all("checkout.session")) == 1


def test_the_same_key_for_something_else_is_refused(account):
    account.checkout(account.month, key="checkout-17")
    with pytest.raises(GatewayRefused) as caught:
        account.checkout(account.year, key="checkout-17")
    assert caught.value.code == "idempotency"


def test_a_trial_pays_nothing_at_first(account):
    subscription = account.subscribe(account.month, trial_days=14)
    assert subscription.status == "trialing"
    assert subscription.trial_end == subscription.current_period_end
    assert subscription.trial_end - subscription.started_at == timedelta(days=14)
    assert not subscription.is_first_payment_open
    assert next(account.gateway.list_invoices(subscription_id=subscription.id)).amount_paid == 0


def coupon(account, **more):
    options = {"key": account.key(), "name": "Spring", "code": "SPRING", "percent": 25}
    return account.gateway.push_coupon(**{**options, **more})


def test_a_coupon_for_ever_lowers_every_period(account):
    code = coupon(account, duration="forever")
    subscription = account.subscribe(promotion_code_id=code.promotion_code_id)
    assert subscription.amount == 450
    account.stripe.renew(subscription.id)
    totals = [each.total for each in account.gateway.list_invoices(subscription_id=subscription.id)]
    assert totals == [450, 450]
    assert account.gateway.fetch_coupon(code.promotion_code_id).times_redeemed == 1


def test_a_coupon_for_once_lowers_the_first_bill_alone(account):
    code = coupon(account, percent=None, amount=100, currency="EUR")
    subscription = account.subscribe(promotion_code_id=code.promotion_code_id)
    assert subscription.amount == 600
    account.stripe.renew(subscription.id)
    totals = [each.total for each in account.gateway.list_invoices(subscription_id=subscription.id)]
    assert totals == [600, 500]


def test_a_coupon_for_some_months_ends(account, stripe):
    code = coupon(account, duration="repeating", months=2)
    subscription = account.subscribe(promotion_code_id=code.promotion_code_id)
    stripe.advance(timedelta(days=100))
    totals = [each.total for each in account.gateway.list_invoices(subscription_id=subscription.id)]
    assert totals == [600, 600, 450, 450]


def test_a_code_can_be_typed_on_the_page(account, stripe):
    coupon(account, percent=100)
    session = account.checkout(account.once, may_enter_code=True)
    with pytest.raises(Refusal):
        stripe.enter_code(session.id, "AUTUMN")
    stripe.enter_code(session.id, " spring ")
    stripe.complete_checkout(session.id)
    found = account.gateway.fetch_session(session.id)
    assert (found.amount_total, found.payment_status) == (0, "no_payment_required")
    assert found.is_settled


@pytest.mark.parametrize("why", ["archived", "expired", "used up", "other product", "currency"])
def test_a_code_that_does_not_count_is_refused(account, stripe, why):
    more = {}
    if why == "expired":
        more["expires_at"] = datetime.now(UTC) + timedelta(days=1)
    elif why == "used up":
        more["max_redemptions"] = 1
    elif why == "other product":
        other = account.gateway.push_product(key=account.key(), product_id=None, name="Other")
        more["product_ids"] = (other.id,)
    elif why == "currency":
        more |= {"percent": None, "amount": 100, "currency": "usd"}
    code = coupon(account, **more)
    if why == "archived":
        account.gateway.archive_coupon(code.promotion_code_id)
    elif why == "expired":
        stripe.advance(timedelta(days=2))
    elif why == "used up":
        account.subscribe(promotion_code_id=code.promotion_code_id)
    with pytest.raises(GatewayRefused) as caught:
        account.checkout(account.month, promotion_code_id=code.promotion_code_id)
    assert caught.value.code == "promotion_code_invalid"


def test_tax_asks_for_the_address_that_it_needs(account, stripe):
    subscription = account.subscribe(automatic_tax=True)
    assert stripe.read(subscription.id)["automatic_tax"]["enabled"] is True


def test_a_price_that_is_archived_cannot_be_bought(account):
    assert not account.gateway.archive_price(account.month.id).is_active
    with pytest.raises(GatewayRefused, match="inactive"):
        account.checkout(account.month)


def test_a_price_goes_with_its_mode(account):
    with pytest.raises(GatewayRefused):
        account.checkout(account.once, mode="subscription")
    with pytest.raises(GatewayRefused):
        account.checkout(account.month, mode="payment")


@pytest.mark.parametrize("kind", ["month", "once"])
@pytest.mark.parametrize("outcome", ["declined", "needs_authentication"])
def test_a_card_that_fails_leaves_the_page_open(account, stripe, kind, outcome):
    session = account.checkout(getattr(account, kind))
    stripe.complete_checkout(session.id, outcome)
    found = account.gateway.fetch_session(session.id)
    assert (found.status, found.payment_status) == ("open", "unpaid")
    assert stripe.all("subscription") == []
    stripe.complete_checkout(session.id)
    assert account.gateway.fetch_session(session.id).is_settled


@pytest.mark.parametrize("comes", [True, False])
def test_s9_a_delayed_payment_for_once(account, stripe, comes):
    session = account.checkout(account.once)
    stripe.complete_checkout(session.id, "delayed")
    found = account.gateway.fetch_session(session.id)
    assert (found.status, found.payment_status, found.is_settled) == ("complete", "unpaid", False)
    assert account.gateway.fetch_payment(found.payment_intent_id).status == "processing"
    stripe.settle_delayed(session.id, paid=comes)
    assert account.gateway.fetch_session(session.id).is_settled is comes
    assert account.gateway.fetch_payment(found.payment_intent_id).is_paid is comes


@pytest.mark.parametrize("comes", [True, False])
def test_s9_a_delayed_first_payment_of_a_subscription(account, stripe, comes):
    session = account.checkout(account.month)
    stripe.complete_checkout(session.id, "delayed")
    found = account.gateway.fetch_session(session.id)
    assert not found.is_settled
    subscription = account.gateway.fetch_subscription(found.subscription_id)
    # Stripe calls it active already: the first bill tells that nothing came yet.
    assert (subscription.status, subscription.is_first_payment_open) == ("active", True)
    stripe.settle_delayed(session.id, paid=comes)
    subscription = account.gateway.fetch_subscription(found.subscription_id)
    assert subscription.status == ("active" if comes else "canceled")
    assert not subscription.is_first_payment_open


def test_a_page_that_nobody_paid_expires(account, stripe):
    first, second = account.checkout(account.month), account.checkout(account.month)
    assert account.gateway.expire_session(first.id).status == "expired"
    stripe.advance(timedelta(hours=25))
    assert account.gateway.fetch_session(second.id).status == "expired"
    with pytest.raises(GatewayRefused):
        account.gateway.expire_session(second.id)
    with pytest.raises(Refusal):
        stripe.complete_checkout(second.id)


def test_the_portal_has_a_fresh_address_per_click(account):
    urls = {
        account.gateway.portal_url(
            customer_id=account.customer.id,
            return_url="http://testserver/account/",
            purpose=purpose,
        )
        for purpose in ("home", "home", "card")
    }
    assert len(urls) == 3


def test_what_stripe_does_not_know_is_not_found(stripe):
    gateway = get_gateway()
    for read in (
        gateway.fetch_session,
        gateway.fetch_subscription,
        gateway.fetch_payment,
        gateway.fetch_customer,
        gateway.fetch_invoice,
        gateway.fetch_price,
        gateway.fetch_product,
        gateway.fetch_coupon,
        gateway.fetch_event,
    ):
        with pytest.raises(NotFound):
            read("none_1")


def test_an_empty_or_long_key_is_our_mistake(account):
    for key in ("", "k" * 241):
        with pytest.raises(ValueError, match="240"):
            account.checkout(account.month, key=key)
    assert account.checkout(account.month, key="k" * 240).id


def test_quantities_are_seats(account):
    subscription = account.subscribe(quantity=5)
    assert (subscription.quantity, subscription.amount) == (5, 3000)


def test_a_second_site_on_the_account_does_not_meet_the_first_ones_keys(account, settings):
    first = account.checkout(account.month, key="checkout-1")
    settings.SITE_URL = "https://rehearsal.example.com"
    assert account.checkout(account.year, key="checkout-1").id != first.id


def test_the_same_key_for_another_object_is_another_act(account):
    payments = [account.buy(), account.buy()]
    for payment in payments:
        account.gateway.refund(payment, key="withdraw-order-1")
    assert all(account.gateway.fetch_payment(each).is_fully_refunded for each in payments)
