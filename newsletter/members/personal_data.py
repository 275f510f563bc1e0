"""What the site holds on a person, open to apps above: each slice states its part.

A part says three things that belong together: what of it a copy of somebody's data shows, what an
erasure does with it, and by which fields its rows are somebody's. A test walks every model of
every app and fails where a field that leads to a person (a key to their row, an address, a network
address) is stated by no part; others hold the statements against what copies and erasures do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import IO, TYPE_CHECKING, Protocol

from newsletter.accounts.models import User
from newsletter.lib.plain_rows import PlainRow

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Tables = Mapping[str, list[PlainRow]]


class Fate(Enum):
    """What an erasure does with a row that is somebody's by one of its fields."""

    DELETED = "the row goes"
    CUT = "the row stays and does not lead to them any more"
    KEPT = "the row stays and leads to an account without a name"


@dataclass(frozen=True, slots=True)
class Held:
    """One field by which rows are somebody's: `newsletter.Grant.user`.

    `file` is the one of the copy that shows those rows; empty where none does. `why` is owed where
    a copy does not show them, and where an erasure keeps them.
    """

    field: str
    file: str
    fate: Fate
    why: str = ""


class Erase(Protocol):
    """Take a part away. Twice does the same as once; the caller has the permission."""

    def __call__(self, *, user: User) -> object: ...


def _not_told(_user: User) -> Sequence[str]:
    return ()


@dataclass(frozen=True, slots=True)
class Attached:
    """A file of somebody's that a copy holds as it is, under `path`.

    It is opened when its turn comes; FileNotFoundError where it is gone.
    """

    path: str
    open: Callable[[], IO[bytes]]


def _nothing(_user: User) -> Iterable[Attached]:
    return ()


@dataclass(frozen=True, slots=True)
class DataPart:
    """What one slice holds. `files` says of each table of its copy, in words, what is in it.

    `export` reads them in a fixed number of queries, `attached` finds files that go with them.
    Parts are erased in the order of `position`; the account itself is the last, at 100, for until
    then rows are found by its address. `goes` says of what is there what an erasure takes, for the
    pages on which it is asked for: by parts of apps above, which those pages cannot know.
    """

    name: str
    title: StrOrPromise
    files: Mapping[str, StrOrPromise]
    export: Callable[[User], Tables]
    erase: Erase
    held: tuple[Held, ...]
    position: int
    goes: Callable[[User], Sequence[str]] = _not_told
    attached: Callable[[User], Iterable[Attached]] = _nothing


_parts: dict[str, DataPart] = {}


def register_part(part: DataPart) -> None:
    """Have this copied and erased too; the same name again replaces it."""
    _parts[part.name] = part


def data_parts() -> list[DataPart]:
    """Every part, in the order in which they are erased."""
    return sorted(_parts.values(), key=lambda part: part.position)


def parts_as_told() -> list[DataPart]:
    """Every part, in the order in which a copy tells of them: that of their registering."""
    return list(_parts.values())


def deleted(*fields: str, file: str) -> tuple[Held, ...]:
    """Rows that a copy shows and an erasure deletes."""
    return tuple(Held(field, file, Fate.DELETED) for field in fields)


def cut(*fields: str, file: str) -> tuple[Held, ...]:
    """Rows that a copy shows, and that an erasure leaves without their person."""
    return tuple(Held(field, file, Fate.CUT) for field in fields)


def kept(*fields: str, file: str, why: str) -> tuple[Held, ...]:
    """Rows that a copy shows, and that stay with an account without a name."""
    return tuple(Held(field, file, Fate.KEPT, why) for field in fields)


STAFF_WORK = "what somebody of the staff did; it is about whom or what it was done to"


def by_staff(*fields: str) -> tuple[Held, ...]:
    """Fields that say who of the staff did something to others' rows."""
    return tuple(Held(field, "", Fate.KEPT, STAFF_WORK) for field in fields)


def nobodys(*fields: str, why: str) -> tuple[Held, ...]:
    """Addresses that are no reader's."""
    return tuple(Held(field, "", Fate.KEPT, why) for field in fields)
