"""The nightly comparison finds what webhooks missed, in both directions, and says so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from newsletter.memberships.models import Grant
from newsletter.payments import actions, tasks
from newsletter.payments.actions import reconciling
from newsletter.payments.models import Checkout, Instalment, Membership, Order, Reconciliation
from tests.factories.accounts import StaffFactory, UserFactory
from tests.newsletter.payments.shop import Shop, soon

pytestmark = pytest.mark.django_db


def deaf(shop: Shop) -> None:
    shop.stripe.take_events(drop=1.0)


def test_what_stripe_has_and_we_do_not(shop: Shop) -> None:
    shop.buy()
    deaf(shop)
    report = actions.reconcile()
    membership = shop.membership()
    found = {each["object"]: each for each in report.mended}
    assert found[membership.stripe_id]["was"] == "-"
    assert found[membership.stripe_id]["is"].startswith("active")
    assert report.finished_at is not None
    assert report.checked >= 2
    assert shop.has(shop.goods.basic)
    assert Instalment.objects.count() == 1
    again = actions.reconcile()
    assert (again.mended, again.error) == ([], "")


def test_what_we_hold_to_be_running_and_stripe_does_not_know(shop: Shop) -> None:
    membership = shop.join()
    Membership.objects.update(stripe_id="sub_gone")
    Grant.objects.update(source_id="sub_gone")
    with shop.stripe.world.store.transaction():
        shop.stripe.world.store._db.execute(
            "DELETE FROM objects WHERE id = ?", [membership.stripe_id]
        )
    report = actions.reconcile()
    assert [each["object"] for each in report.mended] == ["sub_gone"]
    assert not shop.has(shop.goods.basic, soon(seconds=1))


@pytest.mark.parametrize(
    "change",
    [
        "renew", "fail_payment", "cancel_now", "refund", "dispute",
    ],
)  # fmt: skip
def test_each_change_that_was_not_told_is_found(shop: Shop, change: str) -> None:
    membership = shop.join()
    getattr(shop.stripe, change)(membership.stripe_id)
    deaf(shop)
    report = actions.reconcile()
    assert report.mended
    assert report.error == ""
    assert actions.reconcile().mended == []


def test_a_refund_of_an_old_order_is_found(shop: Shop) -> None:
    shop.buy(shop.goods.course_price)
    shop.hear()
    intent = shop.order().stripe_payment_intent_id
    shop.stripe.advance(timedelta(days=100))
    shop.stripe.refund(intent)
    deaf(shop)
    actions.reconcile(since=timezone.now() + timedelta(days=99))
    assert shop.order().status == "refunded"


@pytest.mark.parametrize("goods", ["basic_year", "course_price"])
@pytest.mark.parametrize("end", ["won", "lost"])
def test_a_dispute_that_was_decided_after_months_is_found(shop: Shop, goods: str, end: str) -> None:
    shop.buy(getattr(shop.goods, goods))
    shop.hear()
    paid = (
        shop.membership().stripe_id
        if goods == "basic_year"
        else shop.order().stripe_payment_intent_id
    )
    shop.stripe.dispute(paid)
    shop.hear()
    shop.stripe.advance(timedelta(days=75))
    shop.stripe.dispute(paid, end)
    deaf(shop)
    # Neither the payment nor the dispute was made within the window that is looked at.
    actions.reconcile(since=timezone.now() + timedelta(days=40))
    is_open = shop.has(shop.goods.basic) or shop.owns(shop.goods.course)
    assert is_open == (end == "won")
    assert actions.reconcile(since=timezone.now() + timedelta(days=40)).mended == []


def test_a_grant_that_somebody_lost_is_made_again(shop: Shop) -> None:
    shop.join()
    Grant.objects.all().delete()
    assert actions.reconcile().mended
    assert shop.has(shop.goods.basic)


def test_one_broken_object_does_not_hide_the_others(shop: Shop, monkeypatch) -> None:
    shop.buy()
    shop.stripe.add_foreign_subscription()
    shop.buy(user=(other := UserFactory()))
    deaf(shop)
    real = reconciling.sync_subscription
    broken = shop.stripe.all("subscription")[0]["id"]

    def break_one(stripe_id: str):
        if stripe_id == broken:
            raise ValueError("Broken.")
        return real(stripe_id)

    monkeypatch.setattr(reconciling, "sync_subscription", break_one)
    report = actions.reconcile()
    assert f"{broken}: ValueError: Broken." in report.error
    assert Membership.objects.exclude(stripe_id=broken).count() >= 1
    assert shop.has(shop.goods.basic) or shop.goods.basic.pk in shop.access(user=other).tier_ids


def test_stripe_being_away_is_in_the_report(shop: Shop) -> None:
    shop.stripe.break_next(*["time-out"] * 12)
    report = actions.reconcile()
    assert "GatewayUnavailable" in report.error
    assert report.finished_at is not None


def test_one_at_a_time_and_only_for_staff(shop: Shop) -> None:
    report = actions.start_reconciliation(actor=StaffFactory())
    assert report is not None
    assert actions.start_reconciliation() is None
    with pytest.raises(PermissionDenied):
        actions.start_reconciliation(actor=UserFactory())
    tasks.reconcile(report.pk)
    report.refresh_from_db()
    assert report.finished_at is not None
    tasks.reconcile_nightly()
    assert Reconciliation.objects.count() == 2


def test_a_page_that_never_reached_stripe_is_closed_after_a_day(shop: Shop) -> None:
    shop.start(shop.goods.course_price)
    Checkout.objects.update(stripe_session_id=None, created_at=timezone.now() - timedelta(days=2))
    actions.reconcile()
    assert Checkout.objects.get().state == "expired"
    assert Order.objects.get().status == "pending"
