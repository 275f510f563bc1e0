"""Decisions on many comments: a page of the queue, a flood, and what a visitor's trap caught."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.comments.actions.common import (
    IllegalMoveError,
    StaleCommentError,
    UnconfirmedError,
    lock_comment,
    lock_thread,
    move_comment,
    note,
    require_moderator,
)
from newsletter.comments.actions.submitting import queue_confirmation
from newsletter.comments.actions.training import teach
from newsletter.comments.enums import CommentState, EventKind, Label, ReportState
from newsletter.comments.models import Comment, ModerationEvent, Report, Thread
from newsletter.comments.owners import Place
from newsletter.outbox.models import OutgoingEmail

Decide = Callable[..., ModerationEvent]
# A flood says the same a thousand times: so many texts of it teach all that there is to learn.
LEARNT_OF_A_FLOOD = 20
_CHUNK = 500


@dataclass(slots=True)
class Decided:
    """What became of many: the decisions made, and how many had changed or gone meanwhile.

    `unconfirmed` could not be approved, for nobody has confirmed their address.
    """

    events: list[ModerationEvent] = field(default_factory=list)
    skipped: int = 0
    unconfirmed: int = 0


def decide_many(*, actor: User, act: Decide, chosen: Iterable[tuple[int, int]]) -> Decided:
    """Do `act` to each (id, version) by itself; what has changed or gone is left alone (C2)."""
    require_moderator(actor)
    decided = Decided()
    for pk, version in chosen:
        try:
            event = act(actor=actor, comment=Comment(pk=pk), version=version)
        except UnconfirmedError:
            decided.unconfirmed += 1
        except (IllegalMoveError, StaleCommentError, Comment.DoesNotExist):
            decided.skipped += 1
        else:
            decided.events.append(event)
    return decided


def mark_flood_as_spam(*, actor: User, network: str, newest_id: int) -> int:
    """Everything that waits from one network up to `newest_id`, the newest that was seen.

    A few statements for each conversation, whatever the number. Each comment has its own line in
    the trail, so each can be taken back. Returns how many there were.
    """
    require_moderator(actor)
    waiting = Comment.objects.filter(
        state=CommentState.PENDING, network=network, pk__lte=newest_id
    ).exclude(network="")
    count, taught = 0, set[str]()
    for thread_id in sorted(set(waiting.values_list("thread", flat=True).order_by())):
        with transaction.atomic():
            thread = lock_thread(thread_id)
            # What was moved waits no more, so that each look finds the next.
            here = waiting.filter(thread=thread).select_related("user").order_by("pk")
            while comments := list(here[:_CHUNK]):
                count += _to_spam(actor, thread, comments, taught)
    return count


def _to_spam(actor: User, thread: Thread, comments: list[Comment], taught: set[str]) -> int:
    """With the thread locked nobody else moves these."""
    now = timezone.now()
    ids = [comment.pk for comment in comments]
    reports: dict[int, list[int]] = {}
    open_reports = Report.objects.filter(comment__in=ids, state=ReportState.OPEN)
    for pk, comment_id in open_reports.values_list("pk", "comment"):
        reports.setdefault(comment_id, []).append(pk)
    open_reports.update(state=ReportState.UPHELD, settled_at=now)
    moved = Comment.objects.filter(pk__in=ids, state=CommentState.PENDING)
    number = moved.update(state=CommentState.SPAM, pending_body="")
    Thread.objects.filter(pk=thread.pk).update(pending_count=F("pending_count") - number)
    events = []
    for comment in comments:
        learnt = ""
        if comment.body not in taught and len(taught) < LEARNT_OF_A_FLOOD:
            taught.add(comment.body)
            learnt = teach(comment, Label.SPAM)
        events.append(
            ModerationEvent(
                kind=EventKind.SPAM,
                actor=actor,
                comment=comment,
                thread=thread,
                user=comment.user,
                before=CommentState.PENDING,
                after=CommentState.SPAM,
                data={
                    "fields": {"pending_body": comment.pending_body, "reasons": comment.reasons},
                    "learnt": learnt,
                    "reports": reports.get(comment.pk, []),
                },
            )
        )
    ModerationEvent.objects.bulk_create(events)
    return number


@transaction.atomic
def release_from_spam(
    *, actor: User, comment: Comment, place: Place, version: int | None = None
) -> tuple[ModerationEvent, OutgoingEmail | None]:
    """A visitor's comment that a trap caught is none: ask its writer to confirm their address.

    What the trap found no longer counts. Returns the decision and the mail, which the caller
    delivers. Raises IllegalMoveError where it is no visitor's, or is not spam any more.
    """
    require_moderator(actor)
    comment = lock_comment(comment.pk)
    if version is not None and comment.version != version:
        raise StaleCommentError
    if comment.state != CommentState.SPAM or not comment.guest_email:
        raise IllegalMoveError("not a visitor's spam")
    kept = {"reasons": comment.reasons}
    move_comment(comment, to=CommentState.UNCONFIRMED, reasons=[])
    learnt = teach(comment, Label.HAM)
    event = note(
        EventKind.NOT_SPAM,
        actor=actor,
        comment=comment,
        before=CommentState.SPAM,
        fields=kept,
        learnt=learnt,
    )
    return event, queue_confirmation(comment, place)
