"""`manage.py export_course`: write a course as a folder or ZIP of Markdown."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management import CommandError
from django.core.management.base import BaseCommand

from courses.actions.exporting import export_course
from courses.exchange.archive import write_zip
from courses.exchange.exporting import write_folder
from courses.queries import find_course
from newsletter.accounts.queries import find_user


class Command(BaseCommand):
    help = (
        "Write a course with its lessons, quizzes and files as Markdown with front matter: into a "
        "folder, or into a ZIP file where the path ends in .zip. import_course reads it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("course", help="the course's address (slug)")
        parser.add_argument("path", type=Path, help="a folder, or a file ending in .zip")
        parser.add_argument("--as", dest="actor", required=True, metavar="ADDRESS", help="author")

    def handle(self, *args: Any, **options: Any) -> None:
        actor, course = find_user(options["actor"]), find_course(options["course"])
        if actor is None:
            raise CommandError("Nobody has this address.")
        if course is None:
            raise CommandError("There is no course at this address.")
        path: Path = options["path"]
        if path.is_dir() and any(path.iterdir()) and not (path / "course.md").is_file():
            raise CommandError(f"{path} holds something else than a course.")
        try:
            exported = export_course(actor=actor, course=course)
        except PermissionDenied as error:
            raise CommandError("This person does not write courses.") from error
        if path.suffix == ".zip":
            with path.open("wb") as file:
                write_zip(exported, file)
        else:
            write_folder(exported, path)
        self.stdout.write(f"{len(exported.names())} files in {path}")
