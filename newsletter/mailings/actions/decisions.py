"""What the author decides afterwards, and the end of a mailing."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from newsletter.accounts.models import User
from newsletter.mailings.actions.claiming import lock_batches, reopen_batches
from newsletter.mailings.actions.common import move, note, require_right
from newsletter.mailings.audience import had_it_elsewhere
from newsletter.mailings.enums import DeliveryState, EventKind, MailingState
from newsletter.mailings.models import Delivery, Mailing
from newsletter.mailings.queries import finished_mailings, mailing_counts


@transaction.atomic
def retry_failed(*, actor: User, mailing: Mailing) -> int:
    """Queue the failed rows of a mailing again, and these alone; return how many.

    Nothing happens while it is paused, cancelled or not yet sending.
    """
    require_right(actor)
    now = timezone.now()
    lock_batches(mailing.pk)
    if not _make_sending(mailing, now):
        return 0
    failed = Delivery.objects.filter(mailing=mailing, state=DeliveryState.FAILED)
    if mailing.article_id is not None:
        # The article may have gone out once more since, and reached some of them (M5).
        failed = failed.filter(~had_it_elsewhere(mailing))
    count = failed.update(
        state=DeliveryState.QUEUED, claim="", attempts=0, error="", changed_at=now
    )
    reopen_batches(mailing.pk)
    if count:
        note(mailing.pk, EventKind.RETRIED, count, actor=actor)
    finish_mailings()
    return count


@transaction.atomic
def decide_unknown(*, actor: User, mailing: Mailing, send_again: bool) -> int:
    """Settle the rows whose fate nobody knows; return how many.

    `send_again` risks that some get it twice; the other way counts them as sent, and risks that
    some do not get it at all. In a cancelled mailing they can only be counted as sent.
    """
    require_right(actor)
    now = timezone.now()
    mailing.refresh_from_db(fields=["state"])
    if mailing.state == MailingState.CANCELLED and send_again:
        return 0
    lock_batches(mailing.pk)
    rows = Delivery.objects.filter(mailing=mailing, state=DeliveryState.UNKNOWN)
    if send_again:
        # The old claim goes, so that a worker thought dead can no longer write to the row.
        count = rows.update(
            state=DeliveryState.QUEUED, claim="", attempts=0, error="", changed_at=now
        )
        reopen_batches(mailing.pk)
    else:
        count = rows.update(
            state=DeliveryState.ACCEPTED, error=_("Counted as sent by decision."), changed_at=now
        )
    if count:
        said = (
            ngettext("%(n)d sent again", "%(n)d sent again", count)
            if send_again
            else ngettext("%(n)d counted as sent", "%(n)d counted as sent", count)
        )
        note(mailing.pk, EventKind.DECIDED, said % {"n": count}, actor=actor)
        Mailing.objects.filter(pk=mailing.pk).update(active_at=now)
    finish_mailings()
    return count


def finish_mailings() -> int:
    """End every mailing with nothing queued, in hand or unknown; return how many.

    One that nobody accepted has failed, and says so.
    """
    return sum(_finish(mailing) for mailing in finished_mailings())


def _finish(mailing: Mailing) -> bool:
    counts = mailing_counts(mailing)
    if counts.accepted:
        to, error = MailingState.SENT, ""
    elif counts.failed:
        to, error = MailingState.FAILED, _("The mail server refused every address.")
    else:
        to, error = MailingState.FAILED, _("Everyone had left before it could be sent.")
    with transaction.atomic():
        _lock(mailing)
        # Asked again inside, in a statement of its own: a row may have been queued since.
        still = finished_mailings().filter(pk=mailing.pk).exists()
        done = still and move(
            mailing.pk, [MailingState.SENDING], to, finished_at=timezone.now(), error=error
        )
        if done:
            kind = EventKind.SENT if to == MailingState.SENT else EventKind.FAILED
            note(mailing.pk, kind, error)
    return done


def _lock(mailing: Mailing) -> None:
    """Hold the mailing's row until the transaction ends: its end waits for a retry, or that for it.

    Changes nothing for SQLite, which has one writer anyway.
    """
    Mailing.objects.select_for_update().filter(pk=mailing.pk).values_list("pk").first()


def _make_sending(mailing: Mailing, now: object) -> bool:
    """Bring a finished mailing back to sending; True too when it is sending already."""
    if mailing.prepared_at is None:
        return False
    _lock(mailing)
    move(
        mailing.pk,
        [MailingState.SENT, MailingState.FAILED],
        MailingState.SENDING,
        finished_at=None,
        error="",
        active_at=now,
    )
    # Sending all the while, it may have waited for days for a decision: that made it no older (M7).
    sending = Mailing.objects.filter(pk=mailing.pk, state=MailingState.SENDING)
    is_sending = sending.update(active_at=now) == 1
    mailing.refresh_from_db(fields=["state"])
    return is_sending
