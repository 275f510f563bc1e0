"""Queueing, claiming and settling mail to one person.

A mail is claimed and the claim committed before the server is called. So a crash in the middle
leaves a row that says "sending", and the sweep knows that its outcome is unknown; it is sent
again only where a second copy does no harm. Any other keeps its texts for a while, so that the
author can decide.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Replace
from django.utils import timezone
from django.utils.html import escape
from django.utils.translation import gettext

from newsletter.lib.addresses import is_erased_address
from newsletter.lib.emails import render_email
from newsletter.outbox import gateway
from newsletter.outbox.enums import EmailState
from newsletter.outbox.gateway import Outcome, Result
from newsletter.outbox.late import render_late
from newsletter.outbox.models import OutgoingEmail
from newsletter.publication.queries import get_publication

logger = logging.getLogger(__name__)
LEASE = timedelta(minutes=5)
# connect, greeting, TLS, log-in, MAIL, RCPT, DATA, message: each may take settings.EMAIL_TIMEOUT.
STEPS = 8
# 15 s, 1 min, 4 min, 16 min, then every half hour: about a day in all.
FIRST_DELAY = timedelta(seconds=15)
LONGEST_DELAY = timedelta(minutes=30)
MAX_ATTEMPTS = 50
KEEP_SETTLED = timedelta(days=30)
KEEP_TROUBLED = timedelta(days=90)
# How long the texts of a mail whose outcome is unknown wait for the author's decision.
KEEP_UNDECIDED = timedelta(days=14)

AUTOMATIC_HEADERS = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}


class Actor(Protocol):
    """Whoever decides; people are known one slice further up."""

    def has_perm(self, perm: str) -> bool:
        """As Django's users answer."""


def queue_email(
    *,
    kind: str,
    to: str,
    template: str,
    context: dict[str, Any],
    expires_at: datetime | None = None,
    headers: dict[str, str] | None = None,
    safe_to_repeat: bool = False,
) -> OutgoingEmail:
    """Render `templates/emails/<template>/` and store it for sending; returns the row.

    The caller then says `deliver_email.delay_on_commit(row.pk)`. `context` gets `publication` and
    `site_url`. After `expires_at` the mail is dropped unsent. With `safe_to_repeat` it is sent
    again after an unknown outcome (codes, confirmations: losing one is worse than two copies).
    """
    publication = get_publication()
    rendered = render_email(
        template, {"publication": publication, "site_url": settings.SITE_URL, **context}
    )
    return OutgoingEmail.objects.create(
        kind=kind,
        to=to,
        subject=" ".join(rendered.subject.split())[:300],
        text=rendered.text,
        html=rendered.html,
        headers={**AUTOMATIC_HEADERS, **(headers or {})},
        next_attempt_at=timezone.now(),
        expires_at=expires_at,
        safe_to_repeat=safe_to_repeat,
    )


def queue_late_email(
    *,
    kind: str,
    to: str,
    about: dict[str, Any],
    subject: str,
    headers: dict[str, str] | None = None,
    expires_at: datetime | None = None,
) -> OutgoingEmail:
    """Queue a mail that is rendered as it goes out, or dropped then (see late.py).

    `about` is handed to what renders its `kind`; `subject` stands for it in the list of mail.
    """
    return OutgoingEmail.objects.create(
        kind=kind,
        to=to,
        about=about,
        subject=subject[:300],
        headers={**AUTOMATIC_HEADERS, **(headers or {})},
        next_attempt_at=timezone.now(),
        expires_at=expires_at,
    )


def deliver(*, email_id: int) -> EmailState | None:
    """Send one queued mail now. Returns its state afterwards, None where it was not ours to send.

    Not ours: sent already, being sent by another worker, waiting for its next attempt, or gone.
    """
    expire_overdue(only=email_id)
    claimed = _claim(email_id)
    if claimed is None:
        return None
    try:
        is_for_nobody = is_erased_address(claimed.to)
        is_dropped = is_for_nobody or bool(claimed.about and not _fill_in(claimed))
    except Exception as error:
        # Rendering is the code of whoever registered it. Nothing was handed over yet.
        logger.exception("Mail %s could not be rendered", email_id)
        return _settle(claimed, Outcome(Result.TRY_LATER, gateway.describe(error)))
    if is_dropped:
        return _settle(claimed, Outcome(Result.DROPPED))
    outcome = gateway.send(claimed, sender_name=get_publication().name)
    return _settle(claimed, outcome)


def _fill_in(email: OutgoingEmail) -> bool:
    """Give a mail its texts for this attempt, without storing them; False where it has none."""
    rendered = render_late(email.kind, email.about)
    if rendered is None:
        return False
    email.subject, email.text, email.html = rendered.subject[:300], rendered.text, rendered.html
    return True


def _claim(email_id: int) -> OutgoingEmail | None:
    """Take the mail for this worker; None where another has it. Committed when this returns."""
    now = timezone.now()
    with transaction.atomic(durable=True):
        taken = OutgoingEmail.objects.filter(
            Q(next_attempt_at__lte=now) | Q(next_attempt_at=None),
            pk=email_id,
            state=EmailState.QUEUED,
        ).update(state=EmailState.SENDING, attempts=F("attempts") + 1, lease_until=now + lease())
        return OutgoingEmail.objects.get(pk=email_id) if taken else None


def lease() -> timedelta:
    """How long a mail is this worker's: longer than any mail server may take."""
    return max(LEASE, timedelta(seconds=STEPS * settings.EMAIL_TIMEOUT) + timedelta(minutes=1))


def _settle(email: OutgoingEmail, outcome: Outcome) -> EmailState | None:
    """Write down what became of our attempt; nothing, if the sweep has taken it from us since."""
    now = timezone.now()
    if outcome.result is Result.ACCEPTED:
        fields = _final(EmailState.SENT, sent_at=now)
    elif outcome.result is Result.DROPPED:
        fields = _final(EmailState.EXPIRED)
    elif outcome.result is Result.REFUSED:
        fields = _final(EmailState.FAILED, error=outcome.detail)
    elif outcome.result is Result.UNKNOWN and not email.safe_to_repeat:
        fields = _undecided(outcome.detail)
    elif email.attempts >= MAX_ATTEMPTS:
        fields = _final(EmailState.FAILED, error=gettext("Gave up: %s") % outcome.detail)
    else:
        fields = {
            "state": EmailState.QUEUED,
            "lease_until": None,
            "error": outcome.detail,
            "next_attempt_at": now + (outcome.retry_after or back_off(email.attempts)),
        }
    # `attempts` tells our claim from a later one on the same row.
    ours = OutgoingEmail.objects.filter(
        pk=email.pk, state=EmailState.SENDING, attempts=email.attempts
    )
    state: EmailState = fields["state"]
    return state if ours.update(**fields) else None


def _final(state: EmailState, **fields: Any) -> dict[str, Any]:
    """Fields of a mail that is done with. Its bodies go, for they may hold a code or a link."""
    return {
        "state": state,
        "text": "",
        "html": "",
        "lease_until": None,
        "next_attempt_at": None,
        "error": "",
        **fields,
    }


def _undecided(reason: str) -> dict[str, Any]:
    """Fields of a mail that waits for the author's decision: its texts stay, to be sent again."""
    return {
        "state": EmailState.UNKNOWN,
        "lease_until": None,
        "next_attempt_at": None,
        "error": reason,
    }


def decide_unknown(*, actor: Actor, email: OutgoingEmail, send_again: bool) -> bool:
    """Settle a mail whose fate nobody knows; whether it was still unknown, and could be settled so.

    `send_again` risks that it comes twice, and needs the texts; the other way counts it as sent,
    and risks that it never comes. The caller then says `deliver_email.delay_on_commit(email.pk)`.
    """
    if not actor.has_perm("newsletter.change_outgoingemail"):
        raise PermissionDenied
    now = timezone.now()
    unknown = OutgoingEmail.objects.filter(pk=email.pk, state=EmailState.UNKNOWN)
    if not send_again:
        settled = _final(EmailState.SENT, error=gettext("Counted as sent by decision."))
        return bool(unknown.update(**settled))
    with transaction.atomic():
        # Locked, for what is too old loses its texts meanwhile.
        locked = unknown.select_for_update().first()
        if locked is None or not locked.can_be_sent_again(now):
            return False
        # `attempts` goes on: it tells the next claim from that of a worker thought dead.
        return bool(unknown.update(state=EmailState.QUEUED, next_attempt_at=now, error=""))


def back_off(attempts: int) -> timedelta:
    """How long to wait after the n-th attempt (n from 1)."""
    factor: int = 4 ** min(attempts - 1, 10)
    return min(FIRST_DELAY * factor, LONGEST_DELAY)


def expire_overdue(*, only: int | None = None) -> int:
    """Drop queued mail that is too late to be of use; returns how many."""
    overdue = OutgoingEmail.objects.filter(state=EmailState.QUEUED, expires_at__lte=timezone.now())
    if only is not None:
        overdue = overdue.filter(pk=only)
    return overdue.update(**_final(EmailState.EXPIRED))


def release_abandoned() -> int:
    """Settle mail whose worker died in the middle; returns how many rows were moved.

    A mail that may be repeated is queued again. Of any other the outcome stays unknown.
    """
    now = timezone.now()
    reason = gettext("The worker stopped while it was sending; the mail may have gone out.")
    abandoned = OutgoingEmail.objects.filter(state=EmailState.SENDING, lease_until__lt=now)
    again = abandoned.filter(safe_to_repeat=True, attempts__lt=MAX_ATTEMPTS).update(
        state=EmailState.QUEUED, lease_until=None, next_attempt_at=now, error=reason
    )
    undecided = abandoned.filter(safe_to_repeat=False).update(**_undecided(reason))
    return again + undecided + abandoned.update(**_final(EmailState.UNKNOWN, error=reason))


def erase_mail_to(*, address: str) -> int:
    """Forget every mail to one address, sent or not; returns how many. The caller may."""
    return OutgoingEmail.objects.filter(to=address).delete()[0]


def take_name_out_of_mail(*, name: str, kind: str, to: Iterable[str]) -> int:
    """Take a person's name out of mail of one kind to others, which quotes it; returns how many.

    What waits still goes, with a stroke where the name was. The caller has the permission.
    """
    escaped = Replace(Replace("html", Value(escape(name)), Value("…")), Value(name), Value("…"))
    quoting = OutgoingEmail.objects.filter(kind=kind, to__in=list(to), subject__contains=name)
    return quoting.update(
        subject=Replace("subject", Value(name), Value("…")),
        text=Replace("text", Value(name), Value("…")),
        html=escaped,
    )


def prune_settled() -> int:
    """Delete old rows, which hold addresses; returns how many. Trouble is kept longer.

    Texts of undecided mail that has become too old are blanked.
    """
    now = timezone.now()
    too_late = Q(created_at__lt=now - KEEP_UNDECIDED) | Q(expires_at__lte=now)
    OutgoingEmail.objects.filter(too_late, state=EmailState.UNKNOWN).exclude(
        text="", html=""
    ).update(text="", html="")
    settled, _ = OutgoingEmail.objects.filter(
        state__in=[EmailState.SENT, EmailState.EXPIRED], created_at__lt=now - KEEP_SETTLED
    ).delete()
    troubled, _ = OutgoingEmail.objects.filter(
        state__in=[EmailState.FAILED, EmailState.UNKNOWN], created_at__lt=now - KEEP_TROUBLED
    ).delete()
    return settled + troubled
