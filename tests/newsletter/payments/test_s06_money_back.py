"""Refunds, disputes and withdrawals: what comes back takes back what it paid for, no more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from newsletter.memberships.models import AuditEntry, Grant, Product
from newsletter.outbox.models import OutgoingEmail
from newsletter.payments import actions
from newsletter.payments.models import Checkout, Coupon, Instalment, Membership, Order
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.payments import offer
from tests.newsletter.payments.shop import Shop, soon

pytestmark = pytest.mark.django_db


@pytest.fixture
def course_order(shop: Shop) -> Order:
    shop.buy(shop.goods.course_price)
    shop.hear()
    assert shop.owns(shop.goods.course)
    return shop.order()


def test_s06_a_full_refund_revokes_a_product(shop: Shop, course_order: Order) -> None:
    shop.stripe.refund(course_order.stripe_payment_intent_id)
    shop.hear()
    assert not shop.owns(shop.goods.course)
    order = shop.order()
    assert (order.status, order.refunded_amount) == ("refunded", 4900)
    assert Grant.objects.get().reason == "refunded"


@pytest.mark.parametrize("revokes", [False, True])
def test_s06_a_partial_refund_follows_the_setting(
    shop: Shop, course_order: Order, settings, revokes: bool
) -> None:
    settings.PARTIAL_REFUND_REVOKES = revokes
    shop.stripe.refund(course_order.stripe_payment_intent_id, 1000)
    shop.hear()
    assert shop.owns(shop.goods.course) is not revokes
    assert (shop.order().status, shop.order().refunded_amount) == ("paid", 1000)
    shop.stripe.refund(course_order.stripe_payment_intent_id, 3900)
    shop.hear()
    assert not shop.owns(shop.goods.course)
    assert shop.order().status == "refunded"


def test_s06_the_refund_of_an_old_instalment_leaves_what_is_paid_now(shop: Shop) -> None:
    membership = shop.join()
    for _month in range(3):
        shop.stripe.renew(membership.stripe_id)
    shop.hear()
    second = Instalment.objects.order_by("pk")[1]
    shop.stripe.refund(second.stripe_payment_intent_id)
    shop.hear()
    second.refresh_from_db()
    assert second.refunded_amount == 500
    assert shop.has(shop.goods.basic)


def test_s06_the_refund_of_the_running_period_revokes_until_the_next_is_paid(shop: Shop) -> None:
    membership = shop.join()
    shop.stripe.refund(membership.stripe_id)
    shop.hear()
    assert not shop.has(shop.goods.basic)
    shop.stripe.renew(membership.stripe_id)
    shop.hear(order="reversed")
    assert shop.has(shop.goods.basic)


@pytest.mark.parametrize(("sold_for", "since"), [(None, 1), (12, 1), (1, None)])
def test_what_comes_back_changes_nothing_of_how_long_it_was_sold_for(
    shop: Shop, sold_for: int | None, since: int | None
) -> None:
    """The author sells it for other months since; a part of the money goes back."""
    Product.objects.update(access_months=sold_for)
    shop.buy(shop.goods.course_price)
    shop.hear()
    promised = Grant.objects.get().ends_at
    assert (promised is None) == (sold_for is None)
    Product.objects.update(access_months=since)
    shop.stripe.refund(shop.order().stripe_payment_intent_id, 1000)
    shop.hear()
    assert shop.order().refunded_amount == 1000
    assert Grant.objects.get().ends_at == promised


@pytest.mark.parametrize("goods", ["basic_month", "course_price"])
@pytest.mark.parametrize("end", ["won", "lost"])
@pytest.mark.parametrize("order", ["in order", "reversed"])
def test_s06_a_dispute_suspends_won_restores_lost_revokes(
    shop: Shop, goods: str, end: str, order: str
) -> None:
    shop.buy(getattr(shop.goods, goods))
    shop.hear()
    paid = (
        shop.membership().stripe_id
        if goods == "basic_month"
        else (shop.order().stripe_payment_intent_id)
    )

    def is_open() -> bool:
        return shop.has(shop.goods.basic) or shop.owns(shop.goods.course)

    assert is_open()
    shop.stripe.dispute(paid)
    shop.hear(order=order)
    assert not is_open()
    if goods == "basic_month":
        assert shop.membership().suspended_at is not None
    shop.stripe.dispute(paid, end)
    shop.hear(order=order)
    assert is_open() == (end == "won")
    if goods == "basic_month":
        assert shop.membership().suspended_at is None
    else:
        assert shop.order().status == ("paid" if end == "won" else "lost")


def test_s06_a_dispute_may_leave_access_by_setting(shop: Shop, settings) -> None:
    settings.DISPUTE_SUSPENDS = False
    membership = shop.join()
    shop.stripe.dispute(membership.stripe_id)
    shop.hear()
    assert shop.has(shop.goods.basic)
    shop.stripe.dispute(membership.stripe_id, "lost")
    shop.hear()
    assert not shop.has(shop.goods.basic)


def test_s06_each_change_is_on_record(shop: Shop, course_order: Order) -> None:
    shop.stripe.dispute(course_order.stripe_payment_intent_id)
    shop.hear()
    shop.stripe.dispute(course_order.stripe_payment_intent_id, "won")
    shop.hear()
    said = list(AuditEntry.objects.order_by("pk").values_list("what", flat=True))
    assert said == [
        "access_given",
        "order_changed",
        "access_revoked",
        "order_changed",
        "access_restored",
        "order_changed",
    ]


# ── The right of withdrawal ───────────────────────────────────────────────────────────────────


def test_withdrawing_gives_all_back_and_takes_the_access(shop: Shop, course_order: Order) -> None:
    said = actions.preview_withdrawal(bought=course_order)
    assert (said.amount, said.kept) == (4900, 0)
    actions.withdraw(actor=shop.reader, bought=course_order)
    shop.hear(order="doubled")
    assert shop.order().status == "withdrawn"
    assert shop.order().refunded_amount == 4900
    assert not shop.owns(shop.goods.course)
    assert OutgoingEmail.objects.filter(kind="withdrawal_received").count() == 1
    with pytest.raises(actions.WithdrawalRefused):
        actions.withdraw(actor=shop.reader, bought=shop.order())


def test_who_asked_for_a_product_at_once_has_waived_it(shop: Shop) -> None:
    shop.buy(shop.goods.course_price, waives_withdrawal=True)
    shop.hear()
    with pytest.raises(actions.WithdrawalRefused):
        actions.preview_withdrawal(bought=shop.order())


@pytest.mark.parametrize("at_once", [False, True])
def test_withdrawing_from_a_membership(shop: Shop, at_once: bool) -> None:
    membership = shop.join(waives_withdrawal=at_once)
    later = timezone.now() + timedelta(days=10)
    said = actions.withdraw(actor=shop.reader, bought=membership, now=later)
    assert said.amount + said.kept == 500
    assert (150 < said.kept < 180) if at_once else said.kept == 0
    shop.hear()
    membership = shop.membership()
    assert (membership.status, membership.cancel_reason) == ("canceled", "withdrawn")
    assert Instalment.objects.get().refunded_amount == said.amount
    assert not shop.has(shop.goods.basic, soon(seconds=2))


@pytest.mark.parametrize(
    ("currency", "amount", "step"), [("kwd", 10_010, 10), ("isk", 99_900, 100), ("jpy", 997, 1)]
)
def test_s11_what_comes_back_of_a_withdrawal_is_an_amount_that_stripe_moves(
    shop: Shop, currency: str, amount: int, step: int
) -> None:
    membership = shop.join(
        offer(shop.goods.basic, amount, "month", currency), waives_withdrawal=True
    )
    for hours in range(1, 14 * 24, 37):
        said = actions.preview_withdrawal(
            bought=membership, now=membership.started_at + timedelta(hours=hours)
        )
        assert (said.amount + said.kept, said.amount % step) == (amount, 0)
        assert said.amount < amount or hours < 24


def test_withdrawing_from_what_was_free_takes_it_back_once(shop: Shop, client: Client) -> None:
    code = Coupon(name="Nothing", code="nothing", kind="percent", percent=100)
    free = actions.push_coupon(coupon=actions.save_coupon(actor=StaffFactory(), coupon=code))
    session_id = shop.buy(shop.goods.course_price, coupon=free)
    shop.hear()
    assert shop.owns(shop.goods.course)
    actions.withdraw(actor=shop.reader, bought=shop.order())
    assert (shop.order().status, shop.owns(shop.goods.course)) == ("withdrawn", False)
    actions.complete_checkout(session_id)
    actions.reconcile()
    assert (shop.order().status, shop.owns(shop.goods.course)) == ("withdrawn", False)
    with pytest.raises(actions.WithdrawalRefused):
        actions.withdraw(actor=shop.reader, bought=shop.order())


def test_a_withdrawal_names_what_was_bought_and_the_amount_in_words(shop: Shop) -> None:
    page = actions.start_gift(
        user=shop.reader, tier=shop.goods.basic, months=3, currency="eur",
        recipient_email="friend@example.com",
    )  # fmt: skip
    (line,) = shop.stripe.lines_of(page.stripe_session_id)
    # What Stripe prints on its page and its receipt: no address of somebody else's.
    assert line["name"] == "A gift: 3 months of Reader"
    shop.stripe.complete_checkout(page.stripe_session_id)
    shop.hear()
    actions.withdraw(actor=shop.reader, bought=shop.order())
    mail = OutgoingEmail.objects.get(kind="withdrawal_received")
    assert "You withdrew from A gift: 3 months of Reader on" in mail.text.replace("\n", " ")
    membership = shop.join()
    actions.withdraw(actor=shop.reader, bought=membership)
    said = AuditEntry.objects.filter(what="withdrawn").order_by("pk")
    assert [each.detail for each in said] == ["A gift: 3 months of Reader · €15", "Reader · €5"]
    begun = AuditEntry.objects.get(what="subscription_begun")
    assert begun.detail == f"Reader · €5 · Monthly · active · {membership.stripe_id}"


@pytest.mark.parametrize("at_once", [False, True])
def test_money_that_did_not_go_at_once_is_given_back_at_the_next_try(
    shop: Shop, client: Client, monkeypatch, at_once: bool
) -> None:
    """Stripe fails between the end of the membership and the refund: the right is not lost."""
    membership = shop.join(waives_withdrawal=at_once)
    client.force_login(shop.reader)
    page = reverse("payments:withdraw", args=["membership", membership.pk])
    ask, paths = shop.stripe.http.request, []

    def failing(method, url, *args, **kwargs):
        paths.append(url)
        if url.endswith("/refunds") and len(paths) < 40:
            shop.stripe.break_next(503)
        return ask(method, url, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(shop.stripe.http, "request", failing)
        answer = client.post(page, follow=True)
    # The page with the button again, and what went wrong.
    assert (answer.status_code, answer.redirect_chain[0][0]) == (200, page)
    assert "try again" in answer.content.decode()
    shop.hear()
    assert shop.membership().status == "canceled"
    assert Instalment.objects.get().refunded_amount == 0
    shop.stripe.advance(timedelta(days=20))
    client.post(page)
    returned = Instalment.objects.get().refunded_amount
    assert (498 <= returned <= 500) if at_once else returned == 500
    assert OutgoingEmail.objects.filter(kind="withdrawal_received").count() == 1
    with pytest.raises(actions.WithdrawalRefused):
        actions.withdraw(actor=shop.reader, bought=shop.membership())


def test_what_was_asked_for_at_an_earlier_purchase_keeps_nothing_of_this_one(shop: Shop) -> None:
    first = shop.join(waives_withdrawal=True)
    shop.stripe.cancel_now(first.stripe_id)
    shop.hear()
    Checkout.objects.update(created_at=first.started_at - timedelta(days=400))
    shop.buy()
    shop.hear()
    second = Membership.objects.exclude(pk=first.pk).get()
    said = actions.preview_withdrawal(bought=second, now=soon(days=10))
    assert (said.amount, said.kept) == (500, 0)


def test_after_fourteen_days_there_is_no_withdrawal(shop: Shop) -> None:
    membership = shop.join()
    with pytest.raises(actions.WithdrawalRefused):
        actions.preview_withdrawal(bought=membership, now=soon(days=14, seconds=5))
    assert Membership.objects.get().status == "active"


def test_withdrawal_can_be_switched_off_and_is_the_buyers_own(shop: Shop, settings) -> None:
    membership = shop.join()
    with pytest.raises(PermissionDenied):
        actions.withdraw(actor=UserFactory(is_staff=True), bought=membership)
    settings.WITHDRAWAL_ENABLED = False
    with pytest.raises(actions.WithdrawalRefused):
        actions.withdraw(actor=shop.reader, bought=membership)
