"""CSV records with the byte at which each ends, so that reading can go on from there."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

from django.utils.translation import gettext as _

from newsletter.subscribers.importing.files import UnreadableFileError

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_RECORDS = 50
LONGEST_LINE = 1024 * 1024


class _Lines:
    """The file's lines as text; `offset` is the byte after the last one that was handed out."""

    def __init__(self, file: BinaryIO, offset: int) -> None:
        self.file = file
        self.offset = offset
        file.seek(offset)

    def __iter__(self) -> Iterator[str]:
        while line := self.file.readline(LONGEST_LINE):
            if len(line) == LONGEST_LINE:
                raise UnreadableFileError(
                    _("A line is longer than 1 MB; this is no list of people.")
                )
            self.offset += len(line)
            yield line.decode("utf-8")


def read_records(
    file: BinaryIO, *, delimiter: str, offset: int = 0
) -> Iterator[tuple[list[str], int]]:
    """Yield (cells, byte after the record) from `offset` on; empty records come as [].

    A quoted cell may hold line ends. Raises UnreadableFileError where a
    quotation mark is never closed.
    """
    lines = _Lines(file, offset)
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    try:
        # The reader takes exactly the lines that a record needs, so the offset is its end.
        for cells in reader:
            yield cells, lines.offset
    except csv.Error as error:
        raise UnreadableFileError(
            _(
                "After line %(line)d the file cannot be read as CSV (%(error)s). Often a"
                " quotation mark was opened there and never closed."
            )
            % {"line": reader.line_num, "error": error}
        ) from error


def sniff_delimiter(file: BinaryIO) -> str:
    """Return the delimiter with which the first records fall into the same number of cells.

    The comma where there is but one column. Python's own sniffer takes letters for delimiters.
    """
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        widths: Counter[int] = Counter()
        try:
            for (cells, _end), _ in zip(
                read_records(file, delimiter=delimiter), range(SAMPLE_RECORDS), strict=False
            ):
                if cells:
                    widths[len(cells)] += 1
        except UnreadableFileError:
            continue
        if not widths:
            continue
        width, same = widths.most_common(1)[0]
        score = (same / widths.total()) * min(width, 10) if width > 1 else 0.0
        if score > best_score:
            best, best_score = delimiter, score
    return best


def read_sample(file: BinaryIO, *, delimiter: str, count: int = 6) -> list[list[str]]:
    """The first records that hold anything."""
    sample: list[list[str]] = []
    for cells, _end in read_records(file, delimiter=delimiter):
        if any(cell.strip() for cell in cells):
            sample.append(cells)
        if len(sample) == count:
            break
    return sample
