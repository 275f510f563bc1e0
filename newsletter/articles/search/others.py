"""What is found beside articles: apps that lie above register what finds it.

It answers everyone alike, as the search of articles does, and is asked on the first page alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from django.utils.safestring import SafeString

from newsletter.articles.search.terms import Query, parse_query

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class OtherHit:
    """Something that was found, the passage that speaks for it, and facts: first what it is."""

    title: str
    path: str
    snippet: SafeString | str
    facts: tuple[StrOrPromise, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """What one finder found; `counted` says how many of what: "2 courses"."""

    counted: StrOrPromise
    hits: Sequence[OtherHit]


class Finder(Protocol):
    """Finds things of one kind that every visitor may know of."""

    def find(self, asked: Query) -> Group | None:
        """The best matches first, in a fixed number of queries; None where there are none."""

    def is_current(self) -> bool:
        """Whether its index is whole, and in the publication's language."""

    def rebuild(self) -> int:
        """Make its index anew; returns how many entries it holds."""


_finders: dict[str, Finder] = {}


def register_finder(name: str, finder: Finder) -> None:
    """Have it asked too; the same name again replaces it."""
    _finders[name] = finder


def search_others(query: str) -> list[Group]:
    """What there is besides articles for what somebody typed."""
    asked = parse_query(query)
    if not asked.wanted:
        return []
    return [group for finder in _finders.values() if (group := finder.find(asked)) is not None]


def rebuild_others(*, stale_alone: bool = False) -> int:
    """Make the other indexes anew, or those that are not current; returns how many entries."""
    return sum(
        finder.rebuild()
        for finder in _finders.values()
        if not (stale_alone and finder.is_current())
    )
