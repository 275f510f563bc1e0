"""Make the search index anew: after a change of the publication's language, or a restore."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from newsletter.articles.search import rebuild_index


class Command(BaseCommand):
    help = "Make the search index anew: of articles, and of what is found beside them."

    def handle(self, *args: Any, **options: Any) -> None:
        """Rebuild in one transaction: readers find the old index until the new one is whole."""
        count = rebuild_index()
        self.stdout.write(f"The search index holds {count} entries.")
