"""What a conversation is about: whoever owns that thing answers for who reads and who writes.

`comments` knows articles, which lie below it. What lies above (lessons) registers an owner of its
own when its app is ready, under a short kind of its own, and shows the conversation with the
template tag `{% conversation "lesson" lesson.pk %}`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from newsletter.accounts.models import User


@dataclass(frozen=True, slots=True)
class Place:
    """The thing under which people talk, as one viewer gets it.

    `path` is the page on which the conversation stands. `is_readable`: by this viewer.
    `is_public`: by anyone, so that feeds may show what is said there (C7). `is_listed`: whether a
    stranger who guesses a number may learn that it is there. `who_writes` is a `WhoWrites`, empty
    for the site's own rule. `opened_at`: closing after days counts from then.
    """

    kind: str
    key: int
    title: str
    path: str
    is_readable: bool
    is_public: bool
    who_writes: str = ""
    opened_at: datetime | None = None
    author_ids: frozenset[int] = frozenset()
    is_listed: bool = True
    # What those in `author_ids` are called beside their names: "author" or "instructor".
    author_badge: str = "author"


MAX_KEY = 2**63 - 1


class Owner(Protocol):
    """Answers for all things of one kind."""

    def get_places(
        self, keys: Iterable[int], viewer: User | None, now: datetime
    ) -> dict[int, Place]:
        """The things with these keys that have a page at `now`; others are left out.

        In a fixed number of queries, however many keys there are.
        """


_owners: dict[str, Owner] = {}


def register_owner(kind: str, owner: Owner) -> None:
    """Let things of this kind (at most 20 characters) have conversations."""
    _owners[kind] = owner


def get_place(kind: str, key: int, viewer: User | None, now: datetime) -> Place | None:
    """The thing as `viewer` (None for a visitor) gets it; None where it has no page."""
    owner = _owners.get(kind)
    # Whatever stands in an address; what no column holds is nothing's number.
    if owner is None or key > MAX_KEY:
        return None
    return owner.get_places([key], viewer, now).get(key)


def get_places(
    named: Iterable[tuple[str, int]], viewer: User | None, now: datetime
) -> dict[tuple[str, int], Place]:
    """Many things by (kind, key), in a fixed number of queries for each kind."""
    wanted: dict[str, set[int]] = {}
    for kind, key in named:
        wanted.setdefault(kind, set()).add(key)
    return {
        (kind, key): place
        for kind, keys in wanted.items()
        if kind in _owners
        for key, place in _owners[kind].get_places(keys, viewer, now).items()
    }
