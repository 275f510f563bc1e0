"""What a product opens, and whether somebody can be sold it: apps that lie above say so."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import TYPE_CHECKING

from newsletter.accounts.models import User
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


class Sale(IntEnum):
    """What those who open something with a product say to selling it to somebody.

    AS_USUAL: to whoever does not own it. AGAIN: to its owner too, for what it opened to them is
    over and begins anew. NEVER: it would open nothing to them. What is greater goes first.
    """

    AS_USUAL = 0
    NEVER = 1
    AGAIN = 2


_judges: dict[str, Callable[[User, Product, datetime], Sale]] = {}


def register_sale(name: str, judge: Callable[[User, Product, datetime], Sale]) -> None:
    """Have `judge` asked before a product is sold; the same name again replaces it."""
    _judges[name] = judge


def sale_to(user: User, product: Product, now: datetime) -> Sale:
    """Whether `product` can be sold to somebody, as far as what it opens is concerned."""
    said = (judge(user, product, now) for judge in _judges.values())
    return max(said, default=Sale.AS_USUAL)
