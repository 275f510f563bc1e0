"""Export and erasure of one person's part in conversations (C8)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.comments.actions.common import note
from newsletter.comments.enums import CommentState, EventKind, ReportState
from newsletter.comments.models import (
    AkismetCase,
    Ban,
    Comment,
    LearntText,
    Like,
    ModerationEvent,
    NoticeChoice,
    Report,
    Thread,
    ThreadMute,
)
from newsletter.lib.page_cache import forget_pages
from newsletter.lib.plain_rows import PlainRow, plain_rows


@transaction.atomic
def erase_comments_of(*, user: User) -> int:
    """Take a person out of every conversation; returns how many comments they had.

    What others read stays, said by a deleted reader, so that the answers to it make sense. What
    nobody read goes. Likes stay as nobody's, so every count stays right. A few statements and one
    for each conversation; the caller (account erasure) has the permission. Safe to repeat.
    """
    own = Comment.objects.filter(user=user)
    # In the order in which everybody locks them.
    threads = Thread.objects.select_for_update().filter(pk__in=own.values("thread"))
    list(threads.order_by("pk").values_list("pk", flat=True))
    count = own.count()
    Comment.objects.filter(guest_email=user.email).delete()
    ModerationEvent.objects.filter(comment__in=own.values("pk")).update(data={}, user=None)
    ModerationEvent.objects.filter(user=user).update(data={}, user=None)
    LearntText.objects.filter(comment__in=own.values("pk")).delete()
    AkismetCase.objects.filter(comment__in=own.values("pk")).delete()
    Report.objects.filter(comment__in=own.values("pk"), state=ReportState.OPEN).exclude(
        comment__state=CommentState.APPROVED
    ).update(state=ReportState.UPHELD, settled_at=timezone.now())
    _remove_unread(own)
    own.update(
        user=None, name="", pending_body="", reasons=[], network="", client_id="", guest_email=""
    )
    Like.objects.filter(user=user).update(user=None)
    Report.objects.filter(user=user).update(user=None, note="")
    Ban.objects.filter(user=user).delete()
    ThreadMute.objects.filter(user=user).delete()
    NoticeChoice.objects.filter(user=user).delete()
    if count:
        note(EventKind.ERASED, comments=count)
        forget_pages()
    return count


def _remove_unread(own: QuerySet[Comment]) -> None:
    """What waits, was rejected or was spam loses its text and leaves the queue."""
    waiting = own.filter(state=CommentState.PENDING).values_list("thread").order_by()
    for thread_id, number in waiting.annotate(number=Count("pk")):
        Thread.objects.filter(pk=thread_id).update(pending_count=F("pending_count") - number)
    own.exclude(state=CommentState.APPROVED).update(state=CommentState.REMOVED, body="", html="")


def export_comments_of(user: User) -> dict[str, list[PlainRow]]:
    """Everything that conversations hold of one person, as plain data. Seven queries."""
    mine = Q(user=user) | Q(guest_email=user.email)
    comments = Comment.objects.filter(mine).select_related("thread__article").order_by("pk")
    return {
        "comments": [_comment_data(comment) for comment in comments.iterator(chunk_size=500)],
        "likes": plain_rows(
            Like.objects.filter(user=user).order_by("pk"), comment="comment_id", at="created_at"
        ),
        "reports": plain_rows(
            Report.objects.filter(user=user).order_by("pk"),
            comment="comment_id",
            reason="reason",
            note="note",
            state="state",
            at="created_at",
        ),
        # With what the desk noted of them: it is about this person, whoever it was written for.
        "bars": plain_rows(
            Ban.objects.filter(user=user).order_by("pk"),
            reason="reason",
            note="note",
            since="starts_at",
            until="ends_at",
            lifted_at="lifted_at",
        ),
        "asked_of_akismet": plain_rows(
            AkismetCase.objects.filter(comment__user=user).order_by("pk"),
            comment="comment_id",
            network_address="ip",
            browser="user_agent",
            answer="believes",
            at="created_at",
        ),
        "muted_conversations": plain_rows(
            ThreadMute.objects.filter(user=user).order_by("pk"),
            conversation="thread_id",
            article="thread__article__title",
            at="created_at",
        ),
        "comment_mail": plain_rows(
            NoticeChoice.objects.filter(user=user),
            answers="replies",
            waiting="waiting",
            new_comments="new_comments",
        ),
        "decisions": plain_rows(
            ModerationEvent.objects.filter(user=user).order_by("pk"),
            at="at",
            what="kind",
            comment="comment_id",
            before="before",
            after="after",
            details="data",
        ),
    }


def _comment_data(comment: Comment) -> PlainRow:
    return {
        "id": comment.pk,
        "on": str(comment.thread),
        "name": comment.name,
        "address_confirmed": comment.user_id is not None,
        "text": comment.body,
        "changed_text": comment.pending_body,
        "state": comment.state,
        "held_because": comment.reasons,
        "written_at": _iso(comment.submitted_at),
        "changed_at": _iso(comment.edited_at),
        "answers": comment.parent_id,
        "likes": comment.like_count,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
