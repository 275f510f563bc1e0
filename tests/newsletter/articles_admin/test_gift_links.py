"""Gift links on the desk: seen, counted, ended."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from newsletter.articles.actions import make_gift_link
from newsletter.articles.models import GiftLink
from tests.factories.accounts import StaffFactory, sign_in_staff
from tests.factories.articles import PublishedArticleFactory
from tests.factories.memberships import GrantFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/newsletter/giftlink/"


def gift(title: str) -> GiftLink:
    article = PublishedArticleFactory(access="paid", title=title)
    return make_gift_link(actor=GrantFactory().user, article=article)


def test_an_author_sees_how_often_each_was_opened_and_ends_one(client: Client) -> None:
    link, other = gift("The first offer"), gift("The second offer")
    GiftLink.objects.filter(pk=link.pk).update(openings=3)
    sign_in_staff(client)
    page = client.get(LIST).content.decode()
    assert "The first offer" in page
    assert "3 / 5" in page
    assert client.get(f"{LIST}{link.pk}/change/").status_code == 200
    assert client.get(f"{LIST}add/").status_code == 403
    client.post(LIST, {"action": "end_chosen", "_selected_action": [link.pk]})
    link.refresh_from_db()
    other.refresh_from_db()
    assert link.revoked_at is not None
    assert other.revoked_at is None


def test_who_may_not_change_articles_ends_none(client: Client) -> None:
    link = gift("The first offer")
    sign_in_staff(client, StaffFactory(is_superuser=False))
    client.post(reverse("admin:newsletter_giftlink_changelist"), {"action": "end_chosen"})
    link.refresh_from_db()
    assert link.revoked_at is None


def test_as_many_queries_at_three_links_as_at_one(
    client: Client, django_assert_num_queries
) -> None:
    gift("One")
    sign_in_staff(client)
    client.get(LIST)
    with django_assert_num_queries(7) as counted:
        client.get(LIST)
    gift("Two")
    gift("Three")
    with django_assert_num_queries(len(counted)):
        client.get(LIST)
