"""The page through other eyes; nothing is written."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from newsletter.articles.models import Article
from tests.factories.articles import PAYWALL, ArticleFactory
from tests.factories.memberships import TierFactory
from tests.newsletter.articles_admin.conftest import typed

pytestmark = pytest.mark.django_db
BODY = (
    "<p>Open words.</p><section data-audience='members'><p>For members.</p></section>"
    f"<section data-audience='email'><p>In the mail.</p></section>{PAYWALL}<p>Paid words.</p>"
)


def preview_url(article: Article) -> str:
    return reverse("admin:newsletter_article_preview", args=[article.pk])


@pytest.mark.parametrize(
    ("persona", "members", "paid"),
    [("visitor", False, False), ("free", True, False), ("paid", True, True)],
)
@pytest.mark.parametrize("access", ["paid", "tiers"])
def test_each_kind_of_reader_sees_their_part(
    desk: Client, access: str, persona: str, members: bool, paid: bool
) -> None:
    tiers = [TierFactory()] if access == "tiers" else None
    article = ArticleFactory(access=access, tiers=tiers, body=BODY)
    page = desk.get(preview_url(article), {"as": persona}).content.decode()
    assert "Open words." in page
    assert ("For members." in page) is members
    assert ("Paid words." in page) is paid
    assert "In the mail." not in page


def test_it_shows_what_is_typed_and_stores_nothing(desk: Client) -> None:
    article = ArticleFactory()
    before = Article.objects.values().get()
    history = article.history.count()
    form = typed(article, title="Not stored", body="<p>Nor this.</p>", access="paid")
    page = desk.post(preview_url(article), {**form, "as": "paid"}).content.decode()
    assert "Not stored" in page
    assert "Nor this." in page
    assert Article.objects.values().get() == before
    assert article.history.count() == history


def test_what_is_typed_is_cleaned_before_it_is_shown(desk: Client) -> None:
    article = ArticleFactory()
    form = typed(article, body="<p>Fine<script>alert(1)</script><img src=x onerror=alert(2)></p>")
    page = desk.post(preview_url(article), form).content.decode()
    start = page.index('<article class="article"')
    shown = page[start : page.index("</article>", start)]
    assert "Fine" in shown
    assert "alert" not in shown


def test_a_form_that_is_not_right_yet_can_be_looked_at(desk: Client) -> None:
    article = ArticleFactory()
    form = typed(article, title="", canonical_url="nonsense", body="<p>Anyway.</p>")
    response = desk.post(preview_url(article), form)
    assert response.status_code == 200
    assert "Anyway." in response.content.decode()


def test_search_engines_and_caches_keep_away(desk: Client) -> None:
    response = desk.get(preview_url(ArticleFactory()))
    assert response["X-Robots-Tag"] == "noindex"
    assert "no-store" in response["Cache-Control"]
    assert "unsafe" not in response["Content-Security-Policy"]


def test_switching_the_reader_keeps_the_text(desk: Client) -> None:
    article = ArticleFactory()
    page = desk.post(preview_url(article), typed(article, title="Kept")).content.decode()
    assert '<input type="hidden" name="title" value="Kept">' in page


def test_a_form_without_an_address_can_be_looked_at(desk: Client) -> None:
    article = ArticleFactory()
    response = desk.post(preview_url(article), typed(article, slug="", title="Named anew"))
    assert response.status_code == 200
    assert "Named anew" in response.content.decode()
