"""A conversation as it is read: a page of first-level comments, each with its first replies.

In the order in which they were written, which is not that of their ids: what was imported is old
and came late. Pages go by key, never by number: the tenth page costs what the first does, and
nothing is shown twice because somebody wrote in between. Every page takes the same few queries at
10 and at 10,000 comments.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from newsletter.accounts.models import User
from newsletter.comments.access import may_delete, may_edit
from newsletter.comments.enums import CommentState, Order
from newsletter.comments.models import Comment, Like, Thread
from newsletter.comments.owners import Place
from newsletter.comments.rules import Rules
from newsletter.memberships.models import Grant

ROOTS = 20
REPLIES = 4
MORE_REPLIES = 40
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
# What a page shows of a comment and of who wrote it.
_FIELDS = (
    "thread",
    "user",
    "name",
    "parent",
    "root",
    "body",
    "html",
    "state",
    "like_count",
    "visible_below",
    "submitted_at",
    "edited_at",
)


class BadCursorError(ValueError):
    """The place to go on from is not one that we gave out."""


@dataclass(frozen=True, slots=True)
class Looking:
    """Who looks (None: a visitor), at what, by which rules, and when."""

    place: Place
    rules: Rules
    viewer: User | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Answered:
    """What a comment answers, where that is not the one under which it stands."""

    pk: int
    name: str
    is_visible: bool


@dataclass(slots=True)
class Shown:
    """One comment on a page, with what stands under it and what this viewer may do."""

    comment: Comment
    replies: list[Shown] = field(default_factory=list)
    # How many more approved replies there are after those shown.
    more: int = 0
    # Whether there are replies before those shown (a link into the middle).
    starts_late: bool = False
    # "author" or "instructor" as the place says, "staff", "member", or nothing.
    badge: str = ""
    is_liked: bool = False
    may_edit: bool = False
    may_delete: bool = False
    answers: Answered | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Comments in order. `next_cursor` is empty at the end; `next_count` come on the next page."""

    shown: list[Shown]
    order: str = Order.OLDEST
    next_cursor: str = ""
    next_count: int = 0


def read_page(
    thread: Thread | None, looking: Looking, *, order: str = Order.OLDEST, cursor: str = ""
) -> Page:
    """A page of the conversation from `cursor` on. Raises BadCursorError."""
    if thread is None:
        return Page([], order)
    # As many again: it tells how many the next page has, without counting them all.
    ids = list(_roots(thread, order, cursor).values_list("pk", flat=True)[: 2 * ROOTS])
    shown = [Shown(root) for root in _load_roots(ids[:ROOTS])]
    _add_first_replies(shown)
    _mark(shown, looking)
    if len(ids) <= ROOTS:
        return Page(shown, order)
    last = shown[-1].comment
    key = position_of(last)
    if order == Order.LIKED:
        key = f"{last.like_count}-{key}"
    return Page(shown, order, key, len(ids) - ROOTS)


def position_of(comment: Comment) -> str:
    """Where it stands among the others, for addresses: when it was written, then its id."""
    return f"{(comment.submitted_at - _EPOCH) // _TICK}-{comment.pk}"


def read_around(comment: Comment, looking: Looking) -> Page:
    """The first-level comment that `comment` is or stands under, with `comment` in sight."""
    shown = [Shown(root) for root in _load_roots([comment.root_id or comment.pk])]
    if comment.root_id is None:
        _add_first_replies(shown)
    else:
        for each in shown:
            at = (comment.submitted_at, comment.pk)
            each.starts_late = _replies_of(each.comment).filter(_before(*at)).exists()
            _add_replies(each, _after(*at, inclusive=True), limit=REPLIES)
    _mark(shown, looking)
    return Page(shown)


def read_replies(root: Comment, looking: Looking, *, after: str) -> Shown:
    """Replies under one comment, from the position `after` on. Raises BadCursorError."""
    shown = Shown(root)
    _add_replies(shown, _after(*_position(after)) if after else Q(), limit=MORE_REPLIES)
    _mark(shown.replies, looking)
    return shown


def read_one(comment_id: int, looking: Looking) -> Shown | None:
    """One approved comment without its replies: the pinned one, or one just written."""
    found = Comment.objects.filter(pk=comment_id, state=CommentState.APPROVED)
    shown = [Shown(comment) for comment in _with_people(found)]
    _mark(shown, looking)
    return shown[0] if shown else None


def _roots(thread: Thread, order: str, cursor: str) -> QuerySet[Comment]:
    """First-level comments that are read or hold up some that are, from the cursor on."""
    roots = Comment.objects.shown().filter(thread=thread, root=None)
    if order == Order.LIKED:
        if cursor:
            likes, _, position = cursor.partition("-")
            later = Q(like_count__lt=_number(likes)) | _before(*_position(position))
            roots = roots.filter(later, like_count__lte=_number(likes))
        return roots.order_by("-like_count", "-submitted_at", "-pk")
    if order == Order.NEWEST:
        roots = roots.filter(_before(*_position(cursor))) if cursor else roots
        return roots.order_by("-submitted_at", "-pk")
    roots = roots.filter(_after(*_position(cursor))) if cursor else roots
    return roots.order_by("submitted_at", "pk")


def _before(at: datetime, pk: int) -> Q:
    """Written before that one. The second half alone would not tell an index where to begin."""
    return Q(Q(submitted_at__lt=at) | Q(pk__lt=pk), submitted_at__lte=at)


def _after(at: datetime, pk: int, *, inclusive: bool = False) -> Q:
    """Written after that one, or that one too."""
    same = Q(pk__gte=pk) if inclusive else Q(pk__gt=pk)
    return Q(Q(submitted_at__gt=at) | same, submitted_at__gte=at)


def _position(text: str) -> tuple[datetime, int]:
    """What `position_of` made. Raises BadCursorError."""
    ticks, _, pk = text.partition("-")
    return _EPOCH + _number(ticks) * _TICK, _number(pk)


def _number(text: str) -> int:
    # No longer than a moment in microseconds, which Python's calendar holds.
    if not text.isdecimal() or len(text) > 17:
        raise BadCursorError(text)
    return int(text)


def _load_roots(ids: list[int]) -> list[Comment]:
    """In the order of `ids`; each with the position of the first of its replies not shown."""
    replies = Comment.objects.shown().filter(root=OuterRef("pk")).order_by("submitted_at", "pk")
    cut = replies[REPLIES : REPLIES + 1]
    found = _with_people(Comment.objects.filter(pk__in=ids)).annotate(
        cut_at=Subquery(cut.values("submitted_at")), cut_pk=Subquery(cut.values("pk"))
    )
    by_id = {comment.pk: comment for comment in found}
    return [by_id[pk] for pk in ids if pk in by_id]


def _add_first_replies(shown: list[Shown]) -> None:
    """The first replies of all of them in one query, none where nobody has answered."""
    answered = {each.comment.pk: each for each in shown if each.comment.visible_below}
    if not answered:
        return
    roots: list[Any] = [each.comment for each in answered.values()]
    # With every part of the index in each stretch: SQLite plans them one by one.
    whole = [root.pk for root in roots if root.cut_pk is None]
    wanted = Q(root__in=whole, is_shown__in=[True])
    for root in roots:
        if root.cut_pk is not None:
            wanted |= Q(_before(root.cut_at, root.cut_pk), root=root.pk, is_shown__in=[True])
    replies = _with_people(Comment.objects.filter(wanted))
    for reply in replies.order_by("submitted_at", "pk"):
        answered[reply.root_id].replies.append(Shown(reply))  # type: ignore[index]
    for each in answered.values():
        each.more = each.comment.visible_below - _count_visible(each.replies)


def _replies_of(root: Comment) -> QuerySet[Comment]:
    return Comment.objects.shown().filter(root=root).order_by("submitted_at", "pk")


def _with_people(comments: QuerySet[Comment]) -> QuerySet[Comment]:
    """With what a page shows of who wrote them and whom they answer: no rows of those are made."""
    return comments.only(*_FIELDS).annotate(
        is_by_staff=F("user__is_staff"),
        answered_name=F("parent__name"),
        answered_state=F("parent__state"),
    )


def _add_replies(shown: Shown, which: Q, *, limit: int) -> None:
    """Some of its replies, and how many more of `which` come after those."""
    rest = _replies_of(shown.comment).filter(which)
    shown.replies = [Shown(reply) for reply in _with_people(rest)[:limit]]
    after = rest.filter(state=CommentState.APPROVED).count()
    shown.more = after - _count_visible(shown.replies)


def _count_visible(shown: Iterable[Shown]) -> int:
    return sum(each.comment.is_visible for each in shown)


def _mark(shown: list[Shown], looking: Looking) -> None:
    """Badges, and what the viewer may do: one query for all badges, one for a reader's likes."""
    everyone = [each for top in shown for each in (top, *top.replies)]
    viewer = looking.viewer
    people = {each.comment.user_id for each in everyone if each.comment.user_id}
    paying = Grant.objects.in_force(looking.now).filter(user__in=people, tier__isnull=False)
    members = set(paying.order_by().values_list("user_id", flat=True)) if people else set()
    liked: set[int] = set()
    if viewer is not None and everyone:
        ids = [each.comment.pk for each in everyone]
        mine = Like.objects.filter(user=viewer, comment__in=ids)
        liked = set(mine.values_list("comment_id", flat=True))
    for each in everyone:
        comment: Any = each.comment
        if comment.parent_id != comment.root_id:
            is_visible = comment.answered_state == CommentState.APPROVED
            each.answers = Answered(comment.parent_id, comment.answered_name, is_visible)
        if comment.user_id in looking.place.author_ids:
            each.badge = looking.place.author_badge
        elif comment.is_by_staff:
            each.badge = "staff"
        elif comment.user_id in members:
            each.badge = "member"
        each.is_liked = comment.pk in liked
        if viewer is not None:
            each.may_edit = may_edit(comment, viewer, looking.rules, looking.now)
            each.may_delete = may_delete(comment, viewer)
