"""Sending in the background, on the `urgent` queue: a code never waits behind a newsletter."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from newsletter.lib.background import background_task
from newsletter.outbox import actions
from newsletter.outbox.queries import due_email_ids

# A fresh mail has its own nudge under way; the sweep looks for those whose nudge was lost.
PATIENCE = timedelta(seconds=5)
SWEEP_LIMIT = 200


@background_task
def deliver_email(email_id: int) -> None:
    """Send one mail. Running it twice, or for a mail that is gone, does nothing."""
    actions.deliver(email_id=email_id)


@background_task
def sweep_outbox() -> None:
    """Finish what was lost: expired mail, claims of dead workers, nudges that never came."""
    actions.expire_overdue()
    actions.release_abandoned()
    for email_id in due_email_ids(overdue_by=PATIENCE, limit=SWEEP_LIMIT):
        # Worthless by the next sweep, which nudges again.
        deliver_email.apply_async((email_id,), expires=settings.NUDGE_SECONDS)


@background_task
def prune_outbox() -> None:
    """Forget old mail: its rows hold addresses."""
    actions.prune_settled()
