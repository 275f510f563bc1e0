"""Search over what anyone may read, on both databases behind one function.

The index holds title, standfirst, tags and public text of published articles and nothing else, so
the answer is the same for every viewer and no question finds out a word of a paid text (P2).
It changes in the transaction that changes the article.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from newsletter.articles.content import public_text
from newsletter.articles.enums import ArticleState, Visibility
from newsletter.articles.models import Article
from newsletter.articles.queries import for_lists, published
from newsletter.articles.search import postgresql, sqlite
from newsletter.articles.search.terms import Entry, parse_query
from newsletter.publication.queries import get_publication

__all__ = [
    "SearchHit",
    "forget_article",
    "index_article",
    "index_is_current",
    "rebuild_index",
    "search_articles",
]

_BREAK = re.compile(r"\s*\n\s*")
_OPEN_END = re.compile(rf"([\w)\]{Entry.END}])\s*\n\s*")


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A found article, and the passage that speaks for it with the words in `<mark>`."""

    article: Article
    snippet: SafeString


def search_articles(
    query: str, *, limit: int = 20, offset: int = 0, now: datetime | None = None
) -> list[SearchHit]:
    """Return the best matches for what somebody typed: the same for every viewer.

    Words must all occur, "words in quotes" next to each other, -words not at all; `or` between
    two asks for either. Anything else is ignored; no input is an error. Four queries.
    """
    asked = parse_query(query)
    if not asked.wanted:
        return []
    visible = published(now).order_by().values("pk").query.sql_with_params()
    backend = postgresql if connection.vendor == "postgresql" else sqlite
    with connection.cursor() as cursor:
        rows = backend.search(cursor, asked, visible, limit=limit, offset=offset)
    found = for_lists(Article.objects.filter(pk__in=[key for key, _snippet in rows]))
    articles = {article.pk: article for article in found}
    return [SearchHit(articles[key], _marked(snippet)) for key, snippet in rows if key in articles]


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


def index_article(article: Article) -> None:
    """Bring the index up to date with the stored `article`, whatever its state."""
    if article.state != ArticleState.PUBLISHED or article.visibility != Visibility.EVERYWHERE:
        forget_article(article.pk)
        return
    entry = Entry.of(
        title=article.title,
        dek=article.dek,
        tags=" ".join(article.tags.values_list("name", flat=True)),
        body=public_text(article),
    )
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            language = postgresql.configuration_for(cursor, get_publication().language)
            postgresql.store(cursor, article.pk, entry, language)
        else:
            sqlite.store(cursor, article.pk, entry)


def forget_article(article_id: int) -> None:
    """Take an article out of the index."""
    backend = postgresql if connection.vendor == "postgresql" else sqlite
    with connection.cursor() as cursor:
        backend.remove(cursor, article_id)


def index_is_current() -> bool:
    """Whether the index is in the publication's language. One query or two."""
    backend = postgresql if connection.vendor == "postgresql" else sqlite
    with connection.cursor() as cursor:
        return bool(backend.is_current(cursor, get_publication().language))


@transaction.atomic
def rebuild_index() -> int:
    """Make the index anew from the stored articles; return how many it holds."""
    backend = postgresql if connection.vendor == "postgresql" else sqlite
    with connection.cursor() as cursor:
        backend.clear(cursor)
    count = 0
    for article in published().order_by("pk").iterator(chunk_size=50):
        index_article(article)
        count += 1
    return count
