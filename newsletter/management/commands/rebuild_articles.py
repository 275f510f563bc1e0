"""Render all articles anew: after a release that changes how, or a change of MEDIA_URL."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from newsletter.articles.actions import rebuild_articles


class Command(BaseCommand):
    help = "Clean and render all articles anew, and index them for search."

    def handle(self, *args: Any, **options: Any) -> None:
        """Go through all; readers see each article's old form until its new one is stored."""
        count = sum(1 for _article_id in rebuild_articles())
        self.stdout.write(f"{count} articles were rendered anew.")
