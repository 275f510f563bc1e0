"""Opening an article, saving it, and where the buttons lead."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.articles.models import Article, SlugRedirect, Tag
from tests.factories.articles import ArticleFactory, PublishedArticleFactory, TagFactory
from tests.factories.memberships import TierFactory
from tests.factories.subscribers import NewsletterFactory
from tests.newsletter.articles_admin.conftest import typed

pytestmark = pytest.mark.django_db
ADD = "/admin/newsletter/article/add/"


def change_url(article: Article) -> str:
    return reverse("admin:newsletter_article_change", args=[article.pk])


def test_a_new_article_is_saved_as_a_draft_of_its_author(desk: Client, author: User) -> None:
    letter = NewsletterFactory()
    assert f'value="{letter.pk}" selected' in desk.get(ADD).content.decode()
    form = typed(Article(author=author), title="On  asking\n", body="<p>Say it.</p>", version="")
    response = desk.post(ADD, {**form, "tag_names": "Rates, rates,  Paper "})
    article = Article.objects.get()
    assert response["Location"] == change_url(article)
    assert (article.title, article.slug, article.state) == ("On asking", "on-asking", "draft")
    assert article.full_html
    assert set(article.tags.values_list("name", flat=True)) == {"Rates", "Paper"}
    assert article.history.latest().history_user == author


def test_saving_goes_through_the_sanitiser(desk: Client) -> None:
    article = ArticleFactory()
    bad = "<p onclick=x>Words<script>alert(1)</script></p><hr data-paywall><hr data-paywall>"
    desk.post(change_url(article), typed(article, body=bad))
    article.refresh_from_db()
    assert article.body == '<p>Words</p><hr data-paywall="">'


def test_known_tags_are_taken_and_new_ones_made(desk: Client) -> None:
    known = TagFactory(name="Fees", slug="fees")
    article = ArticleFactory()
    desk.post(change_url(article), typed(article, tag_names="fees, Über Preise"))
    assert set(article.tags.all()) == {known, Tag.objects.get(name="Über Preise")}
    assert Tag.objects.get(name="Über Preise").slug == "über-preise"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"title": "  "}, "This field is required"),
        ({"access": "tiers"}, "Choose at least one tier"),
        ({"tag_names": ", ".join(f"t{n}" for n in range(13))}, "At most 12 tags"),
        ({"canonical_url": "nonsense"}, "Enter a valid URL"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost(
    desk: Client, changes: dict[str, str], message: str
) -> None:
    article = ArticleFactory()
    response = desk.post(change_url(article), typed(article, body="<p>Typed.</p>", **changes))
    page = response.content.decode()
    assert response.status_code == 422
    assert message in page
    assert "&lt;p&gt;Typed.&lt;/p&gt;" in page
    article.refresh_from_db()
    assert "Typed" not in article.body


def test_a_taken_address_is_refused(desk: Client) -> None:
    ArticleFactory(slug="taken")
    article = ArticleFactory()
    response = desk.post(change_url(article), typed(article, slug="taken"))
    assert response.status_code == 422
    article.refresh_from_db()
    assert article.slug != "taken"


def test_w1_a_new_address_leaves_a_redirect_and_the_desk_says_so(desk: Client) -> None:
    article = PublishedArticleFactory(slug="old")
    desk.post(change_url(article), typed(article, slug="new"))
    assert SlugRedirect.objects.get().old_slug == "old"
    assert "Also reached by:" in desk.get(change_url(article)).content.decode()


def test_tiers_are_stored(desk: Client) -> None:
    tier = TierFactory()
    article = ArticleFactory()
    desk.post(change_url(article), typed(article, access="tiers", tiers=[tier.pk]))
    article.refresh_from_db()
    assert list(article.tiers.all()) == [tier]


@pytest.mark.parametrize(
    ("button", "name"), [("_publish", "publish"), ("_schedule", "schedule"), ("_x", "change")]
)
def test_the_button_says_where_it_goes_on(desk: Client, button: str, name: str) -> None:
    article = ArticleFactory()
    response = desk.post(change_url(article), typed(article, dek="New.", **{button: "1"}))
    assert response["Location"] == reverse(f"admin:newsletter_article_{name}", args=[article.pk])
    article.refresh_from_db()
    assert (article.dek, article.state) == ("New.", "draft")


def test_saving_moves_no_state(desk: Client) -> None:
    article = PublishedArticleFactory()
    desk.post(change_url(article), typed(article, state="draft", send_choice="yes"))
    article.refresh_from_db()
    assert (article.state, article.send_choice) == ("published", "no")


def test_opening_writes_nothing(desk: Client, author: User) -> None:
    article = ArticleFactory()
    before = Article.objects.values().get()
    desk.get(change_url(article))
    desk.get(ADD)
    assert Article.objects.values().get() == before


@pytest.mark.parametrize("count", [1, 40])
def test_the_desk_costs_the_same_with_many_articles_and_tags(
    desk: Client, django_assert_max_num_queries: object, count: int
) -> None:
    article = ArticleFactory(tags=TagFactory.create_batch(min(count, 12)))
    ArticleFactory.create_batch(count // 4)
    with django_assert_max_num_queries(22):  # type: ignore[operator]
        assert desk.get(change_url(article)).status_code == 200


def test_it_works_without_javascript(desk: Client) -> None:
    article = ArticleFactory(body="<p>Words.</p>")
    page = desk.get(change_url(article)).content.decode()
    assert "<textarea" in page
    assert "&lt;p&gt;Words.&lt;/p&gt;</textarea>" in page
    for name in ("_save_draft", "_schedule", "_publish"):
        assert f'name="{name}"' in page


def test_w4_a_title_in_another_script_gives_an_address(desk: Client, author: User) -> None:
    form = typed(Article(author=author), title="قيمة الوقت", body="<p>كلمات</p>", version="")
    desk.post(ADD, form)
    assert Article.objects.get().slug == "قيمة-الوقت"


def test_deleting_goes_through_the_action(desk: Client) -> None:
    article = ArticleFactory()
    there = reverse("admin:newsletter_article_delete", args=[article.pk])
    assert desk.post(there, {"post": "yes"}).status_code == 302
    assert not Article.objects.exists()
    assert Article.history.latest().history_change_reason == "Deleted"


def test_a_published_article_without_an_address_comes_back_with_what_was_typed(
    desk: Client,
) -> None:
    article = PublishedArticleFactory(slug="stays")
    form = typed(article, slug="", title="", dek="Kept as typed.")
    response = desk.post(reverse("admin:newsletter_article_change", args=[article.pk]), form)
    page = response.content.decode()
    assert "Kept as typed." in page
    assert "/articles/stays/" in page
    article.refresh_from_db()
    assert article.slug == "stays"


@pytest.mark.parametrize("wanted", [{"state": "scheduled", "send_choice": "yes"}, {"asked": True}])
def test_what_is_about_to_be_mailed_keeps_a_newsletter(
    desk: Client, wanted: dict[str, Any]
) -> None:
    """Without one it would go to the readers of another."""
    article = ArticleFactory(newsletter=NewsletterFactory())
    soon = timezone.now() + timedelta(hours=1)
    asked_at = soon if wanted.pop("asked", False) else None
    Article.objects.update(published_at=soon, send_requested_at=asked_at, **wanted)
    response = desk.post(change_url(article), typed(article, newsletter=""))
    assert response.status_code == 422
    assert "about to go out by mail" in response.content.decode()
    assert Article.objects.get().newsletter == article.newsletter


def test_what_is_refused_leaves_no_new_tags_behind(desk: Client) -> None:
    article = ArticleFactory()
    data = typed(article, tag_names="Nobody's", version=article.version - 1)
    assert desk.post(change_url(article), data).status_code == 409
    assert not Tag.objects.exists()
