"""The index on SQLite: FTS5, words by stem, accents ignored."""

from __future__ import annotations

from typing import Any

from django.db.backends.utils import CursorWrapper

from newsletter.articles.search.terms import Entry, Query

# How much a word counts in title, standfirst, tags and text.
_RANK = "bm25(newsletter_article_search, 8.0, 3.0, 3.0, 1.0)"


def store(cursor: CursorWrapper, article_id: int, entry: Entry) -> None:
    """Write one entry in place of the old one."""
    remove(cursor, article_id)
    cursor.execute(
        "INSERT INTO newsletter_article_search (rowid, title, dek, tags, body) "
        "VALUES (%s, %s, %s, %s, %s)",
        [article_id, entry.title, entry.dek, entry.tags, entry.body],
    )


def remove(cursor: CursorWrapper, article_id: int) -> None:
    """Take one entry out."""
    cursor.execute("DELETE FROM newsletter_article_search WHERE rowid = %s", [article_id])


def clear(cursor: CursorWrapper) -> None:
    """Empty the index."""
    cursor.execute("DELETE FROM newsletter_article_search")


def is_current(_cursor: CursorWrapper, _language: str) -> bool:
    """It treats all languages alike."""
    return True


def search(
    cursor: CursorWrapper,
    query: Query,
    visible: tuple[str, tuple[Any, ...]],
    *,
    limit: int,
    offset: int,
) -> list[tuple[int, str]]:
    """Return (article id, snippet with marker characters), the best first."""
    visible_sql, visible_params = visible
    cursor.execute(
        "SELECT rowid, snippet(newsletter_article_search, 3, %s, %s, '…', 32) "  # noqa: S608
        "FROM newsletter_article_search WHERE newsletter_article_search MATCH %s "
        f"AND rowid IN ({visible_sql}) ORDER BY {_RANK}, rowid DESC LIMIT %s OFFSET %s",
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
