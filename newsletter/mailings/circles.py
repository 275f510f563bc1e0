"""Mailings to others than a newsletter's subscribers: an app above says who, and who still may.

A mailing that names a circle (`name:id`) is prepared, batched, sent and counted as any other. What
differs is asked of the circle: who is in the audience, who of a claimed batch may be sent it now
and how they leave, and what stands around the text. What it holds is for its receivers alone: it
has no page for everybody, and its pictures are shown to those who may read it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.db.models import QuerySet

from newsletter.accounts.models import User
from newsletter.mailings.models import Mailing


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the text of such a mail.

    `web_url` is a page that asks who comes; `name` and `list_key` say of what this is a part, the
    latter in letters, digits and hyphens.
    """

    title: str
    name: str
    list_key: str
    reason: str
    web_url: str = ""
    manage_url: str = ""


class Circle(Protocol):
    """Answers for the mailings of one kind."""

    def audience(self, mailing: Mailing, now: datetime) -> QuerySet[Any]:
        """Rows with a `user`, each person once."""

    def ways_out(
        self, mailing: Mailing, user_ids: Collection[int], now: datetime
    ) -> Mapping[int, str]:
        """Those of `user_ids` who may be sent it now, each with the address that ends it.

        A POST there must do so without a session (RFC 8058).
        """

    def may_read(self, mailing: Mailing, user: User | None, now: datetime) -> bool:
        """Whether somebody may see what the mail shows."""

    def frame(self, mailing: Any) -> Frame:
        """What stands around the text; of a mailing that is saved or not."""


_circles: dict[str, Circle] = {}


def register_circle(name: str, circle: Circle) -> None:
    """Let mailings name it; the same name again replaces it."""
    _circles[name] = circle


def circle_of(mailing: Any) -> Circle | None:
    """The circle a mailing goes to; None for a newsletter's subscribers."""
    name = mailing.circle.partition(":")[0]
    return _circles[name] if name else None


def key_of(mailing: Any) -> int:
    """What the mailing's circle is about: `lesson:12` is about 12."""
    return int(mailing.circle.partition(":")[2] or 0)
