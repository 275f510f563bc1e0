"""What becomes of a line: one pure function, the same for the dry run and the import itself."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from newsletter.subscribers.enums import ConsentSource, LineOutcome, SubscriptionState
from newsletter.subscribers.importing.lines import Line, Wish


@dataclass(frozen=True, slots=True)
class Known:
    """What we have of the address already. `state` is None without a subscription to this list."""

    has_name: bool
    state: str | None
    source: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome, why, and the state to be written (None: nothing is written)."""

    outcome: LineOutcome
    message: str = ""
    write: SubscriptionState | None = None


def judge_line(
    line: Line, known: Known | None, *, is_suppressed: bool, first_seen: int | None
) -> Verdict:
    """Judge one line. `first_seen` is the number of an earlier line with the same address."""
    if line.problem:
        return Verdict(LineOutcome.INVALID, line.problem)
    if is_suppressed:
        return Verdict(LineOutcome.SUPPRESSED, _("This address must not be mailed."))
    if line.wish is Wish.NO_MAIL:
        return _judge_leaving(known)
    if first_seen is not None:
        return Verdict(
            LineOutcome.DUPLICATE,
            _("The same address stands on line %(number)s.") % {"number": first_seen},
        )
    if line.wish is Wish.NEVER_CONFIRMED:
        return Verdict(LineOutcome.UNCONFIRMED, _("They never confirmed where they come from."))
    return _judge_joining(line, known)


def _judge_leaving(known: Known | None) -> Verdict:
    """Whoever left elsewhere is not mailed from here, unless they have come to us themselves."""
    if known is None or known.state is None:
        return Verdict(LineOutcome.LEFT, write=SubscriptionState.UNSUBSCRIBED)
    if known.state == SubscriptionState.UNSUBSCRIBED:
        return Verdict(LineOutcome.KEPT_UNSUBSCRIBED)
    if known.state == SubscriptionState.ACTIVE and known.source == ConsentSource.IMPORT:
        return Verdict(LineOutcome.LEFT, write=SubscriptionState.UNSUBSCRIBED)
    return Verdict(
        LineOutcome.UNCHANGED, _("The file says unsubscribed, but they have signed up here.")
    )


def _judge_joining(line: Line, known: Known | None) -> Verdict:
    if known is None or known.state is None:
        return Verdict(LineOutcome.NEW, line.note, write=SubscriptionState.ACTIVE)
    if known.state == SubscriptionState.UNSUBSCRIBED:
        return Verdict(LineOutcome.KEPT_UNSUBSCRIBED)
    if known.state == SubscriptionState.PENDING:
        return Verdict(
            LineOutcome.UPDATED,
            _("They had asked and not confirmed; your statement counts."),
            write=SubscriptionState.ACTIVE,
        )
    if line.name and not known.has_name:
        return Verdict(
            LineOutcome.UPDATED, _("The name was added."), write=SubscriptionState.ACTIVE
        )
    return Verdict(LineOutcome.UNCHANGED)
