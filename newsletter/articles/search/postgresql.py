"""The index on PostgreSQL: full-text search in the publication's language, and as written.

The second reading ("simple", without accents) finds names, words of other languages and what a
stemmer would miss. Extensions such as unaccent are not needed.
"""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError, transaction
from django.db.backends.utils import CursorWrapper

from newsletter.articles.search.terms import Entry, Query, fold

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


def store(cursor: CursorWrapper, article_id: int, entry: Entry, language: str) -> None:
    """Write one entry in place of the old one."""
    body = entry.body
    while True:
        try:
            with transaction.atomic():
                _store(cursor, article_id, entry, body, language)
            return
        except DatabaseError:
            if len(body) <= _SMALLEST:
                raise
            body = body[: len(body) // 2]


def _store(cursor: CursorWrapper, article_id: int, entry: Entry, body: str, language: str) -> None:
    words = []
    for text in (entry.title, f"{entry.dek} {entry.tags}", body):
        words += [language, text, fold(text)]
    cursor.execute(
        "INSERT INTO newsletter_article_search (article_id, language, body, vector) "  # noqa: S608
        f"VALUES (%s, %s::regconfig, %s, {_VECTOR}) "
        "ON CONFLICT (article_id) DO UPDATE SET "
        "language = EXCLUDED.language, body = EXCLUDED.body, vector = EXCLUDED.vector",
        [article_id, language, entry.body, *words],
    )


def remove(cursor: CursorWrapper, article_id: int) -> None:
    """Take one entry out."""
    cursor.execute("DELETE FROM newsletter_article_search WHERE article_id = %s", [article_id])


def clear(cursor: CursorWrapper) -> None:
    """Empty the index."""
    cursor.execute("DELETE FROM newsletter_article_search")


def is_current(cursor: CursorWrapper, language: str) -> bool:
    """Whether every entry is in this language."""
    cursor.execute(
        "SELECT EXISTS (SELECT 1 FROM newsletter_article_search WHERE language <> %s::regconfig)",
        [configuration_for(cursor, language)],
    )
    return not cursor.fetchone()[0]


def search(
    cursor: CursorWrapper,
    query: Query,
    visible: tuple[str, tuple[Any, ...]],
    *,
    limit: int,
    offset: int,
) -> list[tuple[int, str]]:
    """Return (article id, snippet with marker characters), the best first.

    Snippets are cut only for the rows of the page: cutting reads the whole text.
    """
    visible_sql, visible_params = visible
    asked = "(websearch_to_tsquery(language, %s) || websearch_to_tsquery('simple', %s))"
    options = (
        f'StartSel="{Entry.START}", StopSel="{Entry.END}", MaxWords=32, MinWords=16, MaxFragments=1'
    )
    typed = _websearch(query)
    cursor.execute(
        f"SELECT article_id, ts_headline(language, body, {asked}, %s) FROM ("  # noqa: S608
        f"  SELECT article_id, language, body, ts_rank(vector, {asked}) AS rank"
        f"  FROM newsletter_article_search WHERE vector @@ {asked}"
        f"  AND article_id IN ({visible_sql})"
        "   ORDER BY rank DESC, article_id DESC LIMIT %s OFFSET %s"
        ") AS page ORDER BY rank DESC, article_id DESC",
        [typed, fold(typed), options, *[typed, fold(typed)] * 2, *visible_params, limit, offset],
    )
    return [(row[0], row[1] or "") for row in cursor.fetchall()]


def _websearch(query: Query) -> str:
    """Write the query in the language of websearch_to_tsquery, which takes any text."""
    parts = [" or ".join(f'"{phrase}"' for phrase in group) for group in query.wanted]
    return " ".join([*parts, *(f'-"{phrase}"' for phrase in query.unwanted)])
