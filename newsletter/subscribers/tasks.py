"""Answering requests in the background, and finishing what was lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

import structlog
from celery.contrib.django.task import DjangoTask
from django.conf import settings

from newsletter.lib.background import background_task
from newsletter.outbox.tasks import deliver_email
from newsletter.subscribers import actions
from newsletter.subscribers.actions.import_jobs import (
    abandoned_job_ids,
    claim_job,
    fail_job,
    release_job,
)
from newsletter.subscribers.actions.import_run import ImportRun
from newsletter.subscribers.actions.importing import finish_import
from newsletter.subscribers.importing.files import UnreadableFileError
from newsletter.subscribers.models import ImportJob, SubscriberImport
from newsletter.subscribers.queries import waiting_request_ids

log = structlog.get_logger(__name__)

# A fresh request has its own nudge under way; the sweep looks for those whose nudge was lost.
PATIENCE = timedelta(seconds=5)
SWEEP_LIMIT = 200
# A task is short even when the list is long; then it tells itself to go on. It works at least as
# long as it took to come to where the last one ended: else a long list would see little else.
RUN_SECONDS = 30.0


@background_task
def answer_subscription_request(request_id: int) -> None:
    """Mail the answer to a request. Running it twice does nothing the second time."""
    email = actions.answer_request(request_id=request_id)
    if email is not None:
        deliver_email.delay_on_commit(email.pk)


@background_task
def sweep_subscription_requests() -> None:
    """Answer requests whose nudge was lost."""
    for request_id in waiting_request_ids(overdue_by=PATIENCE, limit=SWEEP_LIMIT):
        answer_subscription_request.apply_async((request_id,), expires=settings.NUDGE_SECONDS)


@background_task
def purge_subscription_requests() -> None:
    """Forget the addresses of people who never confirmed, and the files of old imports."""
    actions.purge_unconfirmed()
    actions.purge_imports()


@background_task
def run_import(job_id: int) -> None:
    """Go on with a dry run or an import. Does nothing while another worker has it."""
    work_on(
        SubscriberImport,
        job_id,
        run=ImportRun,
        finish=finish_import,
        again=run_import,
        refusals=(UnreadableFileError,),
    )


@background_task
def sweep_imports() -> None:
    """Go on with runs whose worker was killed or whose nudge was lost."""
    for job_id in abandoned_job_ids(SubscriberImport):
        run_import.apply_async((job_id,), expires=settings.NUDGE_SECONDS)


class Run(Protocol):
    """One worker's run over one import. `advance` does a chunk; False where nothing is left."""

    def __enter__(self) -> Run: ...

    def __exit__(self, *_: object) -> None: ...

    def advance(self) -> bool: ...


def work_on(
    jobs: type[ImportJob],
    job_id: int,
    *,
    run: Callable[..., Run],
    finish: Callable[..., None],
    again: DjangoTask[[int], None],
    refusals: tuple[type[Exception], ...],
) -> None:
    """Claim a job and work on it, for a while; what is left is nudged `again`.

    `refusals` say in words for the author why a file cannot be read.
    """
    claim = claim_job(jobs, job_id=job_id)
    if claim is None:
        return
    began, until = time.monotonic(), 0.0
    try:
        with run(job_id=job_id, claim=claim) as under_way:
            while under_way.advance():
                now = time.monotonic()
                until = until or now + max(RUN_SECONDS, now - began)
                if now > until:
                    release_job(jobs, job_id=job_id, claim=claim)
                    again.delay(job_id)
                    return
        finish(job_id=job_id, claim=claim)
    except refusals as error:
        fail_job(jobs, job_id=job_id, claim=claim, error=str(error))
    except Exception as error:
        # Stored for the author, and raised for the log: never swallowed.
        log.exception("import failed", job=job_id)
        fail_job(jobs, job_id=job_id, claim=claim, error=f"{type(error).__name__}: {error}")
        raise
