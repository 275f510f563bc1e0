"""One index of public words: written, asked and made anew the same way on both databases."""

from __future__ import annotations

import re
from collections.abc import Iterable
from types import ModuleType
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from newsletter.articles.search import postgresql, sqlite
from newsletter.articles.search.terms import Entry, Query, Table
from newsletter.publication.queries import get_publication

_BREAK = re.compile(r"\s*\n\s*")
_OPEN_END = re.compile(rf"([\w)\]{Entry.END}])\s*\n\s*")


class Index:
    """What may be found in one table. It changes in the transaction that changes what it holds."""

    def __init__(self, table: str, key: str) -> None:
        self.table = Table(table, key)

    def store(self, key: int, entry: Entry) -> None:
        """Write one entry in place of the old one."""
        with transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                language = postgresql.configuration_for(cursor, get_publication().language)
                postgresql.store(cursor, self.table, key, entry, language)
            else:
                sqlite.store(cursor, self.table, key, entry)

    def forget(self, key: int) -> None:
        """Take one entry out."""
        with connection.cursor() as cursor:
            _backend().remove(cursor, self.table, key)

    def clear(self) -> None:
        """Empty it."""
        with connection.cursor() as cursor:
            _backend().clear(cursor, self.table)

    def is_current(self) -> bool:
        """Whether it is in the publication's language. One query or two."""
        with connection.cursor() as cursor:
            return bool(_backend().is_current(cursor, self.table, get_publication().language))

    def keys_among(self, keys: Iterable[int]) -> set[int]:
        """Those of `keys` that have an entry."""
        wanted = list(keys)
        if not wanted:
            return set()
        column = self.table.key if connection.vendor == "postgresql" else "rowid"
        places = ", ".join(["%s"] * len(wanted))
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {column} FROM {self.table.name} WHERE {column} IN ({places})",  # noqa: S608
                wanted,
            )
            return {row[0] for row in cursor.fetchall()}

    def search(
        self, asked: Query, visible: QuerySet[Any], *, limit: int, offset: int = 0
    ) -> list[tuple[int, SafeString]]:
        """The best matches among `visible`, each with the passage that speaks for it. One query."""
        rows_shown = visible.order_by().values("pk").query.sql_with_params()
        with connection.cursor() as cursor:
            rows = _backend().search(
                cursor, self.table, asked, rows_shown, limit=limit, offset=offset
            )
        return [(key, _marked(snippet)) for key, snippet in rows]


def _backend() -> ModuleType:
    return postgresql if connection.vendor == "postgresql" else sqlite


def _marked(snippet: str) -> SafeString:
    """Escape a snippet; only then turn the two marker characters into tags.

    Where a heading or a cell ended without a full stop, a dot keeps it from what follows.
    """
    html = (
        escape(_BREAK.sub(" ", _OPEN_END.sub(r"\1 · ", snippet.strip())))
        .replace(Entry.START, "<mark>")
        .replace(Entry.END, "</mark>")
    )
    return mark_safe(html)
