"""What every action on comments does: who may, which thread, how a comment moves, what is noted.

A comment is moved with its conversation's row locked, so that counts, places and tombstones follow
from the states whatever happens at the same time. The order of locks is always thread, then
comments; likes lock no thread.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from newsletter.accounts.models import User
from newsletter.comments.access import may_moderate
from newsletter.comments.article_owner import KIND as ARTICLE
from newsletter.comments.enums import CommentState, EventKind, ReportState
from newsletter.comments.kept import forget_conversation
from newsletter.comments.models import PATH_STEP, Comment, ModerationEvent, Report, Thread
from newsletter.comments.owners import Place
from newsletter.comments.pipeline import Finding
from newsletter.comments.text import render_comment

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
# Replies to what lies deeper are shown where all the others are; their path stops growing.
DEEPEST = 40


class RefusedError(Exception):
    """A comment is not taken; the finding says why in words for its writer."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.words)
        self.finding = finding


class IllegalMoveError(Exception):
    """The comment is not in a state from which this is possible."""


class UnconfirmedError(IllegalMoveError):
    """Nobody has confirmed the address under which the comment was written."""


class StaleCommentError(Exception):
    """Somebody else changed the comment in the meantime: look again."""


def require_moderator(actor: User | None) -> None:
    """Only those who look after comments may decide on them."""
    if not may_moderate(actor):
        raise PermissionDenied(_("Only moderators may do this."))


def ensure_thread(place: Place) -> Thread:
    """The conversation on this thing, made where there is none. Safe against two at once."""
    article_id = place.key if place.kind == ARTICLE else None
    thread, _created = Thread.objects.get_or_create(
        kind=place.kind, key=place.key, defaults={"article_id": article_id}
    )
    return thread


def lock_thread(thread_id: int) -> Thread:
    """Until the end of the transaction nobody else moves a comment of this conversation."""
    return Thread.objects.select_for_update().get(pk=thread_id)


def lock_comment(comment_id: int) -> Comment:
    """The comment as stored, with its conversation locked."""
    thread_id = Comment.objects.values_list("thread_id", flat=True).get(pk=comment_id)
    thread = lock_thread(thread_id)
    comment = Comment.objects.select_related("user").get(pk=comment_id)
    comment.thread = thread
    return comment


def insert_comment(comment: Comment, *, renews: bool = True) -> None:
    """Store a new comment at its place, with the thread locked. Two statements, at any size.

    Without `renews` the caller renews the kept pages, once for many.
    """
    parent = comment.parent
    comment.root_id = (parent.root_id or parent.pk) if parent else None
    comment.save(force_insert=True)
    steps = DEEPEST - 1
    above = parent.path[: steps * PATH_STEP] if parent else ""
    comment.path = above + _step(comment.pk)
    Comment.objects.filter(pk=comment.pk).update(path=comment.path)
    _count(comment, before="", after=comment.state, renews=renews)


def move_comment(comment: Comment, *, to: str, **fields: Any) -> None:
    """Change the state, with everything that follows from it. The thread must be locked.

    Raises IllegalMoveError, and StaleCommentError where the row is no longer as it was read.
    """
    before = comment.state
    if not comment.may_move_to(to):
        raise IllegalMoveError(f"{before} -> {to}")
    row = Comment.objects.filter(pk=comment.pk, state=before, version=comment.version)
    if not row.update(state=to, **fields):
        raise StaleCommentError
    comment.state = to
    for name, value in fields.items():
        setattr(comment, name, value)
    _count(comment, before=before, after=to)


def replace_text(comment: Comment, fields: dict[str, Any]) -> None:
    """Set texts of a comment that stays where it is; whoever has it open must look again."""
    row = Comment.objects.filter(pk=comment.pk)
    row.update(**fields, version=comment.version + 1)
    forget_conversation(comment.thread)
    comment.refresh_from_db()


def fields_of_change(comment: Comment) -> dict[str, Any]:
    """What makes the changed text the one that is read."""
    body = comment.pending_body
    return {
        "pending_body": "",
        "reasons": [],
        "body": body,
        "html": render_comment(body),
        "edited_at": timezone.now(),
    }


def settle_reports(comment: Comment, state: ReportState, *, now: Any) -> list[int]:
    """Close the open reports on a comment; returns their ids, for taking it back."""
    reports = Report.objects.filter(comment=comment, state=ReportState.OPEN)
    ids = list(reports.values_list("pk", flat=True))
    Report.objects.filter(pk__in=ids).update(state=state, settled_at=now)
    return ids


def note(
    kind: EventKind,
    *,
    actor: User | None = None,
    comment: Comment | None = None,
    thread: Thread | None = None,
    user: User | None = None,
    before: str = "",
    **data: Any,
) -> ModerationEvent:
    """Write one line of the audit trail."""
    return ModerationEvent.objects.create(
        kind=kind,
        actor=actor,
        comment=comment,
        thread=thread or (comment.thread if comment else None),
        user=user or (comment.user if comment else None),
        before=before,
        after=comment.state if comment else "",
        data=data,
    )


def _count(comment: Comment, *, before: str, after: str, renews: bool = True) -> None:
    """Bring the thread's counts and the ancestors' into step with one comment's move."""
    visible = (after == CommentState.APPROVED) - (before == CommentState.APPROVED)
    pending = (after == CommentState.PENDING) - (before == CommentState.PENDING)
    changes: dict[str, Any] = {}
    if visible:
        changes["approved_count"] = F("approved_count") + visible
        above = Comment.objects.filter(pk__in=comment.ancestor_ids())
        above.update(visible_below=F("visible_below") + visible)
        if renews:
            forget_conversation(comment.thread)
    if pending:
        changes["pending_count"] = F("pending_count") + pending
    if changes:
        Thread.objects.filter(pk=comment.thread_id).update(**changes)
    if visible < 0:
        Thread.objects.filter(pk=comment.thread_id, pinned=comment).update(pinned=None)


def _step(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits.rjust(PATH_STEP, "0")
