"""A copy of everything that is held on one person: asked for, made, handed out, deleted."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urljoin

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.files import File
from django.core.files.storage import storages
from django.db import transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from newsletter.accounts.actions import TooOftenError
from newsletter.accounts.models import User
from newsletter.accounts.ratelimit import hit
from newsletter.members.access import may_copy
from newsletter.members.archive import Chapter, Table, write_archive
from newsletter.members.enums import ExportState
from newsletter.members.models import DataExport
from newsletter.members.personal_data import Attached, DataPart, parts_as_told
from newsletter.memberships.actions import record
from newsletter.outbox.actions import queue_email
from newsletter.outbox.models import OutgoingEmail
from newsletter.publication.queries import get_publication

log = structlog.get_logger(__name__)

KEEP_COPY = timedelta(days=7)
COPIES_A_DAY = 3
# Longer than all that is in a copy takes, or the largest of its files.
LEASE = timedelta(minutes=10)
FIRST_DELAY = timedelta(minutes=1)
MAX_ATTEMPTS = 5


def request_export(*, actor: User, person: User) -> DataExport:
    """Ask for a copy of what is held on somebody; one that is being made already is that one.

    Staff's asking is on record. Raises PermissionDenied and TooOftenError. The caller nudges
    `make_export`.
    """
    if not may_copy(actor, person):
        raise PermissionDenied(_("You may not have a copy of this person's data."))
    waiting = DataExport.objects.filter(user=person, asked_by=actor, state=ExportState.ASKED)
    under_way = waiting.first()
    if under_way is not None:
        return under_way
    day = timedelta(days=1)
    if not hit(f"data-copy:{actor.pk}.{person.pk}", limit=COPIES_A_DAY, per=day):
        raise TooOftenError(day)
    with transaction.atomic():
        export = DataExport.objects.create(user=person, asked_by=actor)
        record(user=person, what="copy_asked_for", actor=actor)
    return export


def make_export(*, export_id: int) -> OutgoingEmail | None:
    """Write the file of a copy that was asked for, and tell whoever asked for their own.

    Returns the mail to deliver. None where there is none to tell, or it is not ours to do: made,
    under way, gone.
    """
    export = _claim(export_id)
    if export is None:
        return None
    try:
        size = _write(export)
    except Exception as error:  # kept, shown and tried again, whatever it is
        log.exception("data_export_failed", export=export.pk)
        _put_off(export, error)
        return None
    now = timezone.now()
    with transaction.atomic():
        ours = DataExport.objects.filter(
            pk=export.pk, state=ExportState.ASKED, attempts=export.attempts
        )
        if not ours.update(
            state=ExportState.READY,
            size=size,
            ready_at=now,
            expires_at=now + KEEP_COPY,
            lease_until=None,
            next_attempt_at=None,
            error="",
        ):
            _forget_if_gone(export)
            return None
        return _tell(export) if export.asked_by_id == export.user_id else None


def _claim(export_id: int) -> DataExport | None:
    now = timezone.now()
    taken = DataExport.objects.filter(
        Q(lease_until__isnull=True) | Q(lease_until__lt=now),
        pk=export_id,
        state=ExportState.ASKED,
        next_attempt_at__lte=now,
    ).update(lease_until=now + LEASE, attempts=F("attempts") + 1)
    return DataExport.objects.select_related("user").get(pk=export_id) if taken else None


def _write(export: DataExport) -> int:
    """Store the file under the row's path, in the place of what a killed worker left there."""
    publication = get_publication()
    private = storages["private"]
    with translation.override(publication.language), tempfile.TemporaryFile() as file:
        chapters = [_chapter(part, export.user) for part in parts_as_told()]
        write_archive(file, chapters, publication, timezone.now(), _attached(export))
        size = file.tell()
        file.seek(0)
        private.delete(export.path)
        private.save(export.path, File(file))
    return size


def _forget_if_gone(export: DataExport) -> None:
    """Whose copy it is was erased while it was written: no row leads to the file any more."""
    if not DataExport.objects.filter(pk=export.pk).exists():
        storages["private"].delete(export.path)


def _chapter(part: DataPart, person: User) -> Chapter:
    tables = part.export(person)
    return Chapter(part.title, [Table(name, part.files[name], tables[name]) for name in tables])


def _attached(export: DataExport) -> Iterator[Attached]:
    """The files that belong in it. Each is a sign of life: together they may take long."""
    for part in parts_as_told():
        for each in part.attached(export.user):
            DataExport.objects.filter(
                pk=export.pk, state=ExportState.ASKED, attempts=export.attempts
            ).update(lease_until=timezone.now() + LEASE)
            yield each


def _put_off(export: DataExport, error: Exception) -> None:
    gives_up = export.attempts >= MAX_ATTEMPTS
    DataExport.objects.filter(
        pk=export.pk, state=ExportState.ASKED, attempts=export.attempts
    ).update(
        state=ExportState.FAILED if gives_up else ExportState.ASKED,
        error=f"{type(error).__name__}: {error}"[:2000],
        lease_until=None,
        next_attempt_at=None if gives_up else timezone.now() + FIRST_DELAY * 4**export.attempts,
    )


def _tell(export: DataExport) -> OutgoingEmail:
    return queue_email(
        kind="copy_ready",
        to=export.user.email,
        template="copy_ready",
        context={
            "user": export.user,
            "days": KEEP_COPY.days,
            "link": urljoin(settings.SITE_URL, reverse("members:show-data")),
        },
    )


def download_export(*, actor: User, export: DataExport) -> File:  # type: ignore[type-arg]
    """Open the file of a copy. That staff took it is on record; a person's own taking is theirs.

    Raises PermissionDenied, and FileNotFoundError where its days are over.
    """
    if not may_copy(actor, export.user):
        raise PermissionDenied(_("You may not have a copy of this person's data."))
    is_over = export.expires_at is None or export.expires_at <= timezone.now()
    if export.state != ExportState.READY or is_over:
        raise FileNotFoundError(export.path)
    file = storages["private"].open(export.path)
    if actor.pk != export.user_id:
        record(user=export.user, what="copy_taken", actor=actor)
    return file


def delete_old_exports() -> int:
    """Delete copies whose days are over, and what came to nothing; returns how many."""
    now = timezone.now()
    over = DataExport.objects.filter(
        Q(expires_at__lte=now) | Q(state=ExportState.FAILED, asked_at__lte=now - KEEP_COPY)
    )
    count = 0
    for export in over:
        # The file first: a row that is left is found again, a file would not be.
        storages["private"].delete(export.path)
        export.delete()
        count += 1
    return count
