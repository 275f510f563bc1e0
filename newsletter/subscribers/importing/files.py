"""From whatever was uploaded to UTF-8 with plain line ends, so that a byte offset is a place."""

from __future__ import annotations

import codecs
import io
import re
from typing import IO, BinaryIO

from django.utils.translation import gettext as _

BLOCK = 64 * 1024
MAX_BYTES = 100 * 1024 * 1024
# Tried in this order on files without a byte order mark. Latin-1 takes every byte.
GUESSES = ("utf-8", "cp1252", "latin-1")
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Blank lines, and the one by which a file tells Excel its delimiter.
_BEFORE_THE_LIST = re.compile(r"\A\n*(?:sep=.\n)?\n*", re.IGNORECASE)
# NUL is not among them: exports that count characters wrongly are padded with it.
_CONTROLS = re.compile("[\x01-\x08\x0e-\x1f\x7f]")


class UnreadableFileError(ValueError):
    """The upload is no list of lines; the message is for the author."""


def detect_encoding(source: BinaryIO) -> str:
    """Return the encoding of a seekable file, reading it in blocks. Raises UnreadableFileError."""
    source.seek(0)
    head = source.read(BLOCK)
    for mark, name in BOMS:
        if head.startswith(mark):
            return name
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF")):
        raise UnreadableFileError(
            _(
                "This is a spreadsheet or document, or a packed file. Save it as CSV there, or"
                " unpack it, and upload that file."
            )
        )
    zeros = head.count(0)
    if zeros > len(head) // 4:
        # UTF-16 without a mark: in Western text every other byte is nought.
        return "utf-16-le" if head[1::2].count(0) > zeros // 2 else "utf-16-be"
    for name in GUESSES:
        if _decodes(source, name):
            return name
    raise UnreadableFileError(_("The file is in no encoding that we know."))  # pragma: no cover


def _decodes(source: BinaryIO, name: str) -> bool:
    decoder = codecs.getincrementaldecoder(name)()
    source.seek(0)
    try:
        while block := source.read(BLOCK):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _is_no_text(text: str) -> bool:
    """Whether so much of `text` is control characters that nobody wrote it; a few are dirt."""
    return len(_CONTROLS.findall(text)) > max(8, len(text) // 100)


def transcode(source: BinaryIO, target: IO[bytes]) -> str:
    """Write `source` to `target` as UTF-8 with "\\n" line ends; returns the encoding it had.

    Memory stays flat whatever the size. Raises UnreadableFileError for a file that is empty, too
    large, or broken in the middle.
    """
    encoding = detect_encoding(source)
    source.seek(0)
    wrapper = io.TextIOWrapper(source, encoding=encoding, newline=None)
    written = 0
    try:
        while text := wrapper.read(BLOCK):
            if not written and _is_no_text(text):
                raise UnreadableFileError(_("This is no text file. Save the list as CSV."))
            if not written:
                text = _BEFORE_THE_LIST.sub("", text) or text
            block = text.replace("\x00", "").encode("utf-8", errors="replace")
            written += len(block)
            if written > MAX_BYTES:
                raise UnreadableFileError(
                    _("The file is larger than %d MB. Split it in two.")
                    % (MAX_BYTES // 1024 // 1024)
                )
            target.write(block)
    except UnicodeError as error:
        raise UnreadableFileError(
            _("The file is damaged: its text breaks off in the middle.")
        ) from error
    finally:
        # The wrapper would close the upload, which is not ours.
        wrapper.detach()
    if not written:
        raise UnreadableFileError(_("The file is empty."))
    return encoding
