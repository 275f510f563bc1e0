"""What a product opens, for the mail to whoever has bought it: apps that lie above say so."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsletter.memberships.models import Product

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class Opened:
    """Something that is open to the buyer now.

    `says` so in a sentence, `button` leads to `url` (absolute). Both are translated when the mail
    is rendered, so they are lazy.
    """

    title: str
    says: StrOrPromise
    button: StrOrPromise
    url: str


_finders: dict[str, Callable[[Product], Iterable[Opened]]] = {}


def register_opened(name: str, find: Callable[[Product], Iterable[Opened]]) -> None:
    """Have `find` asked for every product that is bought; the same name again replaces it."""
    _finders[name] = find


def opened_by(product: Product | None) -> list[Opened]:
    """Everything with a page of its own that a product opens, in the order in which it is shown."""
    if product is None:
        return []
    return [each for find in _finders.values() for each in find(product)]
