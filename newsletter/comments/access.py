"""Who may read, write, change and moderate: pure answers, and who is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from newsletter.accounts.models import User
from newsletter.comments.enums import CommentState, WhoWrites
from newsletter.comments.models import Ban, Comment, Thread
from newsletter.comments.owners import Place
from newsletter.comments.rules import Rules
from newsletter.memberships.access import Reader

MODERATE = "newsletter.change_comment"


class Bar(StrEnum):
    """What keeps somebody from writing."""

    NOT_READABLE = "not_readable"
    OFF = "off"
    CLOSED = "closed"
    SIGN_IN = "sign_in"
    PAY = "pay"
    BANNED = "banned"


@dataclass(frozen=True, slots=True)
class MayWrite:
    """The answer. `ban` is there where the bar is BANNED."""

    bar: Bar | None = None
    ban: Ban | None = None

    @property
    def allowed(self) -> bool:
        """Whether they may."""
        return self.bar is None


def may_moderate(user: User | None) -> bool:
    """Staff who were given comments to look after."""
    return user is not None and user.is_active and user.is_staff and user.has_perm(MODERATE)


def may_read(place: Place, thread: Thread | None) -> bool:
    """Those who may read the thing, or everyone where its author has opened the conversation."""
    return place.is_readable or (thread is not None and thread.is_open_to_all)


def may_write(
    place: Place,
    thread: Thread | None,
    rules: Rules,
    reader: Reader,
    ban: Ban | None,
    now: datetime,
) -> MayWrite:
    """Whether `reader` may say something new. Pure; `ban` is the one in force, if any."""
    if not may_read(place, thread):
        return MayWrite(Bar.NOT_READABLE)
    if reader.is_staff:
        return MayWrite()
    if rules.who_writes == WhoWrites.OFF:
        return MayWrite(Bar.OFF)
    if rules.is_closed(now):
        return MayWrite(Bar.CLOSED)
    if ban is not None:
        return MayWrite(Bar.BANNED, ban)
    if rules.who_writes != WhoWrites.EVERYONE and not reader.is_known:
        return MayWrite(Bar.SIGN_IN)
    if rules.who_writes == WhoWrites.PAID and not (reader.tier_ids or reader.product_ids):
        return MayWrite(Bar.PAY)
    return MayWrite()


def is_own(comment: Comment, user: User | None) -> bool:
    """Whether `user` wrote it. A visitor's text is nobody's until the address is confirmed."""
    return user is not None and comment.user_id == user.pk


def may_edit(comment: Comment, user: User | None, rules: Rules, now: datetime) -> bool:
    """One's own, for as long as the author's window is open; bars are asked about elsewhere."""
    if not is_own(comment, user) or comment.state not in {
        CommentState.APPROVED,
        CommentState.PENDING,
    }:
        return False
    return may_moderate(user) or now < comment.submitted_at + rules.edit_window


def may_delete(comment: Comment, user: User | None) -> bool:
    """One's own, always: whatever the conversation or a membership has come to."""
    return is_own(comment, user) and comment.state != CommentState.REMOVED
