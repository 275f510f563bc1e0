"""Copies and erasures in the background, and finishing what was lost."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from newsletter.lib.background import background_task
from newsletter.members import actions
from newsletter.members.queries import due_erasure_ids, due_export_ids
from newsletter.outbox.tasks import deliver_email

# A fresh row has its own nudge under way; the sweep looks for those whose nudge was lost.
PATIENCE = timedelta(seconds=5)


@background_task
def make_export(export_id: int) -> None:
    """Make one copy. Running it twice does nothing the second time."""
    mail = actions.make_export(export_id=export_id)
    if mail is not None:
        deliver_email.delay_on_commit(mail.pk)


@background_task
def erase_account(erasure_id: int) -> None:
    """Carry out one erasure, or go on with it."""
    actions.finish_erasure(erasure_id=erasure_id)


@background_task
def sweep_personal_data() -> None:
    """Take up copies and erasures whose nudge was lost or whose worker died."""
    for export_id in due_export_ids(overdue_by=PATIENCE):
        make_export.apply_async((export_id,), expires=settings.NUDGE_SECONDS)
    for erasure_id in due_erasure_ids(overdue_by=PATIENCE):
        erase_account.apply_async((erasure_id,), expires=settings.NUDGE_SECONDS)


@background_task
def prune_exports() -> None:
    """Delete copies whose days are over."""
    actions.delete_old_exports()


@background_task
def repeat_erasures() -> None:
    """Blank what came in about people after they were erased."""
    actions.repeat_recent_erasures()
