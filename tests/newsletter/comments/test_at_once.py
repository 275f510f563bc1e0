"""Many at once, on a real database with real connections: counts and places stay right."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections, transaction
from django.test import Client
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.comments import actions
from newsletter.comments.actions import IllegalMoveError
from newsletter.comments.models import Comment, ModerationEvent, Thread, WordCount
from newsletter.lib.signing import make_token
from tests.factories.accounts import UserFactory
from tests.factories.comments import place_for, say, set_rules
from tests.newsletter.comments.truth import assert_consistent

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*work: Callable[[], Any]) -> list[Any]:
    """Run all of it in threads that start together; returns the answers or what was raised."""
    gate = threading.Barrier(len(work))

    def run(each: Callable[[], Any]) -> Any:
        gate.wait()
        try:
            return each()
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


def test_the_first_comments_on_an_article_make_one_thread(article: Article) -> None:
    people = [UserFactory() for _ in range(4)]
    found = at_once(*(lambda user=user: say(article, user) for user in people))
    assert [each for each in found if isinstance(each, Exception)] == []
    assert Thread.objects.get().approved_count == 4
    assert_consistent()


def test_one_form_sent_four_times_is_one_comment(article: Article, reader: User) -> None:
    say(article)
    found = at_once(*[lambda: say(article, reader, "Once.", client_id="form-1")] * 4)
    assert len({comment.pk for comment in found}) == 1
    assert_consistent()


def test_answers_likes_decisions_and_deleting_at_once(
    article: Article, reader: User, moderator: User
) -> None:
    root = say(article, reader, "The root.")
    people = [UserFactory() for _ in range(3)]
    waiting = [say(article, parent=root) for _ in range(3)]
    set_rules(moderation="before")
    held = say(article, people[0], "Held.", parent=root)
    place = place_for(article)
    found = at_once(
        *(lambda user=user: say(article, user, parent=root) for user in people),
        *(
            lambda user=user: actions.set_like(actor=user, comment=root, place=place, likes=True)
            for user in people
        ),
        *(lambda: actions.approve_comment(actor=moderator, comment=held),) * 2,
        lambda: actions.mark_as_spam(actor=moderator, comment=waiting[0]),
        lambda: actions.remove_comment(actor=moderator, comment=waiting[1]),
        lambda: actions.delete_own_comment(actor=reader, comment=root),
    )
    unexpected = [
        each
        for each in found
        if isinstance(each, Exception)
        and not isinstance(each, IllegalMoveError | actions.RefusedError)
    ]
    assert unexpected == []
    # Approved twice by a double click: once.
    assert ModerationEvent.objects.filter(kind="approved", comment=held).count() == 1
    assert Comment.objects.get(pk=root.pk).is_gone
    counts = WordCount.objects.get(token="")
    assert (counts.ham, counts.spam) == (1, 1)
    assert_consistent()


def after(seconds: float, act: Callable[[], Any]) -> Callable[[], Any]:
    """The same, begun a moment later."""

    def begin() -> Any:
        time.sleep(seconds)
        return act()

    return begin


def slowly(act: Callable[[], Any]) -> Callable[[], Any]:
    """The same in a transaction that ends a moment later."""

    def begin() -> Any:
        with transaction.atomic():
            answer = act()
            time.sleep(0.5)
        return answer

    return begin


def test_a_decision_while_the_filter_forgets(
    article: Article, reader: User, moderator: User
) -> None:
    first, second = say(article, reader, "Buy this."), say(article, reader, "Buy that.")
    actions.mark_as_spam(actor=moderator, comment=first)
    found = at_once(
        slowly(lambda: actions.reset_classifier(actor=moderator)),
        after(0.2, lambda: actions.mark_as_spam(actor=moderator, comment=second)),
    )
    assert [each for each in found if isinstance(each, Exception)] == []
    assert WordCount.objects.get(token="").spam == 1
    assert_consistent()


def guest_comment(article: Article) -> Comment:
    """A visitor's, whose week to confirm it has just ended."""
    written = actions.Written("A visitor's word.", "Vera", "vera@elsewhere.example")
    comment = actions.submit_comment(place=place_for(article), viewer=None, written=written).comment
    old = timezone.now() - actions.CONFIRM_WITHIN - timedelta(minutes=1)
    Comment.objects.filter(pk=comment.pk).update(submitted_at=old)
    return comment


def test_what_is_confirmed_in_the_last_moment_is_not_forgotten(article: Article) -> None:
    comment = guest_comment(article)
    place = place_for(article)
    found = at_once(
        slowly(lambda: actions.confirm_comment(comment=comment, place=place)),
        after(0.2, actions.purge_unconfirmed_comments),
    )
    assert found[1] == 0
    assert Comment.objects.get(pk=comment.pk).user is not None
    assert_consistent()


def test_a_link_that_is_pressed_while_the_comment_is_forgotten_says_so(article: Article) -> None:
    comment = guest_comment(article)
    path = f"/comments/confirm/{make_token(actions.CONFIRM_PURPOSE, comment.pk)}/"
    found = at_once(
        slowly(actions.purge_unconfirmed_comments), after(0.2, lambda: Client().post(path))
    )
    assert found[0] == 1
    assert found[1].status_code == 410
