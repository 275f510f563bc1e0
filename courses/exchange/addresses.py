"""Which file of an archive a text means, however the program that wrote it spells that."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Container, Iterator
from math import inf
from urllib.parse import unquote

from courses.exchange.prose import to_html

FILES, PICTURES, ATTACHMENTS = "files/", "pictures/", "attachments/"
# Of another site, of this one, within the page, or of mail.
_NOT_OWN = re.compile(r"[a-z][a-z0-9+.-]*:|[/#?]|$", re.IGNORECASE)
# With those that a site cannot show, for a picture that is refused is told of.
_PICTURE = re.compile(r"\.(?:avif|bmp|gif|hei[cf]|jpe?g|png|svg|tiff?|webp)$", re.IGNORECASE)
_UPLOADS = (FILES, PICTURES, ATTACHMENTS)
_TEXT = re.compile(r"\.(?:md|markdown)$", re.IGNORECASE)
_FENCED = re.compile(r"^(```+|~~~+).*?^\1", re.MULTILINE | re.DOTALL)
# An embedded file of Obsidian; a note at the foot.
_FOREIGN = re.compile(r"!\[\[[^\[\]\n]+\]\]|^\[\^[^\[\]\n]+\]:", re.MULTILINE)


def path_of(address: str, page: str, names: Container[str]) -> str:
    """The file that an address in the text `page` leads to; empty where it is none of the archive.

    From the top of the archive, or from the folder in which the text lies, as editors have it.
    """
    if address in names:
        return address
    plain = unicodedata.normalize("NFC", unquote(address.partition("#")[0]))
    if not is_own(address):
        # Hugo's begin at the top of the site.
        return plain[1:] if plain.startswith("/") and plain[1:] in names else ""
    for folder in ("", posixpath.dirname(page)):
        path = posixpath.normpath(posixpath.join(folder, plain))
        if path in names:
            return path
    return ""


def is_own(address: str) -> bool:
    """Whether it leads from one file to another."""
    return _NOT_OWN.match(address) is None


def is_picture(path: str) -> bool:
    """Whether it is kept as a picture: in the folder of pictures, or in another by its name."""
    is_named_so = _PICTURE.search(path) is not None
    return path.startswith(PICTURES) or (is_named_so and not path.startswith(ATTACHMENTS))


def is_text(path: str) -> bool:
    """Whether it is a text of the course, and none of what the texts offer."""
    return _TEXT.search(path) is not None and not path.startswith(_UPLOADS)


def foreign_marks(text: str) -> Iterator[tuple[int, str]]:
    """What Obsidian and others read and Markdown does not, with the line, from 0."""
    bare = _FENCED.sub(lambda found: "\n" * found[0].count("\n"), text)
    for found in _FOREIGN.finditer(bare):
        yield bare.count("\n", 0, found.start()), found[0]


def order_of(path: str) -> tuple[float, str]:
    """By the number at the beginning of the name: 9 before 10, whether or not it is 09."""
    found = re.match(r"\d+", path.rpartition("/")[2])
    return (int(found[0][:9]) if found else inf, path)


def addresses_of(text: str) -> list[str]:
    """Every address that a Markdown text names, as it is written."""
    found: list[str] = []

    def take(address: str) -> str:
        found.append(address)
        return f"/{address}" if is_own(address) else address

    to_html(text, take)
    return list(dict.fromkeys(found))
