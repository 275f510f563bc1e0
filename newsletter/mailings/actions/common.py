"""What every action on a mailing shares: who may, the conditional move, the note for the author."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied

from newsletter.accounts.models import User
from newsletter.mailings.enums import LEGAL_MOVES, EventKind, MailingState
from newsletter.mailings.models import Mailing, MailingEvent


class IllegalMove(ValueError):
    """The mailing is in a state in which this cannot be done; the message says which."""


def require_right(actor: User) -> None:
    """Let only staff who may change mailings go on. Raises PermissionDenied."""
    if not (actor.is_active and actor.is_staff and actor.has_perm("newsletter.change_mailing")):
        raise PermissionDenied("You may not send mail.")


def move(
    mailing_id: int, come_from: Iterable[MailingState], to: MailingState, **fields: Any
) -> bool:
    """Move one mailing if it is in one of `come_from`; tell whether it was (and no one else did).

    A conditional UPDATE whose row count is the answer: of two workers one succeeds.
    """
    states = list(come_from)
    if not all(to in LEGAL_MOVES[state] for state in states):
        raise ValueError(f"There is no move from {states} to {to}")
    rows = Mailing.objects.filter(pk=mailing_id, state__in=states)
    return rows.update(state=to, **fields) == 1


def note(
    mailing_id: int, what: EventKind, detail: object = "", *, actor: User | None = None
) -> None:
    """Write a line into the mailing's history. `actor` is None where the engine acted itself."""
    MailingEvent.objects.create(mailing_id=mailing_id, what=what, detail=str(detail), actor=actor)
