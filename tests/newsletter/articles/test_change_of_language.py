"""When the publication changes its language, texts and search follow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import translation

from newsletter.articles import tasks
from newsletter.articles.actions import rebuilding
from newsletter.articles.models import Article
from newsletter.articles.search import index_is_current, search_articles
from newsletter.publication.models import Publication
from newsletter.publication.queries import get_publication
from tests.factories.accounts import StaffFactory
from tests.factories.articles import ArticleFactory, PublishedArticleFactory

pytestmark = pytest.mark.django_db
SCREEN = "/admin/newsletter/publication/1/change/"
SETTINGS = {
    "name": "The Quiet Part",
    "language": "en",
    "time_zone": "UTC",
    "accent": "#005a9c",
    "font_pairing": "humanist",
    "reader_count_threshold": 50,
}
postgresql_alone = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite's index treats all languages alike"
)


def speak(language: str) -> None:
    Publication.objects.update_or_create(pk=1, defaults={"language": language})


@pytest.fixture
def desk(client: Client, settings: Any) -> Client:
    settings.STAFF_SECOND_FACTOR = False
    backend = "django.contrib.auth.backends.ModelBackend"
    client.force_login(StaffFactory(), backend=backend)
    return client


@pytest.fixture
def languages(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """In which language each article is rendered."""
    found: list[str | None] = []
    derive: Callable[[Article], None] = rebuilding.derive

    def watched(article: Article) -> None:
        found.append(translation.get_language())
        derive(article)

    monkeypatch.setattr(rebuilding, "derive", watched)
    return found


def test_saving_another_language_renders_anew_in_it(
    desk: Client,
    settings: Any,
    languages: list[str | None],
    django_capture_on_commit_callbacks: Any,
) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER = True
    PublishedArticleFactory()
    ArticleFactory()
    with django_capture_on_commit_callbacks(execute=True):
        desk.post(SCREEN, SETTINGS)
        desk.post(SCREEN, {**SETTINGS, "tagline": "Letters"})
    assert languages == []
    with django_capture_on_commit_callbacks(execute=True):
        desk.post(SCREEN, {**SETTINGS, "language": "de"})
    assert get_publication().language == "de"
    assert languages == ["de", "de"]
    assert translation.get_language() == "en"


def test_a_refused_form_nudges_nothing(
    desk: Client, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks() as nudges:
        desk.post(SCREEN, {**SETTINGS, "language": "de", "name": ""})
    assert nudges == []


def test_changed_again_meanwhile_it_ends_in_the_last(
    languages: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    ArticleFactory()
    second = ArticleFactory()
    speak("de")
    index = rebuilding.index_article

    def author_changes_it(article: Article) -> None:
        index(article)
        if article == second and get_publication().language == "de":
            speak("fr")

    monkeypatch.setattr(rebuilding, "index_article", author_changes_it)
    tasks.rebuild_search()
    assert languages[-2:] == ["fr", "fr"]


@postgresql_alone
def test_search_knows_the_endings_of_the_new_language() -> None:
    PublishedArticleFactory(body="<p>Zwei alte Häuser am Fluss.</p>")
    assert not search_articles("Haus")
    assert index_is_current()
    speak("de")
    assert not index_is_current()
    assert tasks.sweep_search() == 1
    assert index_is_current()
    assert search_articles("Haus")
    assert tasks.sweep_search() == 0


def test_a_sweep_leaves_alone_what_is_current(languages: list[str | None]) -> None:
    PublishedArticleFactory()
    assert tasks.sweep_search() == 0
    assert languages == []
