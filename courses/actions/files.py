"""Take in the files of lessons, and remove them."""

from __future__ import annotations

import hashlib
import mimetypes
from pathlib import PurePosixPath

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils.text import slugify
from django.utils.translation import gettext as _

from courses.actions.common import record, require_author
from courses.enums import FileRole, LessonKind, LessonState
from courses.models import Course, Lesson, LessonFile
from courses.storage import lesson_file_path
from newsletter.accounts.models import User
from newsletter.lib.page_cache import forget_pages

MAX_BYTES = 2 * 1024 * 1024 * 1024
CAPTIONS_TYPE = "text/vtt"
# What a player in a browser plays.
_PLAYED = ("audio/", "video/")
# Not known to every system's own table.
_TYPES = {
    ".vtt": CAPTIONS_TYPE,
    ".m4a": "audio/mp4",
    ".opus": "audio/ogg",
    ".webm": "video/webm",
    ".mp4": "video/mp4",
    ".md": "text/markdown",
    ".epub": "application/epub+zip",
}
# A lesson of this kind has nothing to show without a file of that role.
_NEEDS = {
    LessonKind.VIDEO: FileRole.MEDIA,
    LessonKind.AUDIO: FileRole.MEDIA,
    LessonKind.DOWNLOAD: FileRole.DOWNLOAD,
}


def attach_file(
    *,
    actor: User,
    lesson: Lesson,
    file: UploadedFile,
    role: str = FileRole.DOWNLOAD,
    title: str = "",
    language: str = "",
    sha256: str = "",
    folder: str = "",
) -> LessonFile:
    """Store a file with a lesson, outside everything public.

    A recording takes the place of the one before, captions that of the same language. `sha256` is
    given by whoever has read the file already, `folder` by whoever must know where it will lie
    (lib.paths.new_folder). Raises ValidationError with a message for the author.
    """
    require_author(actor)
    role, name = FileRole(role), _name_of(file)
    kind = _type_of(name)
    _check(file, role, kind)
    row = LessonFile(
        lesson=lesson,
        role=role,
        title=" ".join(title.split())[:200],
        name=name,
        size=file.size or 0,
        content_type=kind,
        sha256=sha256 or _hash_of(file),
        language=language.strip()[:20] if role == FileRole.CAPTIONS else "",
        uploaded_by=actor,
    )
    if role == FileRole.CAPTIONS and not row.language:
        raise ValidationError({"language": _("Say in which language the captions are.")})
    storage = row.file.storage
    row.file = storage.save(lesson_file_path(row, _stored_name(name), folder), file)
    try:
        with transaction.atomic():
            _lock_course(lesson)
            _make_room(row)
            last = lesson.files.filter(role=role).aggregate(last=Max("position"))["last"]
            row.position = (last or 0) + 1
            row.save()
            record(course=lesson.course, what="file_added", actor=actor, lesson=lesson, detail=name)
            forget_pages()
    except BaseException:
        storage.delete(row.file.name or "")
        raise
    return row


def detach_file(*, actor: User, file: LessonFile) -> None:
    """Remove a file from its lesson; from the storage too, where no copy of the lesson has it.

    Raises ValidationError where a published lesson would have nothing left to show.
    """
    require_author(actor)
    lesson = file.lesson
    with transaction.atomic():
        _lock_course(lesson)
        is_needed = _NEEDS.get(LessonKind(lesson.kind)) == file.role
        others = lesson.files.filter(role=file.role).exclude(pk=file.pk)
        has_other = others.exists() or (file.role == FileRole.MEDIA and bool(lesson.media_url))
        if is_needed and lesson.state == LessonState.PUBLISHED and not has_other:
            raise ValidationError(
                _("The lesson is about this file. Take it back to a draft first.")
            )
        record(
            course=lesson.course, what="file_removed", actor=actor, lesson=lesson, detail=file.name
        )
        _remove(file)
        forget_pages()


def forget_files_of(lessons: QuerySet[Lesson]) -> None:
    """Remove the files of lessons that are about to be deleted, once it is certain that they are.

    One that a copy of a lesson has stays in the storage.
    """
    files = [each.file for each in LessonFile.objects.filter(lesson__in=lessons) if each.file]
    stored = {str(file.name): file.storage for file in files}

    def remove() -> None:
        held = set(LessonFile.objects.filter(file__in=stored).values_list("file", flat=True))
        for name, storage in stored.items():
            if name not in held:
                storage.delete(name)

    transaction.on_commit(remove)


def _lock_course(lesson: Lesson) -> None:
    """As copying does: a copy that is under way has its file before it is asked who has it."""
    Course.objects.select_for_update(no_key=True).get(pk=lesson.course_id)


def _make_room(row: LessonFile) -> None:
    if row.role == FileRole.DOWNLOAD:
        return
    for old in row.lesson.files.filter(role=row.role, language=row.language):
        _remove(old)


def _remove(file: LessonFile) -> None:
    storage, stored = file.file.storage, file.file.name or ""
    file.delete()
    if not LessonFile.objects.filter(file=stored).exists():
        transaction.on_commit(lambda: storage.delete(stored))


def _check(file: UploadedFile, role: FileRole, kind: str) -> None:
    size = file.size or 0
    if size == 0:
        raise ValidationError({"file": _("The file is empty.")})
    if size > MAX_BYTES:
        raise ValidationError({"file": _("The file is larger than 2 GB.")})
    if role == FileRole.MEDIA and not kind.startswith(_PLAYED):
        raise ValidationError({"file": _("This is no recording: take an MP4, WebM, MP3 or M4A.")})
    if role == FileRole.CAPTIONS:
        file.seek(0)
        begins = file.read(64).removeprefix(b"\xef\xbb\xbf")
        file.seek(0)
        if not begins.startswith(b"WEBVTT"):
            raise ValidationError({"file": _("Captions are a WebVTT file (.vtt).")})


def _name_of(file: UploadedFile) -> str:
    """What it is called when it is saved: as it was, without a path and what breaks a header."""
    given = PurePosixPath((file.name or "").replace("\\", "/")).name
    name = "".join(each for each in given if each.isprintable()).strip(" .")
    stem, dot, ending = name.rpartition(".")
    if not dot:
        return name[:200] or "file"
    return f"{stem[: 199 - len(ending)]}.{ending}" if len(ending) < 20 else name[:200]


def _stored_name(name: str) -> str:
    given = PurePosixPath(name)
    ending = slugify(given.suffix)[:10]
    stem = slugify(given.stem)[:60] or "file"
    return f"{stem}.{ending}" if ending else stem


def _type_of(name: str) -> str:
    ending = PurePosixPath(name).suffix.lower()
    return _TYPES.get(ending) or mimetypes.guess_type(name)[0] or "application/octet-stream"


def _hash_of(file: UploadedFile) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()
