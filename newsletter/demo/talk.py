"""What the demo's readers say, with times in the past, straight into the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.comments.actions import (
    Written,
    approve_comment,
    ensure_thread,
    mark_as_spam,
    report_comment,
    submit_comment,
)
from newsletter.comments.actions.common import insert_comment
from newsletter.comments.article_owner import place_of
from newsletter.comments.enums import CommentState, ReportReason
from newsletter.comments.models import Comment, Like, Thread
from newsletter.comments.text import clean_text, render_comment
from newsletter.demo.reading import ContentError, SaidContent, TalkContent, WaitingContent

# The made-up readers who speak stand far apart in the list, so that their names differ.
_STEP = 101


def write_talks(
    talks: Sequence[TalkContent],
    articles: Mapping[str, Article],
    people: Mapping[str, User],
    now: datetime,
) -> None:
    """Write all conversations. The crowd and the articles must be there."""
    crowd = _find_crowd(people)
    for talk in talks:
        article = _find_article(articles, talk.article)
        thread = ensure_thread(place_of(article, is_readable=True))
        said: list[Comment] = []
        for content in talk.says:
            person = _find_person(people, crowd, content.by)
            parent = said[content.answers - 1] if content.answers else None
            said.append(_say(content, article, thread, person, parent, now))
            _like(said[-1], content.likes, crowd)


def write_waiting(
    waiting: Sequence[WaitingContent],
    articles: Mapping[str, Article],
    people: Mapping[str, User],
    now: datetime,
) -> None:
    """Fill the author's queue: each comes in as any comment does, and waits for the same reasons.

    Those who speak have had nothing approved yet, which is the commonest reason of all.
    """
    crowd, author = _find_crowd(people), people["author"]
    for content in waiting:
        place = place_of(_find_article(articles, content.article), is_readable=True)
        person = _find_person(people, crowd, content.by)
        written = Written(body=content.text, name=person.name)
        comment = submit_comment(place=place, viewer=person, written=written).comment
        Comment.objects.filter(pk=comment.pk).update(
            submitted_at=now - timedelta(minutes=content.minutes)
        )
        comment.refresh_from_db()
        if content.is_spam:
            mark_as_spam(actor=author, comment=comment)
        elif content.reported:
            if not comment.is_visible:
                approve_comment(actor=author, comment=comment)
            report_comment(
                actor=people["member"],
                comment=comment,
                place=place,
                reason=ReportReason.RUDE,
                note_text=content.reported,
            )


def _find_crowd(people: Mapping[str, User]) -> list[User]:
    return list(
        User.objects.filter(is_staff=False, email_confirmed_at__isnull=False)
        .exclude(pk__in=[person.pk for person in people.values()])
        .exclude(name="")
        .order_by("pk")[: 40 * _STEP]
    )


def _find_article(articles: Mapping[str, Article], slug: str) -> Article:
    article = articles.get(slug)
    if article is None:
        raise ContentError(f"comments.toml: there is no article {slug!r}")
    return article


def _find_person(people: Mapping[str, User], crowd: Sequence[User], by: str) -> User:
    return people.get(by) or crowd[int(by) * _STEP % len(crowd)]


def _say(
    content: SaidContent,
    article: Article,
    thread: Thread,
    person: User,
    parent: Comment | None,
    now: datetime,
) -> Comment:
    body = clean_text(content.text)
    published_at = article.published_at or now
    comment = Comment(
        thread=thread,
        user=person,
        name=person.name,
        parent=parent,
        body=body,
        html=render_comment(body),
        state=CommentState.APPROVED,
        submitted_at=min(published_at + timedelta(days=content.days), now),
    )
    insert_comment(comment)
    return comment


def _like(comment: Comment, count: int, crowd: Sequence[User]) -> None:
    start = comment.pk * 37 % len(crowd)
    fans = [crowd[(start + place) % len(crowd)] for place in range(count)]
    Like.objects.bulk_create(Like(comment=comment, user=fan) for fan in fans)
    Comment.objects.filter(pk=comment.pk).update(like_count=len(fans))
