"""The queue when there is much of it: pages by key, counts, and floods from one network."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.comments import actions
from newsletter.comments.enums import CommentState
from newsletter.comments.models import Comment, LearntText, ModerationEvent
from newsletter.comments.pipeline import FormFacts
from newsletter.comments.queue import (
    FLOOD_FROM,
    ROWS,
    BadPlaceError,
    Tab,
    Wanted,
    count_waiting,
    of_tab,
    read_queue,
)
from tests.factories.comments import crowd, held, place_for, say, set_rules, thread_of
from tests.newsletter.comments.truth import assert_consistent

QUEUE = "/admin/newsletter/comment/"
DECIDE = f"{QUEUE}decide/"


def scatter(article: Article, count: int, *, state: str, network: str = "") -> None:
    """Many comments in one state, with the conversation's counts; each an hour apart."""
    rows = crowd(article, count)
    now = timezone.now()
    for number, row in enumerate(rows):
        row.state, row.network, row.like_count = state, network, 0
        row.submitted_at = now - timedelta(hours=number)
    Comment.objects.bulk_update(
        rows, ["state", "network", "like_count", "submitted_at"], batch_size=500
    )
    thread = thread_of(article)
    thread.approved_count -= count
    thread.pending_count += count if state == CommentState.PENDING else 0
    thread.save()


def test_a_flood_is_one_entry_and_all_of_it_is_spam(
    desk: Client, article: Article, moderator: User
) -> None:
    known = held(article, body="An honest question")
    scatter(article, 30, state=CommentState.PENDING, network="f100d")
    response = desk.get(QUEUE)
    page = response.context["page"]
    assert [row.comment.pk for row in page.rows] == [known.pk]
    assert [(flood.count, flood.network) for flood in page.floods] == [(30, "f100d")]
    assert "30 comments from one network" in response.content.decode()
    assert len(desk.get(f"{QUEUE}?network=f100d").context["page"].rows) == ROWS
    newest = page.floods[0].newest_id
    late = held(article, body="Written while the page was open")
    Comment.objects.filter(pk=late.pk).update(network="f100d")
    with CaptureQueriesContext(connection) as caught:
        data = {"act": "flood", "network": "f100d", "newest": newest}
        said = desk.post(DECIDE, data, headers={"accept": "application/json"}).json()
    assert said["words"] == "30 comments are spam now."
    # Twenty lessons, and a few statements for all the rest.
    assert len(caught) < 350
    assert Comment.objects.filter(state="spam").count() == 30
    assert LearntText.objects.filter(label="spam").count() == 20
    assert_consistent()
    event = ModerationEvent.objects.filter(kind="spam").first()
    assert event is not None
    actions.undo_decision(actor=moderator, event=event)
    assert Comment.objects.filter(state="pending").count() == 3
    assert_consistent()


def test_pages_go_by_key_and_every_one_costs_the_same(
    desk: Client, article: Article, moderator: User
) -> None:
    scatter(article, 1, state=CommentState.PENDING)
    with CaptureQueriesContext(connection) as one:
        desk.get(QUEUE)
    scatter(article, 2 * ROWS + 4, state=CommentState.PENDING)
    set_rules()
    changed = say(article, body="Old")
    Comment.objects.filter(pk=changed.pk).update(pending_body="New")
    with CaptureQueriesContext(connection) as many:
        desk.get(QUEUE)
    assert len(many) == len(one)
    seen: list[int] = []
    cursor = ""
    while True:
        page = read_queue(Wanted(cursor=cursor), moderator)
        seen += [row.comment.pk for row in page.rows]
        cursor = page.next_cursor
        if not cursor:
            break
    waiting = {pk for part in of_tab(Tab.PENDING) for pk in part.values_list("pk", flat=True)}
    assert len(seen) == len(set(seen)) == 2 * ROWS + 6
    assert set(seen) == waiting
    assert count_waiting() == len(waiting)
    for wrong in ("x", "1", "1-", "99999999999999999999-1"):
        with pytest.raises(BadPlaceError):
            read_queue(Wanted(cursor=wrong), moderator)


def test_a_small_crowd_is_no_flood(article: Article, moderator: User) -> None:
    scatter(article, FLOOD_FROM - 1, state=CommentState.PENDING, network="abc")
    page = read_queue(Wanted(), moderator)
    assert (len(page.rows), page.floods) == (FLOOD_FROM - 1, [])


def test_what_nobody_confirmed_is_not_said_to_have_changed(desk: Client, article: Article) -> None:
    """Approving all of a page of spam: what a trap caught waits for its writer's address first."""
    trapped = FormFacts(is_trapped=True)
    for number in range(2):
        written = actions.Written(
            f"Caught {number}", "Vera", f"vera{number}@example.com", form=trapped
        )
        actions.submit_comment(place=place_for(article), viewer=None, written=written)
    spam = say(article, body="Not spam at all", form=trapped)
    ticked = [f"{pk}-1" for pk in Comment.objects.values_list("pk", flat=True)]
    page = desk.post(
        DECIDE, {"act": "approve", "chosen": ticked, "here": "tab=spam"}, follow=True
    ).content.decode()
    spam.refresh_from_db()
    assert spam.state == CommentState.APPROVED
    assert "in the meantime" not in page
    assert "2 have no confirmed address yet: ask for it with their own buttons." in page
