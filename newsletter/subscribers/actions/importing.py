"""Bringing in a list: upload, dry run, import in chunks that survive a kill (M24).

A chunk's people, its report lines and the byte where it ended are committed together
(import_jobs.py says the rest). Nobody is ever mailed.
"""

from __future__ import annotations

import tempfile
from pathlib import PurePath

from django.core.exceptions import PermissionDenied
from django.core.files import File
from django.db import transaction

from newsletter.accounts.models import User
from newsletter.subscribers.actions.import_jobs import (
    WrongStepError,
    cancel_job,
    claim_job,
    finish_job,
    forget_file,
    from_the_start,
    old_jobs,
    resume_job,
)
from newsletter.subscribers.enums import ImportState
from newsletter.subscribers.importing.columns import Columns, guess_columns
from newsletter.subscribers.importing.files import transcode
from newsletter.subscribers.importing.records import read_sample, sniff_delimiter
from newsletter.subscribers.models import ImportLine, Newsletter, SubscriberImport
from newsletter.subscribers.queries import forget_counts


def upload_import(
    *, actor: User, newsletter: Newsletter, upload: File[bytes], name: str
) -> SubscriberImport:
    """Keep an uploaded list as UTF-8, with a first guess of its columns.

    Raises UnreadableFileError with a message for the author.
    """
    _require(actor)
    with tempfile.TemporaryFile() as plain:
        encoding = transcode(upload.file, plain)  # type: ignore[arg-type]
        delimiter = sniff_delimiter(plain)
        columns = guess_columns(read_sample(plain, delimiter=delimiter))
        plain.seek(0)
        job = SubscriberImport(
            newsletter=newsletter,
            original_name=PurePath(name).name[:255],
            dialect={"encoding": encoding, "delimiter": delimiter},
            mapping=columns.as_json() if columns else {},
            created_by=actor,
        )
        job.file.save("list.csv", File(plain), save=False)
        job.save()
    return job


def check_import(*, actor: User, job: SubscriberImport, columns: Columns) -> None:
    """Start a dry run with these columns; the caller then has `run_import` told.

    Raises WrongStepError unless the import waits for it.
    """
    _require(actor)
    waiting = [ImportState.UPLOADED, ImportState.CHECKED, ImportState.FAILED]
    with transaction.atomic():
        moved = SubscriberImport.objects.filter(
            pk=job.pk, state__in=waiting, consent_statement=""
        ).update(state=ImportState.CHECKING, mapping=columns.as_json(), **from_the_start())
        if not moved:
            raise WrongStepError
        ImportLine.objects.filter(job=job).delete()


def start_import(*, actor: User, job: SubscriberImport, statement: str) -> None:
    """Start the import itself; `statement` says how these people agreed.

    Raises WrongStepError unless its dry run is done.
    """
    _require(actor)
    if not statement.strip():
        raise ValueError("An import needs a statement of how the people agreed.")
    with transaction.atomic():
        moved = SubscriberImport.objects.filter(pk=job.pk, state=ImportState.CHECKED).update(
            state=ImportState.IMPORTING, consent_statement=statement.strip(), **from_the_start()
        )
        if not moved:
            raise WrongStepError
        ImportLine.objects.filter(job=job).delete()


def resume_import(*, actor: User, job: SubscriberImport) -> None:
    """Go on with a failed import where it stopped. Raises WrongStepError unless one has failed."""
    _require(actor)
    if not job.consent_statement:
        raise WrongStepError
    resume_job(job)


def cancel_import(*, actor: User, job: SubscriberImport) -> bool:
    """Stop at the next chunk; what is in stays in. False where it had ended before."""
    _require(actor)
    return cancel_job(job)


def claim_import(*, job_id: int) -> str | None:
    """Take a running job whose lease is free; returns the claim, or None."""
    return claim_job(SubscriberImport, job_id=job_id)


def finish_import(*, job_id: int, claim: str) -> None:
    """Write down that the last line is done."""
    finish_job(SubscriberImport, job_id=job_id, claim=claim)
    forget_counts()


def purge_imports() -> int:
    """Forget files and reports of old imports: they hold addresses. Returns how many."""
    old = old_jobs(SubscriberImport)
    for job in old:
        ImportLine.objects.filter(job_id=job.pk).delete()
        forget_file(job)
    return len(old)


def _require(actor: User) -> None:
    if not actor.has_perm("newsletter.add_subscriberimport"):
        raise PermissionDenied
