"""Nudges about money. Each finds its work in the database, so running one twice does no harm."""

from __future__ import annotations

from datetime import timedelta

from newsletter.lib.background import background_task
from newsletter.outbox.tasks import deliver_email
from newsletter.payments import actions
from newsletter.payments.gateway import is_open
from newsletter.payments.queries import due_event_ids

# A fresh event has its own nudge under way; the sweep looks for those whose nudge was lost.
PATIENCE = timedelta(seconds=5)
SWEEP_LIMIT = 200


@background_task
def handle_event(event_id: int) -> None:
    """Handle one event of Stripe's. Does nothing where it is done or under way."""
    actions.handle_event(event_id=event_id)


@background_task
def sweep_events() -> None:
    """Handle events whose nudge was lost, whose worker died, or whose next try is due."""
    for event_id in due_event_ids(overdue_by=PATIENCE, limit=SWEEP_LIMIT):
        # Worthless by the next sweep, which nudges again.
        handle_event.apply_async((event_id,), expires=60)


@background_task
def reconcile(run_id: int) -> None:
    """Run a comparison that was asked for on the admin's page."""
    actions.reconcile(run_id=run_id)


@background_task
def reconcile_nightly() -> None:
    """Compare everything with Stripe and mend what differs, unless it is under way."""
    if is_open():
        report = actions.start_reconciliation()
        if report is not None:
            actions.reconcile(run_id=report.pk)


@background_task
def end_grace_periods() -> None:
    """Write to those whose days of grace are over."""
    actions.end_grace_periods()


@background_task
def deliver_due_gifts() -> None:
    """Deliver the paid gifts whose day has come."""
    for mail in actions.deliver_due_gifts():
        deliver_email.delay_on_commit(mail.pk)


@background_task
def prune_events() -> None:
    """Forget old events: they hold addresses."""
    actions.prune_events()


@background_task
def push_catalogue() -> None:
    """Bring to Stripe what could not be brought there when it was made."""
    if is_open():
        actions.push_waiting()
