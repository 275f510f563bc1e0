"""What a sweep mends, so that nothing depends on a nudge that arrived."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from newsletter.mailings.actions.claiming import (
    due_batches,
    expire_claims,
    free_slots,
    reopen_batches,
)
from newsletter.mailings.actions.decisions import finish_mailings
from newsletter.mailings.enums import BatchState, DeliveryState, MailingState
from newsletter.mailings.models import Batch, Delivery, Mailing


def sweep() -> list[int]:
    """Mend and finish what can be; return ids of batches to send now, as many as slots are free."""
    expire_claims()
    _mend()
    finish_mailings()
    now = timezone.now()
    return list(due_batches(now).values_list("pk", flat=True)[: free_slots(now)])


def _mend() -> None:
    """Put right what a worker that was thought dead wrote after its batch was closed."""
    live = Mailing.objects.filter(
        Q(state__in=[MailingState.SENDING, MailingState.PAUSED])
        | Q(state=MailingState.CANCELLED, finished_at__gt=timezone.now() - timedelta(days=1))
    )
    # In hand, and in nobody's: no way leads there, and one that did would never end by itself.
    Delivery.objects.filter(
        mailing_id__in=list(live.values_list("pk", flat=True)), state=DeliveryState.SENDING
    ).exclude(batch__state=BatchState.CLAIMED).update(
        state=DeliveryState.UNKNOWN, changed_at=timezone.now()
    )
    queued = Delivery.objects.filter(batch_id=OuterRef("pk"), state=DeliveryState.QUEUED)
    left = Batch.objects.filter(
        Exists(queued),
        mailing_id__in=list(live.values_list("pk", flat=True)),
        state=BatchState.DONE,
    )
    for mailing in Mailing.objects.filter(pk__in=set(left.values_list("mailing_id", flat=True))):
        if mailing.state == MailingState.CANCELLED:
            Delivery.objects.filter(mailing=mailing, state=DeliveryState.QUEUED).update(
                state=DeliveryState.CANCELLED, changed_at=timezone.now()
            )
        else:
            reopen_batches(mailing.pk)
