"""How the row of an import in the background moves, whatever is brought in.

A run claims it with a lease; a chunk's work and where it ended are committed together, under the
claim. So a run that is killed anywhere goes on at the next chunk, two workers never write the same
one, and cancelling takes effect at the next border. Who may, each slice asks.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from newsletter.subscribers.enums import ImportState
from newsletter.subscribers.models import ImportJob

# Longer than any chunk takes; a killed worker's job is taken over after that.
LEASE = timedelta(seconds=60)
RUNNING = (ImportState.CHECKING, ImportState.IMPORTING)
KEEP_FILES = timedelta(days=30)

Jobs = type[ImportJob]
_FREE: dict[str, Any] = {"claim": "", "lease_until": None}


class WrongStepError(RuntimeError):
    """The import has moved on since the page was shown."""


def from_the_start() -> dict[str, Any]:
    """The fields of a job that has done nothing yet."""
    return {"done_lines": 0, "resume_offset": 0, "counts": {}, "error": "", **_FREE}


def claim_job(jobs: Jobs, *, job_id: int) -> str | None:
    """Take a running job whose lease is free; returns the claim, or None."""
    now = timezone.now()
    claim = secrets.token_hex(8)
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    moved = jobs._default_manager.filter(free, pk=job_id, state__in=RUNNING).update(
        claim=claim, lease_until=now + LEASE
    )
    return claim if moved else None


def renew_job(jobs: Jobs, *, job_id: int, claim: str) -> bool:
    """Give a sign of life; False where the job is another's by now, or cancelled."""
    ours = jobs._default_manager.filter(pk=job_id, claim=claim, state__in=RUNNING)
    return bool(ours.update(lease_until=timezone.now() + LEASE))


def release_job(jobs: Jobs, *, job_id: int, claim: str) -> None:
    """Let another task go on at once."""
    jobs._default_manager.filter(pk=job_id, claim=claim).update(**_FREE)


def finish_job(jobs: Jobs, *, job_id: int, claim: str) -> None:
    """Write down that the last line is done."""
    ours = jobs._default_manager.filter(pk=job_id, claim=claim)
    ours.filter(state=ImportState.CHECKING).update(state=ImportState.CHECKED, **_FREE)
    ours.filter(state=ImportState.IMPORTING).update(
        state=ImportState.DONE, finished_at=timezone.now(), **_FREE
    )


def fail_job(jobs: Jobs, *, job_id: int, claim: str, error: str) -> None:
    """Write down why it cannot go on."""
    jobs._default_manager.filter(pk=job_id, claim=claim, state__in=RUNNING).update(
        state=ImportState.FAILED, error=error[:2_000], **_FREE
    )


def resume_job(job: ImportJob) -> None:
    """Go on with one that failed while it wrote. Raises WrongStepError unless it has failed."""
    failed = type(job)._default_manager.filter(pk=job.pk, state=ImportState.FAILED)
    if not failed.update(state=ImportState.IMPORTING, error="", **_FREE):
        raise WrongStepError


def cancel_job(job: ImportJob) -> bool:
    """Stop at the next chunk; what is in stays in. False where it had ended before."""
    ended = [ImportState.DONE, ImportState.CANCELLED]
    going = type(job)._default_manager.filter(pk=job.pk).exclude(state__in=ended)
    state = {"state": ImportState.CANCELLED, "finished_at": timezone.now()}
    return bool(going.update(**state, **_FREE))


def abandoned_job_ids(jobs: Jobs) -> list[int]:
    """Runs that nobody holds."""
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=timezone.now())
    rows = jobs._default_manager.filter(free, state__in=RUNNING)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def old_jobs(jobs: Jobs) -> list[ImportJob]:
    """Those whose files and reports are to be forgotten, for they hold addresses."""
    before = timezone.now() - KEEP_FILES
    old = jobs._default_manager.filter(created_at__lt=before).exclude(state__in=RUNNING)
    return list(old.exclude(file=""))


def forget_file(job: ImportJob) -> None:
    """The file goes; its row and the numbers stay."""
    job.file.delete(save=False)
    job.file = ""
    job.save(update_fields=["file"])
