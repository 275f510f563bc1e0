"""What the tests of sending share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.utils import timezone

from newsletter.mailings import actions
from newsletter.mailings.models import Batch, Mailing, SenderCircuit
from newsletter.mailings.outcomes import Outcome
from newsletter.mailings.queries import mailing_counts
from newsletter.mailings.transport.smtp import SmtpTransport


def counts(mailing: Mailing) -> dict[str, int]:
    """Non-zero counts by name; checks on the way that they add up."""
    mailing.refresh_from_db()
    found = mailing_counts(mailing)
    assert found.total == found.audience
    names = ("accepted", "failed", "suppressed", "unknown", "queued", "sending", "cancelled")
    return {name: getattr(found, name) for name in names if getattr(found, name)}


def send_once() -> None:
    """One task, as beat would nudge it."""
    for batch_id in actions.sweep():
        actions.send_batches(batch_id=batch_id)


@contextmanager
def at_message(number: int, act: Callable[[], object]) -> Iterator[None]:
    """Do something just before the given message is handed over, as another process might."""
    send = SmtpTransport.send
    sent = count(1)

    def send_and_act(self: SmtpTransport, *args: Any) -> Outcome:
        if next(sent) == number:
            act()
        return send(self, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SmtpTransport, "send", send_and_act)
        yield


def later() -> None:
    """Let the time pass that batches and senders wait for."""
    past = timezone.now() - timedelta(seconds=1)
    Batch.objects.filter(not_before__isnull=False).update(not_before=past)
    SenderCircuit.objects.filter(retry_at__isnull=False).update(retry_at=past)
