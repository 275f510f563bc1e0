"""Take in files that texts offer, and keep the record of which text shows which upload."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from newsletter.accounts.models import User
from newsletter.articles.actions.common import require_author
from newsletter.articles.content.files import files_shown, folder_of
from newsletter.articles.enums import ShownTo
from newsletter.articles.models import Article, Attachment, FileUse
from newsletter.lib.paths import attachment_path

MAX_BYTES = 500 * 1024 * 1024


def store_attachment(*, actor: User, file: UploadedFile, folder: str = "") -> Attachment:
    """Store a file under a name that cannot be guessed, as it is (in `folder`, if it is given).

    Until a text shows it, staff alone can open it. Raises ValidationError with a message for the
    author.
    """
    require_author(actor)
    size = file.size or 0
    if size == 0:
        raise ValidationError(_("The file is empty."), code="empty")
    if size > MAX_BYTES:
        raise ValidationError(_("The file is larger than 500 MB."), code="too_large")
    given = PurePosixPath(file.name or "")
    ending = slugify(given.suffix)[:10]
    stem = slugify(given.stem)[:60] or "file"
    path = attachment_path(None, f"{stem}.{ending}" if ending else stem, folder)
    name = default_storage.save(path, file)
    try:
        return _record(actor=actor, name=name, size=size)
    except BaseException:
        default_storage.delete(name)
        raise


@transaction.atomic
def _record(*, actor: User, name: str, size: int) -> Attachment:
    return Attachment.objects.create(file=name, size=size, uploaded_by=actor)


def record_file_uses(*, article: Article) -> None:
    """Bring the record of `article`, just saved, into step with what it shows to whom (P4).

    Its cover is in every list, so it is everyone's.
    """
    shown = files_shown(article.body, article.access)
    if article.cover is not None and (folder := folder_of(article.cover.file.url)):
        shown[folder] = ShownTo.EVERYONE
    FileUse.objects.filter(article=article).exclude(folder__in=shown).delete()
    FileUse.objects.bulk_create(
        [FileUse(article=article, folder=each, shown_to=shown[each]) for each in sorted(shown)],
        update_conflicts=True,
        unique_fields=["folder", "article"],
        update_fields=["shown_to"],
    )


def keep_files_open(*, folders: Iterable[str]) -> None:
    """Leave uploads open for good: they were mailed openly, and mails are not edited (M18)."""
    FileUse.objects.bulk_create(
        [FileUse(folder=folder, shown_to=ShownTo.EVERYONE) for folder in sorted(folders)],
        ignore_conflicts=True,
    )
