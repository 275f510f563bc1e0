"""The admin's policy is the admin's alone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from tests.factories.accounts import StaffFactory
from tests.factories.articles import ArticleFactory

pytestmark = pytest.mark.django_db


def policy(response: Any) -> dict[str, list[str]]:
    parts = response["Content-Security-Policy"].split(";")
    return {name: values for name, *values in (part.split() for part in parts if part.strip())}


def test_readers_pages_are_strict(client: Client) -> None:
    found = policy(client.get("/"))
    assert found["default-src"] == ["'self'"]
    assert "script-src" not in found
    assert "style-src" not in found
    assert found["frame-ancestors"] == ["'none'"]


def test_the_admin_gets_what_its_tools_need_and_keeps_the_rest(
    client: Client, settings: Any
) -> None:
    settings.STAFF_SECOND_FACTOR = False
    client.force_login(StaffFactory(), backend="django.contrib.auth.backends.ModelBackend")
    response = client.get("/admin/newsletter/article/add/")
    found = policy(response)
    assert found["object-src"] == ["'none'"]
    assert found["form-action"] == ["'self'"]
    assert "'unsafe-inline'" not in found["script-src"]
    nonce = next(value for value in found["script-src"] if value.startswith("'nonce-"))
    assert f'nonce="{nonce[7:-1]}"' in response.content.decode()


def test_every_answer_has_a_nonce_of_its_own(client: Client, settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = False
    client.force_login(StaffFactory(), backend="django.contrib.auth.backends.ModelBackend")
    nonces = set()
    for _ in range(2):
        header = client.get("/admin/newsletter/article/add/")["Content-Security-Policy"]
        nonces |= set(re.findall(r"'nonce-([^']+)'", header))
    assert len(nonces) == 2


def test_a_preview_in_the_admin_is_held_to_the_readers_policy(
    client: Client, settings: Any
) -> None:
    settings.STAFF_SECOND_FACTOR = False
    client.force_login(StaffFactory(), backend="django.contrib.auth.backends.ModelBackend")
    article = ArticleFactory()
    found = policy(client.get(f"/admin/newsletter/article/{article.pk}/preview/"))
    assert "script-src" not in found


def test_a_page_that_is_not_there_is_strict(client: Client) -> None:
    assert "script-src" not in policy(client.get("/nowhere/"))
