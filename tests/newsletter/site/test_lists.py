"""Home, archive, months, subjects, authors: what they show, empty, full and wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories.accounts import StaffFactory
from tests.factories.articles import PublishedArticleFactory, TagFactory
from tests.factories.publication import PublicationFactory

pytestmark = pytest.mark.django_db


def text(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def test_home_leads_with_the_newest(client: Client) -> None:
    now = timezone.now()
    PublishedArticleFactory(title="Older", published_at=now - timedelta(days=2))
    PublishedArticleFactory(title="Newest", published_at=now - timedelta(days=1))
    page = text(client, "/")
    lead = page[page.index('class="lead') : page.index('id="latest"')]
    assert "Newest" in lead
    assert "Older" not in lead
    assert "Older" in page[page.index('id="latest"') :]


def test_home_points_to_what_is_featured_once(client: Client) -> None:
    now = timezone.now()
    PublishedArticleFactory(title="Lead", is_featured=True)
    PublishedArticleFactory(
        title="Evergreen", is_featured=True, published_at=now - timedelta(days=400)
    )
    page = text(client, "/")
    featured = page[page.index('id="featured"') :]
    assert "Evergreen" in featured
    assert "Lead" not in featured


def test_home_of_an_empty_site_says_so(client: Client) -> None:
    assert "Nothing is published yet" in text(client, "/")


def test_home_with_one_article_promises_nothing_false(client: Client) -> None:
    PublishedArticleFactory()
    assert "This is the first piece" in text(client, "/")


def test_subjects_without_articles_are_not_offered(client: Client) -> None:
    TagFactory(name="Empty")
    PublishedArticleFactory(tags=[TagFactory(name="Full")])
    page = text(client, "/")
    assert "Full" in page
    assert "Empty" not in page


def test_subjects_stand_in_the_authors_order(client: Client) -> None:
    tags = [TagFactory(name="Zebra", position=0), TagFactory(name="Ant", position=1)]
    PublishedArticleFactory(tags=tags)
    page = text(client, "/").split('id="subjects"')[1]
    assert page.index("Zebra") < page.index("Ant")


def test_archive_is_by_year_and_month(client: Client) -> None:
    for year, month in ((2026, 11), (2026, 10), (2025, 12)):
        PublishedArticleFactory(
            title=f"Of {year} {month}", published_at=datetime(year, month, 5, tzinfo=UTC)
        )
    page = text(client, "/articles/")
    marks = ["All 3 pieces", ">2026</h2>", "November", "Of 2026 11", "October", "Of 2026 10"]
    marks += [">2025</h2>", "December", "Of 2025 12"]
    places = [page.find(mark) for mark in marks]
    assert -1 not in places
    assert places == sorted(places)
    assert 'href="/archive/2025/12/"' in page


def test_month_shows_its_own_articles_alone(client: Client) -> None:
    PublishedArticleFactory(title="In June", published_at=datetime(2026, 6, 30, 23, tzinfo=UTC))
    PublishedArticleFactory(title="In July", published_at=datetime(2026, 7, 1, tzinfo=UTC))
    page = text(client, "/archive/2026/6/")
    assert "June 2026" in page
    assert "In June" in page
    assert "In July" not in page


@pytest.mark.parametrize(
    "path",
    [
        "/archive/2026/13/",
        "/archive/0/1/",
        "/archive/99999/1/",
        "/archive/2026/1/",
        "/articles/?page=2",
        "/articles/?page=0",
        "/articles/?page=x",
        "/tags/none/",
        "/authors/none/",
        "/articles/none/",
        "/articles/none.md",
        "/search/?q=a&page=0",
        "/search/?q=a&page=99999999",
        "/search/?q=a&page=²",
        "/sitemap-9.xml",
    ],
)
def test_what_is_not_there_is_not_found(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "path", ["/", "/about/", "/articles/", "/search/", "/articles/x/", "/tags/x/", "/authors/x/"]
)
def test_pages_are_only_read(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405


def test_long_lists_have_pages(client: Client) -> None:
    author, tag = StaffFactory(author_slug="hanna"), TagFactory(slug="rates")
    now = timezone.now()
    for number in range(21):
        PublishedArticleFactory(
            title=f"No {number:02}.",
            author=author,
            tags=[tag],
            published_at=now - timedelta(days=number),
        )
    for path in ("/tags/rates/", "/authors/hanna/"):
        first, second = text(client, path), text(client, f"{path}?page=2")
        assert "No 19." in first
        assert "No 20." not in first
        assert 'rel="next" href="?page=2"' in first
        assert "No 20." in second
        assert 'rel="prev" href="?page=1"' in second
        assert f'{path}?page=2">' in second.split("canonical")[1]


def test_subject_without_articles_says_so(client: Client) -> None:
    TagFactory(slug="rates")
    assert "Nothing is published here yet" in text(client, "/tags/rates/")


def test_paid_articles_are_marked_in_words(client: Client) -> None:
    PublishedArticleFactory(access="paid")
    PublishedArticleFactory(access="members")
    for path in ("/", "/articles/"):
        page = text(client, path)
        assert "For paying members" in page
        assert "For members" in page


def test_search_marks_words_and_shows_markup_as_text(client: Client) -> None:
    PublishedArticleFactory(title="Ships", body="<p>A &lt;b&gt;ferry&lt;/b&gt; at night.</p>")
    page = text(client, "/search/?q=ferry")
    assert "<mark>ferry</mark>" in page
    assert "<b>" not in page
    assert 'value="ferry"' in page
    assert "1 article" in page


def test_search_keeps_what_was_typed_and_escapes_it(client: Client) -> None:
    page = text(client, "/search/?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in page
    assert "Nothing here has these words" in page


@pytest.mark.parametrize("query", ["", "%20", "%00", "*", "%22", "-", "a" * 5000, "%F0%9F%A6%8A"])
def test_search_bears_anything(client: Client, query: str) -> None:
    PublishedArticleFactory()
    assert client.get(f"/search/?q={query}").status_code == 200


def test_search_results_have_pages(client: Client) -> None:
    PublicationFactory()
    author = StaffFactory()
    for number in range(21):
        PublishedArticleFactory(author=author, title=f"Ferry number {number}")
    first, second = text(client, "/search/?q=ferry"), text(client, "/search/?q=ferry&page=2")
    assert first.count("<h2>") == 20
    assert "?q=ferry&amp;page=2" in first
    assert second.count("<h2>") == 1
    assert "?q=ferry&amp;page=1" in second
