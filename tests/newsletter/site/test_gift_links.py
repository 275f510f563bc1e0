"""Gift links: one piece, for a number of readers, for a while, without a cookie."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.articles.actions import (
    NoMoreGifts,
    make_gift_link,
    open_gift,
    revoke_gift_link,
    save_article,
    store_image,
    unpublish_article,
)
from newsletter.articles.actions.giving import GiftShut
from newsletter.articles.giving import address_of_gift
from newsletter.articles.models import Article, GiftLink, GiftOpening
from newsletter.memberships.actions import revoke_grant
from newsletter.memberships.models import AuditEntry, Grant
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.articles import PAYWALL, PublishedArticleFactory, picture_file
from tests.factories.memberships import GrantFactory, TierFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def article() -> Article:
    return PublishedArticleFactory(
        access="paid", title="The paid one", body=f"<p>Open.</p>{PAYWALL}<p>SENTINEL</p>"
    )


@pytest.fixture
def grant() -> Grant:
    return GrantFactory(user=UserFactory(name="Ada Winter"))


@pytest.fixture
def link(article: Article, grant: Grant) -> GiftLink:
    return make_gift_link(actor=grant.user, article=article)


def path_of(link: GiftLink) -> str:
    return address_of_gift(link).removeprefix("http://localhost:8000")


def press(path: str, client: Client | None = None) -> Any:
    """Open the link and press its button, as a reader's browser does."""
    client = client or Client()
    page = client.get(path).content.decode()
    ticket = re.search(r'name="ticket" value="([^"]+)"', page)
    assert ticket is not None
    return client.post(path, {"ticket": ticket[1]}, headers={"Sec-Fetch-Site": "same-origin"})


def test_a_gift_opens_this_piece_and_no_other(client: Client, link: GiftLink) -> None:
    other = PublishedArticleFactory(access="paid", body=f"<p>a</p>{PAYWALL}<p>OTHER</p>")
    path = path_of(link)
    page = client.get(path).content.decode()
    assert "A gift from Ada" in page
    assert "The paid one" in page
    assert "SENTINEL" not in page
    opened = press(path, client)
    assert opened.status_code == 302
    reading = client.get(opened["Location"])
    assert "SENTINEL" in reading.content.decode()
    assert "Ada gives you this piece" in reading.content.decode()
    assert "SENTINEL" not in client.get(f"/articles/{link.article.slug}/").content.decode()
    assert "OTHER" not in client.get(f"/articles/{other.slug}/").content.decode()


def test_p3_nothing_of_it_is_kept_indexed_or_marked_by_a_cookie(
    client: Client, link: GiftLink, settings: Any
) -> None:
    settings.PAGE_CACHE_SECONDS = 60
    path = path_of(link)
    opened = press(path, client)
    for response in (client.get(path), opened, client.get(opened["Location"])):
        assert response["Cache-Control"] == "private, no-store"
        assert response["X-Robots-Tag"] == "noindex"
        assert not response.cookies
    for address in (path, opened["Location"]):
        assert '<meta name="robots" content="noindex">' in client.get(address).content.decode()


def test_m15_looking_uses_nothing_up_and_pressing_twice_is_one_opening(
    client: Client, link: GiftLink
) -> None:
    path = path_of(link)
    for _scanner in range(20):
        assert Client().get(path).status_code == 200
        assert Client().head(path).status_code == 200
    assert not GiftOpening.objects.exists()
    ticket = re.search(r'name="ticket" value="([^"]+)"', client.get(path).content.decode())
    assert ticket is not None
    first = client.post(path, {"ticket": ticket[1]})
    again = client.post(path, {"ticket": ticket[1]})
    # Reading on, reloading: nothing more.
    for response in (first, again, first):
        assert "SENTINEL" in client.get(response["Location"]).content.decode()
    link.refresh_from_db()
    assert link.openings == GiftOpening.objects.count() == 1


@pytest.mark.parametrize("ticket", ["", "x", "abc~1~forged"])
def test_a_post_without_a_ticket_of_ours_counts_nothing(
    client: Client, link: GiftLink, ticket: str
) -> None:
    response = client.post(path_of(link), {"ticket": ticket})
    assert response.status_code == 200
    assert "Read the piece" in response.content.decode()
    assert not GiftOpening.objects.exists()


def test_another_site_cannot_press_the_button(client: Client, link: GiftLink) -> None:
    response = client.post(path_of(link), headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403


def test_it_is_used_up_after_so_many_readers(
    client: Client, article: Article, grant: Grant, settings: Any
) -> None:
    settings.GIFT_LINK_OPENINGS = 2
    link = make_gift_link(actor=grant.user, article=article)
    path = path_of(link)
    last = [press(path) for _reader in range(2)][-1]
    response = client.get(path)
    assert response.status_code == 410
    assert "The link opened the piece for 2 readers" in response.content.decode()
    assert f"/articles/{article.slug}/" in response.content.decode()
    # Whoever is in goes on reading.
    assert "SENTINEL" in client.get(last["Location"]).content.decode()
    with pytest.raises(GiftShut):
        open_gift(link=link, ticket="late")
    assert GiftOpening.objects.count() == 2


def test_the_last_opening_lets_one_of_two_in(link: GiftLink) -> None:
    GiftLink.objects.update(openings=link.max_openings - 1)
    link.refresh_from_db()
    same = GiftLink.objects.select_related("giver", "article").get(pk=link.pk)
    open_gift(link=link, ticket="one")
    with pytest.raises(GiftShut):
        open_gift(link=same, ticket="two")
    assert [opening.ticket for opening in GiftOpening.objects.all()] == ["one"]


def test_it_runs_out(client: Client, link: GiftLink) -> None:
    path = path_of(link)
    with time_machine.travel(link.expires_at + timedelta(seconds=1), tick=False):
        response = client.get(path)
        assert response.status_code == 410
        assert "This gift has run out" in response.content.decode()


def test_an_opening_is_read_for_two_hours(client: Client, link: GiftLink) -> None:
    start = timezone.now()
    with time_machine.travel(start, tick=False):
        reading = press(path_of(link), client)["Location"]
    with time_machine.travel(start + timedelta(minutes=119), tick=False):
        assert "SENTINEL" in client.get(reading).content.decode()
    with time_machine.travel(start + timedelta(minutes=121), tick=False):
        response = client.get(reading)
        assert response["Location"] == path_of(link)


def lapse(link: GiftLink, grant: Grant) -> None:
    revoke_grant(actor=StaffFactory(), grant=grant)


def end(link: GiftLink, grant: Grant) -> None:
    revoke_gift_link(actor=grant.user, link=link)


def leave(link: GiftLink, grant: Grant) -> None:
    User.objects.filter(pk=grant.user_id).update(is_active=False)


def narrow(link: GiftLink, grant: Grant) -> None:
    link.article.access = "tiers"
    save_article(actor=link.article.author, article=link.article, tiers=[TierFactory()])


def take_back(link: GiftLink, grant: Grant) -> None:
    unpublish_article(actor=link.article.author, article=link.article)


@pytest.mark.parametrize("how", [lapse, end, leave, narrow, take_back])
def test_it_ends_with_its_giver_and_with_the_article(
    client: Client, link: GiftLink, grant: Grant, how: Any
) -> None:
    path = path_of(link)
    reading = press(path)["Location"]
    how(link, grant)
    response = client.get(path)
    assert response.status_code == 410
    page = response.content.decode()
    assert "This link opens nothing any more" in page
    # What was taken back is not named to anybody (P7).
    assert ("The paid one" in page) is (how is not take_back)
    assert client.get(reading)["Location"] == path
    assert "SENTINEL" not in client.get(reading, follow=True).content.decode()


def test_what_has_become_free_needs_no_gift(client: Client, link: GiftLink) -> None:
    link.article.access = "public"
    save_article(actor=link.article.author, article=link.article)
    response = client.get(path_of(link))
    assert response["Location"] == f"/articles/{link.article.slug}/"


def test_a_member_who_follows_one_uses_nothing_up(client: Client, link: GiftLink) -> None:
    client.force_login(GrantFactory().user)
    for answer in (client.get(path_of(link)), client.post(path_of(link), {"ticket": "x"})):
        assert answer["Location"] == f"/articles/{link.article.slug}/"
    assert not GiftOpening.objects.exists()


def test_p7_a_forged_address_is_not_there(client: Client, link: GiftLink) -> None:
    path = path_of(link)
    other = make_gift_link(actor=StaffFactory(), article=link.article)
    for forged in (f"/given/{link.pk}/", f"{path[:-2]}/", "/given/x~y/"):
        assert client.get(forged).status_code == 404
    # An opening of one link is none of another.
    opening = press(path)["Location"].removeprefix(path)
    assert client.get(f"{path_of(other)}{opening}").status_code == 302


@pytest.mark.parametrize("who", ["free", "other tier", "lapsed"])
def test_only_who_may_read_it_may_give_it(client: Client, who: str) -> None:
    article = PublishedArticleFactory(access="tiers", tiers=[TierFactory()])
    user = UserFactory()
    if who == "other tier":
        GrantFactory(user=user)
    if who == "lapsed":
        GrantFactory(user=user, tier=article.tiers.get(), revoked_at=timezone.now())
    with pytest.raises(PermissionDenied):
        make_gift_link(actor=user, article=article)
    client.force_login(user)
    assert client.get(f"/articles/{article.slug}/give/").status_code == 404
    assert "to a friend" not in client.get(f"/articles/{article.slug}/").content.decode()


def test_an_author_who_wants_no_gifts_has_none(
    client: Client, article: Article, grant: Grant, settings: Any
) -> None:
    settings.GIFT_LINKS_A_MONTH = 0
    client.force_login(grant.user)
    assert "to a friend" not in client.get(f"/articles/{article.slug}/").content.decode()
    assert client.get(f"/articles/{article.slug}/give/").status_code == 404
    with pytest.raises(NoMoreGifts):
        make_gift_link(actor=grant.user, article=article)


@pytest.mark.parametrize("access", ["public", "members"])
def test_what_nobody_pays_for_cannot_be_given(access: str, grant: Grant) -> None:
    with pytest.raises(PermissionDenied):
        make_gift_link(actor=grant.user, article=PublishedArticleFactory(access=access))


def test_so_many_links_in_thirty_days(grant: Grant, settings: Any) -> None:
    settings.GIFT_LINKS_A_MONTH = 2
    pieces = [PublishedArticleFactory(access="paid") for _number in range(3)]
    first = make_gift_link(actor=grant.user, article=pieces[0])
    # The same link again, as long as it opens.
    assert make_gift_link(actor=grant.user, article=pieces[0]) == first
    make_gift_link(actor=grant.user, article=pieces[1])
    # Ending one does not give another.
    revoke_gift_link(actor=grant.user, link=first)
    with pytest.raises(NoMoreGifts):
        make_gift_link(actor=grant.user, article=pieces[2])
    later = timezone.now() + timedelta(days=31)
    assert make_gift_link(actor=grant.user, article=pieces[2], now=later)
    staff = StaffFactory()
    assert len({make_gift_link(actor=staff, article=each).pk for each in pieces}) == 3


def test_a_member_makes_copies_and_ends_a_link(
    client: Client, article: Article, grant: Grant, settings: Any
) -> None:
    settings.GIFT_LINKS_A_MONTH = 1
    client.force_login(grant.user)
    give = f"/articles/{article.slug}/give/"
    assert give in client.get(f"/articles/{article.slug}/").content.decode()
    assert "Make a link" in client.get(give).content.decode()
    assert not GiftLink.objects.exists()
    page = client.post(give, follow=True).content.decode()
    link = GiftLink.objects.get()
    assert address_of_gift(link) in page
    assert "Opened 0 of 5 times" in page
    page = client.post(give, {"end": link.pk}, follow=True).content.decode()
    assert address_of_gift(link) not in page
    assert "Ended; opened 0 times" in page
    assert "as much as one can" in page
    assert client.post(give, follow=True).content.decode().count("as much as one can") == 2
    noted = AuditEntry.objects.filter(user=grant.user).values_list("what", "detail")
    assert list(noted) == [
        ("gift_link_ended", "The paid one"),
        ("gift_link_made", "The paid one"),
    ]


def test_nobody_ends_the_link_of_another(client: Client, link: GiftLink) -> None:
    client.force_login(GrantFactory().user)
    give = f"/articles/{link.article.slug}/give/"
    for pk in (link.pk, "x", "", "9" * 5000):
        client.post(give, {"end": pk})
    link.refresh_from_db()
    assert link.revoked_at is None
    with pytest.raises(PermissionDenied):
        revoke_gift_link(actor=UserFactory(), link=link)
    assert revoke_gift_link(actor=StaffFactory(), link=link)
    assert not revoke_gift_link(actor=StaffFactory(), link=link)


def test_p4_the_pictures_of_the_piece_open_with_it(client: Client, grant: Grant) -> None:
    image, other = (
        store_image(actor=StaffFactory(), file=picture_file(size=(400, 300))) for _each in "ab"
    )
    bodies = [
        f'<p>a</p>{PAYWALL}<figure><img src="{each.file.url}" alt=""></figure>'
        for each in (image, other)
    ]
    article = PublishedArticleFactory(access="paid", body=bodies[0])
    PublishedArticleFactory(access="paid", body=bodies[1])
    link = make_gift_link(actor=grant.user, article=article)
    reading = press(path_of(link), client)["Location"]
    page = client.get(reading).content.decode()
    assert f'src="{reading}{image.file.name}"' in page
    assert image.file.url not in page
    response = client.get(f"{reading}{image.file.name}")
    assert response.status_code == 200
    assert response["Cache-Control"] == "private, no-store"
    assert client.get(image.file.url).status_code == 404
    assert client.get(f"{reading}{other.file.name}").status_code == 404
    revoke_gift_link(actor=grant.user, link=link)
    assert client.get(f"{reading}{image.file.name}").status_code == 404
