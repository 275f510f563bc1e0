"""An export of comments that was uploaded: dry run, where each page's go, import, going on.

How its row moves is the subscribers' `import_jobs`; what becomes of a comment is importing.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from django.core.exceptions import PermissionDenied
from django.core.files import File
from django.db import transaction
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.comments.importing.stream import check_export
from newsletter.comments.models import CommentImport, CommentImportLine, ImportedPiece
from newsletter.subscribers.actions.import_jobs import (
    WrongStepError,
    cancel_job,
    forget_file,
    from_the_start,
    old_jobs,
    resume_job,
)
from newsletter.subscribers.enums import ImportState


def upload_comments(*, actor: User, upload: File[bytes], name: str) -> CommentImport:
    """Keep an uploaded export, its dry run due; the caller then has `run_comment_import` told.

    Raises NotAnExportError with a message for the author.
    """
    _require(actor)
    check_export(upload)
    upload.seek(0)
    job = CommentImport(
        original_name=PurePath(name).name[:255], state=ImportState.CHECKING, created_by=actor
    )
    job.file.save("comments.xml", upload, save=False)
    job.save()
    return job


def check_comments(
    *, actor: User, job: CommentImport, chosen: Mapping[int, Article | None] | None = None
) -> None:
    """Start a dry run anew; `chosen` says where the comments of some pieces go (None: nowhere).

    Raises WrongStepError unless the import waits for it.
    """
    _require(actor)
    waiting = CommentImport.objects.filter(
        pk=job.pk, state__in=[ImportState.CHECKED, ImportState.FAILED], started_at=None
    )
    with transaction.atomic():
        if not waiting.update(state=ImportState.CHECKING, **from_the_start()):
            raise WrongStepError
        for piece in ImportedPiece.objects.filter(job=job, pk__in=chosen or {}):
            article = (chosen or {})[piece.pk]
            if piece.article != article:
                piece.article, piece.is_chosen = article, True
                piece.save(update_fields=["article", "is_chosen"])
        # The others are looked for anew: their articles may be here by now.
        pieces = ImportedPiece.objects.filter(job=job)
        pieces.filter(is_chosen=False).delete()
        pieces.update(number=0)
        CommentImportLine.objects.filter(job=job).delete()


def start_comments(*, actor: User, job: CommentImport) -> None:
    """Start the import itself. Raises WrongStepError unless its dry run is done."""
    _require(actor)
    checked = CommentImport.objects.filter(pk=job.pk, state=ImportState.CHECKED)
    with transaction.atomic():
        started = {"state": ImportState.IMPORTING, "started_at": timezone.now()}
        if not checked.update(**started, **from_the_start()):
            raise WrongStepError
        CommentImportLine.objects.filter(job=job).delete()


def resume_comments(*, actor: User, job: CommentImport) -> None:
    """Go on with a failed import where it stopped. Raises WrongStepError unless one has failed."""
    _require(actor)
    if job.started_at is None:
        raise WrongStepError
    resume_job(job)


def cancel_comments(*, actor: User, job: CommentImport) -> bool:
    """Stop at the next chunk; what is in stays in. False where it had ended before."""
    _require(actor)
    return cancel_job(job)


def purge_comment_imports() -> int:
    """Forget files and reports of old imports: they hold addresses. Returns how many."""
    old = old_jobs(CommentImport)
    for job in old:
        CommentImportLine.objects.filter(job_id=job.pk).delete()
        forget_file(job)
    return len(old)


def _require(actor: User) -> None:
    if not actor.has_perm("newsletter.add_commentimport"):
        raise PermissionDenied
