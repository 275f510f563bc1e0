"""The queue as moderators read it: tabs, their counts, one page, and what is known of each row.

Every page takes the same few queries. Counts stop at a thousand and pages go by key, so a flood of
a hundred thousand costs what ten do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from django.db.models import Count, Max, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from newsletter.accounts.models import User
from newsletter.comments.actions.deciding import DECISIONS
from newsletter.comments.enums import CommentState, ReportState
from newsletter.comments.models import Ban, Comment, ModerationEvent, Report
from newsletter.comments.owners import Place, get_places
from newsletter.comments.queries import standings_of
from newsletter.comments.standing import Standing
from newsletter.comments.text import render_comment

ROWS = 25
COUNTED_TO = 1000
# So many that wait from one network are shown as one.
FLOOD_FROM = 10
FLOODS = 10


class Tab(StrEnum):
    """The parts of the queue. The values stand in addresses."""

    PENDING = "pending"
    REPORTED = "reported"
    SPAM = "spam"
    APPROVED = "approved"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of the queue somebody looks at."""

    tab: Tab = Tab.PENDING
    thread: int | None = None
    person: int | None = None
    network: str = ""
    reason: str = ""
    words: str = ""
    cursor: str = ""

    @property
    def is_filtered(self) -> bool:
        """Whether it is less than the whole tab."""
        return any(
            getattr(self, each.name) for each in fields(self) if each.name not in {"tab", "cursor"}
        )


@dataclass(frozen=True, slots=True)
class Flood:
    """Many comments that wait from one network."""

    network: str
    count: int
    newest_id: int
    sample: Comment


@dataclass(slots=True)
class Row:
    """One comment with all that helps to decide."""

    comment: Comment
    place: Place | None
    standing: Standing = field(default_factory=Standing)
    ban: Ban | None = None
    reports: list[Report] = field(default_factory=list)
    # The last decision, where it can still be taken back.
    undo: int | None = None

    @property
    def is_edit(self) -> bool:
        """Whether a changed text waits beside one that is read."""
        return self.comment.is_visible and bool(self.comment.pending_body)

    @property
    def pending_html(self) -> SafeString:
        """The changed text, rendered and sanitised as every comment is."""
        return mark_safe(render_comment(self.comment.pending_body))

    @property
    def title(self) -> str:
        """What it is about, also where that has no page now."""
        return self.place.title if self.place else str(self.comment.thread)

    @property
    def is_trapped(self) -> bool:
        """Whether a visitor's trap caught it, so that nobody was asked to confirm anything."""
        return self.comment.state == CommentState.SPAM and bool(self.comment.guest_email)


@dataclass(frozen=True, slots=True)
class QueuePage:
    """Rows, newest first, and the floods that stand for rows not shown one by one."""

    rows: list[Row]
    floods: list[Flood] = field(default_factory=list)
    next_cursor: str = ""


class BadPlaceError(ValueError):
    """The place in the queue to go on from is not one that we gave out."""


def of_tab(tab: Tab) -> list[QuerySet[Comment]]:
    """The comments of a tab, as parts that each go by an index."""
    comments = Comment.objects.order_by()
    match tab:
        case Tab.PENDING:
            changed = comments.filter(state=CommentState.APPROVED).exclude(pending_body="")
            return [comments.filter(state=CommentState.PENDING), changed]
        case Tab.REPORTED:
            # By the few open reports, not by the many comments.
            reported = Report.objects.filter(state=ReportState.OPEN).values("comment")
            return [comments.filter(pk__in=reported, state=CommentState.APPROVED)]
        case Tab.REMOVED:
            return [
                comments.filter(state=CommentState.REJECTED),
                comments.filter(state=CommentState.REMOVED).exclude(body=""),
            ]
    return [comments.filter(state=CommentState(tab.value))]


def count_tab(tab: Tab) -> int:
    """How many there are; `COUNTED_TO` and one more where there are more than that. One query."""
    return _count(of_tab(tab))


def count_waiting() -> int:
    """What somebody has to look at, for the menu and the first page of the desk. One query."""
    return _count([*of_tab(Tab.PENDING), *of_tab(Tab.REPORTED)])


def _count(parts: list[QuerySet[Comment]]) -> int:
    """How many rows the parts have together, without going on beyond what is shown."""
    first, *others = (part.values("pk") for part in parts)
    rows = first.union(*others, all=True) if others else first
    return rows[: COUNTED_TO + 1].count()


def words_for(count: int) -> str:
    """A bounded count as it is shown."""
    return f"{COUNTED_TO:,}+" if count > COUNTED_TO else f"{count:,}"


def read_queue(wanted: Wanted, viewer: User) -> QueuePage:
    """A page of the queue. Raises BadPlaceError."""
    groups = wanted.tab in {Tab.PENDING, Tab.SPAM} and not wanted.is_filtered
    floods = find_floods(wanted.tab) if groups else []
    hidden = [flood.network for flood in floods]
    found: list[tuple[datetime, int]] = []
    for part in of_tab(wanted.tab):
        narrowed = _after(_narrow(part, wanted).exclude(network__in=hidden), wanted.cursor)
        keys = narrowed.order_by("-submitted_at", "-pk").values_list("submitted_at", "pk")
        found += keys[: ROWS + 1]
    found.sort(reverse=True)
    page = found[:ROWS]
    rows = load_rows([pk for _at, pk in page], viewer)
    last = page[-1] if len(found) > ROWS else None
    return QueuePage(
        rows,
        floods if not wanted.cursor else [],
        f"{_micros(last[0])}-{last[1]}" if last else "",
    )


def find_floods(tab: Tab) -> list[Flood]:
    """Networks from which many comments are in this tab, the largest first. Two queries."""
    state = CommentState.PENDING if tab is Tab.PENDING else CommentState.SPAM
    counted = (
        Comment.objects.filter(state=state)
        .exclude(network="")
        .order_by()
        .values("network")
        .annotate(number=Count("pk"), newest=Max("pk"))
        .filter(number__gte=FLOOD_FROM)
        .order_by("-number", "network")[:FLOODS]
    )
    groups = list(counted)
    samples = Comment.objects.in_bulk([group["newest"] for group in groups])
    return [
        Flood(group["network"], group["number"], group["newest"], samples[group["newest"]])
        for group in groups
        if group["newest"] in samples
    ]


def load_rows(ids: list[int], viewer: User) -> list[Row]:
    """These comments, in this order, with all that is known of them. Nine queries at the most."""
    last = ModerationEvent.objects.filter(comment=OuterRef("pk")).order_by("-pk")
    found = (
        Comment.objects.filter(pk__in=ids)
        .select_related("user", "parent", "thread__article")
        .annotate(last_event=last.values("pk")[:1], last_kind=last.values("kind")[:1])
    )
    comments = {comment.pk: comment for comment in found}
    named = {(each.thread.kind, each.thread.key) for each in comments.values()}
    places = get_places(named, viewer, timezone.now()) if named else {}
    people = [each.user for each in comments.values() if each.user is not None]
    standings, bans, reports = standings_of(people), _bans(people), _open_reports(comments)
    return [
        Row(
            comment,
            places.get((comment.thread.kind, comment.thread.key)),
            standings.get(comment.user_id or 0, Standing()),
            bans.get(comment.user_id or 0),
            reports.get(comment.pk, []),
            _undoable(comment),
        )
        for comment in (comments[pk] for pk in ids if pk in comments)
    ]


def _bans(people: list[User]) -> dict[int, Ban]:
    in_force = Ban.objects.in_force(timezone.now()).filter(user__in=people)
    return {ban.user_id: ban for ban in in_force}


def _open_reports(comments: Iterable[int]) -> dict[int, list[Report]]:
    reports: dict[int, list[Report]] = {}
    still_open = Report.objects.filter(comment__in=list(comments), state=ReportState.OPEN)
    for report in still_open.order_by("pk"):
        reports.setdefault(report.comment_id, []).append(report)
    return reports


def _undoable(comment: Any) -> int | None:
    return comment.last_event if comment.last_kind in DECISIONS else None


def _narrow(comments: QuerySet[Comment], wanted: Wanted) -> QuerySet[Comment]:
    if wanted.thread is not None:
        comments = comments.filter(thread=wanted.thread)
    if wanted.person is not None:
        comments = comments.filter(user=wanted.person)
    if wanted.network:
        comments = comments.filter(network=wanted.network)
    if wanted.reason:
        # As JSON is written on both databases; what a check found may quote, so not its words.
        as_text = Cast("reasons", TextField())
        comments = comments.annotate(said_why=as_text).filter(
            said_why__contains=f'"check": "{wanted.reason}"'
        )
    for word in wanted.words.split()[:8]:
        comments = comments.filter(
            Q(body__icontains=word)
            | Q(pending_body__icontains=word)
            | Q(name__icontains=word)
            | Q(user__email__icontains=word)
        )
    return comments


def _after(comments: QuerySet[Comment], cursor: str) -> QuerySet[Comment]:
    if not cursor:
        return comments
    micros, _dash, pk = cursor.partition("-")
    if not (micros.isdecimal() and pk.isdecimal() and len(micros) < 18 and len(pk) < 18):
        raise BadPlaceError(cursor)
    seconds, rest = divmod(int(micros), 1_000_000)
    at = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)
    # The first condition is the index's; the others part what was written at the same moment.
    return comments.filter(
        Q(submitted_at__lt=at) | Q(submitted_at=at, pk__lt=int(pk)), submitted_at__lte=at
    )


def _micros(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000 + at.microsecond
