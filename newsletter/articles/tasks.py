"""What happens to articles by the clock, and what takes too long for a page."""

from __future__ import annotations

from newsletter.articles.actions import publish_due_articles, rebuild_in_language
from newsletter.articles.search import index_is_current, rebuild_others
from newsletter.lib.background import background_task


@background_task
def publish_due() -> int:
    """Publish what is due; beat calls this every few seconds. Returns how many there were."""
    return len(publish_due_articles())


@background_task
def rebuild_search() -> int:
    """Follow a change of the publication's language; the screen where it is set nudges this."""
    return rebuild_in_language() + rebuild_others()


@background_task
def sweep_search() -> int:
    """Rebuild an index that is in another language, for the nudge was lost, or not whole."""
    articles = 0 if index_is_current() else rebuild_in_language()
    return articles + rebuild_others(stale_alone=True)
