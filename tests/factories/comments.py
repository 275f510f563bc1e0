"""Conversations, made through the same actions as readers' own; crowds straight into the table."""

from __future__ import annotations

from typing import Any

from django.core.management.color import no_style
from django.db import connection
from django.db.models import Max
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.comments.actions import Written, ensure_thread, submit_comment
from newsletter.comments.actions.common import _step
from newsletter.comments.enums import CommentState
from newsletter.comments.models import Comment, CommentSettings, Thread
from newsletter.comments.owners import Place, get_place
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.articles import PublishedArticleFactory

SOME_WORDS = "I asked for a week to think it over, and got two. It cost me nothing at all."


def place_for(article: Article, viewer: User | None = None) -> Place:
    """The article as this viewer gets it."""
    place = get_place("article", article.pk, viewer, timezone.now())
    assert place is not None
    return place


def set_rules(**fields: Any) -> CommentSettings:
    """The site's rules; without a word, first comments are not held."""
    rules, _ = CommentSettings.objects.update_or_create(
        pk=CommentSettings.SINGLETON_ID,
        defaults={"hold_first_timers": False, "asks_for_work": False, **fields},
    )
    return rules


def say(
    article: Article,
    user: User | None = None,
    body: str = "",
    *,
    parent: Comment | None = None,
    **fields: Any,
) -> Comment:
    """One comment through the action; by a new reader where nobody is named."""
    user = user or UserFactory()
    written = Written(
        body=body or f"{SOME_WORDS} ({Comment.objects.count()})",
        name=user.name or "Reader",
        parent_id=parent.pk if parent else None,
        **fields,
    )
    return submit_comment(place=place_for(article, user), viewer=user, written=written).comment


def held(article: Article, user: User | None = None, body: str = "") -> Comment:
    """One that waits, for it is its writer's first."""
    set_rules(hold_first_timers=True)
    return say(article, user, body)


def thread_of(article: Article) -> Thread:
    """Its conversation as stored."""
    return ensure_thread(place_for(article))


def crowd(article: Article, count: int, *, parent: Comment | None = None) -> list[Comment]:
    """Many approved comments with their counts, in a few statements."""
    thread, user = thread_of(article), UserFactory()
    # Their ids are chosen here, for a path is made of them.
    first = (Comment.objects.aggregate(last=Max("pk"))["last"] or 0) + 1
    rows = [
        Comment(
            pk=first + number,
            thread=thread,
            user=user,
            name="Somebody",
            body=f"Number {number}",
            html=f"<p>Number {number}</p>",
            state=CommentState.APPROVED,
            parent=parent,
            root_id=(parent.root_id or parent.pk) if parent else None,
            path=(parent.path if parent else "") + _step(first + number),
            like_count=number % 7,
        )
        for number in range(count)
    ]
    Comment.objects.bulk_create(rows, batch_size=1000)
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [Comment]):
            cursor.execute(statement)
    Thread.objects.filter(pk=thread.pk).update(approved_count=thread.approved_count + count)
    if parent:
        above = [*parent.ancestor_ids(), parent.pk]
        for row in Comment.objects.filter(pk__in=above):
            row.visible_below += count
            row.save(update_fields=["visible_below"])
    return rows


def article_and_moderator() -> tuple[Article, User]:
    """A published article, and somebody who looks after what is said."""
    return PublishedArticleFactory(), StaffFactory()
