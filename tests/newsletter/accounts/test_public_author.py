"""What readers see of an author changes on every page at once."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from newsletter.accounts.actions import save_person, update_profile
from newsletter.accounts.models import User
from newsletter.lib.page_cache import VERSION_KEY
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.articles import PublishedArticleFactory

pytestmark = pytest.mark.django_db
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture(autouse=True)
def _pages_are_kept(settings: Any) -> None:
    settings.PAGE_CACHE_SECONDS = 600
    settings.STAFF_SECOND_FACTOR = False


@pytest.fixture
def author() -> User:
    author = StaffFactory(name="Ada Winter", author_slug="ada", bio="Writes about rivers.")
    PublishedArticleFactory(author=author, slug="one")
    return author


def page(path: str) -> str:
    return Client().get(path).content.decode()


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("name", "Ada Sommer", "Ada Sommer"),
        ("bio", "Writes about bridges.", "Writes about bridges."),
        ("portrait", "brand/x/ada.png", "brand/x/ada.png"),
    ],
)
def test_a_visitor_sees_the_new_words_at_once(
    author: User, field: str, value: str, shown: str, django_capture_on_commit_callbacks: Any
) -> None:
    assert shown not in page("/authors/ada/") + page("/articles/one/")
    setattr(author, field, value)
    with django_capture_on_commit_callbacks(execute=True):
        save_person(actor=author, user=author)
    assert shown in page("/authors/ada/")
    if field == "name":
        assert shown in page("/articles/one/")


def test_a_visitor_finds_the_page_where_it_moved(
    author: User, django_capture_on_commit_callbacks: Any
) -> None:
    assert "/authors/ada/" in page("/articles/one/")
    author.author_slug = "ada-winter"
    with django_capture_on_commit_callbacks(execute=True):
        save_person(actor=author, user=author)
    assert "/authors/ada-winter/" in page("/articles/one/")
    assert Client().get("/authors/ada/").status_code == 404
    assert Client().get("/authors/ada-winter/").status_code == 200


def test_an_author_renames_themselves_on_their_account_page(
    author: User, client: Client, django_capture_on_commit_callbacks: Any
) -> None:
    assert "Ada Winter" in page("/articles/one/")
    client.force_login(author, backend=BACKEND)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("accounts:show-account"), {"name": "Ada Herbst", "time_zone": ""})
    author.refresh_from_db()
    assert author.name == "Ada Herbst"
    assert "Ada Herbst" in page("/articles/one/")


def test_a_reader_who_renames_themselves_costs_nobody_a_page(
    django_capture_on_commit_callbacks: Any,
) -> None:
    cache.set(VERSION_KEY, "kept", timeout=None)
    reader = UserFactory(name="Rae")
    with django_capture_on_commit_callbacks(execute=True):
        update_profile(actor=reader, user=reader, name="Rae B.", time_zone="UTC")
        reader.is_active = False
        save_person(actor=StaffFactory(), user=reader)
    assert cache.get(VERSION_KEY) == "kept"


def test_what_no_reader_sees_forgets_nothing(
    author: User, django_capture_on_commit_callbacks: Any
) -> None:
    cache.set(VERSION_KEY, "kept", timeout=None)
    author.time_zone = "Asia/Kolkata"
    with django_capture_on_commit_callbacks(execute=True):
        save_person(actor=author, user=author)
    assert cache.get(VERSION_KEY) == "kept"
