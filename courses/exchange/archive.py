"""Folders and ZIP files, read with distrust: what is in them was put there by somebody."""

from __future__ import annotations

import hashlib
import io
import lzma
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import IO, Protocol
from unicodedata import normalize

from django.utils.translation import gettext as _

MAX_FILES = 5_000
MAX_TEXT = 2 * 1024 * 1024
# All texts are read at once.
MAX_TEXTS = 64 * 1024 * 1024
MAX_FILE = 2 * 1024 * 1024 * 1024
MAX_TOTAL = 8 * 1024 * 1024 * 1024
# Nothing that is worth keeping shrinks to a two-hundredth; what does is made to fill a disk.
MAX_RATIO = 200
_FREE = 1024 * 1024
_CHUNK = 1024 * 1024
# What zipfile and what it unpacks with raise for bytes that are not as they were written.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)


class BadArchiveError(ValueError):
    """The archive as a whole is refused; the message says why, `path` which file of it."""

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        self.path = path


class Files(Protocol):
    """Files by their path, `/` between folders, none of which leads outside."""

    def names(self) -> list[str]:
        """Every path, sorted."""

    def size(self, name: str) -> int:
        """In bytes."""

    def open(self, name: str) -> IO[bytes]:
        """To be read and closed."""


class Source(Files, Protocol):
    """Files that are brought in. What is known of their contents is kept, to be read once."""

    hashes: dict[str, str]


@contextmanager
def opened(source: Source, name: str) -> Iterator[IO[bytes]]:
    """A file to read; one that turns out to be damaged on the way raises BadArchiveError."""
    try:
        with source.open(name) as file:
            yield file
    except BadArchiveError:
        raise
    except _DAMAGED as error:
        raise BadArchiveError(_("The file is damaged."), name) from error


def read_bytes(source: Source, name: str, most: int = MAX_TEXT) -> bytes:
    """A small file whole. Raises BadArchiveError for a larger one, whatever it said it was."""
    with opened(source, name) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise BadArchiveError(_("The file is too large for a text."), name)
    return data


def hash_of(source: Source, name: str) -> str:
    """Hexadecimal SHA-256, worked out once."""
    if name not in source.hashes:
        for _chunk in read_hashing(source, name):
            pass
    return source.hashes[name]


def read_hashing(source: Source, name: str) -> Iterator[bytes]:
    """A file in pieces; its hash is known once all are read. Raises BadArchiveError."""
    digest, read = hashlib.sha256(), 0
    with opened(source, name) as file:
        while chunk := file.read(_CHUNK):
            read += len(chunk)
            if read > source.size(name):
                raise BadArchiveError(_("The file is larger than the archive says."), name)
            digest.update(chunk)
            yield chunk
    source.hashes[name] = digest.hexdigest()


def check_path(path: str) -> str:
    """A path inside the archive, with each letter in one piece: macOS writes accents apart.

    Raises BadArchiveError for one that is none.
    """
    parts = PurePosixPath(path).parts
    if (
        not parts
        or path.startswith(("/", "\\"))
        or "\\" in path
        or ".." in parts
        or re.match(r"[A-Za-z]:", path)
        or any(not each.isprintable() for each in path)
    ):
        raise BadArchiveError(_("This path leads out of the archive."), path)
    return normalize("NFC", "/".join(parts))


def _is_noise(path: str) -> bool:
    parts = path.split("/")
    return parts[0] == "__MACOSX" or any(part.startswith(".") for part in parts)


class MemorySource:
    """Files in memory: what is exported, and what tests bring."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = {check_path(name): data for name, data in files.items()}
        self.hashes: dict[str, str] = {}

    def names(self) -> list[str]:
        return sorted(self._files)

    def size(self, name: str) -> int:
        return len(self._files[name])

    def open(self, name: str) -> IO[bytes]:
        return io.BytesIO(self._files[name])


class FolderSource:
    """A folder on this machine. Links are not followed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.hashes: dict[str, str] = {}
        if not folder.is_dir():
            raise BadArchiveError(_("There is no such folder."), str(folder))
        self._paths = dict(self._walk())
        self._names = sorted(self._paths)
        if len(self._names) > MAX_FILES:
            raise BadArchiveError(_("There are too many files in it."))

    def _walk(self) -> Iterator[tuple[str, Path]]:
        for path in self._folder.rglob("*"):
            name = path.relative_to(self._folder).as_posix()
            if _is_noise(name):
                continue
            if path.is_symlink():
                raise BadArchiveError(_("This is a link to another place."), name)
            if path.is_file():
                yield check_path(name), path

    def names(self) -> list[str]:
        return self._names

    def size(self, name: str) -> int:
        return self._paths[name].stat().st_size

    def open(self, name: str) -> IO[bytes]:
        return self._paths[name].open("rb")


class ZipSource:
    """A ZIP file. Folders around everything are looked through."""

    def __init__(self, file: IO[bytes] | Path) -> None:
        self.hashes: dict[str, str] = {}
        try:
            self._zip = zipfile.ZipFile(file)
        except (OSError, *_DAMAGED):
            raise BadArchiveError(_("This is no ZIP file, or it is damaged.")) from None
        self._entries: dict[str, zipfile.ZipInfo] = {}
        total = 0
        infos = self._zip.infolist()
        if len(infos) > MAX_FILES:
            raise BadArchiveError(_("There are too many files in it."))
        for info in infos:
            written = _name_of(info)
            name = check_path(written.rstrip("/"))
            if written.endswith("/") or _is_noise(name):
                continue
            _check_entry(info, name)
            total += info.file_size
            if name in self._entries:
                raise BadArchiveError(_("Two files have the same path."), name)
            self._entries[name] = info
        if total > MAX_TOTAL:
            raise BadArchiveError(_("Unpacked it would be larger than 8 GB."))
        self._prefix = self._find_prefix()

    def _find_prefix(self) -> str:
        prefix = ""
        while f"{prefix}course.md" not in self._entries:
            tops = {name.removeprefix(prefix).split("/")[0] for name in self._entries}
            prefix += f"{next(iter(tops), '')}/"
            if len(tops) != 1 or not all(name.startswith(prefix) for name in self._entries):
                return ""
        return prefix

    def names(self) -> list[str]:
        return sorted(name.removeprefix(self._prefix) for name in self._entries)

    def size(self, name: str) -> int:
        return self._entries[self._prefix + name].file_size

    def open(self, name: str) -> IO[bytes]:
        try:
            return self._zip.open(self._entries[self._prefix + name])
        except _DAMAGED as error:
            raise BadArchiveError(_("The file cannot be unpacked."), name) from error


# The flag by which an entry says so of its name.
_IS_UTF_8 = 0x800


def _name_of(info: zipfile.ZipInfo) -> str:
    """As it was meant: macOS does not say that it writes UTF-8, Windows has backslashes."""
    name = info.orig_filename
    if not info.flag_bits & _IS_UTF_8:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode()
    return name.replace("\\", "/")


def _check_entry(info: zipfile.ZipInfo, name: str) -> None:
    if stat.S_ISLNK(info.external_attr >> 16):
        raise BadArchiveError(_("This is a link to another place."), name)
    if info.flag_bits & 0x1:
        raise BadArchiveError(_("The file is encrypted."), name)
    if info.file_size > MAX_FILE:
        raise BadArchiveError(_("The file is larger than 2 GB."), name)
    if info.file_size > _FREE and info.file_size > MAX_RATIO * max(info.compress_size, 1):
        raise BadArchiveError(_("The file unpacks to far more than it is: refused."), name)


def write_zip(source: Files, file: IO[bytes]) -> None:
    """Write a source as a ZIP that is the same bytes for the same files."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in source.names():
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            with source.open(name) as read, archive.open(info, "w", force_zip64=True) as out:
                while chunk := read.read(_CHUNK):
                    out.write(chunk)
