"""An author at the desk. How staff sign in is tested in accounts; here they have."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from tests.factories.accounts import StaffFactory


@pytest.fixture(autouse=True)
def _signed_in_is_enough(settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = False
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def author(db: None) -> User:
    return StaffFactory(name="Ada Winter", email="ada@example.com", time_zone="Europe/Berlin")


@pytest.fixture
def desk(client: Client, author: User) -> Client:
    client.force_login(author, backend="django.contrib.auth.backends.ModelBackend")
    return client


def typed(article: Article, **changes: Any) -> dict[str, Any]:
    """What the desk's form sends for `article`, with `changes`."""
    data: dict[str, Any] = {
        "version": article.version,
        "title": article.title,
        "dek": article.dek,
        "body": article.body,
        "slug": article.slug,
        "author": article.author_id,
        "cover": article.cover_id or "",
        "access": article.access,
        "tiers": [],
        "visibility": article.visibility,
        "comment_policy": article.comment_policy,
        "newsletter": article.newsletter_id or "",
        "tag_names": ", ".join(article.tags.values_list("name", flat=True)) if article.pk else "",
        "mail_subject": article.mail_subject,
        "mail_preheader": article.mail_preheader,
        "seo_title": article.seo_title,
        "seo_description": article.seo_description,
        "canonical_url": article.canonical_url,
    }
    return {**data, **changes}
