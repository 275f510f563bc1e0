"""Checks of who writes, and whether they may here."""

from __future__ import annotations

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from newsletter.comments.access import Bar, MayWrite
from newsletter.comments.enums import Verdict
from newsletter.comments.pipeline.draft import Draft, Finding


def check_bar(draft: Draft) -> Finding | None:
    """Closed conversations, what is for members, bans. Changing one's own text needs no door."""
    bar = draft.bar.bar
    if bar is None or (draft.is_edit and bar is not Bar.BANNED):
        return None
    return Finding(f"bar-{bar}", Verdict.REFUSE, words_of_bar(draft.bar))


def words_of_bar(bar: MayWrite) -> str:
    """What is said to somebody who may not write."""
    match bar.bar:
        case Bar.OFF:
            return _("Comments are switched off here.")
        case Bar.CLOSED:
            return _("This conversation is closed.")
        case Bar.SIGN_IN:
            return _("Members comment here. Sign in first.")
        case Bar.PAY:
            return _("Paying members comment here.")
        case Bar.BANNED if bar.ban is not None:
            return _words_of_ban(bar)
    return _("You cannot comment here.")


def _words_of_ban(bar: MayWrite) -> str:
    assert bar.ban is not None  # noqa: S101 - the caller has looked
    reason = bar.ban.reason
    if bar.ban.ends_at is None:
        return _("You cannot comment on this site any more. The reason: %s") % reason
    until = formats.date_format(timezone.localtime(bar.ban.ends_at), _("j F Y"))
    words = _("You cannot comment on this site until %(until)s. The reason: %(reason)s")
    return words % {"until": until, "reason": reason}


def check_rate(draft: Draft) -> Finding | None:
    """More than anybody has to say in an hour."""
    if not draft.over_limit:
        return None
    words = (
        _("Too many comments came from your network in a short time. Try again in an hour.")
        if draft.over_limit == "network"
        else _("You have written a great deal in a short time. Try again in an hour.")
    )
    return Finding("rate", Verdict.REFUSE, words, {"limit": draft.over_limit})


def check_premoderation(draft: Draft) -> Finding | None:
    """Where the author looks at everything first."""
    if draft.is_staff or not draft.rules.looks_first:
        return None
    return Finding("premoderation", Verdict.HOLD, _("Every comment is looked at here first."))


def check_first_timer(draft: Draft) -> Finding | None:
    """Nobody knows them yet."""
    if draft.is_staff or not draft.rules.hold_first_timers or draft.standing.is_known:
        return None
    return Finding("first_timer", Verdict.HOLD, _("No comment of theirs was approved before."))
