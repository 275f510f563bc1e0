"""theme.css, icon.svg and robots.txt."""

from __future__ import annotations

import pytest
from django.test import Client

from newsletter.publication.theme import theme_version
from tests.factories.publication import PublicationFactory

pytestmark = pytest.mark.django_db


def test_current_theme_may_be_kept_for_ever(client: Client) -> None:
    publication = PublicationFactory()
    response = client.get("/theme.css", {"v": theme_version(publication)})
    assert response["Content-Type"] == "text/css; charset=utf-8"
    assert "immutable" in response["Cache-Control"]
    assert "max-age=31536000" in response["Cache-Control"]
    assert "--accent-on-light:oklch(" in response.content.decode()


@pytest.mark.parametrize("version", ["", "0000000000"])
def test_theme_under_another_version_is_kept_for_a_minute(client: Client, version: str) -> None:
    PublicationFactory()
    response = client.get("/theme.css", {"v": version})
    assert "immutable" not in response["Cache-Control"]
    assert "max-age=60" in response["Cache-Control"]


def test_pages_name_the_current_theme(client: Client) -> None:
    publication = PublicationFactory(accent="#aa3300")
    assert f"/theme.css?v={theme_version(publication)}" in client.get("/about/").content.decode()


def test_icon_is_the_initial_and_never_markup(client: Client) -> None:
    PublicationFactory(name="<script>")
    body = client.get("/icon.svg").content.decode()
    assert "&lt;" in body
    assert "<script" not in body


def test_uploaded_icon_replaces_the_drawn_one(client: Client) -> None:
    PublicationFactory(favicon="brand/x/icon.png")
    page = client.get("/about/").content.decode()
    assert 'href="/media/brand/x/icon.png"' in page
    assert "icon.svg" not in page


def test_the_icon_is_found_at_the_address_that_nobody_has_to_name(client: Client) -> None:
    publication = PublicationFactory()
    found = client.get("/favicon.ico")
    assert found.status_code == 302
    assert client.get(found["Location"])["Content-Type"].startswith("image/svg+xml")
    publication.favicon = "brand/x/icon.png"
    publication.save(update_fields=["favicon"])
    assert client.get("/favicon.ico")["Location"] == "/media/brand/x/icon.png"


def test_robots_are_kept_from_what_is_not_theirs(client: Client, settings) -> None:
    settings.SITE_URL = "https://letters.example.org"
    lines = client.get("/robots.txt").content.decode().splitlines()
    assert "Disallow: /admin/" in lines
    assert "Sitemap: https://letters.example.org/sitemap.xml" in lines
    assert "Disallow: /" not in lines


@pytest.mark.parametrize(
    "path", ["/theme.css", "/icon.svg", "/favicon.ico", "/robots.txt", "/", "/about/"]
)
def test_nothing_can_be_posted_here(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405
