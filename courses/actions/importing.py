"""An archive's way into the site: uploaded, looked through, brought in by the worker."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import structlog
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import DataError, IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.actions.bringing_in import NotBroughtInError, bring_in_plan, upload_record
from courses.actions.common import IllegalMoveError, record, require_author
from courses.enums import ImportState
from courses.exchange.archive import BadArchiveError, Source, ZipSource
from courses.exchange.comparing import Plan, make_plan
from courses.exchange.reading import Problem, read_parcel
from courses.models import Course, CourseImport
from newsletter.accounts.models import User
from newsletter.articles.models import ArticleImage

log = structlog.get_logger(__name__)
MAX_BYTES = 2 * 1024 * 1024 * 1024
# The nudge was lost.
_NUDGE = timedelta(seconds=20)


def plan_import(
    *, actor: User, source: Source, known: Mapping[str, ArticleImage] | None = None
) -> Plan:
    """What bringing in would do: the dry run. Writes nothing. Raises BadArchiveError."""
    require_author(actor)
    return make_plan(read_parcel(source), known)


def import_course(
    *, actor: User, source: Source, name: str, known: Mapping[str, ArticleImage] | None = None
) -> tuple[Course, Plan]:
    """Bring a course in at once, whole or not at all; a second time it changes nothing.

    `known` are pictures that texts may name without the archive having them. Raises
    BadArchiveError and NotBroughtInError.
    """
    plan = plan_import(actor=actor, source=source, known=known)
    with transaction.atomic():
        report = plan.as_report()
        course = bring_in_plan(actor=actor, plan=plan)
        now = timezone.now()
        CourseImport.objects.create(
            name=name[:200],
            state=ImportState.DONE,
            course=course,
            report=report | {"uploads": upload_record(plan)},
            created_by=actor,
            started_at=now,
            finished_at=now,
        )
        record(course=course, what="imported", actor=actor, detail=name)
    return course, plan


def upload_course(*, actor: User, file: UploadedFile) -> CourseImport:
    """Keep an archive and look it through: the row's report says what it would do.

    One that cannot be used is kept as failed, with the reasons. Raises ValidationError for a file
    that is empty or too large.
    """
    require_author(actor)
    size = file.size or 0
    if not 0 < size <= MAX_BYTES:
        raise ValidationError({"file": _("Choose a ZIP file of at most 2 GB.")})
    row = CourseImport(name=(file.name or "course.zip")[:200], created_by=actor)
    row.file.save("course.zip", file, save=False)
    row.save()
    return _look_through(row)


def _look_through(row: CourseImport) -> CourseImport:
    try:
        with row.file.open("rb") as file:
            plan = make_plan(read_parcel(ZipSource(file)))
    except BadArchiveError as error:
        problem = Problem(error.path, 0, str(error))
        return _settle(row, ImportState.FAILED, error=str(problem))
    row.report = plan.as_report()
    row.course = plan.course
    if not plan.is_possible:
        return _settle(row, ImportState.FAILED, error=_listed(plan.parcel.errors))
    return _settle(row, ImportState.CHECKED)


def _listed(problems: list[Problem]) -> str:
    return "\n".join(map(str, problems))


def _settle(row: CourseImport, state: str, *, error: str = "") -> CourseImport:
    row.state, row.error = state, error
    row.save(update_fields=["state", "error", "report", "course"])
    return row


@transaction.atomic
def start_import(*, actor: User, course_import: CourseImport) -> CourseImport:
    """Have a checked archive brought in; the caller nudges the worker. Two clicks start it once."""
    require_author(actor)
    checked = CourseImport.objects.filter(pk=course_import.pk, state=ImportState.CHECKED)
    if not checked.update(state=ImportState.RUNNING, started_at=timezone.now()):
        raise IllegalMoveError("not checked, or begun already")
    course_import.refresh_from_db()
    return course_import


def due_imports() -> QuerySet[CourseImport]:
    """Those that were begun and whose nudge, or worker, was lost."""
    now = timezone.now()
    lost = Q(finished_at__isnull=True, started_at__lt=now - _NUDGE)
    return CourseImport.objects.filter(lost, state=ImportState.RUNNING).order_by("pk")


def run_import(*, import_id: int) -> bool:
    """Bring a started archive in; False where it is not to be, or another worker has it.

    One transaction, so a worker that is killed leaves nothing of it, and the sweep begins anew.
    """
    try:
        with transaction.atomic():
            rows = CourseImport.objects.select_for_update(skip_locked=True, of=("self",))
            row = rows.filter(pk=import_id, state=ImportState.RUNNING).first()
            if row is None:
                return False
            _bring_in(row)
    except (BadArchiveError, NotBroughtInError) as error:
        _fail(import_id, str(error))
    except OSError as error:
        _fail(import_id, _("The file cannot be read: %s") % error)
    except (LookupError, ValueError, RecursionError, DataError, IntegrityError) as error:
        # It would fail again however often it is begun anew. What is about the machine, such as a
        # database that is away, is not among these: that is tried again.
        log.exception("course_import_failed", course_import=import_id)
        _fail(import_id, _("It cannot be brought in: %s") % repr(error)[:300].replace("\x00", ""))
    return True


def _bring_in(row: CourseImport) -> None:
    actor = row.created_by
    if actor is None:
        raise NotBroughtInError([Problem("", 0, _("Whoever uploaded it is no longer here."))])
    with row.file.open("rb") as file:
        plan = make_plan(read_parcel(ZipSource(file)))
        report: dict[str, Any] = plan.as_report()
        course = bring_in_plan(actor=actor, plan=plan)
        report["uploads"] = upload_record(plan)
    row.state, row.course, row.report = ImportState.DONE, course, report
    row.error, row.finished_at = "", timezone.now()
    row.save(update_fields=["state", "course", "report", "error", "finished_at"])
    record(course=course, what="imported", actor=actor, detail=row.name)


def _fail(import_id: int, error: str) -> None:
    running = CourseImport.objects.filter(pk=import_id, state=ImportState.RUNNING)
    running.update(state=ImportState.FAILED, error=error, finished_at=timezone.now())
