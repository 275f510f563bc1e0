"""Render all courses and lessons anew: after a release that changes how."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from courses.actions import rebuild_courses


class Command(BaseCommand):
    help = "Clean and render the texts of all courses and lessons anew."

    def handle(self, *args: Any, **options: Any) -> None:
        """Go through all; readers see each one's old form until its new one is stored."""
        count = sum(1 for _title in rebuild_courses())
        self.stdout.write(f"{count} courses and lessons were rendered anew.")
