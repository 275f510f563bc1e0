"""Which kept pages show something of a conversation, so that a comment renews these alone.

A page with one conversation, or with the counts of a few, depends on each of them; a long list
and the site's feed depend on all, which is one question to the cache instead of one for each row.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest

from newsletter.comments.article_owner import KIND as ARTICLE
from newsletter.comments.models import Thread
from newsletter.lib.page_cache import forget_pages, page_shows

# Changes whenever anything does that others read in any conversation.
ALL = "talks"
FEW = 6


def shows_conversation(request: HttpRequest | None, kind: str, key: int) -> None:
    """The page under way shows this conversation. To be called before it is read."""
    page_shows(request, _topic(kind, key))


def shows_all(request: HttpRequest | None) -> None:
    """The page under way shows what is said anywhere. To be called before it is read."""
    page_shows(request, ALL)


def shows_counts(request: HttpRequest | None, article_ids: Iterable[int]) -> None:
    """The page under way shows how much is said there. To be called before it is counted."""
    topics = [_topic(ARTICLE, pk) for pk in article_ids]
    page_shows(request, *(topics if len(topics) <= FEW else [ALL]))


def forget_conversation(thread: Thread) -> None:
    """Renew the pages on which something of it stands, once the transaction is committed."""
    forget_pages(_topic(thread.kind, thread.key), ALL)


def _topic(kind: str, key: int) -> str:
    return f"talk:{kind}:{key}"
