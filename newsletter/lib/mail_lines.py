"""Lines of plain text: how wide, where to break, how to stand in columns."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import zip_longest

NARROWEST = 24
BREAK = "\ue000"  # private use: stands for <br> while a text is in one string
# No-break spaces do not count: they hold words together.
SPACE = re.compile(r"[^\S\u00a0\u202f]+")
_NUMBER = re.compile(
    r"^[-+\u2212]?[\d., ]*\d[\d., ]*\s?[%€$£]?$|^[€$£]\s?[\d.,]+$|^[-\u2013\u2014]$"
)


def display_width(text: str) -> int:
    """Columns that `text` takes in a terminal: wide East Asian signs take two, accents none."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def wrap(text: str, width: int) -> list[str]:
    """Break at spaces, and between wide signs, which are written without spaces."""
    lines: list[str] = []
    for part in text.split(BREAK):
        line = ""
        for word in _pieces(part, width):
            space = "" if not line or word.glued else " "
            if line and display_width(line) + len(space) + display_width(word.text) > width:
                lines.append(line)
                line = word.text
            else:
                line += space + word.text
        lines.append(line)
    while lines and not lines[-1]:
        lines.pop()
    return lines


@dataclass(frozen=True)
class _Piece:
    text: str
    glued: bool = False


def _pieces(text: str, width: int) -> list[_Piece]:
    pieces: list[_Piece] = []
    for word in SPACE.split(text):
        if not word:
            continue
        if display_width(word) <= width or display_width(word) < len(word) * 1.5:
            pieces.append(_Piece(word))
            continue
        pieces += [_Piece(sign, glued=bool(at)) for at, sign in enumerate(word)]
    return pieces


def hang(mark: str, lines: list[str]) -> list[str]:
    indent = " " * len(mark)
    return [
        (mark if not at else indent) + line if line or not at else ""
        for at, line in enumerate(lines)
    ]


def columns(rows: list[list[str]], *, has_head: bool, width: int) -> list[str]:
    """The rows in aligned columns; empty where they do not fit. Numbers stand to the right."""
    widths = [
        max(display_width(text) for text in column) for column in zip_longest(*rows, fillvalue="")
    ]
    if sum(widths) + 2 * (len(widths) - 1) > width:
        return []
    body = rows[1:] if has_head else rows
    numeric = [
        any(column) and all(not text or _NUMBER.match(text) for text in column)
        for column in zip_longest(*body, fillvalue="")
    ]
    numeric += [False] * (len(widths) - len(numeric))
    lines = [
        "  ".join(
            _pad(text, room, right=right)
            for text, room, right in zip_longest(row, widths, numeric, fillvalue="")
            if isinstance(room, int)
        ).rstrip()
        for row in rows
    ]
    if has_head:
        lines.insert(1, "  ".join("-" * room for room in widths))
    return lines


def _pad(text: str, room: int, *, right: bool | str) -> str:
    gap = " " * (room - display_width(text))
    return gap + text if right else text + gap


def records(rows: list[list[str]], has_head: bool, width: int) -> list[str]:
    """A table too wide for columns: each row as a small paragraph of `Heading: value`."""
    heads = rows[0] if has_head else []
    lines: list[str] = []
    for row in rows[1:] if has_head else rows:
        if lines:
            lines.append("")
        for text, head in zip_longest(row, heads, fillvalue=""):
            if text or head:
                entry = f"{head.rstrip(':')}: {text}" if head and text else text or head
                lines += (
                    hang("  ", wrap(entry, width - 2))
                    if lines and lines[-1]
                    else wrap(entry, width)
                )
    return lines
