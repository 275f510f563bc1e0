"""Kept pages are forgotten when readers would see something else, and only then."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from newsletter.articles.actions import (
    archive_article,
    delete_tag,
    publish_article,
    save_article,
    save_tag,
    unpublish_article,
)
from newsletter.articles.models import Article
from newsletter.lib.page_cache import VERSION_KEY
from tests.factories.articles import (
    ArticleFactory,
    AuthorFactory,
    PublishedArticleFactory,
    TagFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_version() -> None:
    cache.set(VERSION_KEY, "kept", timeout=None)


def is_kept() -> bool:
    return cache.get(VERSION_KEY) == "kept"


@pytest.mark.parametrize("act", [publish_article, save_article, unpublish_article, archive_article])
def test_what_readers_see_is_forgotten(act, django_capture_on_commit_callbacks) -> None:
    make = ArticleFactory if act is publish_article else PublishedArticleFactory
    article: Article = make()
    with django_capture_on_commit_callbacks(execute=True):
        act(actor=article.author, article=article)
    assert not is_kept()


def test_writing_a_draft_forgets_nothing(django_capture_on_commit_callbacks) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        article = ArticleFactory()
        save_article(actor=article.author, article=article)
        save_article(actor=article.author, article=article, autosave=True)
    assert is_kept()


def test_a_tag_is_renamed_on_every_page(django_capture_on_commit_callbacks) -> None:
    tag = TagFactory(name="Rates")
    PublishedArticleFactory(tags=[tag])
    cache.set(VERSION_KEY, "kept", timeout=None)
    tag.name = "Fees"
    with django_capture_on_commit_callbacks(execute=True):
        save_tag(actor=AuthorFactory(), tag=tag)
    assert not is_kept()


def test_a_tag_disappears_from_every_page(django_capture_on_commit_callbacks) -> None:
    tag = TagFactory()
    with django_capture_on_commit_callbacks(execute=True):
        delete_tag(actor=AuthorFactory(), tag=tag)
    assert not is_kept()
