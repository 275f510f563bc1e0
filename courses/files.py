"""Files of lessons, for those who may open the lesson: by links that last ten minutes.

A link names one file and one person, and is answered by what that person may open when it is used,
so that it ends with their access and is worth nothing to keep. Whoever comes later with a session
gets a fresh one: a recording goes on where a link of ten minutes would have stopped it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import PurePosixPath

from django.core.files.storage import FileSystemStorage
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import content_disposition_header

from courses.access import decide_lessons
from courses.enums import FileRole
from courses.models import AssignmentSubmission, LessonFile
from newsletter.accounts.models import User
from newsletter.articles.files import SHORT_LINK_LIFE
from newsletter.lib.signing import BadToken, make_dated_token, read_dated_token
from newsletter.lib.stored_files import content_type_of, is_shown, send_file_of

PRIVATE = "private, no-store"
# So long a link is known again, though it opens nothing by itself any more.
_KNOWN_FOR = timedelta(days=30)
_PURPOSE = "lesson-file"


def file_link(lesson_file: LessonFile, reader: User | None) -> str:
    """The address of a lesson's file for `reader` (None: a visitor), for ten minutes.

    For whoever has been let into the lesson; it is decided anew when the link is used.
    """
    token = make_dated_token(_PURPOSE, f"{lesson_file.pk}.{reader.pk if reader else 0}")
    return reverse("courses:send-file", args=[token, public_name(lesson_file.name)])


def public_name(name: str) -> str:
    """The last part of a name, without what an address or a header cannot hold."""
    bare = PurePosixPath(name.replace("\\", "/")).name
    shown = "".join(each for each in bare if each.isprintable())
    return shown if shown.strip(". ") else "file"


def read_link(token: str, name: str) -> tuple[LessonFile, int, bool]:
    """The file and the person of a link, and whether it still opens by itself. Raises Http404."""
    try:
        value = read_dated_token(_PURPOSE, token, _KNOWN_FOR)
    except BadToken as error:
        raise Http404 from error
    file_id, _dot, user_id = value.partition(".")
    found = LessonFile.objects.filter(pk=int(file_id)).first()
    if found is None or public_name(found.name) != name:
        raise Http404
    try:
        read_dated_token(_PURPOSE, token, SHORT_LINK_LIFE)
    except BadToken:
        return found, int(user_id), False
    return found, int(user_id), True


def may_have(lesson_file: LessonFile, person: User | None, now: datetime) -> bool:
    """Whether somebody may open the lesson of a file now."""
    decision = decide_lessons([lesson_file.lesson_id], person, now).get(lesson_file.lesson_id)
    return decision is not None and decision.allowed


def holder_of(user_id: int) -> User | None:
    """The person whose link it is; None for a visitor's. Raises Http404 for one who is gone."""
    if not user_id:
        return None
    person = User.objects.filter(pk=user_id, is_active=True).first()
    if person is None:
        raise Http404
    return person


def send_lesson_file(request: HttpRequest, lesson_file: LessonFile) -> HttpResponseBase:
    """Answer with the file, whoever asks. What is to be taken away is saved, whatever it is."""
    is_saved = lesson_file.role == FileRole.DOWNLOAD
    # A page of ours may not read captions from elsewhere.
    is_ours = lesson_file.role == FileRole.CAPTIONS
    return _send(request, lesson_file, is_saved=is_saved, is_ours=is_ours)


def send_submitted_file(request: HttpRequest, submission: AssignmentSubmission) -> HttpResponseBase:
    """Answer with what was handed in, to be saved and never shown: it comes from a stranger."""
    return _send(request, submission, is_saved=True, is_ours=False)


def _send(
    request: HttpRequest,
    row: LessonFile | AssignmentSubmission,
    *,
    is_saved: bool,
    is_ours: bool,
) -> HttpResponseBase:
    storage, path = row.file.storage, str(row.file.name)
    name = public_name(row.name if isinstance(row, LessonFile) else row.file_name)
    if is_ours or isinstance(storage, FileSystemStorage):
        response = send_file_of(
            request, storage, path, name=name, is_saved=is_saved, cache_control=PRIVATE
        )
    else:
        response = HttpResponseRedirect(_signed_elsewhere(storage, path, name, is_saved))
        response.headers["Cache-Control"] = PRIVATE
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _signed_elsewhere(storage: object, path: str, name: str, is_saved: bool) -> str:
    """Where an S3-compatible storage answers by itself, with our name and type, as long."""
    as_saved = content_disposition_header(is_saved or not is_shown(name), name)
    url: str = storage.url(  # type: ignore[attr-defined]  # django-storages' own, with a signature
        path,
        parameters={
            "ResponseContentDisposition": as_saved,
            "ResponseContentType": content_type_of(name),
            "ResponseCacheControl": PRIVATE,
        },
        expire=int(SHORT_LINK_LIFE.total_seconds()),
    )
    return url
