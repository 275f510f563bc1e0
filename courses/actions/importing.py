"""Bring a course in: at once from a folder, or by the worker from an archive looked through.

An import names the folders that it stores into before its transaction begins. One that fails, or
whose process is killed, rolls the rows back; what lies in the folders is then taken away.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied
from django.db import DataError, IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.actions.archives import NUDGE, clear_import, take_away
from courses.actions.bringing_in import NotBroughtInError, bring_in_plan, upload_record
from courses.actions.common import IllegalMoveError, record, require_author
from courses.enums import ImportState
from courses.exchange.addresses import is_text
from courses.exchange.archive import BadArchiveError, Source, ZipSource
from courses.exchange.comparing import Plan, check_pictures, make_plan
from courses.exchange.pages import Parcel, Problem
from courses.exchange.reading import read_parcel
from courses.models import Course, CourseImport
from newsletter.accounts.models import User
from newsletter.articles.models import ArticleImage
from newsletter.lib.paths import new_folder

log = structlog.get_logger(__name__)


def plan_import(
    *, actor: User, source: Source, known: Mapping[str, ArticleImage] | None = None
) -> Plan:
    """What bringing in would do: the dry run. Writes nothing. Raises BadArchiveError."""
    require_author(actor)
    plan = make_plan(read_parcel(source), known)
    check_pictures(plan)
    return plan


def import_course(
    *, actor: User, source: Source, name: str, known: Mapping[str, ArticleImage] | None = None
) -> tuple[Course, Plan]:
    """Bring a course in at once, whole or not at all; a second time it changes nothing.

    `known` are pictures that texts may name without the archive having them. Raises
    BadArchiveError and NotBroughtInError.
    """
    plan = plan_import(actor=actor, source=source, known=known)
    row = CourseImport.objects.create(
        name=name[:200],
        state=ImportState.RUNNING,
        created_by=actor,
        started_at=timezone.now(),
        folders=new_folders(plan.parcel),
    )
    folders = row.folders
    try:
        with transaction.atomic():
            # Held until it is over: whose row is free is not under way any more.
            if _take(row.pk) is None:
                raise NotBroughtInError([Problem("", 0, _("It was given up. Start again."))])
            report = plan.as_report()
            course = bring_in_plan(actor=actor, plan=plan, folders=folders)
            _finish(row, course, report | {"uploads": upload_record(plan)})
    except BaseException:
        take_away(folders)
        row.delete()
        raise
    return course, plan


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
    lost = Q(finished_at__isnull=True, started_at__lt=now - NUDGE)
    running = CourseImport.objects.filter(lost, state=ImportState.RUNNING)
    return running.exclude(file="").order_by("pk")


def give_up_broken_off() -> None:
    """Fail what a command was bringing in when it was killed: nobody can go on with its folder.

    What it stored is taken away as of any other that failed (`clear_imports`).
    """
    late = timezone.now() - NUDGE
    running = CourseImport.objects.filter(state=ImportState.RUNNING, file="", started_at__lt=late)
    for import_id in running.values_list("pk", flat=True):
        with transaction.atomic():
            row = _take(import_id)
            if row is not None:
                row.state, row.finished_at = ImportState.FAILED, timezone.now()
                row.error = _("It was broken off, and nothing of it is here. Run it again.")
                row.save(update_fields=["state", "finished_at", "error"])


def run_import(*, import_id: int) -> bool:
    """Bring a started archive in; False where it is not to be, or another worker has it.

    One transaction, so a worker that is killed leaves nothing of it, and the sweep begins anew.
    """
    try:
        folders = _name_folders(import_id)
        with transaction.atomic():
            row = _take(import_id)
            # Another worker that came in between has named its own.
            if row is None or row.folders != folders:
                return False
            _bring_in(row)
    except (BadArchiveError, NotBroughtInError, PermissionDenied) as error:
        _fail(import_id, str(error))
    except OSError as error:
        _fail(import_id, _("The file cannot be read: %s") % error)
    except (LookupError, ValueError, RecursionError, DataError, IntegrityError) as error:
        # It would fail again however often it is begun anew. What is about the machine, such as a
        # database that is away, is not among these: that is tried again.
        log.exception("course_import_failed", course_import=import_id)
        _fail(import_id, _("It cannot be brought in: %s") % repr(error)[:300].replace("\x00", ""))
    else:
        clear_import(row, is_archive_over=True)
    return True


def _take(import_id: int) -> CourseImport | None:
    rows = CourseImport.objects.select_for_update(skip_locked=True, of=("self",))
    return rows.filter(pk=import_id, state=ImportState.RUNNING).first()


@transaction.atomic
def _name_folders(import_id: int) -> list[str]:
    """Keep the names of the folders to come; what a killed worker left is taken away first."""
    row = _take(import_id)
    if row is None:
        return []
    take_away(row.folders)
    with row.file.open("rb") as file:
        row.folders = new_folders(read_parcel(ZipSource(file)))
    row.save(update_fields=["folders"])
    return list(row.folders)


def new_folders(parcel: Parcel) -> list[str]:
    """As many as a parcel could need: one for each upload, one for each file of a lesson."""
    uploads = [name for name in parcel.source.names() if not is_text(name)]
    lessons = parcel.course.lessons if parcel.course is not None else []
    number = len(uploads) + sum(len(lesson.files) for lesson in lessons)
    return [new_folder() for _each in range(number)]


def _bring_in(row: CourseImport) -> None:
    actor = row.created_by
    if actor is None:
        raise NotBroughtInError([Problem("", 0, _("Whoever uploaded it is no longer here."))])
    with row.file.open("rb") as file:
        plan = make_plan(read_parcel(ZipSource(file)))
        report = plan.as_report()
        course = bring_in_plan(actor=actor, plan=plan, folders=row.folders)
        _finish(row, course, report | {"uploads": upload_record(plan)})


def _finish(row: CourseImport, course: Course, report: dict[str, Any]) -> None:
    row.state, row.course, row.report = ImportState.DONE, course, report
    row.error, row.finished_at, row.folders = "", timezone.now(), []
    row.save(update_fields=["state", "course", "report", "error", "finished_at", "folders"])
    record(course=course, what="imported", actor=row.created_by, detail=row.name)


def _fail(import_id: int, error: str) -> None:
    running = CourseImport.objects.filter(pk=import_id, state=ImportState.RUNNING)
    if running.update(state=ImportState.FAILED, error=error, finished_at=timezone.now()):
        clear_import(CourseImport.objects.get(pk=import_id))
