"""The rules that hold in one conversation: its own where it has some, else the site's."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from newsletter.comments.enums import Moderation
from newsletter.comments.models import CommentSettings, Thread
from newsletter.comments.owners import Place

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds here. Words are lower case, one pattern each."""

    who_writes: str
    moderation: str
    hold_first_timers: bool
    max_links: int
    closes_at: datetime | None
    edit_window: timedelta
    held_words: tuple[str, ...]
    refused_words: tuple[str, ...]
    asks_for_work: bool
    akismet_key: str
    reports_to_hide: int

    @property
    def looks_first(self) -> bool:
        """Whether every comment waits for a decision."""
        return self.moderation == Moderation.BEFORE

    def is_closed(self, now: datetime) -> bool:
        """Whether nobody may say anything new any more."""
        return self.closes_at is not None and now >= self.closes_at


def rules_for(place: Place, thread: Thread | None, site: CommentSettings) -> Rules:
    """Put the three together. Pure."""
    own = thread or Thread(kind=place.kind, key=place.key)
    return Rules(
        who_writes=place.who_writes or site.who_writes,
        moderation=own.moderation or site.moderation,
        hold_first_timers=_first(own.hold_first_timers, site.hold_first_timers),
        max_links=_first(own.max_links, site.max_links),
        closes_at=_closes_at(place, own, site),
        edit_window=timedelta(minutes=site.edit_minutes),
        held_words=word_list(site.held_words + "\n" + own.held_words),
        refused_words=word_list(site.refused_words + "\n" + own.refused_words),
        asks_for_work=site.asks_for_work,
        akismet_key=site.akismet_key,
        reports_to_hide=site.reports_to_hide,
    )


def word_list(text: str) -> tuple[str, ...]:
    """The patterns of a list with one a line, each once."""
    lines = (" ".join(line.lower().split()) for line in text.splitlines())
    return tuple(dict.fromkeys(line for line in lines if _says_something(line)))


def _says_something(pattern: str) -> bool:
    """Whether it would not match everything: what has no width counts for nothing in texts."""
    return any(c not in "* " and unicodedata.category(c) != "Cf" for c in pattern)


def _first(own: T | None, site: T) -> T:
    return site if own is None else own


def _closes_at(place: Place, own: Thread, site: CommentSettings) -> datetime | None:
    days = own.close_after_days or site.close_after_days
    by_age = place.opened_at + timedelta(days=days) if days and place.opened_at else None
    times = [at for at in (own.closed_at, by_age) if at is not None]
    return min(times) if times else None
