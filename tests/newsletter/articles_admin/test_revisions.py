"""Who changed what; compare; go back."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from newsletter.accounts.models import User
from newsletter.articles.actions import save_article
from newsletter.articles.models import Article
from tests.factories.articles import ArticleFactory, PublishedArticleFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def article(author: User) -> Article:
    article = PublishedArticleFactory(author=author, body="<p>The first number wins.</p>")
    article.body = "<p>The second number wins.</p>"
    return save_article(actor=author, article=article, reason="A better word")


def test_the_list_says_who_when_and_why(desk: Client, article: Article) -> None:
    page = desk.get(reverse("admin:newsletter_article_revisions", args=[article.pk]))
    text = page.content.decode()
    assert "Ada Winter" in text
    assert "A better word" in text
    assert text.count("<tr>") == article.history.count() + 1


@pytest.mark.parametrize("count", [1, 30])
def test_the_list_costs_the_same_however_long(
    desk: Client, author: User, django_assert_max_num_queries: object, count: int
) -> None:
    article = ArticleFactory()
    for number in range(count):
        article.dek = f"Number {number}"
        save_article(actor=author, article=article)
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        desk.get(reverse("admin:newsletter_article_revisions", args=[article.pk]))


def test_a_revision_shows_what_it_changed(desk: Client, article: Article) -> None:
    newest = article.history.latest()
    there = reverse("admin:newsletter_article_revision", args=[article.pk, newest.history_id])
    page = desk.get(there).content.decode()
    # Not by colour alone: marked up, and said to those who listen.
    assert "[removed: </span>first<span" in page.replace("\n", "")
    assert "[added: </span>second<span" in page.replace("\n", "")


def test_an_old_text_comes_back_and_nothing_goes(desk: Client, article: Article) -> None:
    oldest = article.history.earliest()
    there = reverse("admin:newsletter_article_restore", args=[article.pk, oldest.history_id])
    assert desk.post(there, {"version": article.version}).status_code == 302
    article.refresh_from_db()
    assert article.body == "<p>The first number wins.</p>"
    assert article.state == "published"
    bodies = article.history.values_list("body", flat=True)
    assert "<p>The second number wins.</p>" in bodies


def test_w2_nothing_comes_back_over_a_newer_save(desk: Client, article: Article) -> None:
    oldest = article.history.earliest()
    there = reverse("admin:newsletter_article_restore", args=[article.pk, oldest.history_id])
    desk.post(there, {"version": article.version - 1})
    article.refresh_from_db()
    assert article.body == "<p>The second number wins.</p>"


def test_a_revision_of_another_article_is_not_there(desk: Client, article: Article) -> None:
    other = ArticleFactory()
    foreign = other.history.latest().history_id
    for name in ("revision", "restore"):
        there = reverse(f"admin:newsletter_article_{name}", args=[article.pk, foreign])
        answer = desk.get(there) if name == "revision" else desk.post(there, {"version": 1})
        assert answer.status_code == 404
