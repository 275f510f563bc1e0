"""Batches change hands here: claimed under a lease, renewed, given back, taken from the dead."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from newsletter.mailings import conf
from newsletter.mailings.actions import circuit
from newsletter.mailings.actions.common import note
from newsletter.mailings.enums import BatchState, DeliveryState, EventKind, MailingState
from newsletter.mailings.models import Batch, Delivery, Mailing

# Any number, the same in all processes: PostgreSQL's lock around the counting of slots.
_SLOT_LOCK = 0x6D617374


def due_batches(now: datetime) -> QuerySet[Batch]:
    """Batches that may be claimed now: the least tried first, and of these the lowest number.

    So mailings take turns, and the notice of a lesson to a few does not wait until an issue to
    everybody is through.
    """
    return (
        Batch.objects.filter(
            Q(not_before__isnull=True) | Q(not_before__lte=now),
            state=BatchState.QUEUED,
            mailing__state=MailingState.SENDING,
        )
        .exclude(mailing__newsletter__sender_address__in=circuit.stopped_senders(now))
        .order_by("attempt", "number", "mailing_id")
    )


def free_slots(now: datetime) -> int:
    """How many more batches may be under way; an expired claim takes no slot."""
    taken = Batch.objects.filter(state=BatchState.CLAIMED, lease_until__gt=now).count()
    return max(0, conf.parallel_batches() - taken)


def claim_batch(*, batch_id: int | None = None) -> Batch | None:
    """Claim the given batch, or the next that is due; None when there is none to be had.

    None too where it is claimed or done (a task delivered twice, M3), not due, its sender
    stopped, its mailing not sending, or all slots taken.
    """
    now = timezone.now()
    with transaction.atomic():
        _lock_slots()
        if free_slots(now) == 0:
            return None
        candidates = due_batches(now)
        if batch_id is not None:
            candidates = candidates.filter(pk=batch_id)
        batch = _pick(candidates)
        if batch is None or not circuit.may_try(batch.mailing.newsletter.sender_address, now):
            return None
        batch.claim = secrets.token_hex(16)
        batch.attempt += 1
        taken = Batch.objects.filter(pk=batch.pk, state=BatchState.QUEUED).update(
            state=BatchState.CLAIMED,
            claim=batch.claim,
            lease_until=now + conf.lease(),
            attempt=batch.attempt,
            not_before=None,
        )
    return batch if taken == 1 else None


def _lock_slots() -> None:
    """Count slots one at a time. SQLite has one writer anyway; PostgreSQL needs a lock for it."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_SLOT_LOCK])


def _pick(candidates: QuerySet[Batch]) -> Batch | None:
    """The first candidate that nobody else is about to take."""
    candidates = candidates.select_related("mailing__newsletter", "mailing__article")
    if connection.features.has_select_for_update_skip_locked:
        candidates = candidates.select_for_update(skip_locked=True, of=("self",))
    return candidates.first()


def renew_claim(batch: Batch) -> bool:
    """Prolong the lease; False when the batch is no longer ours or its mailing not sending."""
    rows = Batch.objects.filter(
        pk=batch.pk,
        claim=batch.claim,
        state=BatchState.CLAIMED,
        mailing__state=MailingState.SENDING,
    )
    return rows.update(lease_until=timezone.now() + conf.lease()) == 1


def release_batch(batch: Batch, *, not_before: datetime | None = None) -> bool:
    """Give a claimed batch back: done when nothing of it waits, else to be claimed again.

    False when it is no longer ours. The batch's row is locked first, as whoever queues rows of it
    does too, so that a row queued this moment is not left in a batch that is done.
    """
    with transaction.atomic():
        ours = Batch.objects.select_for_update().filter(pk=batch.pk, claim=batch.claim)
        if not ours.exists():
            return False
        rows = Delivery.objects.filter(batch_id=batch.pk)
        queued = rows.filter(state=DeliveryState.QUEUED)
        if Mailing.objects.filter(pk=batch.mailing_id, state=MailingState.CANCELLED).exists():
            queued.update(state=DeliveryState.CANCELLED, changed_at=timezone.now())
        return (
            Batch.objects.filter(pk=batch.pk, claim=batch.claim).update(
                state=BatchState.QUEUED if queued.exists() else BatchState.DONE,
                claim="",
                lease_until=None,
                not_before=not_before,
            )
            == 1
        )


def expire_claims() -> int:
    """Take batches from workers that gave no sign of life; return how many.

    What they were just handing over may have been accepted: it becomes unknown, and is never
    sent again without a decision (M2). The rest of the batch goes on (M1).
    """
    now = timezone.now()
    expired = Batch.objects.filter(state=BatchState.CLAIMED, lease_until__lte=now)
    return sum(_expire(batch, now) for batch in expired)


def _expire(batch: Batch, now: datetime) -> bool:
    with transaction.atomic():
        taken = Batch.objects.filter(
            pk=batch.pk, claim=batch.claim, state=BatchState.CLAIMED, lease_until__lte=now
        ).update(state=BatchState.QUEUED, claim="", lease_until=None)
        if not taken:
            return False
        lost = Delivery.objects.filter(
            batch_id=batch.pk, state=DeliveryState.SENDING, claim=batch.claim
        ).update(
            state=DeliveryState.UNKNOWN,
            error=_("The worker ended while it was handing this over."),
            changed_at=now,
        )
        if lost:
            detail = ngettext(
                "A worker ended with %(n)d mail in hand.",
                "A worker ended with %(n)d mails in hand.",
                lost,
            )
            note(batch.mailing_id, EventKind.UNKNOWN, detail % {"n": lost})
        batch.claim = ""
        release_batch(batch)
    return True


def reopen_batches(mailing_id: int) -> None:
    """Let batches that were done be claimed again where a row of theirs was queued anew."""
    queued = Delivery.objects.filter(batch_id=OuterRef("pk"), state=DeliveryState.QUEUED)
    Batch.objects.filter(Exists(queued), mailing_id=mailing_id, state=BatchState.DONE).update(
        state=BatchState.QUEUED, not_before=None
    )


def lock_batches(mailing_id: int) -> None:
    """Hold a mailing's batches still until the transaction ends (nothing to do on SQLite).

    Before the mailing's own row is written to: `claim_batch` takes them in that order too, and two
    who took them crosswise would wait for each other.
    """
    list(
        Batch.objects.select_for_update()
        .filter(mailing_id=mailing_id)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
