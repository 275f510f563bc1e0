"""Send an uploaded file: safely typed, in parts where a player asks for parts.

Who may have it is the caller's to decide. Nothing that a browser would run is ever shown: what is
no picture and no recording is saved to disk, and the policy forbids the rest.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import IO, Any

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import Storage, default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import http_date

# Shown in place. Everything else is an attachment, whatever its name says.
_SHOWN = {
    ".avif": "image/avif",
    ".webp": "image/webp",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".ico": "image/x-icon",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".flac": "audio/flac",
    ".wav": "audio/wav",
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".webm": "video/webm",
    ".ogv": "video/ogg",
    ".mov": "video/quicktime",
    ".vtt": "text/vtt; charset=utf-8",
}
_SAVED = {
    ".pdf": "application/pdf",
    ".epub": "application/epub+zip",
    ".zip": "application/zip",
    ".txt": "text/plain; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
}
PICTURES = frozenset(end for end, kind in _SHOWN.items() if kind.startswith("image/"))
RECORDINGS = frozenset(end for end, kind in _SHOWN.items() if kind.startswith("audio/"))

_PATH = re.compile(r"(?P<folder>(?P<kind>images|files|brand)/[A-Za-z0-9_-]+)/(?P<name>[^/\\\x00]+)")
_LONGEST_NAME = 255
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


def split_path(path: str) -> tuple[str, str]:
    """The folder and the name of an upload that may be sent at all. Raises Http404 for any other.

    An uploaded subscriber list lies in the same storage, so nothing but these folders is served.
    """
    found = _PATH.fullmatch(path)
    if found is None or found["name"].startswith(".") or ".." in found["name"]:
        raise Http404
    # Longer than any file system takes: asking it would be an error.
    if len(found["name"].encode()) > _LONGEST_NAME:
        raise Http404
    if found["kind"] != "files" and extension_of(found["name"]) not in PICTURES:
        raise Http404
    return found["folder"], found["name"]


def extension_of(name: str) -> str:
    """What the name ends with, with the dot, in small letters."""
    return PurePosixPath(name).suffix.lower()


def content_type_of(name: str) -> str:
    """How a file of this name is typed; what is not known is bytes."""
    extension = extension_of(name)
    return _SHOWN.get(extension) or _SAVED.get(extension, "application/octet-stream")


def is_shown(name: str) -> bool:
    """Whether a browser shows a file of this name in place."""
    return extension_of(name) in _SHOWN


def send_stored_file(request: HttpRequest, path: str, *, cache_control: str) -> HttpResponseBase:
    """Answer with the upload at `path` (`images/<random>/<name>`), or the part that is asked for.

    Raises Http404 where there is none.
    """
    _folder, name = split_path(path)
    return send_file_of(
        request, default_storage, path, name=name, is_saved=False, cache_control=cache_control
    )


def send_file_of(
    request: HttpRequest,
    storage: Storage,
    path: str,
    *,
    name: str,
    is_saved: bool,
    cache_control: str,
) -> HttpResponseBase:
    """Answer with a file of a storage, or the part that is asked for, under the name `name`.

    `path` is the caller's, never a request's. `is_saved` has the browser save it, whatever it is.
    Raises Http404 where there is none.
    """
    try:
        size = storage.size(path)
        changed = int(storage.get_modified_time(path).timestamp())
    except (FileNotFoundError, IsADirectoryError, SuspiciousFileOperation) as error:
        raise Http404 from error
    etag = f'"{changed:x}-{size:x}"'
    unchanged = get_conditional_response(request, etag=etag, last_modified=changed)
    response: HttpResponseBase
    if unchanged is not None:
        response = unchanged
    else:
        part = _part_asked_for(request, size, etag)
        response = _answer(storage, path, size, part, name=name, is_saved=is_saved)
    response.headers["ETag"] = etag
    response.headers["Last-Modified"] = http_date(changed)
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Cache-Control"] = cache_control
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _answer(
    storage: Storage,
    path: str,
    size: int,
    part: tuple[int, int] | None,
    *,
    name: str,
    is_saved: bool,
) -> HttpResponseBase:
    if part is not None and part[0] >= size:
        response = HttpResponse(status=416)
        response.headers["Content-Range"] = f"bytes */{size}"
        return response
    first, last = part or (0, size - 1)
    answer = FileResponse(
        _Part(storage.open(path), first, last - first + 1),
        status=200 if part is None else 206,
        content_type=content_type_of(name),
        as_attachment=is_saved or not is_shown(name),
        filename=name,
    )
    answer.headers["Content-Length"] = str(last - first + 1)
    if part is not None:
        answer.headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return answer


def _part_asked_for(request: HttpRequest, size: int, etag: str) -> tuple[int, int] | None:
    """The first and the last byte of the one part asked for; None means the whole.

    What cannot be understood, and several parts at once, get the whole, as the standard allows.
    """
    if request.headers.get("If-Range", etag) != etag:
        return None
    found = _RANGE.fullmatch(request.headers.get("Range", ""))
    if found is None or found[0] == "bytes=-":
        return None
    if not found[1]:
        return (max(0, size - int(found[2])), size - 1) if int(found[2]) else (size, size)
    first = int(found[1])
    last = min(int(found[2]), size - 1) if found[2] else size - 1
    return None if last < first < size else (first, last)


class _Part:
    """Some bytes of a file, for whoever reads it block by block and closes it."""

    def __init__(self, file: IO[Any], first: int, length: int) -> None:
        file.seek(first)
        self._file, self._left = file, length

    def read(self, size: int) -> bytes:
        block: bytes = self._file.read(min(size, self._left))
        self._left -= len(block)
        return block

    def close(self) -> None:
        self._file.close()
