"""What goes over the wire: strict policy, nothing from elsewhere, few bytes, few queries."""

from __future__ import annotations

import gzip
import re
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import brotli
import pytest
from django.conf import settings as project
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from newsletter.articles.actions import store_image
from newsletter.articles.models import Article
from newsletter.demo.reading import load_articles
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.articles import PublishedArticleFactory, TagFactory, picture_file
from tests.factories.publication import PublicationFactory
from tests.factories.subscribers import NewsletterFactory

pytestmark = pytest.mark.django_db

STATIC = Path(project.BASE_DIR) / "newsletter/static/masthead"
LIMIT = 30 * 1024


class Parts(HTMLParser):
    """What a page loads, and what it carries that the policy forbids."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.forbidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "style" or "style" in found or any(name.startswith("on") for name in found):
            self.forbidden.append(self.get_starttag_text() or tag)
        if tag == "script" and "src" not in found and found.get("type") != "application/ld+json":
            self.forbidden.append("inline script")
        loads = tag in {"script", "img", "iframe", "source", "audio", "video", "embed", "object"}
        if loads or (tag == "link" and found.get("rel") in {"stylesheet", "icon", "preload"}):
            self.loaded += [found[name] or "" for name in ("src", "href") if name in found]
            self.loaded += [
                part.split()[0] for part in (found.get("srcset") or "").split(",") if part
            ]
        if tag == "form":
            self.loaded.append(found.get("action") or "")


def page_paths() -> list[str]:
    """One of each kind of page, with content on it."""
    PublicationFactory()
    NewsletterFactory()
    author = StaffFactory(author_slug="hanna")
    cover = store_image(actor=author, file=picture_file(), alt="A", caption="B")
    article = PublishedArticleFactory(
        slug="one",
        author=author,
        cover=cover,
        tags=[TagFactory(slug="rates")],
        body='<p data-button><a href="https://elsewhere.example/">Go</a></p>'
        '<figure data-embed><a href="https://video.example/1">Film</a></figure>'
        '<figure><img src="/media/images/x/p.png" alt=""></figure>'
        "<p>A<span data-footnote>note</span></p><pre><code>x</code></pre>",
    )
    month = article.published_at.strftime("/archive/%Y/%m/")
    return [
        "/",
        "/articles/",
        "/articles/one/",
        month,
        "/tags/rates/",
        "/authors/hanna/",
        "/about/",
        "/search/",
        "/search/?q=note",
        "/subscribe/",
        "/nowhere/",
    ]


def test_pages_keep_to_the_strict_policy(client: Client) -> None:
    for path in page_paths():
        response = client.get(path)
        policy = response["Content-Security-Policy"]
        assert "default-src 'self'" in policy, path
        assert "unsafe" not in policy, path
        parts = Parts()
        parts.feed(response.content.decode())
        assert parts.forbidden == [], path
        assert [each for each in parts.loaded if urlsplit(each).netloc] == [], path


def test_security_headers_are_on_every_page(client: Client) -> None:
    for path in page_paths():
        response = client.get(path)
        assert response["X-Frame-Options"] == "DENY", path
        assert response["X-Content-Type-Options"] == "nosniff", path
        assert response["Referrer-Policy"] == "strict-origin-when-cross-origin", path
        assert response["Cross-Origin-Opener-Policy"] == "same-origin", path


@pytest.mark.parametrize("packing", [gzip.compress, brotli.compress], ids=["gzip", "brotli"])
def test_the_longest_demo_article_is_at_most_30_kb_with_its_css_and_js(
    client: Client, packing
) -> None:
    PublicationFactory()
    NewsletterFactory()
    longest = max(load_articles(), key=lambda each: len(each.body))
    PublishedArticleFactory(slug="long", title=longest.title, dek=longest.dek, body=longest.body)
    page = client.get("/articles/long/").content
    theme = client.get("/theme.css").content
    names = set(re.findall(rb"/static/(masthead/[\w.-]+\.(?:css|js))", page))
    asked = {"site.css", "article.css", "site.js", "theme.js"}
    assert {f"masthead/{name}".encode() for name in asked} <= names
    files = [(STATIC / name.decode().removeprefix("masthead/")).read_bytes() for name in names]
    total = sum(len(packing(part)) for part in (page, theme, *files))
    assert total <= LIMIT, total


def queries_of(client: Client, path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


def many(amount: int, template: Article) -> None:
    """Add published articles by the thousand, each with a tag, without the slow road."""
    now = timezone.now()
    tag = template.tags.first()
    rows = Article.objects.bulk_create(
        Article(
            title=f"Number {number}",
            slug=f"number-{number}",
            author=template.author,
            state=template.state,
            cover=template.cover,
            is_featured=number % 2 == 0,
            published_at=now - timedelta(hours=number + 1),
            public_html="<p>Text.</p>",
            full_html="<p>Text.</p>",
        )
        for number in range(amount)
    )
    through = Article.tags.through
    through.objects.bulk_create(through(article_id=row.pk, tag_id=tag.pk) for row in rows)


@pytest.mark.parametrize("is_signed_in", [False, True], ids=["visitor", "reader"])
def test_query_counts_are_equal_at_three_and_at_a_thousand(
    client: Client, is_signed_in: bool
) -> None:
    author = StaffFactory(author_slug="hanna")
    NewsletterFactory()
    cover = store_image(actor=author, file=picture_file(size=(640, 400)), alt="", caption="")
    first = PublishedArticleFactory(
        slug="one", author=author, cover=cover, tags=[TagFactory(slug="rates")]
    )
    many(2, first)
    if is_signed_in:
        client.force_login(UserFactory())
    paths = ["/", "/articles/", "/articles/number-0/", "/tags/rates/", "/authors/hanna/"]
    paths += ["/feed.atom", "/sitemap.xml", f"{first.published_at:/archive/%Y/%m/}"]
    for path in paths:
        client.get(path)
    few = {path: queries_of(client, path) for path in paths}
    Article.objects.filter(slug__startswith="number-").delete()
    many(1000, first)
    assert {path: queries_of(client, path) for path in paths} == few
    assert max(few.values()) <= 16, few


def test_error_pages_speak_plainly(client: Client) -> None:
    PublicationFactory(name="Good Terms")
    client.raise_request_exception = False
    response = client.get("/nowhere/")
    assert response.status_code == 404
    assert "There is no page at this address" in response.content.decode()
    assert not response.cookies


def test_who_tries_the_demo_sees_the_designed_page_for_a_missing_address(
    client: Client, settings
) -> None:
    PublicationFactory(name="Good Terms")
    settings.DEBUG = True
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE,
        "newsletter.publication.middleware.DesignedNotFoundMiddleware",
    ]
    for path in ("/nowhere/", "/articles/nowhere/"):
        response = client.get(path)
        assert response.status_code == 404
        assert "There is no page at this address" in response.content.decode()
        assert "DEBUG" not in response.content.decode()
    # A slash that was forgotten is still put right.
    assert client.get("/articles").headers["Location"] == "/articles/"


def test_server_error_page_needs_no_database(
    client: Client, monkeypatch, django_assert_num_queries
) -> None:
    from django.test import RequestFactory
    from django.views.defaults import server_error

    with django_assert_num_queries(0):
        response = server_error(RequestFactory().get("/"))
    assert response.status_code == 500
    assert "Something broke on our side" in response.content.decode()
    with translation.override("ar"):
        assert 'lang="ar" dir="rtl"' in server_error(RequestFactory().get("/")).content.decode()
    parts = Parts()
    parts.feed(response.content.decode())
    assert parts.forbidden == []


def test_markdown_of_a_public_article(client: Client) -> None:
    PublishedArticleFactory(
        slug="one",
        title="One",
        dek="In short.",
        author=StaffFactory(name="Hanna"),
        body="<h2>Part</h2><p>Some <em>words</em>.</p>",
    )
    response = client.get("/articles/one.md")
    assert response["Content-Type"] == "text/markdown; charset=utf-8"
    assert 'rel="canonical"' in response["Link"]
    text = response.content.decode()
    assert text.startswith("# One\n\n*In short.*\n\nHanna, ")
    assert "## Part\n\nSome *words*." in text
