"""Uploaded archives of courses: kept, looked through by the worker, deleted when they are over.

A row is there before its file is, and the file goes before the row forgets it, so whatever is
killed on the way is found again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.core.files.storage import Storage, default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.actions.common import require_author
from courses.enums import ImportState
from courses.exchange.archive import BadArchiveError, ZipSource
from courses.exchange.comparing import Plan, check_pictures, make_plan
from courses.exchange.pages import Problem
from courses.exchange.reading import read_parcel
from courses.models import CourseImport
from courses.storage import course_import_path, course_storage
from newsletter.accounts.models import User

MAX_BYTES = 2 * 1024 * 1024 * 1024
# What failed, or was never brought in, is kept for so long.
KEEP_ARCHIVE = timedelta(days=7)
# The nudge was lost.
NUDGE = timedelta(seconds=20)
# Longer than storing or looking through the largest archive takes.
_LEASE = timedelta(minutes=15)
_OVER = (ImportState.DONE, ImportState.FAILED)
_NEVER_BEGUN = (ImportState.UPLOADED, ImportState.CHECKED)


def upload_course(*, actor: User, file: UploadedFile) -> CourseImport:
    """Keep an archive; the caller nudges the worker, which looks it through.

    Raises ValidationError for a file that is empty or too large.
    """
    require_author(actor)
    size = file.size or 0
    if not 0 < size <= MAX_BYTES:
        raise ValidationError({"file": _("Choose a ZIP file of at most 2 GB.")})
    name = (file.name or "course.zip")[:200]
    # Taken, until it is stored: nobody looks through half a file.
    row = CourseImport(name=name, created_by=actor, started_at=timezone.now())
    row.file = course_import_path(row, "course.zip")
    row.save()
    try:
        course_storage().save(row.file.name, file)
    except BaseException:
        _delete_archive(row)
        row.delete()
        raise
    row.started_at = None
    row.save(update_fields=["started_at"])
    return row


def due_to_look_through() -> QuerySet[CourseImport]:
    """Those that were uploaded and whose nudge, or worker, was lost."""
    now = timezone.now()
    lost = Q(started_at__isnull=True, created_at__lt=now - NUDGE)
    return CourseImport.objects.filter(
        lost | Q(started_at__lt=now - _LEASE), state=ImportState.UPLOADED
    ).order_by("pk")


def look_through(*, import_id: int) -> bool:
    """Say in a row's report what bringing it in would do; False where another worker has it.

    One that cannot be used is failed, with the reasons. No transaction is held meanwhile: reading
    an archive takes long, and writes nothing.
    """
    now = timezone.now()
    free = Q(started_at__isnull=True) | Q(started_at__lt=now - _LEASE)
    waiting = CourseImport.objects.filter(free, pk=import_id, state=ImportState.UPLOADED)
    if not waiting.update(started_at=now):
        return False
    row = CourseImport.objects.get(pk=import_id)
    try:
        with row.file.open("rb") as file:
            plan = make_plan(read_parcel(ZipSource(file)))
            check_pictures(plan)
    except BadArchiveError as error:
        _settle(row, error=str(Problem(error.path, 0, str(error))))
    except OSError as error:
        _settle(row, error=_("The file cannot be read: %s") % error)
    else:
        _settle(row, plan=plan, error="\n".join(map(str, plan.parcel.errors)))
    return True


def _settle(row: CourseImport, *, plan: Plan | None = None, error: str = "") -> None:
    """Of two that looked it through the first is heard."""
    is_possible = plan is not None and plan.is_possible
    mine = CourseImport.objects.filter(pk=row.pk, state=ImportState.UPLOADED)
    mine.update(
        state=ImportState.CHECKED if is_possible else ImportState.FAILED,
        error=error,
        report=plan.as_report() if plan is not None else {},
        course=plan.course if plan is not None else None,
        started_at=None,
        finished_at=None if is_possible else timezone.now(),
    )


# ── What is over ──────────────────────────────────────────────────────────────────────────────


def clear_imports() -> int:
    """Delete the archives of imports that are over; returns how many. The reports stay.

    Of those that were brought in at once; of those that failed, and of those that nobody brought
    in, after KEEP_ARCHIVE.
    """
    before = timezone.now() - KEEP_ARCHIVE
    abandoned = CourseImport.objects.filter(state__in=_NEVER_BEGUN, created_at__lte=before)
    abandoned.update(
        state=ImportState.FAILED,
        finished_at=timezone.now(),
        error=_(
            "It was not brought in within %(days)d days, and the archive was deleted. "
            "Upload it again."
        )
        % {"days": KEEP_ARCHIVE.days},
    )
    for row in CourseImport.objects.filter(state__in=_OVER).exclude(folders=[]):
        clear_import(row)
    held = CourseImport.objects.filter(state__in=_OVER).exclude(file="")
    is_old = Q(state=ImportState.DONE) | Q(created_at__lte=before)
    over = list(held.filter(is_old))
    for row in over:
        clear_import(row, is_archive_over=True)
    return len(over)


def clear_import(row: CourseImport, *, is_archive_over: bool = False) -> None:
    """Take away what an import that is over has left. Twice does the same as once."""
    if row.state != ImportState.DONE:
        take_away(row.folders)
    row.folders = []
    if is_archive_over:
        _delete_archive(row)
        row.file = ""
    with transaction.atomic():
        row.save(update_fields=["folders", "file"])


def take_away(folders: Iterable[str]) -> None:
    """Delete what was stored in these folders by a transaction that was rolled back."""
    for folder in folders:
        _empty(default_storage, f"images/{folder}")
        _empty(default_storage, f"files/{folder}")
        _empty(course_storage(), f"lessons/{folder}")


def _empty(storage: Storage, folder: str) -> None:
    try:
        _folders, names = storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in names:
        storage.delete(f"{folder}/{name}")
    # Storages without folders know nothing of this name.
    storage.delete(folder)


def _delete_archive(row: CourseImport) -> None:
    if row.file.name:
        row.file.storage.delete(row.file.name)
        row.file.storage.delete(row.file.name.rpartition("/")[0])
