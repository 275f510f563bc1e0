"""Nudges for courses. Each finds its work in the database and may come twice or never."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog
from django.conf import settings

from courses.actions import archives
from courses.actions.certifying import issue_missing_certificates
from courses.actions.importing import due_imports, give_up_broken_off
from courses.actions.importing import run_import as run
from courses.actions.keeping import courses_to_settle, note_settling_failed, settle_chunk
from courses.actions.releasing import collect_lesson_mailings, release_due, settle_notices
from newsletter.lib.background import background_task
from newsletter.outbox.tasks import deliver_email

log = structlog.get_logger(__name__)
# A task is short even where the learners are many; then it tells itself to go on.
RUN_SECONDS = 30.0


@background_task
def settle_curricula() -> None:
    """Carry changes of curricula to those learners whom they have not come to."""
    until = time.monotonic() + RUN_SECONDS
    for course_id in courses_to_settle():
        try:
            while settle_chunk(course_id=course_id):
                if time.monotonic() > until:
                    settle_curricula.apply_async(expires=settings.NUDGE_SECONDS)
                    return
        except Exception as error:  # what is wrong with one course holds up no other
            log.exception("settling_failed", course=course_id)
            note_settling_failed(course_id=course_id, error=error)


@background_task
def release_lessons() -> None:
    """Every half minute: tell learners of what has opened, and settle what they were told."""
    for email_id in release_due():
        deliver_email.delay_on_commit(email_id)
    collect_lesson_mailings()
    settle_notices()


@background_task
def look_through_import(import_id: int) -> None:
    """Look one archive through."""
    archives.look_through(import_id=import_id)


@background_task
def run_import(import_id: int) -> None:
    """Bring one archive in."""
    run(import_id=import_id)


@background_task
def sweep_course_imports() -> None:
    """Take over imports whose nudge or worker was lost, and clear away those that are over."""
    for import_id in archives.due_to_look_through().values_list("pk", flat=True):
        _try(archives.look_through, import_id)
    for import_id in due_imports().values_list("pk", flat=True):
        _try(run, import_id)
    give_up_broken_off()
    archives.clear_imports()


def _try(work: Callable[..., bool], import_id: int) -> None:
    """What is wrong with one holds up no other; the next sweep tries it again."""
    try:
        work(import_id=import_id)
    except Exception:
        log.exception("course_import_failed", course_import=import_id)


@background_task
def issue_certificates() -> int:
    """Issue what is due to those who completed a course before it gave certificates."""
    return issue_missing_certificates()
