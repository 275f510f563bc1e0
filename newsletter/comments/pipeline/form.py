"""Checks of the form: was it a person who filled it in? (C9)"""

from __future__ import annotations

from django.utils.translation import gettext as _

from newsletter.comments.enums import Verdict
from newsletter.comments.pipeline.draft import Draft, Finding


def check_trap(draft: Draft) -> Finding | None:
    """A field that people do not see."""
    if draft.is_staff or not draft.form.is_trapped:
        return None
    return Finding("trap", Verdict.SPAM, _("It filled in a field that people do not see."))


def check_time(draft: Draft) -> Finding | None:
    """Sent at once, or by a form that we never showed. Yesterday's form is a good one."""
    if draft.is_staff:
        return None
    if not draft.form.is_timed:
        return Finding("time", Verdict.HOLD, _("It did not come from a form that we had shown."))
    if draft.form.is_too_quick:
        return Finding("time", Verdict.HOLD, _("It was sent within two seconds."))
    return None


def check_work(draft: Draft) -> Finding | None:
    """A visitor's browser that did not solve its puzzle; without JavaScript none does."""
    asked = draft.rules.asks_for_work and draft.is_visitor and not draft.is_edit
    if not asked or draft.form.has_worked:
        return None
    return Finding(
        "work",
        Verdict.HOLD,
        _("Their browser did not solve the puzzle. Browsers without JavaScript never do."),
    )
