"""The list of articles."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from newsletter.articles.models import Article
from tests.factories.articles import ArticleFactory, PublishedArticleFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/newsletter/article/"


def count_queries(desk: Client) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert desk.get(LIST).status_code == 200
    return len(queries)


def test_it_costs_the_same_with_one_and_with_many(desk: Client) -> None:
    ArticleFactory()
    desk.get(LIST)
    one = count_queries(desk)
    PublishedArticleFactory.create_batch(3)
    ArticleFactory.create_batch(4)
    assert count_queries(desk) == one


def test_it_reads_no_text(desk: Client) -> None:
    ArticleFactory()
    with CaptureQueriesContext(connection) as queries:
        desk.get(LIST)
    rows = [q["sql"] for q in queries if '"newsletter_article"."dek"' in q["sql"]]
    assert rows
    assert not [sql for sql in rows if '"newsletter_article"."body"' in sql.split(" FROM ")[0]]


def test_it_shows_state_access_and_date(desk: Client) -> None:
    PublishedArticleFactory(title="Out", access="paid")
    ArticleFactory(title="In hand")
    page = desk.get(LIST).content.decode()
    for words in ("Out", "In hand", "Published", "Draft", "Any paying member"):
        assert words in page


def test_it_is_searched_by_title_and_filtered_by_state(desk: Client) -> None:
    PublishedArticleFactory(title="The second chair")
    ArticleFactory(title="Silence")
    found = desk.get(LIST, {"q": "chair"}).content.decode()
    assert "The second chair" in found
    assert "Silence" not in found
    drafts = desk.get(LIST, {"state__exact": "draft"}).content.decode()
    assert "Silence" in drafts
    assert "The second chair" not in drafts


def test_several_are_archived_and_the_rest_is_named(desk: Client) -> None:
    draft, public = ArticleFactory(), PublishedArticleFactory()
    archived = PublishedArticleFactory(title="Long gone")
    Article.objects.filter(pk=archived.pk).update(state="archived")
    data = {"action": "archive_chosen", "_selected_action": [draft.pk, public.pk, archived.pk]}
    page = desk.post(LIST, data, follow=True).content.decode()
    assert set(Article.objects.values_list("state", flat=True)) == {"archived"}
    assert "2 articles archived." in page
    assert "Long gone" in page


def test_titles_are_written_out_safely(desk: Client) -> None:
    ArticleFactory(title="<script>alert(1)</script>")
    assert "<script>alert(1)" not in desk.get(LIST).content.decode()


def test_each_row_leads_to_its_desk(desk: Client) -> None:
    article = ArticleFactory()
    there = reverse("admin:newsletter_article_change", args=[article.pk])
    assert there in desk.get(LIST).content.decode()
