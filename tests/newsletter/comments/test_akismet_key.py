"""A key for Akismet is tried when it is saved, so that a wrong one is said at once."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client

from newsletter.comments import gateway
from newsletter.comments.admin import rules
from newsletter.comments.models import CommentSettings
from newsletter.comments.queries import get_comment_settings
from tests.factories.accounts import UserFactory
from tests.newsletter.comments.akismet_server import Akismet
from tests.newsletter.comments.test_admin import RULES, SETTINGS

UNTRIED = "its key is stored, but has not been tried"


def save(desk: Client, key: str, **changed: str) -> str:
    """Save the rules with this key; what the page says then."""
    rules = {**RULES, "akismet_key": key, **changed}
    return str(desk.post(SETTINGS, rules, follow=True).content.decode())


@pytest.fixture(autouse=True)
def _site(settings: Any) -> None:
    settings.SITE_URL = "https://letters.example.com"


def test_a_key_that_it_knows_is_stored(desk: Client, akismet: Akismet) -> None:
    page = save(desk, " key-1 ")
    assert akismet.tried == [("key-1", "https://letters.example.com")]
    assert get_comment_settings().akismet_key == "key-1"
    assert UNTRIED not in page


def test_a_key_that_it_does_not_know_comes_back_with_all_that_was_typed(
    desk: Client, akismet: Akismet
) -> None:
    akismet.verdict = b"invalid"
    page = save(desk, "key-2", max_links="7")
    assert "Akismet does not know this key for https://letters.example.com." in page
    assert 'value="key-2"' in page
    assert 'value="7"' in page
    assert not CommentSettings.objects.exists()


def test_only_another_key_is_tried(desk: Client, akismet: Akismet) -> None:
    save(desk, "key-1")
    akismet.verdict = b"invalid"
    save(desk, "key-1", max_links="7")
    save(desk, "", max_links="8")
    assert len(akismet.tried) == 1
    assert (get_comment_settings().akismet_key, get_comment_settings().max_links) == ("", 8)


@pytest.mark.parametrize(
    "trouble",
    [
        {"status": 500},
        {"status": 429},
        {"seconds": 0.6},
        {"verdict": b"<html>Sign in to the hotel"},
    ],
    ids=["down", "too many", "slow", "somebody else"],
)
def test_where_it_says_nothing_the_key_is_stored_and_the_author_told(
    desk: Client, akismet: Akismet, trouble: dict[str, Any]
) -> None:
    for name, value in trouble.items():
        setattr(akismet, name, value)
    assert UNTRIED in save(desk, "key-1")
    assert get_comment_settings().akismet_key == "key-1"


def test_where_it_is_not_there_the_key_is_stored_and_the_author_told(
    desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "API_BASE", "http://127.0.0.1:9")
    assert UNTRIED in save(desk, "key-1")
    assert get_comment_settings().akismet_key == "key-1"


@pytest.mark.django_db(transaction=True)
def test_nobody_else_waits_for_it(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite has one writer: the admin's transaction begins when the answer is there."""
    seen: list[bool] = []
    monkeypatch.setattr(rules, "is_known_key", lambda _: seen.append(connection.in_atomic_block))
    save(desk, "key-1")
    assert seen == [False]


@pytest.mark.django_db
def test_whoever_may_not_change_the_rules_tries_no_key(
    client: Client, akismet: Akismet, settings: Any
) -> None:
    settings.STAFF_SECOND_FACTOR = False
    client.force_login(
        UserFactory(is_staff=True), backend="django.contrib.auth.backends.ModelBackend"
    )
    assert client.post(SETTINGS, {**RULES, "akismet_key": "key-1"}).status_code == 403
    assert akismet.tried == []
    assert not CommentSettings.objects.exists()
