"""Subscribers as CSV, row by row: memory stays flat however many there are."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from newsletter.subscribers.models import Subscription

CHUNK = 2_000
# A spreadsheet takes a cell that begins so for a formula, and runs it.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class _Echo:
    """What csv writes, handed back instead of kept."""

    def write(self, text: str) -> str:
        """Return the line."""
        return text


def escape_cell(value: object) -> str:
    """Put an apostrophe before what a spreadsheet would run; our own import takes it off again."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def write_csv(rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Yield the lines of a CSV that spreadsheets open right: with a mark of its encoding."""
    writer = csv.writer(_Echo())
    yield "\ufeff"
    for row in rows:
        yield writer.writerow([escape_cell(cell) for cell in row])


def subscriber_rows(subscriptions: QuerySet[Subscription]) -> Iterator[list[object]]:
    """The header, then a row for each subscription with the record of its consent."""
    yield [
        "email",
        "name",
        "newsletter",
        "state",
        "signed_up_at",
        "confirmed_at",
        "consent_source",
        "consent_detail",
        "unsubscribed_at",
        "unsubscribe_reason",
    ]
    rows = subscriptions.values_list(
        "user__email",
        "user__name",
        "newsletter__slug",
        "state",
        "created_at",
        "consent_at",
        "consent_source",
        "consent_detail",
        "unsubscribed_at",
        "unsubscribe_reason",
    )
    for row in rows.iterator(chunk_size=CHUNK):
        yield [cell.isoformat() if isinstance(cell, datetime) else cell for cell in row]


def report_rows(lines: Iterable[Iterable[object]]) -> Iterator[Iterable[object]]:
    """The header, then what became of each line of an import."""
    yield [_("line"), _("address"), _("outcome"), _("why")]
    yield from lines
