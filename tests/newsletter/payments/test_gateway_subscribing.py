"""Subscriptions after the checkout, through the real SDK: renew, fail, change, end."""

from __future__ import annotations

from calendar import isleap
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from django.utils import timezone

from newsletter.payments.gateway import GatewayRefused


def invoices(account, subscription):
    return list(account.gateway.list_invoices(subscription_id=subscription.id))


def again(account, subscription):
    return account.gateway.fetch_subscription(subscription.id)


def test_a_renewal_moves_the_period_and_bills_it(account, stripe):
    subscription = account.subscribe()
    stripe.renew(subscription.id)
    renewed = again(account, subscription)
    assert renewed.item.current_period_start == subscription.current_period_end
    assert renewed.current_period_end > subscription.current_period_end
    assert [each.status for each in invoices(account, subscription)] == ["paid", "paid"]


def test_time_renews_by_itself(account, stripe):
    subscription = account.subscribe()
    stripe.advance(timedelta(days=370))
    assert len(invoices(account, subscription)) == 13
    assert again(account, subscription).status == "active"


def test_a_month_that_is_too_short_does_not_move_the_day_for_good(account, stripe):
    # The end of the next January that a February of 28 days comes after.
    years = (year for year in count(timezone.now().year + 1) if not isleap(year))
    stripe.catch_up(to=datetime(next(years), 1, 31, 12, tzinfo=UTC))
    subscription = account.subscribe()
    days = [subscription.current_period_end.day]
    for _month in range(3):
        stripe.renew(subscription.id)
        days.append(again(account, subscription).current_period_end.day)
    assert days == [28, 31, 30, 31]


def test_a_trial_ends_in_a_payment_with_a_warning_before(account, stripe):
    subscription = account.subscribe(trial_days=14)
    stripe.advance(timedelta(days=12))
    kinds = [each["type"] for each in stripe.all("event")]
    assert "customer.subscription.trial_will_end" in kinds
    assert again(account, subscription).status == "trialing"
    stripe.advance(timedelta(days=3))
    assert again(account, subscription).status == "active"
    assert [each.amount_paid for each in invoices(account, subscription)] == [600, 0]


@pytest.mark.parametrize("resort", ["canceled", "unpaid", "past_due"])
def test_a_card_that_goes_on_failing(account, stripe, resort):
    stripe.set_last_resort(resort)
    subscription = account.subscribe()
    stripe.fail_payment(subscription.id)
    for _attempt in range(2):
        assert again(account, subscription).status == "past_due"
        stripe.fail_payment(subscription.id)
    bill = invoices(account, subscription)[0]
    assert (bill.status, bill.attempt_count, bill.amount_remaining) == ("open", 3, 600)
    assert bill.next_attempt_at is not None
    stripe.fail_payment(subscription.id)
    ended = again(account, subscription)
    assert ended.status == resort
    if resort == "canceled":
        assert ended.ended_at is not None
        assert ended.cancel_reason == "payment_failed"
        assert invoices(account, subscription)[0].status == "void"


def test_the_attempts_happen_by_themselves(account, stripe):
    subscription = account.subscribe()
    stripe.set_card(account.customer.id, "declines")
    stripe.advance(timedelta(days=33))
    assert again(account, subscription).status == "past_due"
    stripe.advance(timedelta(days=16))
    assert again(account, subscription).status == "canceled"


def test_a_payment_that_comes_after_all(account, stripe):
    subscription = account.subscribe()
    stripe.fail_payment(subscription.id, "needs_authentication")
    bill = invoices(account, subscription)[0]
    assert again(account, subscription).status == "past_due"
    stripe.pay_invoice(bill.id)
    assert again(account, subscription).status == "active"
    assert invoices(account, subscription)[0].status == "paid"


def test_cancelling_ends_it_with_the_period(account, stripe):
    subscription = account.subscribe()
    cancelled = account.gateway.cancel_at_period_end(
        subscription.id, key="c-1", feedback="too_expensive", comment="Maybe later"
    )
    assert cancelled.status == "active"
    assert cancelled.cancel_at_period_end
    assert cancelled.cancel_at == subscription.current_period_end
    assert stripe.read(subscription.id)["cancellation_details"]["comment"] == "Maybe later"
    stripe.advance(timedelta(days=32))
    ended = again(account, subscription)
    assert (ended.status, len(invoices(account, subscription))) == ("canceled", 1)
    assert ended.ended_at == subscription.current_period_end


def test_a_cancellation_can_be_taken_back(account, stripe):
    subscription = account.subscribe()
    account.gateway.cancel_at_period_end(subscription.id, key="c-1")
    resumed = account.gateway.resume(subscription.id, key="r-1")
    assert not resumed.cancel_at_period_end
    assert resumed.cancel_at is None
    stripe.advance(timedelta(days=32))
    assert again(account, subscription).status == "active"


def test_ending_at_once(account):
    subscription = account.subscribe()
    ended = account.gateway.cancel_now(subscription.id, key="e-1")
    assert ended.status == "canceled"
    assert ended.ended_at is not None
    with pytest.raises(GatewayRefused):
        account.gateway.resume(subscription.id, key="r-1")


def test_an_upgrade_costs_what_the_preview_said(account, stripe):
    subscription = account.subscribe()
    better = account.price(1200, "month")
    stripe.advance(timedelta(days=10))
    preview = account.gateway.preview_change(subscription.id, price_id=better.id, when="now")
    assert preview.proration_at is not None
    assert [line.amount < 0 for line in preview.lines] == [True, False]
    assert all(line.is_proration for line in preview.lines)
    assert 0 < preview.amount_due < 600
    assert preview.amount_due == sum(line.amount for line in preview.lines)
    stripe.advance(timedelta(hours=1))
    changed = account.gateway.change_price_now(
        subscription.id, key="u-1", price_id=better.id, proration_at=preview.proration_at
    )
    assert (changed.price_id, changed.amount) == (better.id, 1200)
    assert changed.current_period_end == subscription.current_period_end
    bill = invoices(account, subscription)[0]
    assert (bill.amount_paid, bill.status) == (preview.amount_due, "paid")


def test_another_interval_begins_a_new_period(account, stripe):
    subscription = account.subscribe()
    stripe.advance(timedelta(days=15))
    preview = account.gateway.preview_change(subscription.id, price_id=account.year.id, when="now")
    changed = account.gateway.change_price_now(
        subscription.id, key="u-1", price_id=account.year.id, proration_at=preview.proration_at
    )
    assert 5600 < preview.amount_due < 5800
    assert invoices(account, subscription)[0].amount_paid == preview.amount_due
    assert timedelta(days=364) < changed.current_period_end - preview.charged_at


@pytest.mark.parametrize("card", ["declines", "needs_authentication"])
def test_an_upgrade_waits_for_its_payment(account, stripe, card):
    subscription = account.subscribe()
    stripe.set_card(account.customer.id, card)
    changed = account.gateway.change_price_now(subscription.id, key="u-1", price_id=account.year.id)
    assert (changed.price_id, changed.status) == (account.month.id, "active")
    assert changed.pending_url
    stripe.pay_invoice(changed.latest_invoice_id)
    settled = again(account, subscription)
    assert (settled.price_id, settled.pending_url) == (account.year.id, "")


def test_an_upgrade_that_nobody_pays_is_dropped(account, stripe):
    subscription = account.subscribe()
    stripe.set_card(account.customer.id, "declines")
    account.gateway.change_price_now(subscription.id, key="u-1", price_id=account.year.id)
    stripe.advance(timedelta(days=1))
    dropped = again(account, subscription)
    assert (dropped.price_id, dropped.pending_url) == (account.month.id, "")
    assert dropped.status == "active"


def test_s7_a_downgrade_waits_for_the_period_and_leaves_no_credit(account, stripe):
    dear = account.price(2000, "month")
    subscription = account.subscribe(dear)
    preview = account.gateway.preview_change(
        subscription.id, price_id=account.month.id, when="period_end"
    )
    assert (preview.amount_due, preview.credit) == (600, 0)
    assert preview.charged_at == subscription.current_period_end
    planned = account.gateway.schedule_change(subscription.id, key="d-1", price_id=account.month.id)
    assert (planned.price_id, planned.next_price_id) == (dear.id, account.month.id)
    assert planned.next_price_at == subscription.current_period_end
    stripe.advance(timedelta(days=32))
    changed = again(account, subscription)
    assert (changed.price_id, changed.next_price_id) == (account.month.id, None)
    assert [each.amount_paid for each in invoices(account, subscription)] == [600, 2000]
    assert stripe.read(account.customer.id)["balance"] == 0
    stripe.advance(timedelta(days=31))
    assert again(account, subscription).schedule_id is None
    assert again(account, subscription).price_id == account.month.id


def test_s7_the_preview_says_what_credit_a_downgrade_at_once_would_strand(account):
    subscription = account.subscribe(account.year)
    preview = account.gateway.preview_change(subscription.id, price_id=account.month.id, when="now")
    assert preview.amount_due == 0
    assert 5000 < preview.credit <= 5400


def test_a_discount_for_ever_survives_a_downgrade(account, stripe):
    code = account.gateway.push_coupon(
        key="k", name="Half", code="HALF", percent=50, duration="forever"
    )
    dear = account.price(2000, "month")
    subscription = account.subscribe(dear, promotion_code_id=code.promotion_code_id)
    account.gateway.schedule_change(subscription.id, key="d-1", price_id=account.month.id)
    stripe.advance(timedelta(days=32))
    assert [each.amount_paid for each in invoices(account, subscription)] == [300, 1000]
    assert again(account, subscription).amount == 300


def test_a_planned_change_can_be_replaced_and_dropped(account, stripe):
    dear = account.price(2000, "month")
    subscription = account.subscribe(dear)
    account.gateway.schedule_change(subscription.id, key="d-1", price_id=account.month.id)
    planned = account.gateway.schedule_change(subscription.id, key="d-2", price_id=account.year.id)
    assert planned.next_price_id == account.year.id
    assert account.gateway.drop_scheduled_change(subscription.id).next_price_id is None
    assert account.gateway.drop_scheduled_change(subscription.id).next_price_id is None
    stripe.advance(timedelta(days=32))
    assert again(account, subscription).price_id == dear.id


def test_a_change_is_planned_anew_once_the_last_has_happened(account, stripe):
    subscription = account.subscribe(account.month)
    account.gateway.schedule_change(subscription.id, key="d-1", price_id=account.year.id)
    stripe.advance(timedelta(days=32))
    assert again(account, subscription).price_id == account.year.id
    planned = account.gateway.schedule_change(subscription.id, key="d-2", price_id=account.month.id)
    assert (planned.price_id, planned.next_price_id) == (account.year.id, account.month.id)
    stripe.advance(timedelta(days=366))
    assert again(account, subscription).price_id == account.month.id


@pytest.mark.parametrize("act", ["cancel", "upgrade", "resume"])
def test_acting_at_once_drops_what_was_planned(account, act):
    dear = account.price(2000, "month")
    subscription = account.subscribe(dear)
    account.gateway.schedule_change(subscription.id, key="d-1", price_id=account.month.id)
    if act == "cancel":
        found = account.gateway.cancel_at_period_end(subscription.id, key="c-1")
    elif act == "resume":
        found = account.gateway.resume(subscription.id, key="c-1")
    else:
        found = account.gateway.change_price_now(
            subscription.id, key="u-1", price_id=account.year.id
        )
    assert (found.next_price_id, found.schedule_id) == (None, None)


def test_a_trial_changes_its_price_without_a_bill(account):
    subscription = account.subscribe(trial_days=14)
    preview = account.gateway.preview_change(subscription.id, price_id=account.year.id, when="now")
    assert preview.amount_due == 0
    changed = account.gateway.change_price_now(subscription.id, key="u-1", price_id=account.year.id)
    assert (changed.status, changed.price_id) == ("trialing", account.year.id)
    assert len(invoices(account, subscription)) == 1


def test_a_trial_keeps_its_end_when_a_downgrade_is_planned(account, stripe):
    subscription = account.subscribe(account.year, trial_days=14)
    account.gateway.schedule_change(subscription.id, key="d-1", price_id=account.month.id)
    stripe.advance(timedelta(days=15))
    changed = again(account, subscription)
    assert (changed.status, changed.price_id) == ("active", account.month.id)


def test_all_subscriptions_are_listed_page_by_page(account, stripe):
    made = {stripe.add_foreign_subscription()["id"] for _each in range(120)}
    ours = account.subscribe()
    account.gateway.cancel_now(ours.id, key="c-1")
    listed = [each.id for each in account.gateway.list_subscriptions()]
    assert len(listed) == len(set(listed)) == 121
    assert set(listed) == made | {ours.id}
    mine = list(account.gateway.list_subscriptions(customer_id=account.customer.id))
    assert [each.status for each in mine] == ["canceled"]
    later = datetime.now(UTC) + timedelta(days=1)
    assert list(account.gateway.list_subscriptions(created_after=later)) == []


def test_s5_two_subscriptions_of_one_person_are_both_seen(account):
    account.subscribe()
    account.subscribe(account.year)
    found = list(account.gateway.list_subscriptions(customer_id=account.customer.id))
    assert [each.status for each in found] == ["active", "active"]


def test_s8_deleting_the_customer_ends_the_subscription(account, stripe):
    subscription = account.subscribe()
    stripe.delete_customer(account.customer.id)
    assert again(account, subscription).status == "canceled"


def test_a_paused_subscription_says_so(account, stripe):
    subscription = account.subscribe()
    stripe.pause(subscription.id)
    assert again(account, subscription).status == "paused"
    stripe.unpause(subscription.id)
    assert again(account, subscription).status == "active"
