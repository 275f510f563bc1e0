"""A member's own page and its buttons."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from newsletter.payments import actions
from newsletter.payments.models import Membership, PaymentPlan
from tests.factories.accounts import UserFactory
from tests.factories.payments import offer

pytestmark = pytest.mark.django_db
PAGE = "/account/membership/"


def act(client: Client, name: str, membership: Membership, **data: str):
    return client.post(reverse(f"payments:{name}", args=[membership.pk]), data, follow=True)


@pytest.fixture
def member(shop, client: Client) -> Membership:
    client.force_login(shop.reader)
    return shop.join()


def test_visitors_sign_in_first(client: Client) -> None:
    answer = client.get(PAGE)
    assert answer.status_code == 302
    assert "login" in answer.headers["Location"]


def test_without_anything_it_leads_to_the_plans(shop, client: Client) -> None:
    client.force_login(shop.reader)
    assert reverse("payments:show-plans") in client.get(PAGE).content.decode()


def test_it_shows_plan_renewal_and_payments(client: Client, member: Membership) -> None:
    page = client.get(PAGE).content.decode()
    assert "Reader" in page
    assert "€5 a month" in page
    assert "Renews on" in page
    assert "What you paid" in page


def test_cancel_and_resume(shop, client: Client, member: Membership) -> None:
    page = act(client, "cancel", member, feedback="too_expensive", reason="Sorry").content.decode()
    assert "Ends on" in page
    assert "Stay after all" in page
    member.refresh_from_db()
    assert member.cancel_at_period_end
    assert "Sorry" in member.cancel_reason
    assert shop.has(shop.goods.basic)

    page = act(client, "resume", member).content.decode()
    assert "Renews on" in page
    member.refresh_from_db()
    assert not member.cancel_at_period_end


@pytest.mark.parametrize("name", ["cancel", "resume", "keep-plan"])
def test_changes_take_a_post_and_the_owner(shop, client, member: Membership, name: str) -> None:
    url = reverse(f"payments:{name}", args=[member.pk])
    assert client.get(url).status_code == 405
    client.force_login(UserFactory())
    assert client.post(url).status_code == 404
    member.refresh_from_db()
    assert not member.cancel_at_period_end


def test_s07_going_up_charges_what_was_shown(shop, client: Client, member: Membership) -> None:
    url = reverse("payments:change-plan", args=[member.pk, shop.goods.patron_month.pk])
    page = client.get(url).content.decode()
    agreed = re.search(r'name="agreed" value="([^"]+)"', page)
    assert agreed
    assert "Charged today" in page
    assert "€10" in page
    member.refresh_from_db()
    assert member.tier == shop.goods.basic

    client.post(url, {"agreed": agreed[1]})
    member.refresh_from_db()
    assert member.tier == shop.goods.patron
    assert shop.has(shop.goods.patron)


def test_a_change_says_that_it_takes_a_cancellation_back(shop, client: Client) -> None:
    membership = shop.join()
    client.force_login(shop.reader)
    page = f"/account/membership/{membership.pk}/change/{shop.goods.patron_month.pk}/"
    assert "You have cancelled" not in client.get(page).content.decode()
    actions.cancel_membership(actor=shop.reader, membership=membership)
    assert "You have cancelled" in client.get(page).content.decode()


def test_s07_going_down_waits_for_the_periods_end(shop, client: Client) -> None:
    client.force_login(shop.reader)
    member = shop.join(shop.goods.patron_month)
    url = reverse("payments:change-plan", args=[member.pk, shop.goods.basic_month.pk])
    agreed = re.search(r'name="agreed" value="([^"]+)"', client.get(url).content.decode())
    assert agreed
    page = client.post(url, {"agreed": agreed[1]}, follow=True).content.decode()
    member.refresh_from_db()
    assert member.tier == shop.goods.patron
    assert member.next_price == shop.goods.basic_month
    assert "Keep the present plan" in page
    act(client, "keep-plan", member)
    member.refresh_from_db()
    assert member.next_price is None


@pytest.mark.parametrize("token", ["", "made-up", "1.1.1.1.1.now~sig~nature"])
def test_a_change_that_was_not_shown_is_not_made(
    shop, client: Client, member: Membership, token: str
) -> None:
    url = reverse("payments:change-plan", args=[member.pk, shop.goods.patron_month.pk])
    assert client.post(url, {"agreed": token}).status_code == 200
    member.refresh_from_db()
    assert member.tier == shop.goods.basic


def test_the_portal_is_left_for_by_a_page_of_ours(client: Client, member: Membership) -> None:
    answer = client.post(reverse("payments:open-portal"), {"purpose": "card"})
    assert b'http-equiv="refresh"' in answer.content
    assert b"portal" in answer.content
    assert "no-store" in answer.headers["Cache-Control"]


def test_withdrawal_takes_two_steps(shop, client: Client, member: Membership) -> None:
    url = reverse("payments:withdraw", args=["membership", member.pk])
    assert b"Confirm withdrawal" in client.get(url).content
    assert shop.has(shop.goods.basic)
    client.post(url)
    assert not shop.has(shop.goods.basic)


def test_the_page_costs_the_same_for_any_number(
    shop, client: Client, member: Membership, django_assert_num_queries
) -> None:
    client.get(PAGE)
    with CaptureQueriesContext(connection) as few:
        client.get(PAGE)
    shop.buy(shop.goods.course_price)
    shop.hear()
    for _ in range(3):
        shop.stripe.renew(member.stripe_id)
    shop.hear()
    with django_assert_num_queries(len(few)):
        client.get(PAGE)


def test_s05_two_running_memberships_are_said(shop, client: Client, member: Membership) -> None:
    Membership.objects.create(
        user=member.user,
        tier=shop.goods.patron,
        price=shop.goods.patron_month,
        stripe_id="sub_second",
        status="active",
        started_at=member.started_at,
        currency="eur",
    )
    assert b"More than one membership" in client.get(PAGE).content
    assert b"Two memberships of yours" in client.get("/plans/").content


def test_what_is_overdue_is_open_until_a_day_and_then_said_to_be_closed(
    shop, client: Client, member: Membership
) -> None:
    shop.stripe.fail_payment(member.stripe_id)
    shop.hear()
    member = shop.membership()
    assert member.past_due_since is not None
    page = client.get(PAGE).content.decode()
    assert "everything stays open until" in page
    Membership.objects.update(past_due_since=member.past_due_since - timedelta(days=8))
    page = client.get(PAGE).content.decode()
    assert "everything stays open until" not in page
    assert "once the payment has come, everything opens again" in page


@pytest.mark.parametrize("suspends", [True, False])
def test_a_dispute_is_said_to_close_what_it_closes(
    shop, client: Client, member: Membership, settings, suspends: bool
) -> None:
    settings.DISPUTE_SUSPENDS = suspends
    shop.stripe.dispute(member.instalments.get().stripe_payment_intent_id)
    shop.hear()
    assert shop.has(shop.goods.basic) != suspends
    assert ("rests until that is settled" in client.get(PAGE).content.decode()) == suspends


def test_who_cancels_with_a_bill_overdue_is_told_so(
    shop, client: Client, member: Membership
) -> None:
    shop.stripe.fail_payment(member.stripe_id)
    shop.hear()
    page = act(client, "cancel", member).content.decode()
    assert "What is overdue stays owed" in page
    assert "Nothing more will be charged" not in page
    # It closes with the days of grace, which come first.
    assert "Ends on" in page
    assert "Until then you read everything" not in page


def test_a_gift_is_offered_where_there_is_something_to_give(
    shop, client: Client, member: Membership
) -> None:
    link = f'href="{reverse("payments:start-gift")}"'
    assert link in client.get(PAGE).content.decode()
    for tier in (shop.goods.basic, shop.goods.patron):
        tier.is_listed = False
        tier.save()
    assert client.get(reverse("payments:start-gift")).status_code == 404
    assert link not in client.get(PAGE).content.decode()


def test_an_instalment_that_is_overdue_is_not_announced_for_another_day(
    shop, client: Client
) -> None:
    client.force_login(shop.reader)
    shop.buy(offer(shop.goods.course, 1500, "plan", instalments=4))
    shop.hear()
    assert "next on" in client.get(PAGE).content.decode()
    shop.stripe.fail_payment(PaymentPlan.objects.get().stripe_id)
    shop.hear()
    page = client.get(PAGE).content.decode()
    assert "next on" not in page
    assert "Payment overdue" in page
