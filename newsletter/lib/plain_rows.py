"""Rows of the database as plain data, for a file that people and other programs read."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db.models import F, QuerySet
from django.db.models.expressions import Combinable

CHUNK = 2_000

PlainRow = dict[str, Any]


def plain_rows(found: QuerySet[Any], **columns: str | Combinable) -> list[PlainRow]:
    """Each row as a dictionary: a name of ours for each column, and where it is read from.

    One query. Moments and days become ISO 8601.
    """
    named = {
        f"_{name}": F(source) if isinstance(source, str) else source
        for name, source in columns.items()
    }
    # Under names of their own: a column may be called what a field is called.
    rows = found.annotate(**named).values_list(*named)
    return [
        {name: _plain(value) for name, value in zip(columns, row, strict=True)}
        for row in rows.iterator(chunk_size=CHUNK)
    ]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, (datetime, date)) else value
