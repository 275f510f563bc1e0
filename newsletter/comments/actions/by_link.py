"""Deciding from the mail: a link that is signed, for the author alone, works once and not for long.

The link says who may use it, on which text, and which event was the last when it was made. Any
decision after that one, by whomever, and any change of the text kills it; so nothing about links is
stored, and there is nothing to use twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.comments.access import may_moderate
from newsletter.comments.actions.common import lock_comment
from newsletter.comments.actions.deciding import (
    DECISIONS,
    approve_comment,
    mark_as_spam,
    reject_comment,
)
from newsletter.comments.enums import EventKind
from newsletter.comments.models import Comment, ModerationEvent
from newsletter.comments.owners import get_place
from newsletter.lib.signing import BadToken, make_dated_token, read_dated_token

PURPOSE = "decide-comment"
WORKS_FOR = timedelta(days=7)
DECIDES: dict[str, Callable[..., ModerationEvent]] = {
    "approve": approve_comment,
    "reject": reject_comment,
    "spam": mark_as_spam,
}
_ENDS = DECISIONS | {EventKind.UNDONE, EventKind.DELETED, EventKind.ERASED}


class DeadLinkError(Exception):
    """The link has been used, is too old, or never was one."""


@dataclass(frozen=True, slots=True)
class Decidable:
    """What a link that works is about, and who decides by it."""

    comment: Comment
    author: User


def make_decision_token(comment: Comment, author: User) -> str:
    """The part of the address that is signed. Dead after any decision from now on."""
    last = ModerationEvent.objects.filter(comment=comment).first()
    value = f"{comment.pk}.{comment.version}.{last.pk if last else 0}.{author.pk}"
    return make_dated_token(PURPOSE, value)


def find_decidable(token: str) -> Decidable:
    """What the link is about. Raises DeadLinkError."""
    try:
        value = read_dated_token(PURPOSE, token, WORKS_FOR)
    except BadToken as error:
        raise DeadLinkError from error
    comment_id, version, last_event, author_id = map(int, value.split("."))
    author = User.objects.filter(pk=author_id).first()
    comment = (
        Comment.objects.select_related("thread", "user", "parent").filter(pk=comment_id).first()
    )
    if author is None or comment is None or comment.version != version or not comment.waits:
        raise DeadLinkError
    decided = ModerationEvent.objects.filter(comment=comment, pk__gt=last_event, kind__in=_ENDS)
    if decided.exists() or not is_authors_to_decide(comment, author):
        raise DeadLinkError
    return Decidable(comment, author)


def is_authors_to_decide(comment: Comment, user: User) -> bool:
    """Whether `user` wrote the thing that is talked about, and looks after comments."""
    thread = comment.thread
    place = get_place(thread.kind, thread.key, user, timezone.now())
    return place is not None and user.pk in place.author_ids and may_moderate(user)


def decide_by_link(*, token: str, what: str) -> tuple[Comment, ModerationEvent]:
    """Decide as the author whom the link was made for. Raises DeadLinkError; KeyError for `what`.

    The conversation is locked before the link is looked at: of two clicks at once one is late.
    """
    act = DECIDES[what]
    comment = find_decidable(token).comment
    with transaction.atomic():
        lock_comment(comment.pk)
        found = find_decidable(token)
        event = act(actor=found.author, comment=found.comment, version=found.comment.version)
    found.comment.refresh_from_db()
    return found.comment, event
