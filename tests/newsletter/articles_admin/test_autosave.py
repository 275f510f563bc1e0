"""Drafts save themselves; nothing else does."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from tests.factories.articles import ArticleFactory, PublishedArticleFactory
from tests.newsletter.articles_admin.conftest import typed

pytestmark = pytest.mark.django_db


def autosave_url(article: Article) -> str:
    return reverse("admin:newsletter_article_autosave", args=[article.pk])


def test_a_draft_is_stored_and_says_when(desk: Client) -> None:
    article = ArticleFactory()
    answer = desk.post(autosave_url(article), typed(article, body="<p>More.</p>")).json()
    article.refresh_from_db()
    assert article.body == "<p>More.</p>"
    assert answer["version"] == article.version == 2
    assert re.fullmatch(r"Draft saved \d\d:\d\d", answer["message"])


def test_the_answer_is_the_version_to_go_on_from(desk: Client) -> None:
    article = ArticleFactory()
    for number in range(3):
        form = typed(article, dek=f"Number {number}")
        article.version = desk.post(autosave_url(article), form).json()["version"]
    article.refresh_from_db()
    assert article.dek == "Number 2"


def test_it_keeps_few_revisions(desk: Client) -> None:
    article = ArticleFactory()
    for number in range(5):
        form = typed(article, dek=f"Number {number}")
        article.version = desk.post(autosave_url(article), form).json()["version"]
    # One of its author's saving, one of this author's ten minutes.
    assert article.history.count() == 2


def test_a_new_article_gets_a_row_and_an_address(desk: Client, author: User) -> None:
    form = typed(Article(author=author), title="First words", version="")
    answer = desk.post(reverse("admin:newsletter_article_autosave_new"), form).json()
    article = Article.objects.get()
    assert answer["pk"] == article.pk
    assert answer["change_url"] == reverse("admin:newsletter_article_change", args=[article.pk])
    assert answer["slug"] == "first-words"


@pytest.mark.parametrize("state", ["published", "scheduled", "archived"])
def test_what_is_public_or_about_to_be_is_never_saved_by_itself(desk: Client, state: str) -> None:
    article = PublishedArticleFactory()
    Article.objects.filter(pk=article.pk).update(state=state)
    response = desk.post(autosave_url(article), typed(article, body="<p>Half a sen</p>"))
    assert response.status_code == 400
    article.refresh_from_db()
    assert "Half" not in article.full_html + article.body


def test_what_is_wrong_is_said_in_words(desk: Client) -> None:
    article = ArticleFactory()
    response = desk.post(autosave_url(article), typed(article, canonical_url="nonsense"))
    assert response.status_code == 422
    assert response.json()["error"].startswith("First published at: Enter a valid URL")


def test_w2_somebody_else_saved_meanwhile(desk: Client) -> None:
    article = ArticleFactory()
    form = typed(article, body="<p>Mine.</p>")
    Article.objects.filter(pk=article.pk).update(version=7, body="<p>Theirs.</p>")
    response = desk.post(autosave_url(article), form)
    assert response.status_code == 409
    assert "while you were writing" in response.json()["error"]
    article.refresh_from_db()
    assert article.body == "<p>Theirs.</p>"
