"""Articles answer for the conversations under them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.urls import reverse

from newsletter.accounts.models import User
from newsletter.articles.enums import CommentPolicy, Visibility
from newsletter.articles.models import Article
from newsletter.articles.queries import reachable, requirement_for
from newsletter.comments.owners import Place
from newsletter.memberships.access import Reader, decide, get_reader
from newsletter.memberships.enums import Access

KIND = "article"


class ArticleOwner:
    """One query for the articles, one for what is open to the viewer, one where tiers matter."""

    def get_places(
        self, keys: Iterable[int], viewer: User | None, now: datetime
    ) -> dict[int, Place]:
        """The articles among these that have a page."""
        found = reachable(now).filter(pk__in=list(keys)).order_by().prefetch_related("tiers")
        articles = list(found.only(*_FIELDS))
        reader = get_reader(viewer, now) if articles else Reader()
        return {
            article.pk: place_of(
                article, is_readable=decide(reader, requirement_for(article), now).allowed
            )
            for article in articles
        }


_FIELDS = (
    "title",
    "slug",
    "access",
    "visibility",
    "comment_policy",
    "published_at",
    "author",
)


def place_of(article: Article, *, is_readable: bool) -> Place:
    """An article that has a page, for somebody who may read it all, or may not."""
    policy = article.comment_policy
    return Place(
        kind=KIND,
        key=article.pk,
        title=article.title,
        path=reverse("articles:read-article", args=[article.slug]),
        is_readable=is_readable,
        is_public=article.access == Access.PUBLIC and article.visibility == Visibility.EVERYWHERE,
        who_writes="" if policy == CommentPolicy.DEFAULT else policy,
        opened_at=article.published_at,
        author_ids=frozenset({article.author_id}),
        is_listed=article.visibility == Visibility.EVERYWHERE,
    )
