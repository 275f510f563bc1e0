"""Everything that a conversation's templates show, put together once for pages and the tag."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from django.urls import reverse
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.comments.access import Bar, MayWrite, is_own, may_moderate, may_read, may_write
from newsletter.comments.enums import CommentState, Order, WhoWrites
from newsletter.comments.forms import CommentForm
from newsletter.comments.models import Comment, Thread
from newsletter.comments.owners import Place
from newsletter.comments.pipeline.person import words_of_bar
from newsletter.comments.queries import (
    find_ban,
    find_thread,
    get_comment_settings,
    is_muted,
    own_waiting,
)
from newsletter.comments.reading import (
    Looking,
    Page,
    Shown,
    read_around,
    read_one,
    read_page,
    read_replies,
)
from newsletter.comments.rules import Rules, rules_for
from newsletter.memberships.access import get_reader


@dataclass
class Conversation:
    """One conversation as one viewer gets it. What a page does not show is never asked for."""

    place: Place
    viewer: User | None
    order: str = Order.OLDEST
    cursor: str = ""
    around: Comment | None = None
    now: datetime = field(default_factory=timezone.now)

    @cached_property
    def thread(self) -> Thread | None:
        """Its row; None while nothing was said and no rule of its own was set."""
        return find_thread(self.place)

    @cached_property
    def rules(self) -> Rules:
        """What holds here."""
        return rules_for(self.place, self.thread, get_comment_settings())

    @cached_property
    def looking(self) -> Looking:
        """Who looks at it."""
        return Looking(self.place, self.rules, self.viewer, self.now)

    @cached_property
    def is_readable(self) -> bool:
        """Whether this viewer may read what was said."""
        return may_read(self.place, self.thread)

    @cached_property
    def writing(self) -> MayWrite:
        """Whether this viewer may say something."""
        reader = get_reader(self.viewer, self.now)
        ban = find_ban(self.viewer, self.now)
        return may_write(self.place, self.thread, self.rules, reader, ban, self.now)

    @property
    def exists(self) -> bool:
        """Whether there is anything to show: nothing where it is off and was never on."""
        return bool(self.count) or self.writing.bar is not Bar.OFF

    @property
    def count(self) -> int:
        """How many comments there are."""
        return self.thread.approved_count if self.thread else 0

    @cached_property
    def page(self) -> Page:
        """The comments on this page."""
        if self.around is not None:
            return read_around(self.around, self.looking)
        return read_page(self.thread, self.looking, order=self.order, cursor=self.cursor)

    def replies_after(self, root: Comment, after: str) -> Shown:
        """Further replies under one of them."""
        return read_replies(root, self.looking, after=after)

    @cached_property
    def pinned(self) -> Shown | None:
        """What the author has put on top; on the first page alone."""
        if self.thread is None or self.thread.pinned_id is None or self.cursor or self.around:
            return None
        return read_one(self.thread.pinned_id, self.looking)

    @cached_property
    def waiting(self) -> list[Comment]:
        """What this viewer wrote and others do not see yet."""
        return own_waiting(self.thread, self.viewer)

    @property
    def bar_words(self) -> str:
        """Why this viewer cannot write."""
        return words_of_bar(self.writing)

    @cached_property
    def form(self) -> CommentForm:
        """An empty form for a comment of the first level."""
        return CommentForm(viewer=self.viewer)

    @property
    def asks_for_work(self) -> bool:
        """Whether this viewer's browser is to solve the puzzle."""
        return self.viewer is None and self.rules.asks_for_work

    @cached_property
    def may_moderate(self) -> bool:
        """Whether this viewer looks after comments."""
        return may_moderate(self.viewer)

    @cached_property
    def is_muted(self) -> bool:
        """Whether this viewer wants no notices."""
        return is_muted(self.thread, self.viewer)

    @property
    def is_closed_by_hand(self) -> bool:
        """Whether a moderator has closed it."""
        return self.thread is not None and self.thread.closed_at is not None

    @property
    def wants_sign_in(self) -> bool:
        """Whether signing in might open it."""
        return self.writing.bar is Bar.SIGN_IN

    @property
    def is_off(self) -> bool:
        """Whether nobody comments here at all."""
        return self.rules.who_writes == WhoWrites.OFF

    @cached_property
    def url(self) -> str:
        """The page of the conversation alone."""
        return reverse("comments:show-thread", args=[self.place.kind, self.place.key])

    @cached_property
    def write_url(self) -> str:
        """Where comments are sent."""
        return reverse("comments:write-comment", args=[self.place.kind, self.place.key])

    @cached_property
    def mute_url(self) -> str:
        """Where one's own notices are switched."""
        return reverse("comments:mute-thread", args=[self.place.kind, self.place.key])

    @cached_property
    def govern_url(self) -> str:
        """Where the conversation itself is changed."""
        return reverse("comments:govern-thread", args=[self.place.kind, self.place.key])

    @property
    def orders(self) -> list[tuple[str, Any]]:
        """Ways to read it."""
        return Order.choices


def is_seen_by(comment: Comment, viewer: User | None) -> bool:
    """Whether a link to this comment leads anywhere for this viewer.

    Its writer sees what became of it, whatever that was, until the text is gone.
    """
    if comment.is_visible or comment.visible_below:
        return True
    if is_own(comment, viewer):
        return not comment.is_gone
    return comment.state == CommentState.PENDING and may_moderate(viewer)
