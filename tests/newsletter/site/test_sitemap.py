"""The sitemap: valid, complete, split when large."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from django.test import Client
from django.utils.dateparse import parse_datetime

from newsletter.articles import sitemaps
from tests.factories.accounts import StaffFactory
from tests.factories.articles import PublishedArticleFactory, TagFactory

pytestmark = pytest.mark.django_db

NAMESPACE = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def locations(client: Client, path: str) -> tuple[str, list[str]]:
    """The kind of a sitemap file and the addresses in it."""
    response = client.get(path)
    assert response["Content-Type"] == "application/xml; charset=utf-8"
    root = ElementTree.fromstring(response.content)
    for element in root.iter(f"{NAMESPACE}lastmod"):
        assert parse_datetime(element.text or "") is not None
    found = [element.text or "" for element in root.iter(f"{NAMESPACE}loc")]
    return root.tag.removeprefix(NAMESPACE), found


def test_everything_public_is_in_it(client: Client, settings) -> None:
    settings.SITE_URL = "https://letters.example.org"
    PublishedArticleFactory(
        slug="one", author=StaffFactory(author_slug="hanna"), tags=[TagFactory(slug="rates")]
    )
    kind, found = locations(client, "/sitemap.xml")
    assert kind == "urlset"
    assert set(found) == {
        f"https://letters.example.org{path}"
        for path in (
            "/",
            "/about/",
            "/articles/",
            "/tags/rates/",
            "/authors/hanna/",
            "/articles/one/",
        )
    }


def test_every_address_in_it_opens(client: Client, settings) -> None:
    settings.SITE_URL = "http://testserver"
    PublishedArticleFactory(author=StaffFactory(author_slug="hanna"), tags=[TagFactory()])
    for address in locations(client, "/sitemap.xml")[1]:
        assert client.get(address.removeprefix("http://testserver")).status_code == 200


def test_a_large_site_has_an_index_of_files(client: Client, monkeypatch, settings) -> None:
    settings.SITE_URL = "http://testserver"
    monkeypatch.setattr(sitemaps, "PER_FILE", 2)
    author = StaffFactory()
    slugs = {PublishedArticleFactory(author=author).slug for _ in range(5)}
    kind, files = locations(client, "/sitemap.xml")
    assert kind == "sitemapindex"
    assert len(files) == 3
    found: list[str] = []
    for file in files:
        kind, part = locations(client, file.removeprefix("http://testserver"))
        assert kind == "urlset"
        found += part
    assert len(found) == len(set(found))
    assert {f"http://testserver/articles/{slug}/" for slug in slugs} <= set(found)
    assert "http://testserver/about/" in found


@pytest.mark.parametrize("number", ["0", "2", "9" * 20])
def test_a_file_that_there_is_not_is_not_found(client: Client, number: str) -> None:
    PublishedArticleFactory()
    assert client.get("/sitemap-1.xml").status_code == 200
    assert client.get(f"/sitemap-{number}.xml").status_code == 404
