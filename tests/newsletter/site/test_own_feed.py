"""A person's own feed: what they may read now, at an address that can be changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.articles.actions import renew_private_feed, store_image
from newsletter.articles.models import PrivateFeed
from newsletter.articles.own_feed import addresses_of
from newsletter.memberships.actions import revoke_grant
from newsletter.memberships.models import AuditEntry
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.articles import PAYWALL, PublishedArticleFactory, picture_file
from tests.factories.memberships import GrantFactory, TierFactory

pytestmark = pytest.mark.django_db
ATOM = "{http://www.w3.org/2005/Atom}"


def paths_of(user: User) -> list[str]:
    found = addresses_of(user)
    assert found is not None
    return [address.removeprefix("http://localhost:8000") for address in (found.atom, found.rss)]


def paid(words: str = "SENTINEL", **fields: Any) -> Any:
    body = f"<p>Open words.</p>{PAYWALL}<p>The {words}.</p>"
    return PublishedArticleFactory(**{"access": "paid", "body": body, **fields})


def texts(response: Any) -> dict[str, str]:
    root = ElementTree.fromstring(response.content)
    return {
        entry.findtext(f"{ATOM}title", ""): entry.findtext(f"{ATOM}content", "")
        for entry in root.iter(f"{ATOM}entry")
    }


def test_p1_each_gets_what_they_may_read_and_the_beginning_of_the_rest(client: Client) -> None:
    right = TierFactory()
    paid(title="Paid")
    paid(title="For a tier", access="tiers", tiers=[right])
    paid(title="For the signed-in", access="members")
    section = '<section data-audience="members"><p>SENTINEL</p></section>'
    PublishedArticleFactory(title="Open to all", body=f"<p>a</p>{section}")
    people = {
        "free": (UserFactory(), {"For the signed-in", "Open to all"}),
        "other tier": (GrantFactory().user, {"Paid", "For the signed-in", "Open to all"}),
        "member": (
            GrantFactory(tier=right).user,
            {"Paid", "For a tier", "For the signed-in", "Open to all"},
        ),
        "staff": (
            StaffFactory(),
            {"Paid", "For a tier", "For the signed-in", "Open to all"},
        ),
    }
    for name, (user, whole) in people.items():
        renew_private_feed(actor=user)
        atom, rss = paths_of(user)
        found = texts(client.get(atom))
        assert len(found) == 4
        assert {title for title, text in found.items() if "SENTINEL" in text} == whole, name
        for title in found.keys() - whole:
            assert "Open words." in found[title]
            assert "The rest" in found[title]
        assert client.get(rss).content.count(b"SENTINEL") == len(whole)
        # What is the person's alone never shows in the feed that everyone reads.
        assert b"SENTINEL" not in client.get("/feed.atom").content


def test_p1_after_a_lapse_the_same_address_brings_beginnings_again(client: Client) -> None:
    paid(title="Paid")
    grant = GrantFactory()
    renew_private_feed(actor=grant.user)
    atom, _rss = paths_of(grant.user)
    assert "SENTINEL" in texts(client.get(atom))["Paid"]
    revoke_grant(actor=StaffFactory(), grant=grant)
    text = texts(client.get(atom))["Paid"]
    assert "SENTINEL" not in text
    assert "Become one, and this feed brings it whole." in text
    GrantFactory(user=grant.user)
    assert "SENTINEL" in texts(client.get(atom))["Paid"]


def test_a_new_address_ends_the_old_one_at_once(client: Client) -> None:
    user = UserFactory()
    renew_private_feed(actor=user)
    old = paths_of(user)
    renew_private_feed(actor=user)
    assert PrivateFeed.objects.count() == 1
    assert AuditEntry.objects.filter(user=user, what="feed_renewed").count() == 2
    for before, now in zip(old, paths_of(user), strict=True):
        assert client.get(before).status_code == 404
        assert client.get(now).status_code == 200


def test_no_address_can_be_made_without_the_key(client: Client) -> None:
    user = UserFactory()
    feed = renew_private_feed(actor=user)
    atom, _rss = paths_of(user)
    token = atom.split("/")[2]
    for forged in (f"{feed.pk}.{feed.key}", f"{feed.pk}.{feed.key}~x", token[:-1], f"9{token}"):
        assert client.get(f"/feeds/{forged}/feed.atom").status_code == 404
    user.is_active = False
    user.save()
    assert client.get(atom).status_code == 404


def test_p3_it_is_never_kept_and_sets_no_cookie(client: Client, settings: Any) -> None:
    settings.PAGE_CACHE_SECONDS = 60
    grant = GrantFactory()
    renew_private_feed(actor=grant.user)
    for path in paths_of(grant.user):
        for words in ("first", "second"):
            paid(words)
            response = client.get(path)
            assert f"The {words}." in response.content.decode()
            assert response["Cache-Control"] == "private, no-store"
            assert response["X-Robots-Tag"] == "noindex"
            assert not response.cookies
        assert client.post(path).status_code == 405


def test_p6_it_lists_nothing_that_is_not_out_or_in_the_mail_only(client: Client) -> None:
    user = StaffFactory()
    renew_private_feed(actor=user)
    soon = timezone.now() + timedelta(days=1)
    paid(title="Scheduled", state="scheduled", published_at=soon)
    paid(title="Draft", state="draft")
    paid(title="In the mail", visibility="email_only")
    paid(title="Unlisted", visibility="unlisted")
    mail_only = '<section data-audience="email"><p>MAILED</p></section>'
    PublishedArticleFactory(title="Listed", body=f"<p>a</p>{mail_only}")
    found = texts(client.get(paths_of(user)[0]))
    assert set(found) == {"Listed"}
    assert "MAILED" not in found["Listed"]


def test_p4_its_pictures_open_for_its_person_as_long_as_they_may_read(client: Client) -> None:
    image = store_image(actor=StaffFactory(), file=picture_file(size=(400, 300)))
    figure = f'<figure><img src="{image.file.url}" alt="A lamp"></figure>'
    paid(title="Paid", body=f"<p>a</p>{PAYWALL}{figure}")
    grant, stranger = GrantFactory(), UserFactory()
    for user in (grant.user, stranger):
        renew_private_feed(actor=user)
    atom, _rss = paths_of(grant.user)
    text = texts(client.get(atom))["Paid"]
    base = atom.removesuffix("feed.atom")
    assert f'src="http://localhost:8000{base}images/' in text
    assert f"http://localhost:8000{base}images/" in text.partition("srcset=")[2]
    assert "/media/images/" not in text
    path = f"{base}{image.file.name}"
    response = client.get(path)
    assert response.status_code == 200
    assert response["Cache-Control"] == "private, no-store"
    assert client.get(image.file.url).status_code == 404
    theirs = paths_of(stranger)[0].removesuffix("feed.atom")
    assert client.get(f"{theirs}{image.file.name}").status_code == 404
    assert client.get(f"{base}..%2f{image.file.name}").status_code == 404
    revoke_grant(actor=StaffFactory(), grant=grant)
    assert client.get(path).status_code == 404


def test_as_many_queries_at_many_articles_as_at_one(
    client: Client, django_assert_num_queries: Any
) -> None:
    tier = TierFactory()
    user = GrantFactory(tier=tier).user
    renew_private_feed(actor=user)
    atom, _rss = paths_of(user)
    paid(access="tiers", tiers=[tier])
    client.get(atom)
    with django_assert_num_queries(7):
        client.get(atom)
    for number in range(5):
        paid(access="tiers" if number % 2 else "paid", tiers=[tier])
    with django_assert_num_queries(7):
        client.get(atom)


def test_the_account_page_makes_shows_and_changes_it(client: Client) -> None:
    user = UserFactory()
    client.force_login(user)
    before = client.get("/account/").content.decode()
    assert "Make my feed" in before
    assert client.get("/account/feed/").status_code == 405
    assert not PrivateFeed.objects.exists()
    response = client.post("/account/feed/", follow=True)
    found = addresses_of(user)
    assert found is not None
    page = response.content.decode()
    assert found.atom in page
    assert found.rss in page
    assert "Make a new address" in page
    client.post("/account/feed/")
    assert found.atom not in client.get("/account/").content.decode()


def test_only_its_person_changes_it() -> None:
    checking = Client(enforce_csrf_checks=True)
    assert checking.post("/account/feed/").status_code == 403
    user = UserFactory()
    checking.force_login(user)
    assert checking.post("/account/feed/").status_code == 403
    assert Client().post("/account/feed/").status_code == 302
    assert not PrivateFeed.objects.exists()
