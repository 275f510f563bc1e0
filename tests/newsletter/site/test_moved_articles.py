"""W1: links already mailed keep working, and end at the right article."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from newsletter.articles.actions import (
    publish_article,
    save_article,
    schedule_article,
    unpublish_article,
)
from newsletter.articles.models import Article
from tests.factories.articles import PublishedArticleFactory

pytestmark = pytest.mark.django_db


def rename(article: Article, slug: str) -> None:
    article.slug = slug
    save_article(actor=article.author, article=article)


def test_w1_the_old_address_leads_to_the_new_one(client: Client) -> None:
    rename(PublishedArticleFactory(slug="one"), "two")
    response = client.get("/articles/one/?utm_source=letter")
    assert response.status_code == 301
    assert response["Location"] == "/articles/two/?utm_source=letter"
    assert client.get("/articles/one.md")["Location"] == "/articles/two.md"


def test_w1_renamed_back_makes_no_loop(client: Client) -> None:
    article = PublishedArticleFactory(slug="one")
    rename(article, "two")
    # A browser must ask again, or its remembered redirect would lead away from the address.
    assert client.get("/articles/one/")["Cache-Control"] == "no-cache"
    rename(article, "one")
    assert client.get("/articles/one/").status_code == 200
    assert client.get("/articles/two/")["Location"] == "/articles/one/"


def test_w1_an_address_used_again_shows_the_article_that_lives_there(client: Client) -> None:
    first = PublishedArticleFactory(slug="one", title="The first")
    rename(first, "two")
    PublishedArticleFactory(slug="one", title="The second")
    assert "The second" in client.get("/articles/one/").content.decode()


def test_w1_an_old_address_of_a_draft_leads_nowhere(client: Client) -> None:
    from newsletter.articles.actions import unpublish_article

    article = PublishedArticleFactory(slug="one")
    rename(article, "two")
    unpublish_article(actor=article.author, article=article)
    assert client.get("/articles/one/").status_code == 404


def test_w1_the_old_address_outlives_a_schedule_that_was_taken_back(client: Client) -> None:
    article = PublishedArticleFactory(slug="one")
    actor, later = article.author, timezone.now() + timedelta(days=1)
    unpublish_article(actor=actor, article=article)
    schedule_article(actor=actor, article=article, at=later)
    unpublish_article(actor=actor, article=article)
    rename(article, "two")
    publish_article(actor=actor, article=article)
    assert client.get("/articles/one/")["Location"] == "/articles/two/"


def test_w1_the_cache_does_not_keep_a_redirect(client: Client, settings) -> None:
    settings.PAGE_CACHE_SECONDS = 60
    article = PublishedArticleFactory(slug="one")
    rename(article, "two")
    assert client.get("/articles/one/").status_code == 301
    rename(article, "one")
    assert client.get("/articles/one/").status_code == 200
