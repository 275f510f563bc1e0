"""To the payment page and back: once, whatever comes first, and only when it is paid."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from newsletter.memberships.models import AuditEntry, Grant
from newsletter.outbox.models import OutgoingEmail
from newsletter.payments import actions
from newsletter.payments.actions import settling
from newsletter.payments.models import Checkout, Coupon, Membership, Order
from newsletter.payments.queries import people_paying_twice
from tests.factories.accounts import StaffFactory
from tests.factories.payments import make_catalogue, offer
from tests.newsletter.payments.shop import Shop, soon

pytestmark = pytest.mark.django_db


def paths(shop: Shop, method: str = "post") -> list[str]:
    return [path for verb, path in shop.stripe.requests if verb == method]


@pytest.mark.parametrize("goods", ["basic_month", "course_price"])
@pytest.mark.parametrize("first", ["success page", "webhook", "neither"])
def test_s04_success_page_and_webhook_in_any_order(shop: Shop, goods: str, first: str) -> None:
    session_id = shop.buy(getattr(shop.goods, goods))
    if first == "success page":
        answer = actions.complete_checkout(session_id)
        assert answer is not None
        assert answer.is_paid
        shop.hear()
    elif first == "webhook":
        shop.hear()
        assert actions.complete_checkout(session_id).is_paid
    else:
        shop.stripe.take_events(drop=1.0)
        report = actions.reconcile()
        assert report.mended, report.error
        assert report.error == ""
    if goods == "basic_month":
        assert shop.has(shop.goods.basic)
        assert Membership.objects.count() == 1
    else:
        assert shop.owns(shop.goods.course)
        assert shop.order().status == "paid"
    assert Grant.objects.count() == 1
    assert Checkout.objects.get().state == "completed"
    # Whoever comes second finds everything done.
    again = Grant.objects.get().pk, OutgoingEmail.objects.count(), AuditEntry.objects.count()
    actions.complete_checkout(session_id)
    shop.hear()
    actions.reconcile()
    assert again == (
        Grant.objects.get().pk,
        OutgoingEmail.objects.count(),
        AuditEntry.objects.count(),
    )


def test_s04_a_page_that_is_not_ours_is_nothing(shop: Shop) -> None:
    assert actions.complete_checkout("cs_test_of_somebody_else") is None


def test_s04_a_page_whose_answer_was_lost_is_found_again(shop: Shop) -> None:
    """Stripe made the page, the answer never came, the payer had it in another tab."""
    session_id = shop.start().stripe_session_id
    Checkout.objects.update(stripe_session_id=None, url="")
    shop.stripe.complete_checkout(session_id)
    shop.hear()
    assert Checkout.objects.get().state == "completed"
    assert shop.has(shop.goods.basic)


def test_s05_two_clicks_two_tabs_and_the_back_button_are_one_page(shop: Shop) -> None:
    pages = {shop.start().stripe_session_id for _click in range(3)}
    assert len(pages) == 1
    assert Checkout.objects.count() == 1
    assert paths(shop).count("/v1/checkout/sessions") == 1


def test_s05_another_choice_closes_the_page_that_was_left(shop: Shop) -> None:
    left = shop.start(shop.goods.basic_month).stripe_session_id
    chosen = shop.start(shop.goods.basic_year).stripe_session_id
    assert left != chosen
    assert shop.stripe.read(left)["status"] == "expired"
    assert list(Checkout.objects.order_by("pk").values_list("state", flat=True)) == [
        "expired",
        "open",
    ]


def test_s05_a_page_that_was_paid_in_the_other_tab_is_found_out(shop: Shop) -> None:
    shop.buy(shop.goods.basic_month)
    with pytest.raises(actions.AlreadyMember):
        shop.start(shop.goods.patron_month)
    assert shop.has(shop.goods.basic)
    assert len(shop.stripe.all("subscription")) == 1


def test_s05_a_member_changes_instead_of_buying_twice(shop: Shop) -> None:
    shop.join()
    with pytest.raises(actions.AlreadyMember):
        shop.start(shop.goods.patron_month)
    shop.join(shop.goods.course_price)
    with pytest.raises(actions.AlreadyOwned):
        shop.start(shop.goods.course_price)


def test_s05_a_product_has_one_open_page_too(shop: Shop) -> None:
    pages = {shop.start(shop.goods.course_price).stripe_session_id for _click in range(3)}
    assert len(pages) == Order.objects.count() == 1


def test_s05_two_running_subscriptions_are_seen(shop: Shop) -> None:
    first = shop.join()
    Membership.objects.filter(pk=first.pk).update(status="canceled")
    shop.buy(shop.goods.patron_month)
    shop.hear()
    actions.sync_subscription(first.stripe_id)
    assert [user.pk for user in people_paying_twice()] == [shop.reader.pk]
    shop.stripe.cancel_now(first.stripe_id)
    shop.hear()
    assert not people_paying_twice().exists()
    assert shop.has(shop.goods.patron, soon(seconds=2))
    assert not shop.has(shop.goods.basic, soon(seconds=2))


def test_s05_a_second_running_subscription_is_on_record(shop: Shop) -> None:
    shop.join()
    made = shop.stripe.read(shop.membership().stripe_id)
    other = shop.stripe.add_foreign_subscription(customer_id=made["customer"])
    facts = shop.stripe.world.get(other["id"])
    facts["items"]["data"][0]["price"] = made["items"]["data"][0]["price"]
    shop.stripe.world.put(facts)
    shop.hear()
    assert AuditEntry.objects.filter(user=shop.reader, what="second_subscription").count() == 1


def test_s05_a_lost_answer_is_asked_for_again_under_the_same_key(shop: Shop) -> None:
    shop.stripe.break_next("lost")
    shop.start()
    assert len(shop.stripe.all("customer")) == 1
    assert len(shop.stripe.all("checkout.session")) == 1


def test_an_expired_page_is_replaced(shop: Shop) -> None:
    old = shop.start().stripe_session_id
    shop.stripe.expire_session(old)
    assert shop.start().stripe_session_id != old


def test_an_expired_page_ends_its_order(shop: Shop) -> None:
    old = shop.start(shop.goods.course_price).stripe_session_id
    shop.stripe.expire_session(old)
    shop.hear()
    assert (shop.order().status, Checkout.objects.get().state) == ("expired", "expired")


@pytest.mark.parametrize("outcome", ["declined", "needs_authentication"])
def test_a_declined_card_opens_nothing_and_the_page_stays(shop: Shop, outcome: str) -> None:
    session_id = shop.buy(shop.goods.course_price, outcome)
    shop.hear()
    assert not shop.owns(shop.goods.course)
    assert not actions.complete_checkout(session_id).is_paid
    shop.stripe.complete_checkout(session_id)
    shop.hear()
    assert shop.owns(shop.goods.course)
    assert shop.order().status == "paid"


@pytest.mark.parametrize("first", ["once", "plan", "usd"])
def test_s05_one_product_is_not_paid_in_two_ways(shop: Shop, first: str) -> None:
    """Somebody goes back from "at once" to "in instalments": the page that they left is shut."""
    ways = {
        "once": shop.goods.course_price,
        "plan": offer(shop.goods.course, 1500, "plan", instalments=4),
        "usd": offer(shop.goods.course, 5500, "once", "usd"),
    }
    left = shop.start(ways.pop(first))
    taken = shop.start(ways.popitem()[1])
    assert shop.stripe.read(left.stripe_session_id)["status"] == "expired"
    assert shop.stripe.read(taken.stripe_session_id)["status"] == "open"
    shop.stripe.complete_checkout(taken.stripe_session_id)
    shop.hear()
    assert shop.owns(shop.goods.course)


def test_s05_what_was_paid_in_one_way_meanwhile_is_not_offered_in_another(shop: Shop) -> None:
    plan = offer(shop.goods.course, 1500, "plan", instalments=4)
    shop.buy(shop.goods.course_price)
    with pytest.raises(actions.AlreadyOwned):
        shop.start(plan)
    assert shop.owns(shop.goods.course)


@pytest.mark.parametrize("goods", ["basic_month", "course_price"])
@pytest.mark.parametrize("order", ["in order", "reversed"])
def test_s09_a_delayed_payment_opens_when_it_comes(shop: Shop, goods: str, order: str) -> None:
    session_id = shop.buy(getattr(shop.goods, goods), "delayed")
    answer = actions.complete_checkout(session_id)
    assert (answer.is_paid, answer.is_under_way) == (False, True)
    shop.hear(order=order)
    assert not shop.access().tier_ids
    assert not shop.access().product_ids
    assert OutgoingEmail.objects.count() == 0
    shop.stripe.settle_delayed(session_id)
    shop.hear(order=order)
    assert shop.has(shop.goods.basic) or shop.owns(shop.goods.course)
    assert Checkout.objects.get().state == "completed"
    assert OutgoingEmail.objects.count() == 1


@pytest.mark.parametrize("way", ["again", "with a code", "in instalments", "in another currency"])
def test_s09_nobody_pays_again_while_a_payment_is_under_way(shop: Shop, way: str) -> None:
    goods = shop.goods
    shop.buy(goods.course_price, "delayed")
    choices: dict[str, Any] = {"price": goods.course_price}
    if way == "with a code":
        choices["coupon"] = coupon(shop, percent=20)
    elif way == "in instalments":
        choices["price"] = offer(goods.course, 1500, "plan", instalments=4)
    elif way == "in another currency":
        choices["price"] = offer(goods.course, 5900, "once", "usd")
    for _before_and_after_the_webhook in range(2):
        with pytest.raises(actions.CheckoutRefused, match="under way"):
            shop.start(**choices)
        shop.hear()
    assert Checkout.objects.count() == 1


@pytest.mark.parametrize("goods", ["basic_month", "course_price"])
@pytest.mark.parametrize("order", ["in order", "reversed"])
def test_s09_a_delayed_payment_that_fails_never_opens(shop: Shop, goods: str, order: str) -> None:
    session_id = shop.buy(getattr(shop.goods, goods), "delayed")
    shop.hear(order=order)
    shop.stripe.settle_delayed(session_id, paid=False)
    shop.hear(order=order)
    assert not shop.access().tier_ids
    assert not shop.access().product_ids
    assert Checkout.objects.get().state == "failed"
    assert not actions.complete_checkout(session_id).is_under_way
    # Another try is a new page.
    assert shop.start(getattr(shop.goods, goods)).stripe_session_id != session_id


@pytest.mark.parametrize("order", ["in order", "reversed"])
def test_s09_a_debit_that_failed_and_was_paid_by_card_opens(shop: Shop, order: str) -> None:
    """The page on which it was bought says "unpaid" for ever; the bill is paid all the same."""
    session_id = shop.buy(outcome="delayed")
    shop.hear()
    bill = shop.stripe.read(shop.membership().stripe_id)["latest_invoice"]
    shop.stripe.pay_invoice(bill)
    shop.hear(order=order)
    assert shop.stripe.read(session_id)["payment_status"] == "unpaid"
    assert shop.has(shop.goods.basic)
    assert not shop.membership().awaits_payment
    assert actions.complete_checkout(session_id).is_paid
    assert Checkout.objects.get().state == "completed"
    assert OutgoingEmail.objects.count() == 1
    assert actions.reconcile().mended == []


def test_a_trial_is_for_newcomers(stripe) -> None:
    shop = Shop(stripe, make_catalogue(trial_days=14))
    membership = shop.join()
    assert membership.status == "trialing"
    assert shop.has(shop.goods.basic)
    shop.stripe.cancel_now(membership.stripe_id)
    shop.hear()
    shop.buy()
    shop.hear()
    assert Membership.objects.latest("pk").status == "active"


def test_a_trial_that_ends_soon_is_told_once(stripe) -> None:
    shop = Shop(stripe, make_catalogue(trial_days=14))
    shop.join()
    stripe.advance(timedelta(days=12))
    shop.hear(order="doubled")
    assert OutgoingEmail.objects.filter(kind="trial_ending").count() == 1


def coupon(shop: Shop, **fields) -> Coupon:
    fields = {"name": "Spring", "code": "spring", "kind": "percent", "percent": 50, **fields}
    saved = actions.save_coupon(actor=StaffFactory(), coupon=Coupon(**fields))
    return actions.push_coupon(coupon=saved)


def test_a_coupon_takes_its_share(shop: Shop) -> None:
    membership = shop.join(coupon=coupon(shop, duration="forever"))
    assert membership.amount == 250


def test_a_product_for_nothing_is_paid_without_a_payment(shop: Shop) -> None:
    session_id = shop.buy(shop.goods.course_price, coupon=coupon(shop, percent=100))
    assert actions.complete_checkout(session_id).is_paid
    shop.hear(order="doubled")
    order = shop.order()
    assert (order.status, order.amount, order.stripe_payment_intent_id) == ("paid", 0, None)
    assert shop.owns(shop.goods.course)
    assert OutgoingEmail.objects.count() == 1


def test_a_product_for_nothing_is_settled_by_whoever_comes_first(shop: Shop, monkeypatch) -> None:
    """The webhook settles it between the success page's reading and its writing."""
    session_id = shop.buy(shop.goods.course_price, coupon=coupon(shop, percent=100))
    write = settling.write_order

    def late(order: Order, *what: Any) -> Order:
        with monkeypatch.context() as patch:
            patch.setattr(settling, "write_order", write)
            shop.hear()
        return write(order, *what)

    monkeypatch.setattr(settling, "write_order", late)
    assert actions.complete_checkout(session_id).is_paid
    assert (shop.order().status, shop.owns(shop.goods.course)) == ("paid", True)
    assert OutgoingEmail.objects.filter(kind="order_paid").count() == 1


@pytest.mark.parametrize(
    "fields",
    [{"is_archived": True}, {"expires_at": timezone.now() - timedelta(1)}],
)
def test_a_coupon_that_is_over_is_refused(shop: Shop, fields) -> None:
    spent = coupon(shop)
    Coupon.objects.update(**fields)
    spent.refresh_from_db()
    with pytest.raises(actions.CheckoutRefused):
        shop.start(coupon=spent)


def test_what_is_not_offered_cannot_be_bought(shop: Shop) -> None:
    old = shop.goods.basic_month
    offer(shop.goods.basic, 700)
    old.refresh_from_db()
    assert old.state == "archived"
    with pytest.raises(actions.CheckoutRefused):
        shop.start(old)
    with pytest.raises(actions.CheckoutRefused):
        shop.start(shop.goods.course_price, quantity=2)


@pytest.mark.parametrize(
    "path", ["//evil.example/", "https://evil.example/", "javascript:alert(1)"]
)
def test_the_way_back_stays_on_this_site(shop: Shop, path: str) -> None:
    assert shop.start(next_path=path).next_path == ""
    assert shop.stripe.all("checkout.session")[0]["cancel_url"].endswith("/plans/")


def test_access_at_once_is_kept_with_its_moment(shop: Shop) -> None:
    shop.join(waives_withdrawal=True)
    assert Checkout.objects.get().waived_withdrawal_at is not None
    assert AuditEntry.objects.filter(what="access_at_once_asked_for").count() == 1


@pytest.mark.parametrize("goods", ["basic_month", "course_price"])
def test_the_terms_agreed_to_last_count(shop: Shop, goods: str) -> None:
    """Back from the payment page, the box is ticked or not: the same page, other terms."""
    price = getattr(shop.goods, goods)
    first = shop.start(price)
    ticked = shop.start(price, waives_withdrawal=True, next_path="/articles/")
    assert (ticked.pk, ticked.next_path) == (first.pk, "/articles/")
    at = Checkout.objects.get().waived_withdrawal_at
    assert at is not None
    shop.start(price, waives_withdrawal=True)
    assert Checkout.objects.get().waived_withdrawal_at == at
    shop.start(price)
    assert Checkout.objects.get().waived_withdrawal_at is None


@pytest.mark.parametrize(
    ("goods", "said"),
    [
        ("basic_month", "Then €5 is charged each month"),
        ("basic_year", "Then €50 is charged each year"),
    ],
)
def test_the_mail_of_a_trial_says_what_is_charged_and_how_often(
    stripe, goods: str, said: str
) -> None:
    shop = Shop(stripe, make_catalogue(trial_days=14))
    membership = shop.join(getattr(shop.goods, goods))
    mail = OutgoingEmail.objects.get(kind="membership_started")
    assert said in " ".join(mail.text.split())
    assert said in mail.html
    # Taken up again after its trial has passed: nothing is said of a trial.
    shop.stripe.pause(membership.stripe_id)
    shop.hear()
    shop.stripe.unpause(membership.stripe_id)
    shop.hear()
    later = OutgoingEmail.objects.filter(kind="membership_started").latest("pk")
    assert later.pk != mail.pk
    assert "trial" not in later.text
