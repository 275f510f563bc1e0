"""Schedules with a history: taken back, moved, and found late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from newsletter.articles.actions import (
    publish_due_articles,
    schedule_article,
    unpublish_article,
)
from newsletter.articles.enums import SendChoice
from tests.factories.articles import ArticleFactory, PublishedArticleFactory
from tests.factories.subscribers import NewsletterFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 12, 9, 0, tzinfo=UTC)


def test_one_that_was_public_keeps_its_date_through_a_schedule_that_is_taken_back() -> None:
    article = PublishedArticleFactory(published_at=NOW)
    actor = article.author
    unpublish_article(actor=actor, article=article)
    at = NOW + timedelta(days=8)
    schedule_article(actor=actor, article=article, at=at, now=NOW + timedelta(days=7))
    unpublish_article(actor=actor, article=article)
    article.refresh_from_db()
    assert article.published_at == NOW


def test_m7_a_worker_that_was_down_asks_for_the_mail_as_of_when_it_was_due() -> None:
    article = ArticleFactory(newsletter=NewsletterFactory())
    schedule_article(
        actor=article.author,
        article=article,
        at=NOW,
        send=SendChoice.YES,
        now=NOW - timedelta(hours=1),
    )
    publish_due_articles(now=NOW + timedelta(days=3))
    article.refresh_from_db()
    assert article.send_requested_at == NOW
