"""W2: two authors save the same article. The second is told, and nothing is lost."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.articles.actions import save_article, schedule_article, store_image
from newsletter.articles.models import Article
from tests.factories.accounts import StaffFactory
from tests.factories.articles import ArticleFactory, PublishedArticleFactory, picture_file
from tests.factories.subscribers import NewsletterFactory
from tests.newsletter.articles_admin.conftest import typed

pytestmark = pytest.mark.django_db
THEIRS, MINE = "<p>The price they wrote.</p>", "<p>The price that I wrote.</p>"


@pytest.fixture
def bo() -> User:
    return StaffFactory(name="Bo Marsh")


def change_url(article: Article) -> str:
    return reverse("admin:newsletter_article_change", args=[article.pk])


def both_save(desk: Client, bo: User, article: Article) -> Any:
    """Ada opens it, Bo opens and saves it, Ada saves."""
    form = typed(article, body=MINE)
    other = Article.objects.get(pk=article.pk)
    other.body = THEIRS
    save_article(actor=bo, article=other)
    return desk.post(change_url(article), form)


def fields_of(page: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {name: html.unescape(value) for name, value in found}


def test_w2_the_second_is_told_who_and_sees_both_texts(desk: Client, bo: User) -> None:
    article = ArticleFactory()
    response = both_save(desk, bo, article)
    page = response.content.decode()
    assert response.status_code == 409
    assert "Bo Marsh saved this article at" in page
    assert re.search(r"<del>.*they.*</del>", page)
    assert re.search(r"<ins>.*that I.*</ins>", page)
    article.refresh_from_db()
    assert article.body == THEIRS


def test_w2_mine_can_be_stored_and_theirs_stays_among_the_revisions(desk: Client, bo: User) -> None:
    article = ArticleFactory()
    again = fields_of(both_save(desk, bo, article).content.decode())
    assert desk.post(change_url(article), {**again, "_save_draft": "1"}).status_code == 302
    article.refresh_from_db()
    assert article.body == MINE
    assert THEIRS in article.history.values_list("body", flat=True)


def test_w2_theirs_can_stand_and_mine_stays_among_the_revisions(desk: Client, bo: User) -> None:
    article = PublishedArticleFactory()
    again = fields_of(both_save(desk, bo, article).content.decode())
    assert desk.post(change_url(article), {**again, "_keep_theirs": "1"}).status_code == 302
    article.refresh_from_db()
    assert article.body == THEIRS
    assert "that I wrote" not in article.full_html
    assert MINE in article.history.values_list("body", flat=True)


def test_w2_what_cannot_be_stored_is_said_and_stays_typed(desk: Client, bo: User) -> None:
    article = ArticleFactory(newsletter=NewsletterFactory())
    soon = timezone.now() + timedelta(hours=1)
    schedule_article(actor=bo, article=article, at=soon, send="yes")
    form = typed(article, body=MINE, newsletter="")
    save_article(actor=bo, article=Article.objects.get())
    again = {**form, "version": article.version + 1, "_keep_theirs": "1"}
    response = desk.post(change_url(article), again)
    assert response.status_code == 422
    page = response.content.decode()
    assert "about to go out by mail" in page
    assert html.escape(MINE) in page


def test_w2_where_theirs_stands_the_address_and_cover_are_theirs_too(
    desk: Client, bo: User
) -> None:
    article = PublishedArticleFactory(slug="as-it-was")
    again = fields_of(both_save(desk, bo, article).content.decode())
    mine = {"slug": "as-i-want-it", "cover": store_image(actor=bo, file=picture_file()).pk}
    desk.post(change_url(article), {**again, **mine, "_keep_theirs": "1"})
    article.refresh_from_db()
    assert (article.body, article.slug, article.cover) == (THEIRS, "as-it-was", None)


@pytest.mark.parametrize(
    ("press", "stands"), [("_save_draft", MINE), ("_keep_theirs", THEIRS)], ids=["mine", "theirs"]
)
def test_w2_what_they_wrote_since_their_last_revision_is_not_lost(
    desk: Client, bo: User, press: str, stands: str
) -> None:
    """Autosaves within ten minutes leave one revision; the later ones are in the row alone."""
    article = ArticleFactory()
    form = typed(article, body=MINE)
    other = Article.objects.get(pk=article.pk)
    for body in ("<p>Bo begins.</p>", THEIRS):
        other.body = body
        save_article(actor=bo, article=other, autosave=True)
    assert THEIRS not in article.history.values_list("body", flat=True)
    again = fields_of(desk.post(change_url(article), form).content.decode())
    assert desk.post(change_url(article), {**again, press: "1"}).status_code == 302
    article.refresh_from_db()
    assert article.body == stands
    kept = article.history.get(history_change_reason="Saved by itself")
    assert (kept.body, kept.history_user) == (THEIRS, bo)
    assert MINE in article.history.values_list("body", flat=True)


def test_w2_i_can_go_on_writing_in_mine(desk: Client, bo: User) -> None:
    article = ArticleFactory()
    again = fields_of(both_save(desk, bo, article).content.decode())
    response = desk.post(change_url(article), {**again, "_go_on": "1"})
    page = response.content.decode()
    assert html.escape(MINE) in page
    # The next save starts from their version, knowingly.
    article.refresh_from_db()
    assert f'name="version" value="{article.version}"' in page
    assert article.body == THEIRS


def test_w2_a_third_save_in_between_is_told_again(desk: Client, bo: User) -> None:
    article = ArticleFactory()
    again = fields_of(both_save(desk, bo, article).content.decode())
    other = Article.objects.get(pk=article.pk)
    other.body = "<p>Third.</p>"
    save_article(actor=bo, article=other)
    for button in ("_save_draft", "_keep_theirs"):
        assert desk.post(change_url(article), {**again, button: "1"}).status_code == 409
    article.refresh_from_db()
    assert article.body == "<p>Third.</p>"
