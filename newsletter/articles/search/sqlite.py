"""The index on SQLite: FTS5, words by stem, accents ignored."""

from __future__ import annotations

from typing import Any

from django.db.backends.utils import CursorWrapper

from newsletter.articles.search.terms import Entry, Query, Table

# How much a word counts in title, standfirst, tags and text.
_WEIGHTS = "8.0, 3.0, 3.0, 1.0"


def store(cursor: CursorWrapper, table: Table, key: int, entry: Entry) -> None:
    """Write one entry in place of the old one."""
    remove(cursor, table, key)
    cursor.execute(
        f"INSERT INTO {table.name} (rowid, title, dek, tags, body) "  # noqa: S608
        "VALUES (%s, %s, %s, %s, %s)",
        [key, entry.title, entry.dek, entry.tags, entry.body],
    )


def remove(cursor: CursorWrapper, table: Table, key: int) -> None:
    """Take one entry out."""
    cursor.execute(f"DELETE FROM {table.name} WHERE rowid = %s", [key])  # noqa: S608


def clear(cursor: CursorWrapper, table: Table) -> None:
    """Empty the index."""
    cursor.execute(f"DELETE FROM {table.name}")  # noqa: S608


def is_current(_cursor: CursorWrapper, _table: Table, _language: str) -> bool:
    """It treats all languages alike."""
    return True


def search(
    cursor: CursorWrapper,
    table: Table,
    query: Query,
    visible: tuple[str, tuple[Any, ...]],
    *,
    limit: int,
    offset: int,
) -> list[tuple[int, str]]:
    """Return (key, snippet with marker characters), the best first."""
    visible_sql, visible_params = visible
    cursor.execute(
        f"SELECT rowid, snippet({table.name}, 3, %s, %s, '…', 32) "  # noqa: S608
        f"FROM {table.name} WHERE {table.name} MATCH %s AND rowid IN ({visible_sql}) "
        f"ORDER BY bm25({table.name}, {_WEIGHTS}), rowid DESC LIMIT %s OFFSET %s",
        [Entry.START, Entry.END, _match(query), *visible_params, limit, offset],
    )
    return [(row[0], row[1] or "") for row in cursor.fetchall()]


def _match(query: Query) -> str:
    """Write the query in FTS5's language; in quotes, nothing typed is part of the language."""
    wanted = " AND ".join(f"({' OR '.join(map(_quoted, group))})" for group in query.wanted)
    if not query.unwanted:
        return wanted
    return f"({wanted}) NOT ({' OR '.join(map(_quoted, query.unwanted))})"


def _quoted(phrase: str) -> str:
    return '"' + phrase.replace('"', '""') + '"'
