"""A product paid in instalments: it is open while it is paid, ends by itself, and then stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from newsletter.memberships.models import AuditEntry, Grant
from newsletter.outbox.models import OutgoingEmail
from newsletter.payments import actions
from newsletter.payments.actions.plans import sync_plan
from newsletter.payments.enums import DisputeState, Interval, MembershipStatus
from newsletter.payments.models import Instalment, Membership, PaymentPlan, Price
from newsletter.payments.offering import offering, price_in_words
from newsletter.payments.policy import Policies, Returned, plan_verdict
from newsletter.payments.revenue import last_months, money_by_month
from tests.factories.accounts import StaffFactory, sign_in_staff
from tests.factories.payments import offer
from tests.newsletter.payments.shop import Shop, all_handled

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def price(shop: Shop) -> Price:
    """Four times €15 for what costs €49 at once."""
    found = offer(shop.goods.course, 1500, "plan", instalments=4)
    shop.stripe.take_events()
    return found


@pytest.fixture
def plan(shop: Shop, price: Price) -> PaymentPlan:
    """One that has just begun."""
    shop.buy(price)
    shop.hear()
    return PaymentPlan.objects.get()


def mails() -> list[str]:
    sent = OutgoingEmail.objects.filter(kind__startswith="plan_").order_by("pk")
    return list(sent.values_list("kind", flat=True))


def months(shop: Shop, number: int, **how: object) -> None:
    """Let so many months pass, a little more than that."""
    for _month in range(number):
        shop.stripe.advance(timedelta(days=31, hours=1))
        shop.hear(**how)


def test_it_begins_with_the_first_payment_and_stripe_knows_the_end(
    shop: Shop, plan: PaymentPlan
) -> None:
    assert (plan.paid_count, plan.instalments, plan.status) == (1, 4, "active")
    assert shop.owns(shop.goods.course)
    theirs = shop.stripe.read(plan.stripe_id)
    assert theirs["cancel_at"] is not None
    assert plan.cancel_at == datetime.fromtimestamp(theirs["cancel_at"], UTC)
    # Four months after it began.
    assert 118 <= (plan.cancel_at - plan.started_at).days <= 123
    assert not Membership.objects.exists()
    assert Instalment.objects.get().sold == shop.goods.course
    assert mails() == ["plan_started"]


@pytest.mark.parametrize("order", ["in order", "reversed", "shuffled"])
def test_it_ends_by_itself_and_what_was_bought_stays(
    shop: Shop, plan: PaymentPlan, order: str
) -> None:
    months(shop, 3, order=order)
    plan.refresh_from_db()
    assert (plan.paid_count, plan.status) == (4, "active")
    assert Grant.objects.get().ends_at is None
    assert "plan_paid_off" in mails()
    months(shop, 3, order=order)
    plan.refresh_from_db()
    assert (plan.paid_count, plan.status) == (4, "canceled")
    assert plan.ended_at is not None
    assert Instalment.objects.filter(paid_at__isnull=False).count() == 4
    assert shop.owns(shop.goods.course, plan.ended_at + 9_999 * DAY)
    assert mails() == ["plan_started", "plan_paid_off"]
    assert all_handled()


def test_who_stops_paying_loses_it_when_the_grace_is_over(shop: Shop, plan: PaymentPlan) -> None:
    months(shop, 1)
    shop.stripe.renew(plan.stripe_id, "declines")
    shop.hear()
    plan.refresh_from_db()
    assert (plan.status, plan.paid_count) == ("past_due", 2)
    assert plan.past_due_since is not None
    assert shop.owns(shop.goods.course, plan.past_due_since + 6 * DAY)
    assert not shop.owns(shop.goods.course, plan.past_due_since + 8 * DAY)
    assert mails() == ["plan_started", "plan_overdue"]
    shop.stripe.recover(plan.stripe_id)
    shop.hear()
    plan.refresh_from_db()
    assert (plan.status, plan.paid_count, plan.past_due_since) == ("active", 3, None)
    assert shop.owns(shop.goods.course)


def test_one_that_breaks_off_ends_what_it_opened(shop: Shop, plan: PaymentPlan) -> None:
    shop.stripe.cancel_now(plan.stripe_id)
    shop.hear()
    plan.refresh_from_db()
    assert plan.status == "canceled"
    assert not shop.owns(shop.goods.course)
    # They may begin anew.
    shop.start(plan.price)


def test_s06_the_refund_of_instalment_2_of_4_is_a_part_of_the_price(
    shop: Shop, plan: PaymentPlan, settings
) -> None:
    months(shop, 1)
    paid = list(Instalment.objects.order_by("pk"))
    shop.stripe.refund(paid[1].stripe_payment_intent_id)
    shop.hear()
    assert shop.owns(shop.goods.course)
    shop.stripe.refund(paid[0].stripe_payment_intent_id)
    shop.hear()
    assert not shop.owns(shop.goods.course)
    assert Grant.objects.get().reason == "refunded"


@pytest.mark.parametrize("end", ["won", "lost"])
def test_s06_a_dispute_about_one_instalment_suspends_it_all(
    shop: Shop, plan: PaymentPlan, end: str
) -> None:
    intent = Instalment.objects.get().stripe_payment_intent_id
    shop.stripe.dispute(intent)
    shop.hear()
    assert not shop.owns(shop.goods.course)
    shop.stripe.dispute(intent, end)
    shop.hear()
    assert shop.owns(shop.goods.course) == (end == "won")


def test_s01_without_a_single_event_the_night_finds_it_all(shop: Shop, price: Price) -> None:
    shop.buy(price)
    shop.stripe.take_events()
    actions.reconcile()
    plan = PaymentPlan.objects.get()
    assert (plan.paid_count, plan.cancel_at is not None) == (1, True)
    assert shop.owns(shop.goods.course)
    for _month in range(3):
        shop.stripe.advance(timedelta(days=31, hours=1))
        shop.stripe.take_events()
        actions.reconcile()
    plan.refresh_from_db()
    assert plan.paid_count == 4
    assert Grant.objects.get().ends_at is None
    shop.stripe.advance(timedelta(days=40))
    shop.stripe.take_events()
    actions.reconcile()
    plan.refresh_from_db()
    assert plan.ended_at is not None
    assert not actions.reconcile().mended


def test_s01_the_same_again_changes_nothing(shop: Shop, plan: PaymentPlan) -> None:
    entries, grants = AuditEntry.objects.count(), Grant.objects.count()
    for _again in range(2):
        sync_plan(plan.stripe_id)
    assert (AuditEntry.objects.count(), Grant.objects.count()) == (entries, grants)
    assert mails() == ["plan_started"]


def test_s05_nobody_pays_for_the_same_twice(shop: Shop, price: Price) -> None:
    first, second = shop.start(price), shop.start(price)
    assert first.pk == second.pk
    shop.stripe.complete_checkout(first.stripe_session_id)
    shop.hear()
    for offered in (price, shop.goods.course_price):
        with pytest.raises(actions.AlreadyOwned):
            shop.start(offered)
    # A membership is something else.
    assert shop.join().tier == shop.goods.basic


def test_an_overdue_plan_whose_grace_is_over_is_not_bought_a_second_time(
    shop: Shop, plan: PaymentPlan
) -> None:
    shop.stripe.renew(plan.stripe_id, "declines")
    shop.hear()
    Grant.objects.update(ends_at=plan.started_at + timedelta(seconds=1))
    with pytest.raises(actions.AlreadyOwned):
        shop.start(shop.goods.course_price)


def test_a_plan_gives_the_months_that_the_product_gives(shop: Shop, price: Price) -> None:
    shop.goods.course.access_months = 12
    shop.goods.course.save()
    shop.buy(price)
    shop.hear()
    months(shop, 3)
    plan = PaymentPlan.objects.get()
    ends_at = Grant.objects.get().ends_at
    assert ends_at is not None
    assert 364 <= (ends_at - plan.started_at).days <= 367


def test_withdrawing_ends_it_and_gives_everything_back(shop: Shop, plan: PaymentPlan) -> None:
    planned = actions.preview_withdrawal(bought=plan)
    assert (planned.amount, planned.currency) == (1500, "eur")
    actions.withdraw(actor=shop.reader, bought=plan)
    shop.hear()
    plan.refresh_from_db()
    assert plan.status == "canceled"
    assert not shop.owns(shop.goods.course)
    assert Instalment.objects.get().refunded_amount == 1500
    with pytest.raises(actions.WithdrawalRefused):
        actions.withdraw(actor=shop.reader, bought=plan)


def test_who_asked_for_access_at_once_cannot_withdraw(shop: Shop, price: Price) -> None:
    shop.buy(price, waives_withdrawal=True)
    shop.hear()
    with pytest.raises(actions.WithdrawalRefused):
        actions.preview_withdrawal(bought=PaymentPlan.objects.get())


def test_a_plan_has_some_payments_and_belongs_to_a_product(shop: Shop) -> None:
    author = StaffFactory()
    for sold, number in (
        (shop.goods.course, None),
        (shop.goods.course, 1),
        (shop.goods.course, 37),
        (shop.goods.basic, 4),
    ):
        with pytest.raises(ValidationError):
            actions.set_price(
                actor=author,
                sold=sold,
                interval=Interval.PLAN,
                amount=100,
                currency="eur",
                instalments=number,
            )


def test_other_terms_are_another_price(shop: Shop, price: Price) -> None:
    same = offer(shop.goods.course, 1500, "plan", instalments=4)
    other = offer(shop.goods.course, 1500, "plan", instalments=5)
    assert same.pk == price.pk
    price.refresh_from_db()
    assert (price.state, other.state) == ("archived", "active")
    assert Price.objects.get(pk=shop.goods.course_price.pk).state == "active"


def test_what_the_pages_say(shop: Shop, plan: PaymentPlan, client: Client) -> None:
    assert price_in_words(plan.price) == "4 monthly payments of €15"
    (sold,) = offering(interval=Interval.MONTH).products
    assert (sold.price, sold.plan) == (shop.goods.course_price, plan.price)
    page = client.get(reverse("payments:show-plans")).content.decode()
    assert "4 monthly payments of €15" in page
    order = client.get(reverse("payments:start-checkout", args=[plan.price_id])).content.decode()
    assert "€60 in all" in order
    assert 'name="code"' not in order
    client.force_login(shop.reader)
    mine = client.get(reverse("payments:show-membership")).content.decode()
    assert "1 of 4 paid" in mine
    withdraw = reverse("payments:withdraw", args=["plan", plan.pk])
    assert withdraw in mine
    assert client.get(withdraw).status_code == 200


def test_money_that_comes_in_parts_is_a_products(shop: Shop, plan: PaymentPlan) -> None:
    month = money_by_month("eur", last_months())[-1]
    assert (month.products, month.subscriptions) == (1500, 0)


def test_the_author_sets_it_at_the_product(shop: Shop, client: Client) -> None:
    sign_in_staff(client)
    page = reverse("admin:newsletter_product_change", args=[shop.goods.course.pk])
    form = client.get(page).context["adminform"].form
    data = {name: form.initial.get(name) or "" for name in form.fields}
    data |= {
        "name": "A course",
        "slug": "a-course",
        "price_once": "49",
        "price_plan": "15",
        "currency": "EUR",
        "position": "0",
        "is_listed": "on",
    }
    refused = client.post(page, {**data, "instalments": ""})
    assert "how many payments" in refused.content.decode()
    assert client.post(page, {**data, "instalments": "4"}).status_code == 302
    price = Price.objects.get(interval="plan", state="active")
    assert (price.amount, price.instalments) == (1500, 4)
    # Saved as it is, nothing changes.
    assert client.post(page, {**data, "instalments": "4"}).status_code == 302
    assert Price.objects.filter(interval="plan").count() == 1


# ── The policy by itself ──────────────────────────────────────────────────────────────────────

NOW = datetime(2026, 11, 12, 9, tzinfo=UTC)


@given(
    status=st.sampled_from(MembershipStatus.values),
    paid=st.integers(0, 4),
    refunded=st.integers(0, 4),
    dispute=st.sampled_from(DisputeState.values),
    suspends=st.booleans(),
    strict=st.booleans(),
)
def test_the_policy_is_what_one_would_tell_an_author(
    status: str, paid: int, refunded: int, dispute: str, suspends: bool, strict: bool
) -> None:
    back = min(refunded, paid)
    payments = [
        Returned(100, 100 if number < back else 0, dispute if number == 0 else "none")
        for number in range(paid)
    ]
    verdict = plan_verdict(
        status=status,
        instalments=4,
        paid_count=paid,
        period_end=NOW + 30 * DAY,
        ended_at=NOW,
        past_due_since=NOW - 2 * DAY,
        payments=payments,
        lasts_until=None,
        policies=Policies(7 * DAY, strict, suspends),
    )
    is_contested = paid > 0 and (dispute == "lost" or (dispute == "open" and suspends))
    is_given_back = paid > 0 and (back == paid or (strict and back > 0))
    if is_contested or is_given_back or not paid:
        assert verdict.revoked_reason
    elif paid == 4:
        assert (verdict.ends_at, verdict.revoked_reason) == (None, "")
    elif status == "active":
        assert verdict.ends_at == NOW + 37 * DAY
    elif status == "past_due":
        assert verdict.ends_at == NOW + 5 * DAY
    elif status == "canceled":
        assert verdict.ends_at == NOW
    else:
        assert verdict.revoked_reason == status


def test_a_page_that_was_left_says_nothing_of_the_right_to_withdraw(
    shop: Shop, price: Price
) -> None:
    left = shop.start(price, waives_withdrawal=True)
    actions.close_checkout(left)
    shop.buy(price)
    shop.hear()
    said = actions.preview_withdrawal(bought=PaymentPlan.objects.get())
    assert said.amount == 1500


def test_what_a_credit_covered_is_an_instalment_that_was_paid(
    shop: Shop, plan: PaymentPlan
) -> None:
    """The author has given the customer a credit at Stripe: the bill is paid, nothing charged."""
    months(shop, 1)
    world = shop.stripe.world
    with world.store.transaction():
        bill = world.get(world.get(plan.stripe_id)["latest_invoice"])
        bill.update(amount_due=0, amount_paid=0, starting_balance=-1500)
        world.put(bill)
    assert bill["total"] == 1500
    synced = sync_plan(plan.stripe_id)
    assert synced is not None
    assert synced.paid_count == 2
