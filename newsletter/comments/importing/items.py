"""What one comment of an export says, whichever system it comes from. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from html import unescape
from urllib.parse import unquote, urlsplit

from django.utils.translation import gettext as _

from newsletter.comments.enums import CommentState
from newsletter.comments.importing.markdown import to_markdown
from newsletter.comments.importing.stream import Record

_WORDPRESS_STATES = {
    "1": CommentState.APPROVED,
    "0": CommentState.PENDING,
    "spam": CommentState.SPAM,
    "trash": CommentState.REMOVED,
    "post-trashed": CommentState.REMOVED,
}


@dataclass(frozen=True, slots=True)
class Piece:
    """The page under which a comment stood. `place` names it: its address without the query."""

    place: str = ""
    slug: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One comment. `key` names it for ever, so that a second run knows it; `why_not` refuses it."""

    key: str
    parent_key: str
    piece: Piece
    name: str
    email: str
    body: str
    state: str
    at: datetime | None
    why_not: str = ""


def read_items(records: Iterable[Record]) -> Iterator[Item]:
    """Make items of records; Disqus names the pages first and refers to them."""
    pieces: dict[str, Piece] = {}
    for record in records:
        if record.kind == "thread":
            link = record.text("link")
            pieces[record.text("@id")] = _piece(link, slug_in(link), record.text("title"))
        elif record.kind == "post":
            yield _from_disqus(record, pieces)
        else:
            yield _from_wordpress(record)


def _from_wordpress(record: Record) -> Item:
    # Sites of one network share the first address; where there is one site, they are the same.
    address = record.text("blog") or record.text("base")
    site = sha256(address.encode()).hexdigest()[:12]
    parent = record.text("comment_parent")
    state = _WORDPRESS_STATES.get(record.text("comment_approved"))
    kind = record.text("comment_type")
    link = record.text("item/link")
    slug = unquote(record.text("item/post_name")) or slug_in(link)
    why_not = ""
    if kind not in {"", "comment"}:
        why_not = _("It is a %(kind)s, not a comment.") % {"kind": kind[:20]}
    elif state is None:
        why_not = _("Its state is not known.")
    return Item(
        key=f"wordpress:{site}:{record.text('comment_id')[:40]}",
        parent_key=f"wordpress:{site}:{parent[:40]}" if parent not in {"", "0"} else "",
        piece=_piece(link, slug, unescape(record.text("item/title"))),
        # WordPress keeps names with entities.
        name=unescape(record.text("comment_author")),
        email=record.text("comment_author_email"),
        body=to_markdown(record.text("comment_content")),
        state=state or CommentState.PENDING,
        # The first is all noughts where the comment itself once came from elsewhere.
        at=_moment(record.text("comment_date_gmt")) or _moment(record.text("comment_date")),
        why_not=why_not if record.text("comment_id") else _("It has no number."),
    )


def _from_disqus(record: Record, pieces: dict[str, Piece]) -> Item:
    state = CommentState.APPROVED
    if record.text("isSpam") == "true":
        state = CommentState.SPAM
    elif record.text("isDeleted") == "true":
        state = CommentState.REMOVED
    parent = record.text("parent@id")
    return Item(
        key=f"disqus:{record.text('@id')[:40]}",
        parent_key=f"disqus:{parent[:40]}" if parent else "",
        piece=pieces.get(record.text("thread@id"), Piece()),
        name=record.text("author/name") or record.text("author/username"),
        email=record.text("author/email"),
        body=to_markdown(record.text("message")),
        state=state,
        at=_moment(record.text("createdAt")),
        why_not="" if record.text("@id") else _("It has no number."),
    )


def _piece(link: str, slug: str, title: str) -> Piece:
    """Queries are left out, for readers' links had many; without a path they are all there is."""
    try:
        parts = urlsplit(link)
    except ValueError:
        parts = urlsplit("")
    path = parts.path.rstrip("/")
    place = parts.netloc + (path or (f"/?{parts.query}" if parts.query else ""))
    return Piece(place=(place or slug)[:500], slug=slug[:200], title=title[:300])


def slug_in(link: str) -> str:
    """The last part of an address's path: on most sites the slug of the piece."""
    try:
        parts = urlsplit(link).path.rstrip("/").rpartition("/")
    except ValueError:
        return ""
    return unquote(parts[2]).removesuffix(".html")


def _moment(text: str) -> datetime | None:
    """Both write UTC, with a T and a Z or without."""
    try:
        moment = datetime.fromisoformat(text.removesuffix("Z").strip())
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.year > 1990 else None
