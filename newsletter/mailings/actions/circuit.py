"""A sender that does not work stops all its mailings, and nobody's mail is burnt (M13)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F
from django.utils.translation import gettext as _

from newsletter.mailings import conf
from newsletter.mailings.actions.common import note
from newsletter.mailings.enums import EventKind
from newsletter.mailings.models import Mailing, SenderCircuit


def stopped_senders(now: datetime) -> list[str]:
    """Senders whose next attempt lies in the future."""
    stopped = SenderCircuit.objects.filter(opened_at__isnull=False, retry_at__gt=now)
    return list(stopped.values_list("sender", flat=True))


def may_try(sender: str, now: datetime) -> bool:
    """Whether to send for `sender` now. Of all who ask at a stopped one, one is let through."""
    circuit = SenderCircuit.objects.filter(sender=sender, opened_at__isnull=False).first()
    if circuit is None:
        return True
    if circuit.retry_at is not None and circuit.retry_at > now:
        return False
    same = SenderCircuit.objects.filter(pk=circuit.pk, retry_at=circuit.retry_at)
    return same.update(retry_at=now + _wait(circuit.strikes)) == 1


def is_stopped(sender: str) -> bool:
    """Whether `sender` has not worked since it was stopped."""
    return SenderCircuit.objects.filter(sender=sender, opened_at__isnull=False).exists()


def open_circuit(*, mailing: Mailing, reason: str, now: datetime) -> datetime:
    """Stop the sender of `mailing` and tell the author; return when it is tried again."""
    sender = mailing.newsletter.sender_address
    circuit, _made = SenderCircuit.objects.get_or_create(sender=sender)
    retry_at = now + _wait(circuit.strikes)
    was_closed = SenderCircuit.objects.filter(pk=circuit.pk, opened_at__isnull=True).update(
        opened_at=now
    )
    SenderCircuit.objects.filter(pk=circuit.pk).update(
        retry_at=retry_at, reason=reason, strikes=F("strikes") + 1
    )
    if was_closed:
        note(
            mailing.pk,
            EventKind.HELD,
            _("%(sender)s: %(reason)s. Nobody's mail is lost; it is tried again by itself.")
            % {"sender": sender, "reason": reason},
        )
    return retry_at


def close_circuit(*, mailing: Mailing) -> None:
    """Let the sender go on: a message was accepted."""
    stopped = SenderCircuit.objects.filter(
        sender=mailing.newsletter.sender_address, opened_at__isnull=False
    )
    if stopped.update(opened_at=None, retry_at=None, reason="", strikes=0):
        note(mailing.pk, EventKind.RELEASED)


def _wait(strikes: int) -> timedelta:
    return min(conf.FIRST_RETRY * (1 << min(strikes, 10)), conf.LONGEST_RETRY)
