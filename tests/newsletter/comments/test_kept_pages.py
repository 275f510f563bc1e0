"""What a comment renews: the pages on which something of it stands, and no others."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from newsletter.accounts.models import User
from newsletter.articles.models import Article, Tag
from newsletter.comments import screens
from newsletter.comments.actions import (
    approve_comment,
    close_thread,
    pin_comment,
    reject_comment,
    remove_comment,
)
from newsletter.comments.kept import FEW
from newsletter.comments.models import Comment
from newsletter.lib import page_cache
from tests.factories.articles import PAYWALL, PublishedArticleFactory
from tests.factories.comments import held, place_for, say, set_rules
from tests.factories.memberships import GrantFactory

Commit = Callable[..., AbstractContextManager[object]]


@pytest.fixture(autouse=True)
def _keep_pages(settings, db: None) -> None:
    settings.PAGE_CACHE_SECONDS = 60
    set_rules()


@pytest.fixture
def commit(django_capture_on_commit_callbacks) -> Commit:
    return lambda: django_capture_on_commit_callbacks(execute=True)


def is_kept(path: str) -> bool:
    """Whether a visitor gets it without a query; it is kept from now on."""
    with CaptureQueriesContext(connection) as queries:
        assert Client().get(path).status_code == 200, path
    return not len(queries)


def pages_of(article: Article) -> list[str]:
    return [f"/articles/{article.slug}/", f"/conversations/article/{article.pk}/feed.atom"]


def keep(*paths: str) -> None:
    for path in paths:
        is_kept(path)
    assert all(is_kept(path) for path in paths)


def renewed(paths: list[str]) -> list[str]:
    return [path for path in paths if not is_kept(path)]


def test_a_comment_renews_what_it_stands_on_and_nothing_else(
    article: Article, commit: Commit
) -> None:
    other = PublishedArticleFactory()
    untouched = [*pages_of(other), "/articles/", "/about/", "/feed.atom", "/subscribe/"]
    touched = [*pages_of(article), "/", "/comments/feed.atom"]
    keep(*untouched, *touched)
    with commit():
        say(article, body="Fresh words.")
    assert renewed(touched) == touched
    assert renewed(untouched) == []
    page, feed, home, site_feed = (Client().get(path).content.decode() for path in touched)
    assert "Fresh words." in page
    assert "Fresh words." in feed
    assert "Fresh words." in site_feed
    assert "1 comment<" in home


def test_every_list_counts_right_whatever_is_decided(
    article: Article, moderator: User, commit: Commit
) -> None:
    """One with a few articles names each, one with many names all: neither may be wrong."""
    few, many = Tag.objects.create(name="Few", slug="few"), Tag.objects.create(name="M", slug="m")
    article.tags.add(few, many)
    for _number in range(FEW + 1):
        PublishedArticleFactory().tags.add(many)
    lists = ["/", "/tags/few/", "/tags/m/"]

    def counts() -> list[bool]:
        return ["1 comment<" in Client().get(path).content.decode() for path in lists]

    keep(*lists)
    with commit():
        comment = held(article)
    assert renewed(lists) == []
    for act, shows in (
        (approve_comment, True),
        (reject_comment, False),
        (approve_comment, True),
        (remove_comment, False),
    ):
        keep(*lists)
        with commit():
            comment.refresh_from_db()
            act(actor=moderator, comment=comment)
        assert counts() == [shows] * 3, act


def test_what_is_said_elsewhere_renews_an_article_that_counts_it(
    article: Article, commit: Commit
) -> None:
    """At its foot an article lists others on the same subject, with their comments counted."""
    tag = Tag.objects.create(name="Same", slug="same")
    related, far = PublishedArticleFactory(), PublishedArticleFactory()
    for each in (article, related):
        each.tags.add(tag)
    page = f"/articles/{article.slug}/"
    keep(page)
    with commit():
        say(far)
    assert is_kept(page)
    with commit():
        say(related)
    assert not is_kept(page)
    assert "1 comment<" in Client().get(page).content.decode()


def test_pins_closings_and_new_texts_show_at_once(
    article: Article, moderator: User, reader: User, commit: Commit, client: Client
) -> None:
    comment = say(article, reader, "First words.")
    other = f"/articles/{PublishedArticleFactory().slug}/"
    page = f"/articles/{article.slug}/"
    keep(page, other)
    with commit():
        pin_comment(actor=moderator, comment=comment)
    assert "Pinned by the author" in Client().get(page).content.decode()
    with commit():
        client.force_login(reader)
        client.post(f"/comments/{comment.pk}/edit/", {"body": "Second words."})
    assert "Second words." in Client().get(page).content.decode()
    with commit():
        close_thread(actor=moderator, place=place_for(article, moderator))
    assert "This conversation is closed." in Client().get(page).content.decode()
    assert is_kept(other)


def test_what_is_rolled_back_renews_nothing(article: Article) -> None:
    page = f"/articles/{article.slug}/"
    keep(page)
    say(article)
    assert is_kept(page)


def test_a_page_made_before_the_commit_is_never_served_after_it(
    article: Article, commit: Commit, monkeypatch
) -> None:
    """A visitor's page is under way while a comment appears: what it read is old."""
    page = f"/articles/{article.slug}/"
    read = screens.read_page

    def slow(*args, **kwargs):
        found = read(*args, **kwargs)
        monkeypatch.setattr(screens, "read_page", read)
        with commit():
            say(article, body="Fresh words.")
        return found

    monkeypatch.setattr(screens, "read_page", slow)
    assert "Fresh words." not in Client().get(page).content.decode()
    assert "Fresh words." in Client().get(page).content.decode()


def test_a_lost_version_brings_no_old_page_back(article: Article, commit: Commit) -> None:
    page = f"/articles/{article.slug}/"
    keep(page)
    with commit():
        say(article, body="Fresh words.")
    cache.delete(f"pages:topic:talk:article:{article.pk}")
    assert "Fresh words." in Client().get(page).content.decode()
    cache.delete(f"pages:topic:talk:article:{article.pk}")
    assert not is_kept(page)


def test_p3_renewing_gives_nothing_away(moderator: User, commit: Commit) -> None:
    """Whoever asks first after a comment: no page of a member is kept."""
    paid = PublishedArticleFactory(
        access="paid", body=f"<p>Open words.</p>{PAYWALL}<p>SENTINEL words.</p>"
    )
    member = GrantFactory().user
    page = f"/articles/{paid.slug}/"
    signed_in = Client()
    signed_in.force_login(member)
    for number in range(2):
        with commit():
            say(paid, member, f"Said among members {number}.")
        seen = signed_in.get(page)
        assert b"SENTINEL" in seen.content
        assert b"Said among members" in seen.content
        assert seen["Cache-Control"] == "private, no-cache"
        for _again in range(2):
            public = Client().get(page).content
            assert b"SENTINEL" not in public
            assert b"Said among members" not in public
    assert Comment.objects.count() == 2


def test_members_ask_for_no_versions(article: Article, reader: User, monkeypatch) -> None:
    client = Client()
    client.force_login(reader)
    client.get("/")
    monkeypatch.setattr(page_cache, "_topic_key", lambda topic: pytest.fail(topic))
    assert client.get(f"/articles/{article.slug}/").status_code == 200
