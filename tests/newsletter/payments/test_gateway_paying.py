"""Payments, refunds, disputes, bills and remembered events, through the real SDK."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from newsletter.payments.gateway import GatewayRefused
from newsletter.payments.gateway.reading import dispute_state

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def test_a_subscriptions_payment_leads_to_the_subscription(account):
    subscription = account.subscribe()
    payment_id = account.gateway.payment_of_invoice(subscription.latest_invoice_id)
    payment = account.gateway.fetch_payment(payment_id)
    assert payment.subscription_id == subscription.id
    assert payment.invoice_id == subscription.latest_invoice_id
    assert payment.customer_id == account.customer.id
    assert payment.is_paid


def test_a_bill_of_nothing_has_no_payment(account):
    subscription = account.subscribe(trial_days=7)
    assert account.gateway.payment_of_invoice(subscription.latest_invoice_id) is None


def test_s6_refunds_add_up_to_a_full_one(account):
    payment_id = account.buy()
    part = account.gateway.refund(payment_id, key="r-1", amount=900)
    assert (part.amount_refunded, part.is_fully_refunded, part.is_paid) == (900, False, True)
    same = account.gateway.refund(payment_id, key="r-1", amount=900)
    assert same.amount_refunded == 900
    rest = account.gateway.refund(payment_id, key="r-2")
    assert (rest.amount_refunded, rest.is_fully_refunded) == (4900, True)
    with pytest.raises(GatewayRefused) as caught:
        account.gateway.refund(payment_id, key="r-3")
    assert caught.value.code == "charge_already_refunded"


def test_more_than_was_paid_cannot_be_given_back(account):
    with pytest.raises(GatewayRefused):
        account.gateway.refund(account.buy(), key="r-1", amount=5000)


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_s6_a_dispute_is_open_and_then_decided(account, stripe, outcome):
    payment_id = account.buy()
    assert account.gateway.fetch_payment(payment_id).dispute == "none"
    stripe.dispute(payment_id)
    assert account.gateway.fetch_payment(payment_id).dispute == "open"
    stripe.dispute(payment_id, outcome)
    payment = account.gateway.fetch_payment(payment_id)
    assert payment.dispute == outcome
    assert payment.is_paid


def test_s6_a_dispute_of_a_subscriptions_payment_leads_to_it(account, stripe):
    subscription = account.subscribe()
    dispute = stripe.dispute(subscription.id)
    payment = account.gateway.fetch_payment(dispute["payment_intent"])
    assert (payment.dispute, payment.subscription_id) == ("open", subscription.id)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([], "none"),
        (["warning_needs_response"], "none"),
        (["warning_closed"], "none"),
        (["needs_response"], "open"),
        (["under_review"], "open"),
        (["appeal_under_review"], "open"),
        (["won"], "won"),
        (["prevented"], "won"),
        (["won", "needs_response"], "open"),
        (["needs_response", "won"], "open"),
        (["won", "lost"], "lost"),
        (["lost", "needs_response"], "lost"),
    ],
)
def test_the_worst_of_several_disputes_counts(statuses, expected):
    assert dispute_state(statuses) == expected


def test_a_declined_payment_says_why(account, stripe):
    session = account.checkout(account.once)
    stripe.complete_checkout(session.id, "declined")
    payment = account.gateway.fetch_payment(
        account.gateway.fetch_session(session.id).payment_intent_id
    )
    assert not payment.is_paid
    assert payment.paid_at is None
    assert payment.error == "Your card was declined."


def test_s2_only_our_payments_are_listed(account, stripe):
    ours = account.buy()
    account.subscribe()
    stripe.add_foreign_payment()
    assert [each.id for each in account.gateway.list_payments()] == [ours]
    mine = account.gateway.list_payments(customer_id=account.customer.id, created_after=LONG_AGO)
    assert [each.id for each in mine] == [ours]
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert list(account.gateway.list_payments(created_after=tomorrow)) == []


def test_what_was_given_back_is_found_without_its_events(account, stripe):
    subscription = account.subscribe()
    refunded, disputed = account.buy(), account.buy()
    account.buy()
    stripe.refund(refunded, 100)
    stripe.dispute(disputed)
    stripe.refund(subscription.id)
    of_subscription = account.gateway.payment_of_invoice(subscription.latest_invoice_id)
    found = list(account.gateway.list_returned(since=LONG_AGO))
    assert sorted(found) == sorted([refunded, disputed, of_subscription])
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert list(account.gateway.list_returned(since=tomorrow)) == []


def test_bills_are_listed_newest_first(account, stripe):
    subscription = account.subscribe()
    stripe.renew(subscription.id)
    stripe.add_foreign_subscription()
    bills = list(account.gateway.list_invoices(customer_id=account.customer.id))
    assert bills[0].id == account.gateway.fetch_subscription(subscription.id).latest_invoice_id
    assert [each.amount_paid for each in bills] == [600, 600]
    assert all(each.paid_at and each.number and each.hosted_url for each in bills)
    assert account.gateway.fetch_invoice(bills[1].id) == bills[1]
    assert len(list(account.gateway.list_invoices(created_after=LONG_AGO))) == 3


def test_a_webhook_and_the_remembered_event_say_the_same(account, stripe):
    account.subscribe()
    events = stripe.take_events()
    for signed in events:
        event = account.gateway.verify_event(signed.payload, signed.header)
        assert event == account.gateway.fetch_event(event.id)
    listed = [each.id for each in account.gateway.list_events(since=LONG_AGO)]
    assert listed == [each.id for each in reversed(events)]


def test_no_more_questions_are_asked_than_needed(account, stripe):
    ours = account.buy()
    before = len(stripe.requests)
    account.gateway.fetch_payment(ours)
    assert len(stripe.requests) == before + 1
