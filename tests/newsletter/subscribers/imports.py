"""Lists to bring in, and the worker's part."""

from __future__ import annotations

import io
from typing import Any

from django.core.files import File

from newsletter.accounts.models import User
from newsletter.subscribers import actions
from newsletter.subscribers.actions.import_run import ImportRun
from newsletter.subscribers.actions.importing import claim_import, finish_import
from newsletter.subscribers.importing.columns import Columns
from newsletter.subscribers.models import Newsletter, SubscriberImport


def upload(author: User, newsletter: Newsletter, content: str | bytes) -> SubscriberImport:
    """Upload a list as the author does."""
    raw = content.encode() if isinstance(content, str) else content
    return actions.upload_import(
        actor=author, newsletter=newsletter, upload=File(io.BytesIO(raw)), name="people.csv"
    )


def run(job: SubscriberImport, *, chunks: int | None = None) -> bool:
    """Work on the job like a worker; with `chunks` die after so many. True when finished."""
    claim = claim_import(job_id=job.pk)
    assert claim, "another worker has it"
    with ImportRun(job_id=job.pk, claim=claim) as running:
        done = 0
        while chunks is None or done < chunks:
            if not running.advance():
                finish_import(job_id=job.pk, claim=claim)
                job.refresh_from_db()
                return True
            done += 1
    job.refresh_from_db()
    return False


def check(author: User, job: SubscriberImport, **changes: Any) -> SubscriberImport:
    """Dry run."""
    actions.check_import(actor=author, job=job, columns=Columns(**(job.mapping | changes)))
    run(job)
    return job


def bring_in(author: User, newsletter: Newsletter, content: str | bytes) -> SubscriberImport:
    """Upload, dry run and import."""
    job = check(author, upload(author, newsletter, content))
    actions.start_import(actor=author, job=job, statement="They ticked a box at the fair.")
    run(job)
    return job
