"""`manage.py load_demo`: fill an empty database with the demo publication."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from newsletter.demo.loader import DemoRefusedError, load_demo
from newsletter.demo.pictures import finish_pictures


class Command(BaseCommand):
    help = (
        "Fill an empty database with the demo: a publication with ten articles, 4,262 readers and "
        "three letters already sent."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--pictures-later",
            action="store_true",
            help="leave the smaller copies of the pictures to --finish-pictures",
        )
        parser.add_argument(
            "--finish-pictures",
            action="store_true",
            help="only make the smaller pictures of a demo that is loaded",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["finish_pictures"]:
            finish_pictures()
            return
        try:
            summary = load_demo()
        except DemoRefusedError as refusal:
            raise CommandError(str(refusal)) from refusal
        if not options["pictures_later"]:
            finish_pictures()
        if options["verbosity"]:
            self.stdout.write(
                f"{summary.articles} articles, {summary.images} pictures, {summary.people:,} "
                f"people ({summary.active_readers:,} active), {summary.mailings} letters sent."
            )
            if not summary.has_password:
                self.stdout.write(f"Give the author a password: changepassword {summary.author}")
