"""`manage.py import_course`: bring in a course from a folder or ZIP of Markdown."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management import CommandError
from django.core.management.base import BaseCommand

from courses.actions.bringing_in import NotBroughtInError
from courses.actions.importing import import_course, plan_import
from courses.exchange.archive import BadArchiveError, FolderSource, Source, ZipSource
from courses.exchange.comparing import Plan, What
from newsletter.accounts.queries import find_user


class Command(BaseCommand):
    help = (
        "Bring in a course from a folder or a ZIP file of Markdown with front matter (what "
        "export_course writes). Parts are known by the id in their front matter: a second run "
        "changes what has changed, and nothing else. Nothing is deleted or taken back."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="the folder or ZIP file")
        parser.add_argument("--as", dest="actor", required=True, metavar="ADDRESS", help="author")
        parser.add_argument("--dry-run", action="store_true", help="write nothing")
        parser.add_argument("--report", type=Path, metavar="JSON", help="everything in detail")

    def handle(self, *args: Any, **options: Any) -> None:
        actor = find_user(options["actor"])
        if actor is None:
            raise CommandError("Nobody has this address.")
        path: Path = options["path"]
        try:
            source: Source = ZipSource(path) if path.is_file() else FolderSource(path)
            if options["dry_run"]:
                plan = plan_import(actor=actor, source=source)
            else:
                _course, plan = import_course(actor=actor, source=source, name=path.name)
        except BadArchiveError as error:
            raise CommandError(f"{error.path}: {error}" if error.path else str(error)) from error
        except NotBroughtInError as error:
            raise CommandError(f"Nothing was brought in.\n{error}") from error
        except PermissionDenied as error:
            raise CommandError("This person does not write courses.") from error
        self._tell(plan, options)

    def _tell(self, plan: Plan, options: dict[str, Any]) -> None:
        report = plan.as_report()
        if options["report"]:
            options["report"].write_text(json.dumps(report, indent=2) + "\n")
        for problem in plan.parcel.problems:
            word = "warning" if problem.is_warning else "error"
            self.stdout.write(f"{word}: {problem}")
        for step in plan.steps:
            if step.what != What.SAME:
                fields = f" ({', '.join(step.fields)})" if step.fields else ""
                self.stdout.write(f"{step.what} {step.kind}: {step.path or step.title}{fields}")
        same = sum(step.what == What.SAME for step in plan.steps)
        self.stdout.write(f"{plan.changes} to write, {same} the same.")
        if plan.parcel.errors:
            raise CommandError("It cannot be brought in like this.")
        if options["dry_run"]:
            self.stdout.write("Nothing was written.")
