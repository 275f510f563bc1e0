"""What happens to comments by the clock, and exports of them that are brought in."""

from __future__ import annotations

from functools import partial

from django.conf import settings

from newsletter.comments.actions import (
    due_cases,
    purge_akismet_cases,
    purge_comment_imports,
    purge_unconfirmed_comments,
    send_due_digests,
    work_on_case,
)
from newsletter.comments.actions.import_run import CommentImportRun
from newsletter.comments.importing.stream import NotAnExportError
from newsletter.comments.models import CommentImport
from newsletter.lib.background import background_task
from newsletter.subscribers.actions.import_jobs import abandoned_job_ids, finish_job
from newsletter.subscribers.tasks import work_on

SWEEP_LIMIT = 50


@background_task
def purge_comments() -> int:
    """Forget what visitors wrote and never confirmed, where comments came from, old exports."""
    purge_comment_imports()
    return purge_unconfirmed_comments() + purge_akismet_cases()


@background_task
def send_digests() -> int:
    """Queue the daily mail of new comments for whoever is due."""
    return send_due_digests()


@background_task
def run_comment_import(job_id: int) -> None:
    """Go on with a dry run or an import. Does nothing while another worker has it."""
    work_on(
        CommentImport,
        job_id,
        run=CommentImportRun,
        finish=partial(finish_job, CommentImport),
        again=run_comment_import,
        refusals=(NotAnExportError,),
    )


@background_task
def sweep_comment_imports() -> None:
    """Go on with runs whose worker was killed or whose nudge was lost."""
    for job_id in abandoned_job_ids(CommentImport):
        run_comment_import.apply_async((job_id,), expires=settings.NUDGE_SECONDS)


@background_task
def sweep_akismet() -> None:
    """Have Akismet asked about what waits for it, and told where it was wrong."""
    for case_id in due_cases(SWEEP_LIMIT):
        # Worthless by the next sweep, which nudges again.
        work_with_akismet.apply_async((case_id,), expires=settings.NUDGE_SECONDS)


@background_task
def work_with_akismet(case_id: int) -> None:
    """One question or one word to Akismet. Running it twice does nothing the second time."""
    work_on_case(case_id=case_id)
