"""Make anew what follows from the stored bodies: after a release that renders differently, and
when the publication changes its language, for texts carry labels and the index knows word endings.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import transaction
from django.utils import translation

from newsletter.articles.actions.files import record_file_uses
from newsletter.articles.actions.writing import DERIVED_FIELDS
from newsletter.articles.content import derive
from newsletter.articles.editor import sanitise_body
from newsletter.articles.models import Article
from newsletter.articles.search import index_article
from newsletter.lib.page_cache import forget_pages
from newsletter.publication.queries import get_publication


def rebuild_articles() -> Iterator[int]:
    """Clean and render every article again, in the publication's language, and yield its id.

    For the command line and the task alone. Each is a transaction of its own and is skipped where
    an author saves meanwhile: that save has rendered it already. Nothing is a change by anybody, so
    there are no revisions.
    """
    for article_id in list(Article.objects.order_by("pk").values_list("pk", flat=True)):
        language = get_publication().language
        with translation.override(language), transaction.atomic():
            article = Article.objects.get(pk=article_id)
            article.body = sanitise_body(article.body)
            derive(article)
            fields = {name: getattr(article, name) for name in ("body", *DERIVED_FIELDS)}
            unchanged = Article.objects.filter(pk=article_id, version=article.version)
            if unchanged.update(**fields):
                record_file_uses(article=article)
                index_article(article)
        yield article_id
    forget_pages()


def rebuild_in_language() -> int:
    """Bring all texts and the index into the publication's language; return how many articles.

    Again from the start where the author changes it once more meanwhile: of two who rebuild at
    once, the slower one would otherwise leave some articles in the language before.
    """
    while True:
        language = get_publication().language
        count = sum(1 for _article_id in rebuild_articles())
        if get_publication().language == language:
            return count
