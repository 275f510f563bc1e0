"""Reads an export of any size element by element, and refuses what XML can be abused for.

Expat itself, and not a tree: memory stays flat. A DOCTYPE is refused when it begins, so that no
entity is ever declared; neither WordPress nor Disqus writes one. (defusedxml does the same with
the standard library's tree builder in Python.)
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from typing import IO
from xml.parsers import expat

from django.utils.translation import gettext as _

CHUNK = 64 * 1024
# More text than this in one element is no comment; what comes after is not kept.
MAX_TEXT = 200_000
_ROOTS = frozenset({"rss", "disqus"})
_PACKED = (b"\x1f\x8b", b"PK")
_SITE = frozenset({"base_site_url", "base_blog_url"})
# Stray bytes in old comments: WordPress writes them out, and XML has no place for them.
_CONTROLS = bytes({*range(0x20)} - {0x09, 0x0A, 0x0D})
# Of all that it writes, this alone it neither escapes nor puts into CDATA.
_WRITER = re.compile(rb"<wp:comment_author_url>[^<]*")
_BARE_AMPERSAND = re.compile(rb"&(?!#?\w+;)")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DSQ_ID = "http://disqus.com/disqus-internals id"


class NotAnExportError(Exception):
    """The file cannot be read; the words say why and where."""


class Record(dict[str, str]):
    """The texts under one element by their path ("author/name"), attributes as "thread@id"."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def text(self, path: str) -> str:
        """One of them, without the space around it; empty where there is none."""
        return self.get(path, "").strip()


class _Reader:
    """Collects records of the wanted elements, with the fields of what lies around a comment."""

    def __init__(self) -> None:
        self.done: list[Record] = []
        self._path: list[str] = []
        # The record under way, and how deep it began.
        self._open: list[tuple[Record, int]] = []
        self._outer = Record("item")
        self._channel = Record("channel")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = _local(name)
        if not self._path and local not in _ROOTS:
            raise NotAnExportError(_("This is neither an export of WordPress nor one of Disqus."))
        self._path.append(local)
        if local == "item":
            self._outer = Record("item")
        is_wanted = local in {"thread", "post"} and len(self._path) == 2
        if is_wanted or (local == "comment" and "item" in self._path):
            record = Record(local)
            if local == "comment":
                record.update({f"item/{key}": value for key, value in self._outer.items()})
                record["base"] = self._channel.text("base_site_url")
                record["blog"] = self._channel.text("base_blog_url")
            self._open.append((record, len(self._path)))
        if self._open and _DSQ_ID in attributes:
            self._put(f"{self._place()}@id", attributes[_DSQ_ID])

    def text(self, data: str) -> None:
        if self._open:
            self._put(self._place(), data)
        elif len(self._path) == 4 and self._path[2] == "item":
            _append(self._outer, self._path[3], data)
        elif len(self._path) == 3 and self._path[2] in _SITE:
            _append(self._channel, self._path[2], data)

    def end(self, _name: str) -> None:
        if self._open and self._open[-1][1] == len(self._path):
            self.done.append(self._open.pop()[0])
        self._path.pop()

    def _place(self) -> str:
        return "/".join(self._path[self._open[-1][1] :])

    def _put(self, path: str, data: str) -> None:
        _append(self._open[-1][0], path, data)


def check_export(file: IO[bytes]) -> None:
    """Look at the beginning alone: is this an export at all? Raises NotAnExportError."""
    head = file.read(CHUNK)
    if not head:
        raise NotAnExportError(_("The file is empty."))
    if head.startswith(_PACKED):
        raise NotAnExportError(_("This file is packed. Unpack it, and upload the XML in it."))
    pieces = list(_chunks(io.BytesIO(head)))
    if len(head) == CHUNK:
        # It goes on; half of the last text could be wrong.
        pieces.pop()
    try:
        _parser(_Reader()).Parse(b"".join(pieces), False)
    except expat.ExpatError as error:
        raise NotAnExportError(_broken(error)) from error


def read_records(file: IO[bytes]) -> Iterator[Record]:
    """Every comment, thread and post in the order of the file. Raises NotAnExportError."""
    reader = _Reader()
    parser = _parser(reader)
    try:
        for chunk in _chunks(file):
            parser.Parse(chunk, False)
            yield from reader.done
            reader.done.clear()
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise NotAnExportError(_broken(error)) from error
    yield from reader.done


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    """The file in pieces, put right where WordPress writes what is no XML.

    A piece ends where a tag begins, so that a text between two tags is in one of them.
    """
    chunk, rest = file.read(CHUNK), b""
    is_utf_16 = chunk.startswith(_UTF_16)
    if not is_utf_16:
        chunk = chunk.removeprefix(codecs.BOM_UTF8).lstrip()
    while chunk:
        if is_utf_16:
            yield chunk
        else:
            pending = rest + chunk
            at = max(pending.rfind(b"<"), 0)
            # A text of such a length is no address.
            at = at if len(pending) - at <= CHUNK else len(pending)
            yield _tidied(pending[:at])
            rest = pending[at:]
        chunk = file.read(CHUNK)
    yield _tidied(rest)


def _tidied(text: bytes) -> bytes:
    """Without control characters, and with whole entities in addresses of writers."""
    return _WRITER.sub(
        lambda found: _BARE_AMPERSAND.sub(b"&amp;", found[0]), text.translate(None, _CONTROLS)
    )


def _parser(reader: _Reader) -> expat.XMLParserType:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def _broken(error: expat.ExpatError) -> str:
    return _("This is no whole XML file: %(error)s") % {"error": error}


def _refuse_doctype(*_arguments: object) -> None:
    raise NotAnExportError(_("The file declares a document type; exports have none."))


def _append(record: Record, path: str, data: str) -> None:
    before = record.get(path, "")
    if len(before) < MAX_TEXT:
        record[path] = (before + data)[:MAX_TEXT]


def _local(name: str) -> str:
    return name.rpartition(" ")[2]
