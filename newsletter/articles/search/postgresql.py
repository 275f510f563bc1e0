"""The index on PostgreSQL: full-text search in the publication's language, and as written.

The second reading ("simple", without accents) finds names, words of other languages and what a
stemmer would miss. Extensions such as unaccent are not needed.
"""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError, transaction
from django.db.backends.utils import CursorWrapper

from newsletter.articles.search.terms import Entry, Query, Table, fold

# PostgreSQL's own configurations, by the first part of the language's code.
_CONFIGURATIONS = {
    "ar": "arabic",
    "ca": "catalan",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "eu": "basque",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "ne": "nepali",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}
_VECTOR = """
    setweight(to_tsvector(%s::regconfig, %s), 'A') || setweight(to_tsvector('simple', %s), 'A') ||
    setweight(to_tsvector(%s::regconfig, %s), 'B') || setweight(to_tsvector('simple', %s), 'B') ||
    setweight(to_tsvector(%s::regconfig, %s), 'D') || setweight(to_tsvector('simple', %s), 'D')
"""
# A vector holds at most one megabyte; a text of 100,000 words stays far below. What does not fit
# is found by its beginning.
_SMALLEST = 10_000


def configuration_for(cursor: CursorWrapper, language: str) -> str:
    """The text-search configuration for a language code such as "pt-br"; "simple" for others."""
    name = _CONFIGURATIONS.get(language.lower().partition("-")[0], "simple")
    cursor.execute("SELECT 1 FROM pg_ts_config WHERE cfgname = %s", [name])
    return name if cursor.fetchone() else "simple"


def store(cursor: CursorWrapper, table: Table, key: int, entry: Entry, language: str) -> None:
    """Write one entry in place of the old one."""
    body = entry.body
    while True:
        try:
            with transaction.atomic():
                _store(cursor, table, key, entry, body, language)
            return
        except DatabaseError:
            if len(body) <= _SMALLEST:
                raise
            body = body[: len(body) // 2]


def _store(
    cursor: CursorWrapper, table: Table, key: int, entry: Entry, body: str, language: str
) -> None:
    words = []
    for text in (entry.title, f"{entry.dek} {entry.tags}", body):
        words += [language, text, fold(text)]
    cursor.execute(
        f"INSERT INTO {table.name} ({table.key}, language, body, vector) "  # noqa: S608
        f"VALUES (%s, %s::regconfig, %s, {_VECTOR}) "
        f"ON CONFLICT ({table.key}) DO UPDATE SET "
        "language = EXCLUDED.language, body = EXCLUDED.body, vector = EXCLUDED.vector",
        [key, language, entry.body, *words],
    )


def remove(cursor: CursorWrapper, table: Table, key: int) -> None:
    """Take one entry out."""
    cursor.execute(f"DELETE FROM {table.name} WHERE {table.key} = %s", [key])  # noqa: S608


def clear(cursor: CursorWrapper, table: Table) -> None:
    """Empty the index."""
    cursor.execute(f"DELETE FROM {table.name}")  # noqa: S608


def is_current(cursor: CursorWrapper, table: Table, language: str) -> bool:
    """Whether every entry is in this language."""
    cursor.execute(
        f"SELECT EXISTS (SELECT 1 FROM {table.name} WHERE language <> %s::regconfig)",  # noqa: S608
        [configuration_for(cursor, language)],
    )
    return not cursor.fetchone()[0]


def search(
    cursor: CursorWrapper,
    table: Table,
    query: Query,
    visible: tuple[str, tuple[Any, ...]],
    *,
    limit: int,
    offset: int,
) -> list[tuple[int, str]]:
    """Return (key, snippet with marker characters), the best first.

    Snippets are cut only for the rows of the page: cutting reads the whole text.
    """
    visible_sql, visible_params = visible
    asked = "(websearch_to_tsquery(language, %s) || websearch_to_tsquery('simple', %s))"
    options = (
        f'StartSel="{Entry.START}", StopSel="{Entry.END}", MaxWords=32, MinWords=16, MaxFragments=1'
    )
    typed = _websearch(query)
    cursor.execute(
        f"SELECT {table.key}, ts_headline(language, body, {asked}, %s) FROM ("  # noqa: S608
        f"  SELECT {table.key}, language, body, ts_rank(vector, {asked}) AS rank"
        f"  FROM {table.name} WHERE vector @@ {asked}"
        f"  AND {table.key} IN ({visible_sql})"
        f"  ORDER BY rank DESC, {table.key} DESC LIMIT %s OFFSET %s"
        f") AS page ORDER BY rank DESC, {table.key} DESC",
        [typed, fold(typed), options, *[typed, fold(typed)] * 2, *visible_params, limit, offset],
    )
    return [(row[0], row[1] or "") for row in cursor.fetchall()]


def _websearch(query: Query) -> str:
    """Write the query in the language of websearch_to_tsquery, which takes any text."""
    parts = [" or ".join(f'"{phrase}"' for phrase in group) for group in query.wanted]
    return " ".join([*parts, *(f'-"{phrase}"' for phrase in query.unwanted)])
