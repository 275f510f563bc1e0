"""The article page: its parts in order, its head, and its edges (W4)."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from newsletter.articles.actions import store_image
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.articles import PublishedArticleFactory, TagFactory, picture_file
from tests.factories.publication import PublicationFactory
from tests.factories.subscribers import NewsletterFactory, SubscriptionFactory

pytestmark = pytest.mark.django_db


def structured(page: str) -> dict:
    """The page's JSON-LD."""
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_parts_stand_in_the_order_that_readers_know(client: Client) -> None:
    PublicationFactory(reader_count_threshold=1)
    SubscriptionFactory(newsletter=NewsletterFactory())
    author = StaffFactory(author_slug="hanna", name="Hanna Verlinde")
    tag = TagFactory(name="Rates", slug="rates")
    now = timezone.now()
    cover = store_image(actor=author, file=picture_file(), alt="A lamp", caption="Lamp. Linocut.")
    PublishedArticleFactory(title="Older", tags=[tag], published_at=now - timedelta(days=2))
    article = PublishedArticleFactory(
        title="The Middle",
        dek="In one sentence.",
        author=author,
        tags=[tag],
        cover=cover,
        body="<h2>A section</h2><p>Text<span data-footnote>A note.</span>.</p>",
        published_at=datetime(2026, 11, 12, 9, tzinfo=UTC),
    )
    page = client.get(f"/articles/{article.slug}/").content.decode()
    body = page[page.index("<body") :]
    order = [
        'class="kicker"',
        "<h1>The Middle</h1>",
        'class="dek">In one sentence.',
        "Hanna Verlinde</a>",
        "12 November 2026",
        "1 min read",
        'class="cover"',
        "Lamp. Linocut.",
        "A section</h2>",
        'class="footnote"',
        'class="signup"',
        "Join 1+ readers",
        "Read with us",
        "€6 a month",
        "Just the letters",
        'class="neighbours"',
        "On the same subject",
        'class="site-foot"',
    ]
    places = [body.find(part) for part in order]
    assert -1 not in places, [part for part, at in zip(order, places, strict=True) if at < 0]
    assert places == sorted(places)


def test_head_says_what_the_page_is(client: Client, settings) -> None:
    settings.SITE_URL = "https://letters.example.org"
    author = StaffFactory(author_slug="hanna", name="Hanna")
    cover = store_image(actor=author, file=picture_file(), alt="A lamp", caption="")
    article = PublishedArticleFactory(slug="chair", author=author, cover=cover, dek="Why & how")
    page = client.get("/articles/chair/?utm_source=x").content.decode()
    address = "https://letters.example.org/articles/chair/"
    assert f'<link rel="canonical" href="{address}">' in page
    assert f'<meta property="og:url" content="{address}">' in page
    assert '<meta name="description" content="Why &amp; how">' in page
    assert 'content="https://letters.example.org/media/images/' in page
    assert '<meta name="twitter:card" content="summary_large_image">' in page
    assert 'type="application/atom+xml"' in page
    assert 'type="text/markdown" href="/articles/chair.md"' in page
    data = structured(page)
    assert data["@type"] == "Article"
    assert data["isAccessibleForFree"] is True
    assert data["author"] == {
        "@type": "Person",
        "name": "Hanna",
        "url": "https://letters.example.org/authors/hanna/",
    }
    assert data["headline"] == article.title


def test_first_published_elsewhere_is_said(client: Client) -> None:
    article = PublishedArticleFactory(canonical_url="https://journal.example/first/")
    page = client.get(f"/articles/{article.slug}/").content.decode()
    assert '<link rel="canonical" href="https://journal.example/first/">' in page


def test_text_cannot_break_out_of_the_structured_data(client: Client) -> None:
    article = PublishedArticleFactory(
        title="</script><script>alert(1)</script>", dek="<!-- & ]]>", slug="odd"
    )
    page = client.get("/articles/odd/").content.decode()
    assert "<script>alert" not in page
    assert structured(page)["headline"] == article.title


def test_neighbours_are_linked_in_the_head_and_at_the_foot(client: Client) -> None:
    now = timezone.now()
    for number in (3, 2, 1):
        PublishedArticleFactory(slug=f"n{number}", published_at=now - timedelta(days=number))
    page = client.get("/articles/n2/").content.decode()
    assert '<link rel="prev" href="/articles/n3/">' in page
    assert '<link rel="next" href="/articles/n1/">' in page
    assert page.count("/articles/n3/") >= 2


def test_signed_in_readers_are_not_asked_to_sign_up(client: Client) -> None:
    NewsletterFactory()
    article = PublishedArticleFactory()
    assert 'class="signup"' in client.get(f"/articles/{article.slug}/").content.decode()
    client.force_login(UserFactory())
    page = client.get(f"/articles/{article.slug}/").content.decode()
    assert 'class="signup"' not in page
    assert ">Account</a>" in page


def test_reader_count_is_hidden_below_the_authors_threshold(client: Client) -> None:
    PublicationFactory(reader_count_threshold=2)
    SubscriptionFactory(newsletter=NewsletterFactory())
    assert "readers" not in client.get("/").content.decode().split("signup", 1)[1]


def test_dates_are_the_publications_for_every_reader(client: Client) -> None:
    PublicationFactory(time_zone="Pacific/Kiritimati")
    article = PublishedArticleFactory(published_at=datetime(2026, 10, 31, 12, tzinfo=UTC))
    client.force_login(UserFactory(time_zone="America/Los_Angeles"))
    assert "1 November 2026" in client.get(f"/articles/{article.slug}/").content.decode()
    assert client.get("/archive/2026/11/").status_code == 200
    assert client.get("/archive/2026/10/").status_code == 404


def test_page_speaks_the_publications_language_not_the_browsers(client: Client) -> None:
    PublicationFactory(language="en")
    article = PublishedArticleFactory(published_at=datetime(2026, 3, 5, 12, tzinfo=UTC))
    response = client.get(
        f"/articles/{article.slug}/", headers={"Accept-Language": "de-DE,de;q=0.9"}
    )
    assert "5 March 2026" in response.content.decode()
    assert "Accept-Language" not in response.headers.get("Vary", "")


@pytest.mark.parametrize("code", ["ar", "he"])
def test_w4_right_to_left_publications_are_set_right_to_left(client: Client, code: str) -> None:
    PublicationFactory(language=code)
    page = client.get("/about/").content.decode()
    assert f'<html lang="{code}" dir="rtl">' in page


@pytest.mark.parametrize(
    ("slug", "title"),
    [
        ("über-den-preis", "Über den Preis"),
        ("交渉について", "交渉について"),
        ("على-الطاولة", "على الطاولة"),
        ("a" * 200, "Donaudampfschifffahrtsgesellschaftskapitän" * 4),
    ],
    ids=["umlaut", "japanese", "arabic", "longest"],
)
def test_w4_unicode_addresses_and_titles(client: Client, slug: str, title: str) -> None:
    from urllib.parse import quote

    PublishedArticleFactory(slug=slug, title=title)
    page = client.get(f"/articles/{quote(slug)}/").content.decode()
    assert f"<h1>{title}</h1>" in page
    assert client.get(f"/articles/{quote(slug)}.md").content.decode().startswith(f"# {title}")
    for path in ("/", "/feed.atom", "/sitemap.xml", "/articles/"):
        response = client.get(path)
        assert response.status_code == 200
        assert quote(slug) in response.content.decode() or slug in response.content.decode()


def test_w4_a_hundred_thousand_words(client: Client) -> None:
    words = "<p>" + "word " * 500 + "</p>"
    article = PublishedArticleFactory(body=words * 200)
    page = client.get(f"/articles/{article.slug}/")
    assert page.status_code == 200
    assert "435 min read" in page.content.decode()
    assert client.get("/feed.atom").status_code == 200
    assert client.get(f"/articles/{article.slug}.md").status_code == 200


def test_w4_three_hundred_pictures_are_fetched_when_near(client: Client) -> None:
    figure = '<figure><img src="/media/images/{n}/p.png" alt="Plate {n}"></figure>'
    article = PublishedArticleFactory(body="".join(figure.format(n=n) for n in range(300)))
    page = client.get(f"/articles/{article.slug}/").content.decode()
    assert page.count("<img") == 300
    assert page.count('loading="lazy"') == 299
