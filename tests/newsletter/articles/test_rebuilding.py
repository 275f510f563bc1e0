"""What follows from the stored text can be made anew."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from newsletter.articles.models import Article
from newsletter.articles.search import search_articles
from newsletter.memberships.enums import Access
from tests.factories.articles import ArticleFactory, PublishedArticleFactory

pytestmark = pytest.mark.django_db


def test_every_article_is_rendered_and_indexed_anew(capsys: pytest.CaptureFixture[str]) -> None:
    paid = PublishedArticleFactory(
        dek="", body="<p>pearl</p><hr data-paywall><p>hidden</p>", access=Access.PAID
    )
    ArticleFactory()
    wrong = {"public_html": "<p>hidden</p>", "full_html": "", "excerpt": "hidden", "word_count": 9}
    Article.objects.update(**wrong)
    before = Article.objects.get(pk=paid.pk)
    call_command("rebuild_articles")
    assert "2 articles" in capsys.readouterr().out
    after = Article.objects.get(pk=paid.pk)
    assert after.public_html == "<p>pearl</p>"
    assert after.full_html == '<p>pearl</p><div class="paywalled"><p>hidden</p></div>'
    assert (after.excerpt, after.word_count) == ("pearl", 2)
    assert (after.version, after.updated_at) == (before.version, before.updated_at)
    assert after.history.count() == paid.history.count()
    assert len(search_articles("pearl")) == 1
    assert search_articles("hidden") == []


def test_a_save_meanwhile_is_not_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    from newsletter.articles.actions import rebuilding

    article = ArticleFactory(body="<p>old</p>")

    def saved_meanwhile(stored: Article) -> None:
        Article.objects.filter(pk=stored.pk).update(body="<p>new</p>", version=99)

    monkeypatch.setattr(rebuilding, "derive", saved_meanwhile)
    assert list(rebuilding.rebuild_articles()) == [article.pk]
    assert Article.objects.get(pk=article.pk).body == "<p>new</p>"
