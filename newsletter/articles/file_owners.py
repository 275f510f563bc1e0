"""Uploads of the library that something higher shows: it says who may open them.

An app that shows uploads (a lesson) registers with `register_file_owner`; whoever serves them asks
here, and imports none of them.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Protocol

from newsletter.accounts.models import User


class Seen(StrEnum):
    """Who is shown an upload by somebody's texts."""

    BY_EVERYONE = "everyone"
    BY_VIEWER = "viewer"
    BY_NOBODY = "nobody"


class FileOwner(Protocol):
    """What shows uploads. `folder` is what an upload is known by: `images/<random>`."""

    def who_sees(self, folder: str, viewer: User | None, now: datetime) -> Seen:
        """Whether everyone, or at least `viewer` (None: a visitor), is shown the upload now."""

    def is_used(self, folder: str) -> bool:
        """Whether the upload stands anywhere."""


_owners: dict[str, FileOwner] = {}


def register_file_owner(name: str, owner: FileOwner) -> None:
    """Have this asked too. Once per name."""
    _owners[name] = owner


def who_sees(folder: str, viewer: User | None, now: datetime) -> Seen:
    """The widest circle that any of the owners shows an upload to."""
    found = {owner.who_sees(folder, viewer, now) for owner in _owners.values()}
    return next((seen for seen in Seen if seen in found), Seen.BY_NOBODY)


def is_used(folder: str) -> bool:
    """Whether any of the owners shows an upload to anybody."""
    return any(owner.is_used(folder) for owner in _owners.values())
