"""Nudges for the mail engine. Each finds its work in the database and may come twice or never."""

from __future__ import annotations

import mmap
from typing import Any

from celery.signals import worker_shutting_down
from django.conf import settings

from newsletter.lib.background import background_task
from newsletter.mailings import actions

# One byte that the worker's main process shares with the children it forks. Without it a child
# would go on until its time is up, and whoever stops the worker may not wait so long.
_stopping = mmap.mmap(-1, 1)


@worker_shutting_down.connect
def _stop_soon(**_: Any) -> None:
    """On SIGTERM: finish the mail in hand, give the batch back, and leave nothing unknown."""
    _stopping[0] = 1


@background_task
def start_due_mailings() -> None:
    """Every few seconds: take what authors want sent and set going what is due."""
    actions.collect_send_requests()
    actions.ask_about_overdue()
    for mailing_id in actions.due_mailings().values_list("pk", flat=True):
        prepare_mailing.apply_async((mailing_id,), expires=settings.NUDGE_SECONDS)


@background_task
def prepare_mailing(mailing_id: int) -> None:
    """Freeze one mailing and send its first batches."""
    if actions.prepare_mailing(mailing_id=mailing_id):
        sweep_batches()


@background_task
def send_batch(batch_id: int) -> None:
    """Send one batch and others after it for about half a minute, then hand on."""
    following = actions.send_batches(batch_id=batch_id, should_stop=lambda: _stopping[0] == 1)
    if following is not None:
        send_batch.apply_async((following,), expires=settings.NUDGE_SECONDS)


@background_task
def sweep_batches() -> None:
    """Every few seconds: take over from the dead, finish, and nudge every batch that is due."""
    for batch_id in actions.sweep():
        send_batch.apply_async((batch_id,), expires=settings.NUDGE_SECONDS)
