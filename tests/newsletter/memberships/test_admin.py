"""The author's desk for tiers and grants."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.memberships.models import Grant, Tier
from tests.factories.accounts import UserFactory, sign_in_staff
from tests.factories.memberships import GrantFactory, TierFactory
from tests.factories.payments import ProductFactory

pytestmark = pytest.mark.django_db
GRANTS = "admin:newsletter_grant_changelist"


@pytest.fixture
def author(client: Client) -> User:
    return sign_in_staff(client)


def test_a_comp_is_given_by_address_even_to_someone_new(client: Client, author: User) -> None:
    tier = TierFactory()
    answer = client.post(
        reverse("admin:newsletter_grant_add"),
        {"email": "New.Reader@Example.com", "tier": tier.pk, "reason": "Press"},
    )
    assert answer.status_code == 302
    grant = Grant.objects.get()
    assert (grant.user.email, grant.tier, grant.source) == ("new.reader@example.com", tier, "comp")
    assert (grant.created_by, grant.reason, grant.ends_at) == (author, "Press", None)
    assert grant.user.email_confirmed_at is None


def test_what_was_given_is_named_in_words(client: Client, author: User) -> None:
    tier = TierFactory(name="Patron")
    data = {"email": "ada@example.com", "tier": tier.pk}
    answer = client.post(reverse("admin:newsletter_grant_add"), data, follow=True)
    page = answer.content.decode()
    assert "Patron for ada@example.com" in page


def test_a_grant_of_a_product_says_what_it_opens(client: Client, author: User) -> None:
    grant = GrantFactory(tier=None, product=ProductFactory(name="Wood engraving"))
    listed = client.get(reverse(GRANTS))
    looked_at = client.get(reverse("admin:newsletter_grant_change", args=[grant.pk]))
    asked = client.post(reverse(GRANTS), {"action": "revoke", "_selected_action": [grant.pk]})
    for page in (listed, looked_at, asked):
        # The list has a filter with the name as well.
        assert page.content.decode().count("Wood engraving") >= 1 + (page is listed)


def test_an_end_in_the_past_is_refused_with_words(client: Client, author: User) -> None:
    tier = TierFactory()
    answer = client.post(
        reverse("admin:newsletter_grant_add"),
        {
            "email": "a@example.com",
            "tier": tier.pk,
            "ends_at_0": "2001-01-01",
            "ends_at_1": "09:00",
        },
    )
    assert answer.status_code == 200
    assert "Choose a time in the future." in answer.content.decode()
    assert not Grant.objects.exists()


def test_revoking_asks_first_and_then_takes_only_the_chosen(client: Client, author: User) -> None:
    chosen, other = GrantFactory(), GrantFactory()
    ask = {"action": "revoke", "_selected_action": [chosen.pk]}
    page = client.post(reverse(GRANTS), ask)
    assert chosen.user.email in page.content.decode()
    assert other.user.email not in page.content.decode()
    assert not Grant.objects.filter(revoked_at__isnull=False).exists()
    client.post(reverse(GRANTS), {**ask, "confirmed": "1", "reason": "Moved on"})
    chosen.refresh_from_db()
    other.refresh_from_db()
    assert chosen.revoked_by == author
    assert chosen.reason == "Moved on"
    assert other.revoked_at is None
    again = client.post(reverse(GRANTS), ask, follow=True)
    assert "These were revoked before." in again.content.decode()


def test_a_grant_can_be_looked_at_and_neither_changed_nor_deleted(
    client: Client, author: User
) -> None:
    grant = GrantFactory(reason="Press")
    change = reverse("admin:newsletter_grant_change", args=[grant.pk])
    assert "Press" in client.get(change).content.decode()
    assert client.post(change, {"reason": "Other"}).status_code == 403
    delete = reverse("admin:newsletter_grant_delete", args=[grant.pk])
    assert client.post(delete, {"post": "yes"}).status_code == 403
    assert Grant.objects.get().reason == "Press"


def test_a_tier_is_made_and_closed_but_not_deleted(client: Client, author: User) -> None:
    client.post(
        reverse("admin:newsletter_tier_add"), {"name": "Patron", "slug": "patron", "position": 1}
    )
    tier = Tier.objects.get()
    assert tier.slug == "patron"
    client.post(
        reverse("admin:newsletter_tier_change", args=[tier.pk]),
        {"name": "Patron", "slug": "patron", "position": 1, "is_archived": "on"},
    )
    tier.refresh_from_db()
    assert tier.is_archived
    assert client.post(reverse("admin:newsletter_tier_delete", args=[tier.pk])).status_code == 403


def test_the_list_says_what_is_open_and_costs_the_same_for_any_number(
    client: Client, author: User, django_assert_max_num_queries
) -> None:
    now = timezone.now()
    GrantFactory()
    client.get(reverse(GRANTS))
    with django_assert_max_num_queries(20) as one:
        client.get(reverse(GRANTS))
    GrantFactory(starts_at=now - timedelta(2), ends_at=now - timedelta(1))
    GrantFactory(revoked_at=now)
    GrantFactory(starts_at=now + timedelta(1))
    with django_assert_max_num_queries(20) as several:
        text = client.get(reverse(GRANTS)).content.decode()
    for word in ("Open", "Ended", "Revoked", "Not yet"):
        assert word in text
    assert len(one.captured_queries) == len(several.captured_queries)


@pytest.mark.parametrize("name", ["grant", "tier"])
def test_readers_and_visitors_get_nowhere(client: Client, name: str) -> None:
    address = reverse(f"admin:newsletter_{name}_changelist")
    assert client.get(address).status_code in {302, 403}
    client.force_login(UserFactory(), backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(address).status_code in {302, 403, 404}
