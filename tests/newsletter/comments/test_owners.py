"""What lies above comments registers an owner and has conversations; articles take theirs along."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import pytest
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.articles.actions import delete_article
from newsletter.articles.models import Article
from newsletter.comments import owners
from newsletter.comments.actions import RefusedError, Written, pin_comment, submit_comment
from newsletter.comments.models import Comment, Thread
from newsletter.comments.owners import Place, get_places, register_owner
from tests.factories.articles import PublishedArticleFactory
from tests.factories.comments import say, set_rules, thread_of


class Lessons:
    """Lesson 1 is open, lesson 2 is for the signed in, and there is no third."""

    def get_places(
        self, keys: Iterable[int], viewer: User | None, now: datetime
    ) -> dict[int, Place]:
        return {
            key: Place(
                kind="lesson",
                key=key,
                title=f"Lesson {key}",
                path=f"/lessons/{key}/",
                is_readable=key == 1 or viewer is not None,
                is_public=key == 1,
                who_writes="members",
            )
            for key in keys
            if key < 3
        }


@pytest.fixture(autouse=True)
def _lessons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owners, "_owners", dict(owners._owners))
    register_owner("lesson", Lessons())


def lesson(key: int, viewer: User | None, now: datetime) -> Place:
    return Lessons().get_places([key], viewer, now)[key]


def show(key: int) -> str:
    request = RequestFactory().get("/")
    template = Template('{% load comments %}{% conversation "lesson" key %}')
    return template.render(Context({"request": request, "key": key}))


def test_a_lesson_has_a_conversation(client: Client, reader: User) -> None:
    set_rules()
    place = lesson(1, reader, reader.created_at)
    written = Written("About the lesson.", "Ada")
    comment = submit_comment(place=place, viewer=reader, written=written).comment
    assert comment.is_visible
    thread = Thread.objects.get()
    assert (thread.kind, thread.key, thread.article) == ("lesson", 1, None)
    assert "About the lesson." in show(1)
    assert "Members comment here." in show(1)
    assert "About the lesson." in client.get(f"/comments/{comment.pk}/").content.decode()
    assert "About the lesson." in client.get("/conversations/lesson/1/feed.atom").content.decode()
    with pytest.raises(RefusedError, match="Sign in"):
        submit_comment(place=place, viewer=None, written=written)


def test_the_owner_says_who_reads(client: Client, reader: User) -> None:
    set_rules()
    place = lesson(2, reader, reader.created_at)
    written = Written("For members.", "Ada")
    comment = submit_comment(place=place, viewer=reader, written=written).comment
    assert "For members." not in show(2)
    assert client.get(f"/comments/{comment.pk}/")["Location"] == "/lessons/2/"
    assert client.get("/conversations/lesson/2/feed.atom").status_code == 404
    assert client.get("/conversations/lesson/3/").status_code == 404
    assert show(3).strip() == ""


def test_many_places_cost_the_queries_of_one(
    article: Article, reader: User, django_assert_max_num_queries
) -> None:
    more = [PublishedArticleFactory() for _ in range(3)]
    named = [("article", each.pk) for each in (article, *more)]
    named += [("lesson", 1), ("lesson", 9), ("unknown", 1), ("article", 999_999)]
    with django_assert_max_num_queries(3):
        found = get_places(named, reader, timezone.now())
    assert set(found) == set(named[:5])


def test_a_deleted_article_takes_its_conversation_along(article: Article, moderator: User) -> None:
    root = say(article)
    say(article, parent=root)
    pin_comment(actor=moderator, comment=root)
    assert thread_of(article).pinned_id
    delete_article(actor=moderator, article=article)
    assert not Comment.objects.exists()
    assert not Thread.objects.exists()
