"""A moderator's decisions on one comment, and taking the last one back.

Approving teaches the classifier what a comment is, marking as spam what spam is; rejecting teaches
nothing, for a rude comment is a comment. `version` says which text the moderator has read: where
its writer has changed it since, StaleCommentError asks them to look again.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.comments.actions.common import (
    IllegalMoveError,
    StaleCommentError,
    UnconfirmedError,
    fields_of_change,
    lock_comment,
    move_comment,
    note,
    replace_text,
    require_moderator,
    settle_reports,
)
from newsletter.comments.actions.notifying import announce, take_back_announcement
from newsletter.comments.actions.training import teach
from newsletter.comments.enums import CommentState, EventKind, Label, ReportState
from newsletter.comments.kept import forget_conversation
from newsletter.comments.models import Comment, ModerationEvent, Report, Thread
from newsletter.comments.text import render_comment

_KINDS = {
    CommentState.APPROVED: EventKind.APPROVED,
    CommentState.REJECTED: EventKind.REJECTED,
    CommentState.SPAM: EventKind.SPAM,
    CommentState.REMOVED: EventKind.REMOVED,
}
_TEACHES = {CommentState.APPROVED: Label.HAM, CommentState.SPAM: Label.SPAM}
# What `undo_decision` can take back.
DECISIONS = frozenset(
    {
        *_KINDS.values(),
        EventKind.EDIT_APPROVED,
        EventKind.EDIT_REJECTED,
        EventKind.NOT_SPAM,
    }
)


def approve_comment(
    *, actor: User, comment: Comment, version: int | None = None
) -> ModerationEvent:
    """Let everybody read it; of one that is read already, let its changed text replace the old.

    Open reports are not shared. Raises IllegalMoveError where nothing waits, or its writer's
    address is not confirmed.
    """
    require_moderator(actor)
    with transaction.atomic():
        comment = _lock(comment, version)
        if comment.guest_email:
            raise UnconfirmedError("unconfirmed")
        if comment.is_visible:
            return _approve_seen(actor, comment)
        return _decide(actor, comment, CommentState.APPROVED, ReportState.DISMISSED)


def reject_comment(*, actor: User, comment: Comment, version: int | None = None) -> ModerationEvent:
    """Do not show it. Of one that is read already: do not take its change, the old text stays."""
    require_moderator(actor)
    with transaction.atomic():
        comment = _lock(comment, version)
        if comment.is_visible and comment.pending_body:
            return _settle_edit(actor, comment, EventKind.EDIT_REJECTED)
        return _decide(actor, comment, CommentState.REJECTED, ReportState.UPHELD)


def mark_as_spam(*, actor: User, comment: Comment, version: int | None = None) -> ModerationEvent:
    """Do not show it, and learn from it."""
    require_moderator(actor)
    with transaction.atomic():
        comment = _lock(comment, version)
        return _decide(actor, comment, CommentState.SPAM, ReportState.UPHELD)


def remove_comment(*, actor: User, comment: Comment, version: int | None = None) -> ModerationEvent:
    """Take it away; the desk keeps the text, so that this can be taken back."""
    require_moderator(actor)
    with transaction.atomic():
        comment = _lock(comment, version)
        return _decide(actor, comment, CommentState.REMOVED, ReportState.UPHELD)


def undo_decision(*, actor: User, event: ModerationEvent) -> Comment:
    """Put a comment back to where it was before the last decision on it.

    What that decision taught is unlearnt and the reports it closed are open again. Raises
    IllegalMoveError where it is not the last one, or the text is gone.
    """
    require_moderator(actor)
    if event.comment_id is None or event.kind not in DECISIONS:
        raise IllegalMoveError(event.kind)
    with transaction.atomic():
        comment = lock_comment(event.comment_id)
        last = ModerationEvent.objects.filter(comment=comment).first()
        if last is None or last.pk != event.pk or comment.is_gone:
            raise IllegalMoveError("not the last decision")
        before = comment.state
        if event.before != event.after:
            move_comment(comment, to=event.before, **event.data.get("fields", {}))
            take_back_announcement(comment)
        else:
            replace_text(comment, event.data["fields"])
        if "learnt" in event.data:
            teach(comment, "")
            teach(comment, event.data["learnt"])
        reports = Report.objects.filter(pk__in=event.data.get("reports", []))
        reports.update(state=ReportState.OPEN, settled_at=None)
        note(EventKind.UNDONE, actor=actor, comment=comment, before=before, event=event.pk)
    return comment


@transaction.atomic
def pin_comment(*, actor: User, comment: Comment) -> None:
    """Put an approved comment on top of its conversation, instead of the one that was there."""
    require_moderator(actor)
    comment = lock_comment(comment.pk)
    if not comment.is_visible:
        raise IllegalMoveError("not visible")
    Thread.objects.filter(pk=comment.thread_id).update(pinned=comment)
    note(EventKind.PINNED, actor=actor, comment=comment, before=comment.state)
    forget_conversation(comment.thread)


@transaction.atomic
def unpin_comment(*, actor: User, comment: Comment) -> None:
    """Take it down from the top; doing so twice changes nothing."""
    require_moderator(actor)
    comment = lock_comment(comment.pk)
    if Thread.objects.filter(pk=comment.thread_id, pinned=comment).update(pinned=None):
        note(EventKind.UNPINNED, actor=actor, comment=comment, before=comment.state)
        forget_conversation(comment.thread)


def _lock(comment: Comment, version: int | None) -> Comment:
    comment = lock_comment(comment.pk)
    if version is not None and comment.version != version:
        raise StaleCommentError
    return comment


def _decide(actor: User, comment: Comment, to: str, reports: ReportState) -> ModerationEvent:
    """One move with all that follows from it. What taking it back needs is in the event."""
    now = timezone.now()
    before = comment.state
    kept = {"pending_body": comment.pending_body, "reasons": comment.reasons}
    fields: dict[str, Any] = {"pending_body": ""}
    if to == CommentState.APPROVED:
        fields = {"reasons": _reasons_of_change(comment)}
    elif to == CommentState.SPAM and comment.is_visible and comment.pending_body:
        # The change is what was called spam, not what stood there: it is learnt, and kept.
        kept |= {"body": comment.body, "html": comment.html}
        fields |= {"body": comment.pending_body, "html": render_comment(comment.pending_body)}
    move_comment(comment, to=to, **fields)
    if to == CommentState.APPROVED:
        announce(comment)
    learnt = _learn(comment, to)
    closed = settle_reports(comment, reports, now=now)
    return note(
        _KINDS[CommentState(to)],
        actor=actor,
        comment=comment,
        before=before,
        fields=kept,
        learnt=learnt,
        reports=closed,
    )


def _reasons_of_change(comment: Comment) -> list[dict[str, Any]]:
    """Why a changed text goes on waiting, once the old one may stand in spite of reports."""
    if not comment.pending_body:
        return []
    return [reason for reason in comment.reasons if reason["check"] != "reports"]


def _learn(comment: Comment, to: str) -> str:
    """Teach what `to` teaches; a decision that teaches nothing takes back an earlier lesson."""
    return teach(comment, _TEACHES.get(CommentState(to), ""))


def _approve_seen(actor: User, comment: Comment) -> ModerationEvent:
    """A comment that is read already: its change is taken, or reports on it are not shared."""
    if comment.pending_body:
        return _settle_edit(actor, comment, EventKind.EDIT_APPROVED)
    closed = settle_reports(comment, ReportState.DISMISSED, now=timezone.now())
    if not closed:
        raise IllegalMoveError("nothing waits")
    fields = {"reasons": comment.reasons}
    learnt = teach(comment, Label.HAM)
    return note(
        EventKind.APPROVED,
        actor=actor,
        comment=comment,
        before=comment.state,
        fields=fields,
        learnt=learnt,
        reports=closed,
    )


def _settle_edit(actor: User, comment: Comment, kind: EventKind) -> ModerationEvent:
    kept = {
        "body": comment.body,
        "html": comment.html,
        "pending_body": comment.pending_body,
        "reasons": comment.reasons,
        "edited_at": comment.edited_at.isoformat() if comment.edited_at else None,
    }
    is_taken = kind is EventKind.EDIT_APPROVED
    replace_text(
        comment, fields_of_change(comment) if is_taken else {"pending_body": "", "reasons": []}
    )
    data: dict[str, Any] = {"fields": kept}
    if is_taken:
        # The old text is unlearnt before the new one is learnt.
        data["learnt"] = teach(comment, "")
        teach(comment, Label.HAM)
    return note(kind, actor=actor, comment=comment, before=comment.state, **data)
