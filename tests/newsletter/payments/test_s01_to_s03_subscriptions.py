"""Subscriptions told in any way end in the same state; others' are none of ours; grace ends."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.memberships.models import AuditEntry, Grant
from newsletter.outbox.models import OutgoingEmail
from newsletter.payments import actions
from newsletter.payments.models import Instalment, Membership, Price, StripeEvent
from tests.factories.payments import make_catalogue
from tests.newsletter.payments.shop import Shop, all_handled, soon

pytestmark = pytest.mark.django_db


def kinds() -> list[str]:
    return list(OutgoingEmail.objects.order_by("pk").values_list("kind", flat=True))


def test_a_subscription_opens_its_tier_and_only_that(shop: Shop) -> None:
    membership = shop.join()
    assert all_handled()
    assert (membership.status, membership.price) == ("active", shop.goods.basic_month)
    assert shop.has(shop.goods.basic)
    assert not shop.has(shop.goods.patron)
    assert shop.access().product_ids == frozenset()
    assert Instalment.objects.get().amount_received == 500
    assert kinds() == ["membership_started"]
    assert AuditEntry.objects.filter(user=shop.reader, what="subscription_begun").count() == 1


@pytest.mark.parametrize("order", ["in order", "reversed", "shuffled", "doubled"])
def test_s01_any_order_ends_in_the_same_state(shop: Shop, order: str) -> None:
    shop.buy()
    shop.hear(order=order, seed=7)
    shop.stripe.renew(shop.membership().stripe_id)
    shop.hear(order=order, seed=8)
    assert all_handled()
    membership = shop.membership()
    facts = shop.stripe.read(membership.stripe_id)
    assert membership.latest_invoice_id == facts["latest_invoice"]
    assert Grant.objects.count() == 1
    assert Instalment.objects.count() == 2
    assert kinds() == ["membership_started"]
    assert shop.has(shop.goods.basic, membership.current_period_end)


def test_s01_a_replay_days_later_changes_nothing(shop: Shop) -> None:
    shop.buy()
    old = shop.stripe.take_events()
    for event in old:
        shop.receive(event.payload, event.header)
    shop.stripe.cancel_now(shop.membership().stripe_id)
    shop.hear()
    assert not shop.has(shop.goods.basic, soon(seconds=2))
    before = shop.membership().status, Grant.objects.get().ends_at
    StripeEvent.objects.all().delete()  # not known any more: as if it had never been received
    for event in old:
        signed = shop.stripe.signed(event.id)
        shop.receive(signed.payload, signed.header)
    assert all_handled()
    assert (shop.membership().status, Grant.objects.get().ends_at) == before
    assert not shop.has(shop.goods.basic, soon(seconds=2))


def test_s01_a_person_who_is_not_here_yet_is_made(shop: Shop) -> None:
    membership = shop.join()
    price, customer = membership.price, shop.reader.customers.get()
    # As if all of it had been made at Stripe by hand: no mark of ours, nobody known.
    shop.stripe.change_address(customer.stripe_id, "New.Reader@Example.com")
    Grant.objects.all().delete()
    membership.delete()
    customer.delete()
    facts = shop.stripe.world.get(membership.stripe_id)
    facts["metadata"] = {}
    shop.stripe.world.put(facts)
    shop.stripe.renew(facts["id"])
    shop.hear(order="shuffled")
    person = User.objects.get(email="new.reader@example.com")
    assert person.email_confirmed_at is None
    assert shop.membership(person).price == price
    assert shop.goods.basic.pk in shop.access(user=person).tier_ids


def test_s02_other_applications_on_the_account_are_none_of_ours(shop: Shop) -> None:
    people = User.objects.count()
    foreign = shop.stripe.add_foreign_subscription(email=shop.reader.email)
    shop.stripe.add_foreign_payment()
    shop.hear()
    assert all_handled()
    assert Membership.objects.count() == Grant.objects.count() == 0
    assert User.objects.count() == people
    assert StripeEvent.objects.filter(object_id=foreign["id"]).first().state == "ignored"
    shop.stripe.renew(foreign["id"])
    shop.stripe.refund(foreign["id"])
    actions.reconcile()
    assert Membership.objects.count() == Grant.objects.count() == Instalment.objects.count() == 0


def test_s02_our_mark_cannot_be_borrowed(shop: Shop) -> None:
    """Another site's order number 1 is not our order number 1, nor its user our user."""
    shop.buy(shop.goods.course_price)
    order = shop.order()
    foreign = shop.stripe.add_foreign_payment()
    facts = shop.stripe.world.get(foreign["id"])
    facts["metadata"] = {"masthead": "1", "order": str(order.pk), "owner": str(shop.reader.pk)}
    shop.stripe.world.put(facts)
    assert actions.sync_payment(foreign["id"]) is None
    order.refresh_from_db()
    assert (order.status, order.stripe_payment_intent_id) == ("pending", None)


def test_a_price_made_at_stripe_for_our_tier_is_taken_in(shop: Shop) -> None:
    membership = shop.join()
    Grant.objects.all().delete()
    membership.delete()
    Price.objects.filter(pk=shop.goods.basic_month.pk).update(stripe_id="price_forgotten")
    taken = actions.sync_subscription(membership.stripe_id)
    assert taken is not None
    assert taken.price.pk != shop.goods.basic_month.pk
    assert (taken.price.state, taken.price.amount) == ("archived", 500)
    assert shop.has(shop.goods.basic)


def test_s03_past_due_keeps_access_for_the_days_of_grace_by_our_clock(stripe, settings) -> None:
    settings.PAST_DUE_GRACE_DAYS = 7
    with time_machine.travel("2026-03-01 12:00:00+00:00") as clock:
        shop = Shop(stripe, make_catalogue())
        membership = shop.join()
        shop.stripe.set_last_resort("unpaid")
        customer = shop.reader.customers.get().stripe_id
        shop.stripe.set_card(customer, "declines")
        clock.shift(timedelta(days=31, minutes=1))
        stripe.catch_up()
        shop.hear()
        membership = shop.membership()
        since = membership.past_due_since
        assert membership.status == "past_due"
        assert since is not None
        assert shop.has(shop.goods.basic)
        assert kinds() == ["membership_started", "payment_overdue"]
        assert shop.has(shop.goods.basic, since + timedelta(days=7) - timedelta(seconds=1))
        assert not shop.has(shop.goods.basic, since + timedelta(days=7))
        # More failures, more events: the clock that began stays.
        clock.shift(timedelta(days=4))
        stripe.catch_up()
        shop.hear(order="doubled")
        assert shop.membership().past_due_since == since
        assert actions.end_grace_periods() == 0
        clock.shift(timedelta(days=3, hours=1))
        assert not shop.has(shop.goods.basic)
        assert actions.end_grace_periods() == 1
        assert actions.end_grace_periods() == 0
        assert kinds()[-1] == "grace_ended"
        while stripe.read(membership.stripe_id)["status"] == "past_due":
            stripe.fail_payment(membership.stripe_id)
        shop.hear()
        assert shop.membership().status == "unpaid"
        assert not shop.has(shop.goods.basic)
        # Paid after all: open again, and the next failure has days of grace of its own.
        stripe.set_card(customer, "works")
        stripe.recover(membership.stripe_id)
        shop.hear()
        assert shop.has(shop.goods.basic)
        assert shop.membership().past_due_since is None
        assert shop.membership().told_overdue_at is None


@pytest.mark.parametrize("resort", ["unpaid", "canceled"])
def test_s03_what_follows_the_last_attempt_is_no_access(shop: Shop, resort: str) -> None:
    membership = shop.join()
    shop.stripe.set_last_resort(resort)
    for _attempt in range(4):
        shop.stripe.fail_payment(membership.stripe_id)
    shop.hear(order="reversed")
    assert shop.membership().status == resort
    later = soon(seconds=2)
    assert not shop.has(shop.goods.basic, later)
    assert not shop.has(shop.goods.basic, later + timedelta(days=400))


def test_s03_stripe_falling_silent_is_not_access_for_ever(shop: Shop, settings) -> None:
    membership = shop.join()
    end = membership.current_period_end + timedelta(days=settings.PAST_DUE_GRACE_DAYS)
    assert shop.has(shop.goods.basic, end - timedelta(seconds=1))
    assert not shop.has(shop.goods.basic, end)


def test_a_paused_subscription_opens_nothing_until_it_goes_on(shop: Shop) -> None:
    membership = shop.join()
    shop.stripe.pause(membership.stripe_id)
    shop.hear()
    assert not shop.has(shop.goods.basic)
    shop.stripe.unpause(membership.stripe_id)
    shop.hear()
    assert shop.has(shop.goods.basic)


def test_a_subscription_that_stripe_does_not_know_any_more_has_ended(shop: Shop) -> None:
    membership = shop.join()
    Membership.objects.filter(pk=membership.pk).update(stripe_id="sub_from_another_account")
    Grant.objects.update(source_id="sub_from_another_account")
    actions.sync_subscription("sub_from_another_account")
    assert shop.membership().status == "canceled"
    assert not shop.has(shop.goods.basic, soon(seconds=1))


def test_an_older_reading_never_replaces_a_newer_one(shop: Shop, monkeypatch) -> None:
    """A worker reads "active", sleeps, and another worker writes "canceled" in the meantime."""
    membership = shop.join()
    from newsletter.payments.gateway import Gateway

    real = Gateway.fetch_subscription
    readings = itertools.count()

    def slow(self, subscription_id):
        facts = real(self, subscription_id)
        if next(readings) == 0:
            shop.stripe.cancel_now(membership.stripe_id)
            actions.sync_subscription(membership.stripe_id)
        return facts

    monkeypatch.setattr(Gateway, "fetch_subscription", slow)
    actions.sync_subscription(membership.stripe_id)
    assert shop.membership().status == "canceled"
    assert not shop.has(shop.goods.basic, timezone.now() + timedelta(seconds=2))
