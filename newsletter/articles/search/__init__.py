"""Search over what anyone may read, on both databases behind one function.

The index holds title, standfirst, tags and public text of published articles and nothing else, so
the answer is the same for every viewer and no question finds out a word of a paid text (P2).
It changes in the transaction that changes the article. What is found beside articles: others.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.safestring import SafeString

from newsletter.articles.content import public_text
from newsletter.articles.enums import ArticleState, Visibility
from newsletter.articles.models import Article
from newsletter.articles.queries import for_lists, published
from newsletter.articles.search.index import Index
from newsletter.articles.search.others import rebuild_others, search_others
from newsletter.articles.search.terms import Entry, parse_query

__all__ = [
    "SearchHit",
    "forget_article",
    "index_article",
    "index_is_current",
    "rebuild_index",
    "rebuild_others",
    "search_articles",
    "search_others",
]

_ARTICLES = Index("newsletter_article_search", "article_id")


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
    rows = _ARTICLES.search(asked, published(now), limit=limit, offset=offset)
    found = for_lists(Article.objects.filter(pk__in=[key for key, _snippet in rows]))
    articles = {article.pk: article for article in found}
    return [SearchHit(articles[key], snippet) for key, snippet in rows if key in articles]


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
    _ARTICLES.store(article.pk, entry)


def forget_article(article_id: int) -> None:
    """Take an article out of the index."""
    _ARTICLES.forget(article_id)


def index_is_current() -> bool:
    """Whether the index of articles is in the publication's language. One query or two."""
    return _ARTICLES.is_current()


@transaction.atomic
def rebuild_index() -> int:
    """Make every index anew from what is stored; return how many entries there are."""
    _ARTICLES.clear()
    count = 0
    for article in published().order_by("pk").iterator(chunk_size=50):
        index_article(article)
        count += 1
    return count + rebuild_others()
