"""Pause, resume, cancel, retry, decide: each a page that asks once, and one action behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from newsletter.accounts.models import User
from newsletter.mailings import actions
from newsletter.mailings.admin import desk
from newsletter.mailings.models import Mailing
from newsletter.mailings.queries import Counts, mailing_counts
from newsletter.mailings.tasks import sweep_batches

if TYPE_CHECKING:
    from newsletter.mailings.admin.mailings import MailingAdmin


@dataclass(frozen=True, slots=True)
class Act:
    """One thing to do with a mailing."""

    heading: Any
    run: Callable[[User, Mailing], int | None]
    # What the page says before the button: takes the counts, may say a number of people.
    explain: Callable[[Counts], str]
    button: Callable[[Counts], str]
    done: Callable[[int | None], str]
    is_final: bool = False
    wakes_workers: bool = False


def act(model_admin: MailingAdmin, request: HttpRequest, pk: object, what: str) -> HttpResponse:
    """GET says what would happen and to how many; POST does it."""
    mailing = desk.find_to_change(model_admin, request, pk)
    if what not in ACTS:
        raise Http404
    chosen = ACTS[what]
    problem = ""
    if request.method == "POST":
        try:
            result = chosen.run(cast(User, request.user), mailing)
        except actions.IllegalMove as error:
            problem = str(error)
        else:
            if chosen.wakes_workers:
                sweep_batches.delay_on_commit()
            messages.success(request, chosen.done(result))
            return redirect("admin:newsletter_mailing_change", mailing.pk)
    counts = mailing_counts(mailing)
    context = {
        **desk.base_context(model_admin, request, mailing),
        "title": chosen.heading,
        "explanation": chosen.explain(counts),
        "button": chosen.button(counts),
        "is_final": chosen.is_final,
        "problem": problem,
    }
    status = 409 if problem else 200
    return TemplateResponse(request, "mailings/admin/act.html", context, status=status)


def _people(n: int) -> str:
    return ngettext("%(n)s person", "%(n)s people", n) % {"n": f"{n:,}"}


def _pause(actor: User, mailing: Mailing) -> None:
    actions.pause_mailing(actor=actor, mailing=mailing)


def _resume(actor: User, mailing: Mailing) -> None:
    actions.resume_mailing(actor=actor, mailing=mailing)


def _unschedule(actor: User, mailing: Mailing) -> None:
    actions.unschedule_mailing(actor=actor, mailing=mailing)


def _cancel(actor: User, mailing: Mailing) -> int:
    return actions.cancel_mailing(actor=actor, mailing=mailing)


def _retry(actor: User, mailing: Mailing) -> int:
    return actions.retry_failed(actor=actor, mailing=mailing)


def _send_again(actor: User, mailing: Mailing) -> int:
    return actions.decide_unknown(actor=actor, mailing=mailing, send_again=True)


def _count_as_sent(actor: User, mailing: Mailing) -> int:
    return actions.decide_unknown(actor=actor, mailing=mailing, send_again=False)


ACTS: dict[str, Act] = {
    "pause": Act(
        gettext_lazy("Pause"),
        _pause,
        lambda c: (
            _(
                "%(people)s still wait. The few in hand are finished; then nothing more goes "
                "out until you resume."
            )
            % {"people": _people(c.queued)}
        ),
        lambda c: _("Pause"),
        lambda _n: _("Paused."),
    ),
    "resume": Act(
        gettext_lazy("Resume"),
        _resume,
        lambda c: _("It goes on exactly where it stopped."),
        lambda c: _("Send to the other %(people)s") % {"people": _people(c.queued)},
        lambda _n: _("It goes on."),
        wakes_workers=True,
    ),
    "unschedule": Act(
        gettext_lazy("Do not send at that time"),
        _unschedule,
        lambda c: _("It becomes a draft again and can be changed."),
        lambda c: _("Make it a draft"),
        lambda _n: _("It is a draft again."),
    ),
    "cancel": Act(
        gettext_lazy("Cancel the mailing"),
        _cancel,
        lambda c: (
            _(
                "%(had)s have been sent it and keep it. %(left)s will not get it. This cannot "
                "be undone."
            )
            % {"had": _people(c.accepted), "left": _people(c.queued)}
            if c.total
            else _("Nobody has been sent it, and nobody will be. This cannot be undone.")
        ),
        lambda c: (
            _("Cancel it for %(people)s") % {"people": _people(c.queued)}
            if c.queued
            else _("Cancel it")
        ),
        lambda n: _("Cancelled. %(people)s will not get it.") % {"people": _people(n or 0)},
        is_final=True,
    ),
    "retry": Act(
        gettext_lazy("Try the failed ones again"),
        _retry,
        lambda c: _(
            "Only those whom the mail server refused get another attempt; nobody who has "
            "it gets it twice."
        ),
        lambda c: _("Try %(people)s again") % {"people": _people(c.failed)},
        lambda n: _("%(people)s wait for another attempt.") % {"people": _people(n or 0)},
        wakes_workers=True,
    ),
    "send-again": Act(
        gettext_lazy("Send to the unknown ones again"),
        _send_again,
        lambda c: (
            _(
                "The connection broke while %(people)s were being served. Whoever had it by "
                "then gets it twice."
            )
            % {"people": _people(c.unknown)}
        ),
        lambda c: _("Send to %(people)s again") % {"people": _people(c.unknown)},
        lambda n: _("%(people)s are sent it again.") % {"people": _people(n or 0)},
        wakes_workers=True,
    ),
    "count-as-sent": Act(
        gettext_lazy("Count the unknown ones as sent"),
        _count_as_sent,
        lambda c: (
            _(
                "The connection broke while %(people)s were being served. Whoever did not "
                "have it by then never gets it. This cannot be undone."
            )
            % {"people": _people(c.unknown)}
        ),
        lambda c: _("Count %(people)s as sent") % {"people": _people(c.unknown)},
        lambda n: _("%(people)s count as sent.") % {"people": _people(n or 0)},
        is_final=True,
    ),
}
