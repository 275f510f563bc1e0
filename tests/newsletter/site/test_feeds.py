"""Atom and RSS: valid, whole for what is public, cheap to ask again."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parsedate_to_datetime
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from newsletter.articles.actions import save_article
from tests.factories.accounts import StaffFactory
from tests.factories.articles import PAYWALL, PublishedArticleFactory, TagFactory
from tests.factories.publication import PublicationFactory

pytestmark = pytest.mark.django_db

ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
BASE = "http://letters.example.org"


@pytest.fixture(autouse=True)
def _own_address(settings) -> None:
    settings.SITE_URL = BASE


def atom(client: Client, path: str = "/feed.atom") -> ElementTree.Element:
    """Fetch a feed and hold it to what RFC 4287 demands."""
    response = client.get(path)
    assert response["Content-Type"].startswith("application/atom+xml")
    root = ElementTree.fromstring(response.content)
    assert root.tag == f"{ATOM}feed"
    for holder in [root, *root.findall(f"{ATOM}entry")]:
        for name in ("id", "title", "updated"):
            found = holder.findall(f"{ATOM}{name}")
            assert len(found) == 1, name
            assert (found[0].text or "").strip(), name
        when = parse_datetime(holder.findtext(f"{ATOM}updated") or "")
        assert when is not None
        assert when.tzinfo is not None
    links = {link.get("rel"): link.get("href") for link in root.findall(f"{ATOM}link")}
    assert links["self"] == BASE + path
    for entry in root.findall(f"{ATOM}entry"):
        assert entry.find(f"{ATOM}author") is not None
        assert entry.find(f"{ATOM}content").get("type") == "html"
        alternates = [
            each for each in entry.findall(f"{ATOM}link") if each.get("rel") == "alternate"
        ]
        assert len(alternates) == 1
        assert (alternates[0].get("href") or "").startswith(BASE)
    ids = [entry.findtext(f"{ATOM}id") for entry in root.findall(f"{ATOM}entry")]
    assert len(ids) == len(set(ids))
    return root


def rss(client: Client, path: str = "/feed.rss") -> ElementTree.Element:
    """Fetch a feed and hold it to what RSS 2.0 demands."""
    response = client.get(path)
    assert response["Content-Type"].startswith("application/rss+xml")
    root = ElementTree.fromstring(response.content)
    channel = root.find("channel")
    assert channel is not None
    for name in ("title", "link", "description"):
        assert len(channel.findall(name)) == 1
    for item in channel.findall("item"):
        assert item.findtext("title")
        assert item.find("guid").get("isPermaLink") == "false"
        assert parsedate_to_datetime(item.findtext("pubDate") or "").tzinfo is not None
    return channel


def test_public_text_is_whole_with_full_addresses(client: Client) -> None:
    PublishedArticleFactory(
        slug="one",
        title="Fish & <chips>",
        body='<p>See <a href="/articles/two/">there</a>.</p>'
        '<figure><img src="/media/images/x/p.png" alt="P"></figure>',
    )
    entry = atom(client).find(f"{ATOM}entry")
    text = entry.findtext(f"{ATOM}content")
    assert entry.findtext(f"{ATOM}title") == "Fish & <chips>"
    assert f'href="{BASE}/articles/two/"' in text
    assert f'src="{BASE}/media/images/x/p.png"' in text
    item = rss(client).find("item")
    assert item.findtext(CONTENT) == text


def test_a_standfirst_with_signs_of_html_is_read_as_it_was_typed(client: Client) -> None:
    """Programs read a summary as HTML."""
    PublishedArticleFactory(dek="Why <10 % is no & never &copy; fair")
    said = "Why &lt;10 % is no &amp; never &amp;copy; fair"
    entry = atom(client).find(f"{ATOM}entry")
    summary = entry.find(f"{ATOM}summary")
    assert (summary.get("type"), summary.text) == ("html", said)
    assert rss(client).findtext("item/description") == said


def test_paid_text_ends_with_a_link_to_the_rest(client: Client) -> None:
    PublishedArticleFactory(slug="one", access="paid", body=f"<p>Open.</p>{PAYWALL}<p>Shut.</p>")
    text = atom(client).findtext(f"{ATOM}entry/{ATOM}content")
    assert "<p>Open.</p>" in text
    assert "Shut" not in text
    assert f'<a href="{BASE}/articles/one/">' in text


def test_newest_first_and_no_more_than_twenty(client: Client) -> None:
    now = timezone.now()
    author = StaffFactory()
    for days in range(22):
        PublishedArticleFactory(
            author=author, title=f"Day {days}", published_at=now - timedelta(days=days)
        )
    titles = [entry.findtext(f"{ATOM}title") for entry in atom(client).findall(f"{ATOM}entry")]
    assert titles == [f"Day {days}" for days in range(20)]


@pytest.mark.parametrize("kind", ["tags/rates", "authors/hanna"])
def test_subjects_and_authors_have_feeds_of_their_own(client: Client, kind: str) -> None:
    tag = TagFactory(slug="rates")
    hanna = StaffFactory(author_slug="hanna")
    PublishedArticleFactory(title="In it", tags=[tag], author=hanna)
    PublishedArticleFactory(title="Not in it")
    feed = atom(client, f"/{kind}/feed.atom")
    assert [entry.findtext(f"{ATOM}title") for entry in feed.findall(f"{ATOM}entry")] == ["In it"]
    assert [
        item.findtext("title") for item in rss(client, f"/{kind}/feed.rss").findall("item")
    ] == ["In it"]


@pytest.mark.parametrize("path", ["/tags/none/feed.atom", "/authors/none/feed.rss"])
def test_what_does_not_exist_has_no_feed(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_entry_keeps_its_id_when_the_address_changes(client: Client) -> None:
    article = PublishedArticleFactory(slug="one")
    before = atom(client).findtext(f"{ATOM}entry/{ATOM}id")
    article.slug = "two"
    save_article(actor=article.author, article=article)
    assert atom(client).findtext(f"{ATOM}entry/{ATOM}id") == before


@pytest.mark.parametrize("path", ["/feed.atom", "/feed.rss"])
def test_asking_again_costs_a_304(client: Client, path: str) -> None:
    PublishedArticleFactory()
    first = client.get(path)
    assert client.get(path, headers={"If-None-Match": first["ETag"]}).status_code == 304
    later = client.get(path, headers={"If-Modified-Since": first["Last-Modified"]})
    assert later.status_code == 304
    earlier = {"If-Modified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"}
    assert client.get(path, headers=earlier).status_code == 200


@pytest.mark.parametrize("path", ["/feed.atom", "/feed.rss"])
def test_empty_feed_is_valid_and_stays_the_same(client: Client, path: str) -> None:
    PublicationFactory()
    (atom if path.endswith("atom") else rss)(client, path)
    first = client.get(path)
    assert client.get(path, headers={"If-None-Match": first["ETag"]}).status_code == 304


def test_characters_that_xml_cannot_hold_are_left_out(client: Client) -> None:
    PublishedArticleFactory(title="Bell\x07 and null-free")
    assert atom(client).findtext(f"{ATOM}entry/{ATOM}title") == "Bell and null-free"
    assert rss(client).findtext("item/title") == "Bell and null-free"
