"""Who pays is first freed from paying at Stripe; where Stripe fails, nothing is forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from newsletter.accounts.models import User
from newsletter.members import actions
from newsletter.members.models import Erasure
from newsletter.memberships.models import AuditEntry, Grant
from newsletter.outbox.models import OutgoingEmail
from newsletter.payments.actions import (
    StillPaying,
    deliver_due_gifts,
    export_purchases_of,
    invite_to_seat,
    readdress_gift,
)
from newsletter.payments.actions import reconcile as run_reconciliation
from newsletter.payments.gateway import GatewayError
from newsletter.payments.models import (
    Checkout,
    Gift,
    Instalment,
    Membership,
    Order,
    PaymentPlan,
    Seat,
)
from tests.factories.accounts import UserFactory, sign_in_staff
from tests.factories.payments import offer
from tests.newsletter.members.everything import columns_with
from tests.newsletter.members.signing_in import sign_in
from tests.newsletter.payments.shop import Shop, give

pytestmark = pytest.mark.django_db


def erase(person: User) -> None:
    erasure = actions.request_erasure(actor=person, person=person)
    assert actions.finish_erasure(erasure_id=erasure.pk)


def test_the_membership_ends_at_stripe_first(shop: Shop) -> None:
    membership = shop.join()
    order = shop.buy(shop.goods.course_price)
    shop.hear()
    erase(shop.reader)
    assert shop.stripe.read(membership.stripe_id)["status"] == "canceled"
    membership.refresh_from_db()
    assert (membership.status, membership.user_id) == ("canceled", shop.reader.pk)
    assert not shop.access().tier_ids
    assert not shop.owns(shop.goods.course)
    # The books stay, and what Stripe tells of them later brings nobody back.
    assert Order.objects.get(user=shop.reader).amount == 4900
    assert order
    shop.hear()
    run_reconciliation()
    shop.reader.refresh_from_db()
    assert shop.reader.is_erased
    assert not Grant.objects.filter(user=shop.reader, revoked_at=None, ends_at=None).exists()
    assert Membership.objects.count() == 1
    assert User.objects.filter(is_staff=False).count() == 1


def test_two_memberships_both_end(shop: Shop) -> None:
    first = shop.join()
    Membership.objects.filter(pk=first.pk).update(status="canceled")
    shop.buy(shop.goods.patron_month)
    shop.hear()
    run_reconciliation()
    assert Membership.objects.filter(status="active").count() == 2
    erase(shop.reader)
    assert set(Membership.objects.values_list("status", flat=True)) == {"canceled"}


# Each of the requests that it takes fails in turn; the SDK itself tries some twice more.
@pytest.mark.parametrize("good", [0, 1])
@pytest.mark.parametrize("trouble", ["time-out", 401, 503])
def test_where_stripe_fails_nothing_is_closed(shop: Shop, client: Client, trouble, good) -> None:
    membership = shop.join()
    sign_in(client, shop.reader)
    told = OutgoingEmail.objects.count()
    real, calls = shop.stripe.http.request, []

    def failing(method, url, *args, **kwargs):
        calls.append(url)
        if len(calls) > good:
            shop.stripe.break_next(trouble)
        return real(method, url, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shop.stripe.http, "request", failing)
        page = client.post("/account/delete/")
    assert page.status_code == 503
    words = page.content.decode()
    assert "nothing of it was deleted" in words
    assert "Delete your account" in words
    assert not Erasure.objects.exists()
    shop.reader.refresh_from_db()
    assert shop.reader.is_active
    assert client.get("/account/").status_code == 200
    assert OutgoingEmail.objects.count() == told
    # Later, by the same button; what went through before is no obstacle.
    assert client.post("/account/delete/").status_code == 302
    assert shop.stripe.read(membership.stripe_id)["status"] == "canceled"
    assert Erasure.objects.filter(user=shop.reader).exists()


def test_an_answer_that_was_lost_is_no_obstacle(shop: Shop) -> None:
    membership = shop.join()
    shop.stripe.break_next("lost", "lost", "lost")
    with pytest.raises(GatewayError):
        actions.request_erasure(actor=shop.reader, person=shop.reader)
    erase(shop.reader)
    assert shop.stripe.read(membership.stripe_id)["status"] == "canceled"


def test_what_stripe_does_not_end_is_not_forgotten(shop: Shop, monkeypatch) -> None:
    shop.join()
    name = "newsletter.payments.gateway.subscribing.Subscribing.cancel_now"
    monkeypatch.setattr(name, lambda *_args, **_more: None)
    with pytest.raises(StillPaying):
        actions.request_erasure(actor=shop.reader, person=shop.reader)
    shop.reader.refresh_from_db()
    assert shop.reader.is_active


@pytest.fixture
def plan(shop: Shop) -> PaymentPlan:
    """Four times €15 for what costs €49 at once; the first is paid."""
    price = offer(shop.goods.course, 1500, "plan", instalments=4)
    shop.buy(price)
    shop.hear()
    return PaymentPlan.objects.get()


def test_a_plan_that_runs_ends_at_stripe_first(shop: Shop, plan: PaymentPlan) -> None:
    Instalment.objects.update(receipt_url="https://stripe.example/ada", error="card of Ada")
    erase(shop.reader)
    assert shop.stripe.read(plan.stripe_id)["status"] == "canceled"
    plan.refresh_from_db()
    assert (plan.status, plan.user_id, plan.paid_count) == ("canceled", shop.reader.pk, 1)
    assert not shop.owns(shop.goods.course)
    paid = Instalment.objects.get(plan=plan)
    assert (paid.amount, paid.receipt_url, paid.error) == (1500, "", "")
    # A month later nothing is charged, and nothing opens again.
    shop.stripe.advance(timedelta(days=62))
    shop.hear()
    run_reconciliation()
    assert Instalment.objects.count() == 1
    assert not shop.owns(shop.goods.course)
    kinds = AuditEntry.objects.filter(user=shop.reader, what__startswith="plan_")
    assert all(entry.detail for entry in kinds)
    assert kinds.exists()


def test_a_plan_that_stripe_does_not_end_is_not_forgotten(
    shop: Shop, plan: PaymentPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "newsletter.payments.gateway.subscribing.Subscribing.cancel_now"
    monkeypatch.setattr(name, lambda *_args, **_more: None)
    with pytest.raises(StillPaying):
        actions.request_erasure(actor=shop.reader, person=shop.reader)
    shop.reader.refresh_from_db()
    assert shop.reader.is_active
    assert not Erasure.objects.exists()
    plan.refresh_from_db()
    assert plan.status == "active"


def test_a_plan_begun_in_that_moment_keeps_the_account_open(
    shop: Shop, plan: PaymentPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.members.actions.erasing.end_payments_of", lambda **_more: 0)
    with pytest.raises(StillPaying):
        actions.request_erasure(actor=shop.reader, person=shop.reader)
    assert not Erasure.objects.exists()


def test_pages_name_a_plan_that_runs(shop: Shop, plan: PaymentPlan, client: Client) -> None:
    sign_in(client, shop.reader)
    page = client.get("/account/delete/").content.decode()
    assert "You are still paying for:" in page
    assert f"{plan.product}: 4 monthly payments of €15" in page
    assert "closes with your account, however much of it is paid" in page
    assert "End what I pay for and delete my account" in page
    desk = Client()
    sign_in_staff(desk)
    page = desk.get(f"/admin/newsletter/user/{shop.reader.pk}/member/delete/").content.decode()
    assert "They still pay for:" in page
    assert "4 monthly payments of €15" in page


def test_the_copy_shows_a_plan_and_its_payments(shop: Shop, plan: PaymentPlan) -> None:
    shown = export_purchases_of(shop.reader)
    assert shown["payment_plans"][0]["number_at_stripe"] == plan.stripe_id
    (paid,) = shown["membership_payments"]
    assert (paid["product"], paid["tier"], paid["amount"]) == (plan.product.name, None, 1500)


def test_a_payment_page_that_is_open_cannot_be_paid_any_more(shop: Shop) -> None:
    page = shop.start()
    erase(shop.reader)
    assert shop.stripe.read(page.stripe_session_id)["status"] == "expired"
    left = Checkout.objects.get(pk=page.pk)
    assert (left.state, left.url) == ("expired", "")


def test_a_page_that_is_paid_in_that_moment_is_seen(shop: Shop) -> None:
    page = shop.start()
    shop.stripe.complete_checkout(page.stripe_session_id)
    erase(shop.reader)
    assert set(Membership.objects.values_list("status", flat=True)) == {"canceled"}


def test_a_gift_that_was_paid_is_delivered_without_its_givers_name(shop: Shop) -> None:
    User.objects.filter(pk=shop.reader.pk).update(name="Ada Lovelace-Byron")
    shop.reader.refresh_from_db()
    gift = give(shop)
    erase(shop.reader)
    (mail,) = deliver_due_gifts()
    assert (mail.to, "Deleted reader" in mail.subject) == ("friend@example.com", True)
    gift.refresh_from_db()
    assert gift.state == "delivered"


def test_names_in_mail_to_others_go(shop: Shop) -> None:
    User.objects.filter(pk=shop.reader.pk).update(name="Ada <Lovelace>")
    shop.reader.refresh_from_db()
    membership = shop.join(shop.goods.basic_month, quantity=3)
    invite_to_seat(actor=shop.reader, membership=membership, email="sam@example.com")
    give(shop)
    deliver_due_gifts()
    assert columns_with("Ada <Lovelace>", "Ada &lt;Lovelace&gt;")
    erase(shop.reader)
    assert columns_with("Ada <Lovelace>", "Ada &lt;Lovelace&gt;") == []
    waiting = OutgoingEmail.objects.get(to="sam@example.com")
    assert (waiting.state, waiting.subject[:10]) == ("queued", "… has a se")
    # Nobody can accept a seat in a group that has ended.
    assert not Seat.objects.filter(state="invited").exists()


def test_a_seat_in_anothers_group_is_free_again(shop: Shop) -> None:
    membership = shop.join(shop.goods.basic_month, quantity=3)
    guest = UserFactory(email="sam@example.com")
    seat = invite_to_seat(actor=shop.reader, membership=membership, email=guest.email)
    Seat.objects.filter(pk=seat.pk).update(user=guest, state="active")
    erase(guest)
    seat.refresh_from_db()
    assert (seat.state, seat.user) == ("removed", None)
    assert "sam@" not in seat.email
    assert invite_to_seat(actor=shop.reader, membership=membership, email="new@example.com")
    assert invite_to_seat(actor=shop.reader, membership=membership, email="two@example.com")


def test_a_gift_that_waits_for_them_can_go_to_somebody_else(shop: Shop) -> None:
    friend = UserFactory(email="friend@example.com")
    gift: Gift = give(shop, recipient_email=friend.email, message="Dear friend")
    erase(friend)
    gift.refresh_from_db()
    assert (gift.state, gift.message) == ("waiting", "")
    assert "friend@" not in gift.recipient_email
    assert readdress_gift(actor=shop.reader, gift=gift, recipient_email="bo@example.com")


def test_the_page_says_what_ends(shop: Shop, client: Client) -> None:
    shop.join()
    sign_in(client, shop.reader)
    page = client.get("/account/delete/").content.decode()
    assert "Reader: €5 a month" in page
    assert "nothing more is charged" in page
    assert "End my membership and delete my account" in page
