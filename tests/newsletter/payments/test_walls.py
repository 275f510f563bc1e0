"""The wall's one call to action, for each kind of reader, with what is really sold."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from newsletter.articles.models import Article
from newsletter.memberships.actions import revoke_grant
from newsletter.memberships.models import Grant
from newsletter.payments.enums import MembershipStatus
from newsletter.payments.models import Membership
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.articles import PAYWALL, PublishedArticleFactory
from tests.factories.memberships import GrantFactory
from tests.newsletter.payments.shop import Shop

pytestmark = pytest.mark.django_db
BODY = f"<p>Open.</p>{PAYWALL}<p>SENTINEL</p>"


def article_for(*tiers: Any, access: str = "") -> Article:
    return PublishedArticleFactory(
        access=access or ("tiers" if tiers else "paid"), tiers=tiers, body=BODY, slug="the-piece"
    )


def wall_of(client: Client, user: Any = None) -> str:
    """The panel on the article's page, which ends before the paid text."""
    if user is not None:
        client.force_login(user)
    page = client.get("/articles/the-piece/").content.decode()
    assert "SENTINEL" not in page
    panel = page[page.index('class="paywall"') :]
    return panel[: panel.index("</section>")]


def test_a_visitor_sees_the_price_and_how_to_join(client: Client, shop: Shop) -> None:
    article_for()
    wall = wall_of(client)
    assert "From €5 a month, or €50 a year" in wall
    assert "Become a paying member" in wall
    assert 'href="/plans/?next=%2Farticles%2Fthe-piece%2F"' in wall
    assert 'href="/account/login/?next=%2Farticles%2Fthe-piece%2F"' in wall


def test_a_free_member_is_told_what_paying_adds(client: Client, shop: Shop) -> None:
    article_for()
    wall = wall_of(client, shop.reader)
    assert "You already get the letters, and they stay free." in wall
    assert "From €5 a month" in wall
    assert "Sign in" not in wall


def test_a_member_of_another_tier_sees_the_difference_and_changes(
    client: Client, shop: Shop
) -> None:
    article_for(shop.goods.patron)
    membership = shop.join(shop.goods.basic_month)
    wall = wall_of(client, shop.reader)
    assert "for readers with Patron, which your Reader does not include" in wall
    assert "€15 a month: €10 more than now" in wall
    assert "You pay the difference only" in wall
    change = f"/account/membership/{membership.pk}/change/{shop.goods.patron_month.pk}/"
    assert f'<a class="button" href="{change}">Change to Patron</a>' in wall
    # The year's rhythm is kept.
    Membership.objects.update(price=shop.goods.basic_year)
    assert "€150 a year: €100 more than now" in wall_of(client)


def test_a_cheaper_tier_is_not_sold_as_an_upgrade(client: Client, shop: Shop) -> None:
    article_for(shop.goods.basic)
    shop.join(shop.goods.patron_month)
    wall = wall_of(client, shop.reader)
    assert "€5 a month: €10 less than now" in wall
    assert "difference" not in wall


def test_another_tier_that_was_given_leads_to_the_plans(client: Client, shop: Shop) -> None:
    article_for(shop.goods.patron)
    GrantFactory(user=shop.reader, tier=shop.goods.basic)
    wall = wall_of(client, shop.reader)
    assert "Yours stays as it is." in wall
    assert "€15 a month, or €150 a year" in wall
    assert "See what it adds" in wall


def test_a_lapsed_member_renews(client: Client, shop: Shop) -> None:
    article_for()
    ended = datetime(2026, 3, 2, 12, tzinfo=UTC)
    GrantFactory(user=shop.reader, starts_at=ended - timedelta(days=30), ends_at=ended)
    wall = wall_of(client, shop.reader)
    assert "Your membership has ended" in wall
    assert "It ended on 2 March 2026." in wall
    assert "Renew my membership" in wall
    assert "From €5 a month" in wall
    assert "You already get the letters" not in wall


def test_who_was_a_member_of_another_tier_is_not_told_to_renew_that(
    client: Client, shop: Shop
) -> None:
    article_for(shop.goods.patron)
    past = timezone.now() - timedelta(days=1)
    GrantFactory(user=shop.reader, tier=shop.goods.basic, revoked_at=past)
    assert "Renew" not in wall_of(client, shop.reader)


def test_a_missing_payment_is_put_right_not_bought_anew(client: Client, shop: Shop) -> None:
    article_for()
    shop.join(shop.goods.basic_month)
    Membership.objects.update(status=MembershipStatus.UNPAID)
    revoke_grant(actor=StaffFactory(), grant=Grant.objects.get())
    wall = wall_of(client, shop.reader)
    assert "Your last payment has not arrived" in wall
    assert 'href="/account/membership/">Put the payment right</a>' in wall
    Membership.objects.update(status=MembershipStatus.CANCELED)
    assert "Renew my membership" in wall_of(client)


def test_an_owner_of_a_product_keeps_it_and_is_offered_the_membership(
    client: Client, shop: Shop
) -> None:
    article_for()
    GrantFactory(user=shop.reader, tier=None, product=shop.goods.course)
    wall = wall_of(client, shop.reader)
    assert "What you bought is yours and stays so." in wall
    assert "Become a paying member" in wall
    # A product that came back is nothing that "stays".
    Grant.objects.update(revoked_at=timezone.now())
    assert "You already get the letters" in wall_of(client)


def test_members_only_works_where_nothing_is_sold(client: Client, settings: Any) -> None:
    settings.STRIPE_SECRET_KEY = ""
    settings.STRIPE_DEMO = False
    article_for(access="members")
    wall = wall_of(client)
    assert "Read on, for nothing" in wall
    assert re.search(r'href="/subscribe/\?next=[^"]+">Leave my address and read on</a>', wall)
    assert 'href="/account/login/?next=%2Farticles%2Fthe-piece%2F"' in wall
    assert "€" not in wall
    client.force_login(UserFactory())
    assert "SENTINEL" in client.get("/articles/the-piece/").content.decode()


@pytest.mark.parametrize("who", ["visitor", "free", "lapsed", "other tier"])
def test_where_nothing_is_sold_no_button_leads_to_a_shop(
    client: Client, who: str, settings: Any
) -> None:
    settings.STRIPE_SECRET_KEY = ""
    settings.STRIPE_DEMO = False
    grant = GrantFactory()
    other = GrantFactory(revoked_at=timezone.now())
    article_for(other.tier)
    user = {"visitor": None, "free": UserFactory(), "lapsed": other.user, "other tier": grant.user}
    wall = wall_of(client, user[who])
    assert "/plans/" not in wall
    assert ('class="button"' in wall) is (who == "visitor")


def test_the_wall_costs_the_same_whatever_is_sold_and_was_had(
    client: Client, shop: Shop, django_assert_max_num_queries: Any
) -> None:
    article_for()
    client.force_login(shop.reader)
    past = timezone.now() - timedelta(days=1)
    counts = set()
    for more in (1, 3):
        for _each in range(more):
            GrantFactory(user=shop.reader, revoked_at=past)
        with django_assert_max_num_queries(20) as counted:
            wall_of(client)
        counts.add(len(counted))
    assert len(counts) == 1
