"""C8: somebody with 500 comments and 10,000 likes is erased; every count stays right."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.comments.actions import (
    Written,
    erase_comments_of,
    export_comments_of,
    mark_as_spam,
    report_comment,
    submit_comment,
)
from newsletter.comments.enums import CommentState
from newsletter.comments.models import (
    Comment,
    LearntText,
    Like,
    ModerationEvent,
    Report,
    ThreadMute,
)
from tests.factories.accounts import UserFactory
from tests.factories.comments import crowd, place_for, say, set_rules, thread_of
from tests.newsletter.comments.truth import assert_consistent


def test_c8_500_comments_and_10000_likes(client: Client, article: Article, reader: User) -> None:
    own = crowd(article, 500)
    others = crowd(article, 100)
    crowd(article, 5, parent=own[0])
    Comment.objects.filter(pk__in=[row.pk for row in own]).update(user=reader, name=reader.name)
    Comment.objects.update(like_count=0)
    fans = [UserFactory() for _ in range(3)]
    Like.objects.bulk_create(
        [Like(comment=row, user=reader) for row in others]
        + [Like(comment=row, user=fan) for row in own for fan in fans]
    )
    Comment.objects.filter(pk__in=[row.pk for row in others]).update(like_count=1)
    Comment.objects.filter(pk__in=[row.pk for row in own]).update(like_count=3)
    assert_consistent()
    with CaptureQueriesContext(connection) as queries:
        assert erase_comments_of(user=reader) == 500
    assert len(queries) < 30
    assert_consistent()
    assert thread_of(article).approved_count == 605
    assert not Comment.objects.filter(user=reader).exists()
    page = client.get(f"/articles/{article.slug}/").content.decode()
    assert "Deleted reader" in page
    assert "Ada Reader" not in page
    assert "Number 0" in page


def test_c8_what_nobody_read_goes(article: Article, reader: User, moderator: User) -> None:
    spam = say(article, reader, "Buy this.")
    mark_as_spam(actor=moderator, comment=spam)
    set_rules(moderation="before")
    waiting = say(article, reader, "Waits.")
    written = Written("Under my address.", "X", reader.email)
    submit_comment(place=place_for(article), viewer=None, written=written)
    kept = say(article, moderator, "By the author.")
    report_comment(
        actor=reader, comment=kept, place=place_for(article), reason="other", note_text="My words"
    )
    erase_comments_of(user=reader)
    states = dict(Comment.objects.values_list("pk", "state"))
    assert states == {
        spam.pk: CommentState.REMOVED,
        waiting.pk: CommentState.REMOVED,
        kept.pk: CommentState.APPROVED,
    }
    assert set(Comment.objects.exclude(pk=kept.pk).values_list("body", "name")) == {("", "")}
    assert thread_of(article).pending_count == 0
    assert Report.objects.get().note == ""
    assert not LearntText.objects.exists()
    assert not ModerationEvent.objects.filter(user=reader).exists()
    assert "Buy this" not in str(list(ModerationEvent.objects.values()))
    assert_consistent()


@pytest.mark.parametrize("amount", [1, 4])
def test_the_export_holds_everything_of_ones_own(
    article: Article, reader: User, amount: int, django_assert_num_queries
) -> None:
    mine = [say(article, reader, f"Mine {number}") for number in range(amount)]
    theirs = say(article, body="Not mine")
    Like.objects.create(comment=theirs, user=reader)
    report_comment(actor=reader, comment=theirs, place=place_for(article), reason="rude")
    ThreadMute.objects.create(thread=theirs.thread, user=reader)
    with django_assert_num_queries(8):
        data = export_comments_of(reader)
    assert [row["text"] for row in data["comments"]] == [row.body for row in mine]
    assert (len(data["likes"]), len(data["reports"]), data["bars"]) == (1, 1, [])
    assert len(data["muted_conversations"]) == 1
    assert "reported" in {row["what"] for row in data["decisions"]}
    assert "Not mine" not in str(data)
