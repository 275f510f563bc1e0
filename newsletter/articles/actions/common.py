"""What every change to an article has in common: who may, what is told, what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.articles.search import index_article
from newsletter.lib.page_cache import forget_pages


class StaleArticle(Exception):
    """Somebody else saved the article since the form was opened. Nothing was written (W2).

    `refused` holds what was to be saved, `current` what is stored now: neither text is lost.
    """

    def __init__(self, refused: Article, current: Article) -> None:
        super().__init__(
            f"Article {current.pk} is at version {current.version}, not {refused.version}."
        )
        self.refused = refused
        self.current = current


class IllegalMove(Exception):
    """The article is not in a state from which this is possible; somebody was faster."""

    def __init__(self, article: Article, to: str) -> None:
        super().__init__(f"Article {article.pk} cannot go from {article.state} to {to}.")
        self.article = article
        self.to = to


def require_author(actor: User | None) -> None:
    """Only staff change what is published."""
    if actor is None or not (actor.is_active and actor.is_staff):
        raise PermissionDenied(_("Only authors may do this."))


@contextmanager
def no_revision(article: Model) -> Iterator[None]:
    """Changes in here leave no revision, whether of fields or of tags."""
    article.skip_history_when_saving = True  # type: ignore[attr-defined]
    try:
        yield
    finally:
        del article.skip_history_when_saving  # type: ignore[attr-defined]


def record_revision(article: Model, *, actor: User | None, reason: str) -> None:
    """Keep the stored article as a revision, with who and why. `article` must be as stored.

    Whatever has a history and an `updated_at` can be kept so.
    """
    article._history_user = actor  # type: ignore[attr-defined]
    article._change_reason = reason[:100]  # type: ignore[attr-defined]
    article.save(update_fields=["updated_at"])


def article_changed(article: Article) -> None:
    """What readers see may have changed: the search index follows in the same transaction."""
    index_article(article)
    forget_pages()
