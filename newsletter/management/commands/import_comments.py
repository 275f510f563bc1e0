"""`manage.py import_comments`: bring in comments from WordPress or Disqus."""

from __future__ import annotations

import csv
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management import CommandError
from django.core.management.base import BaseCommand

from newsletter.accounts.queries import find_user
from newsletter.comments.actions import import_comments
from newsletter.comments.enums import ImportOutcome
from newsletter.comments.importing.stream import NotAnExportError


class Command(BaseCommand):
    help = (
        "Bring in comments from a WordPress export (WXR) or a Disqus export (XML), with threads, "
        "times and states. Articles are found by the last part of their address. Nobody gets "
        "mail, and a second run brings in only what is missing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the export")
        parser.add_argument(
            "--as", dest="actor", required=True, metavar="ADDRESS", help="moderator"
        )
        parser.add_argument("--dry-run", action="store_true", help="write nothing")
        parser.add_argument("--report", type=Path, metavar="CSV", help="one line per comment")

    def handle(self, *args: Any, **options: Any) -> None:
        actor = find_user(options["actor"])
        if actor is None:
            raise CommandError("Nobody has this address.")
        lines: list[list[str]] = []
        counts: Counter[str] = Counter()
        try:
            with options["file"].open("rb") as file:
                for row in import_comments(actor=actor, file=file, dry_run=options["dry_run"]):
                    counts[row.outcome] += 1
                    if options["report"]:
                        lines.append([row.item.key, row.item.piece.place, row.outcome, row.why])
        except (OSError, NotAnExportError) as error:
            raise CommandError(
                f"{error} Imported before: {counts[ImportOutcome.IMPORTED]}."
            ) from error
        except PermissionDenied as error:
            raise CommandError("This person does not look after comments.") from error
        if options["report"]:
            with options["report"].open("w", newline="", encoding="utf-8") as report:
                csv.writer(report).writerows([["key", "where", "outcome", "why"], *lines])
        for outcome in ImportOutcome:
            self.stdout.write(f"{outcome.label}: {counts[outcome]:,}")
        if options["dry_run"]:
            self.stdout.write("Nothing was written.")
