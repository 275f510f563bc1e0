"""Saving: two authors at once, addresses that change, revisions that come back."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from newsletter.articles.actions import (
    IllegalMove,
    StaleArticle,
    delete_article,
    publish_article,
    restore_revision,
    save_article,
    schedule_article,
    unpublish_article,
)
from newsletter.articles.content import mail_html, web_html
from newsletter.articles.models import Article, SlugRedirect
from newsletter.articles.queries import find_moved_article, get_article_for
from newsletter.memberships.access import VISITOR, Requirement, decide
from newsletter.memberships.enums import Access
from tests.factories.articles import (
    ArticleFactory,
    AuthorFactory,
    PublishedArticleFactory,
    TagFactory,
)
from tests.factories.memberships import TierFactory

pytestmark = pytest.mark.django_db


def stored(article: Article) -> Article:
    return Article.objects.get(pk=article.pk)


def rename(article: Article, slug: str) -> None:
    article.slug = slug
    save_article(actor=article.author, article=article)


def where(slug: str) -> tuple[str, int] | None:
    """What a reader gets at an address: ("page", id), ("moved", id) or nothing."""
    try:
        return "page", get_article_for(None, slug).article.pk
    except Article.DoesNotExist:
        moved = find_moved_article(slug)
        return ("moved", moved.pk) if moved else None


def test_w1_renamed_and_renamed_back() -> None:
    article = PublishedArticleFactory(slug="one")
    rename(article, "two")
    assert where("one") == ("moved", article.pk)
    assert where("two") == ("page", article.pk)
    rename(article, "three")
    assert where("one") == where("two") == ("moved", article.pk)
    rename(article, "one")
    assert where("one") == ("page", article.pk)
    assert where("two") == where("three") == ("moved", article.pk)
    assert not SlugRedirect.objects.filter(old_slug="one").exists()


def test_w1_an_old_address_used_again_by_another_article() -> None:
    first = PublishedArticleFactory(slug="one")
    rename(first, "two")
    second = ArticleFactory(slug="one")
    # A draft takes nothing from readers.
    assert where("one") == ("moved", first.pk)
    publish_article(actor=second.author, article=second)
    assert where("one") == ("page", second.pk)
    rename(second, "three")
    # The last to live there is who the newest links mean.
    assert where("one") == ("moved", second.pk)
    rename(first, "one")
    assert where("one") == ("page", first.pk)
    unpublish_article(actor=first.author, article=first)
    assert where("one") == ("moved", second.pk)


def test_w1_nothing_leads_to_what_is_not_public() -> None:
    article = PublishedArticleFactory(slug="one")
    rename(article, "two")
    unpublish_article(actor=article.author, article=article)
    assert where("one") is None
    delete_article(actor=article.author, article=article)
    assert where("one") is None
    assert not SlugRedirect.objects.exists()


def test_w1_a_draft_leaves_no_redirect() -> None:
    article = ArticleFactory(slug="one")
    rename(article, "two")
    assert not SlugRedirect.objects.exists()


def test_w1_an_address_in_use_is_refused() -> None:
    PublishedArticleFactory(slug="one")
    article = ArticleFactory(slug="two")
    with pytest.raises(ValidationError) as refused:
        rename(article, "One")
    assert "slug" in refused.value.message_dict
    assert stored(article).slug == "two"


@pytest.mark.django_db(transaction=True)
def test_w1_of_eight_at_once_one_gets_the_address() -> None:
    author = AuthorFactory()
    start = threading.Barrier(8)
    outcomes: list[str] = []

    def work() -> None:
        article = Article(author=author, title="Same", slug="same", body="<p>x</p>")
        try:
            start.wait()
            save_article(actor=author, article=article)
            outcomes.append("saved")
        except ValidationError as refused:
            outcomes.append(next(iter(refused.message_dict)))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["saved", *["slug"] * 7]


@pytest.mark.django_db(transaction=True)
def test_w2_of_eight_saves_at_once_one_is_stored() -> None:
    article = ArticleFactory()
    start = threading.Barrier(8)
    outcomes: list[str] = []
    refused: list[str] = []

    def work(number: int) -> None:
        mine = stored(article)
        mine.body = f"<p>{number}</p>"
        try:
            start.wait()
            save_article(actor=article.author, article=mine, expected_version=1)
            outcomes.append(mine.body)
        except StaleArticle as stale:
            refused.append(stale.refused.body)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [stored(article).body]
    assert sorted(refused + outcomes) == [f"<p>{number}</p>" for number in range(8)]
    assert article.history.count() == 2


def test_equal_titles_get_addresses_of_their_own() -> None:
    slugs = [ArticleFactory(title="The same").slug for _ in range(3)]
    assert slugs == ["the-same", "the-same-2", "the-same-3"]


def test_w2_the_second_of_two_is_told_and_both_texts_are_there() -> None:
    article = ArticleFactory(body="<p>first</p>")
    opened_on = article.version
    mine, theirs = stored(article), stored(article)
    other = AuthorFactory()
    theirs.body = "<p>theirs</p>"
    save_article(actor=other, article=theirs, expected_version=opened_on)
    mine.body = "<p>mine</p>"
    with pytest.raises(StaleArticle) as stale:
        save_article(
            actor=article.author,
            article=mine,
            expected_version=opened_on,
            tags=[TagFactory()],
        )
    assert stale.value.refused.body == "<p>mine</p>"
    assert stale.value.current.body == "<p>theirs</p>"
    assert stored(article).body == "<p>theirs</p>"
    assert not article.tags.exists()
    assert stored(article).version == opened_on + 1
    # Having seen both, the author goes on from the newer one.
    save_article(actor=article.author, article=mine, expected_version=opened_on + 1)
    assert stored(article).body == "<p>mine</p>"
    assert "<p>theirs</p>" in article.history.values_list("body", flat=True)


def test_w2_what_was_loaded_is_the_version_when_none_is_given() -> None:
    article = ArticleFactory()
    old = stored(article)
    save_article(actor=article.author, article=article)
    with pytest.raises(StaleArticle):
        save_article(actor=article.author, article=old)


def test_w2_saving_does_not_undo_publishing() -> None:
    article = ArticleFactory()
    form_opened = stored(article)
    publish_article(actor=article.author, article=article)
    form_opened.dek = "Corrected."
    save_article(actor=article.author, article=form_opened)
    assert stored(article).state == "published"
    assert stored(article).published_at is not None
    assert form_opened.state == "published"


def test_every_save_is_one_revision_with_who_and_why() -> None:
    article = ArticleFactory()
    other = AuthorFactory()
    article.body = "<p>two</p>"
    save_article(actor=other, article=article, tags=[TagFactory(name="Rent")], reason="Typo")
    assert article.history.count() == 2
    newest = article.history.first()
    assert (newest.history_user, newest.history_change_reason) == (other, "Typo")
    assert [row.tag.name for row in newest.tags.all()] == ["Rent"]


def test_autosaves_keep_one_revision_in_ten_minutes_and_author() -> None:
    with time_machine.travel("2026-11-12 09:00Z", tick=False) as clock:
        article = ArticleFactory()
        author, other = article.author, AuthorFactory()
        clock.shift(timedelta(minutes=11))
        for number in range(20):
            article.body = f"<p>{number}</p>"
            save_article(actor=author, article=article, autosave=True)
            clock.shift(timedelta(seconds=20))
        assert article.history.count() == 2
        assert stored(article).body == "<p>19</p>"
        assert stored(article).version == article.version
        save_article(actor=other, article=article, autosave=True)
        assert article.history.count() == 3
        save_article(actor=author, article=article)
        assert article.history.count() == 4
        clock.shift(timedelta(minutes=11))
        save_article(actor=author, article=article, autosave=True)
        assert article.history.count() == 5


def test_only_drafts_save_themselves() -> None:
    article = PublishedArticleFactory(body="<p>public</p>")
    article.body = "<p>half a sen</p>"
    with pytest.raises(IllegalMove):
        save_article(actor=article.author, article=article, autosave=True)
    assert stored(article).body == "<p>public</p>"
    assert stored(article).version == 1
    scheduled = ArticleFactory()
    schedule_article(
        actor=scheduled.author, article=scheduled, at=timezone.now() + timedelta(days=1)
    )
    with pytest.raises(IllegalMove):
        save_article(actor=scheduled.author, article=scheduled, autosave=True)


def test_a_revision_comes_back_with_tags_tiers_and_access() -> None:
    tag, tier = TagFactory(), TierFactory()
    article = PublishedArticleFactory(
        title="Old", body="<p>old</p>", access=Access.TIERS, tags=[tag], tiers=[tier], slug="old"
    )
    revision = article.history.first()
    article.title, article.body, article.access = "New", "<p>new</p>", Access.PUBLIC
    article.slug = "new"
    save_article(actor=article.author, article=article, tags=[], tiers=[])
    assert article.public_html
    restore_revision(actor=AuthorFactory(), article=article, revision_id=revision.history_id)
    after = stored(article)
    assert (after.title, after.body, after.access) == ("Old", "<p>old</p>", Access.TIERS)
    assert (list(after.tags.all()), list(after.tiers.all())) == ([tag], [tier])
    assert after.slug == "new"
    assert after.state == "published"
    # What was closed then is closed again.
    assert after.public_html == ""
    assert "Restored" in article.history.first().history_change_reason


def test_a_revision_of_another_article_is_not_found() -> None:
    one, two = ArticleFactory(), ArticleFactory()
    with pytest.raises(Article.DoesNotExist):
        restore_revision(actor=one.author, article=one, revision_id=two.history.first().history_id)


def test_restoring_is_told_about_another_author_too() -> None:
    article = ArticleFactory()
    opened = stored(article)
    save_article(actor=article.author, article=article)
    with pytest.raises(StaleArticle):
        restore_revision(
            actor=article.author,
            article=opened,
            revision_id=article.history.last().history_id,
        )


def test_m18_an_edit_changes_the_page_and_not_what_was_made_for_the_mail() -> None:
    article = PublishedArticleFactory(body="<p>As it was sent.</p>")
    frozen = mail_html(article, entitled=True)
    article.body = "<p>As it was corrected.</p>"
    save_article(actor=article.author, article=article)
    page = web_html(stored(article), decide(VISITOR, Requirement(), timezone.now()))
    assert "corrected" in page
    assert "As it was sent." in frozen
    assert "corrected" not in frozen


def test_hostile_markup_never_reaches_the_database() -> None:
    article = ArticleFactory(body="<p onclick=alert(1)>x<script>alert(1)</script></p>")
    assert stored(article).body == "<p>x</p>"
