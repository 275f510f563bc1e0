"""`manage.py audit_paywall`: publish sentinels on a throw-away copy and look where they show."""

from __future__ import annotations

import json
import sys
from argparse import SUPPRESS, ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand

from newsletter.audit.letters import RealMailError
from newsletter.audit.people import PERSONA_KEYS
from newsletter.audit.place import (
    PUBLICATION,
    NotThrowAwayError,
    require_throw_away,
    run_inside,
    throw_away_place,
)
from newsletter.audit.report import Report
from newsletter.audit.run import NothingToAuditError, run_audit
from newsletter.audit.stage import set_stage


class Command(BaseCommand):
    help = (
        "Audit the paywall: publish sentinel texts of every access on a throw-away copy of the "
        "site, ask every address as everybody, read every mail, and report where a text shows "
        "that must not, or does not show that must. Exit code 1 where anything is wrong. The "
        "site itself is not touched and nothing is sent."
    )
    # The settings of the copy are not those of a site in production.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="report as JSON")
        parser.add_argument("--output", metavar="FILE", help="write the report there")
        parser.add_argument(
            "--only",
            action="append",
            default=[],
            metavar="NAME",
            help="only views of this name (articles:feed-*) or this check: mail, links, cache, "
            "head, fragments, search, gifts, unfilled; may be repeated",
        )
        parser.add_argument(
            "--persona",
            action="append",
            default=[],
            metavar="NAME",
            help=f"only as this persona; may be repeated: {', '.join(PERSONA_KEYS)}",
        )
        parser.add_argument("--inside", action="store_true", help=SUPPRESS)

    def handle(self, *args: Any, **options: Any) -> None:
        code = self._inside(options) if options["inside"] else self._outside(options)
        if code:
            sys.exit(code)

    def _outside(self, options: dict[str, Any]) -> int:
        """Make the place, run this command in it, take the place away."""
        arguments = [f"--only={name}" for name in options["only"]]
        arguments += [f"--persona={name}" for name in options["persona"]]
        arguments += ["--json"] if options["json"] else []
        if options["output"]:
            arguments.append(f"--output={Path(options['output']).resolve()}")
        try:
            with throw_away_place() as folder:
                return run_inside(folder, arguments)
        except KeyboardInterrupt:
            raise CommandError("Interrupted. Nothing is left of it.", returncode=130) from None

    def _inside(self, options: dict[str, Any]) -> int:
        """Fill the place and audit it."""
        try:
            require_throw_away()
            call_command("migrate", verbosity=0, interactive=False)
            look = Path(settings.DATA_DIR) / PUBLICATION
            if look.is_file():
                call_command("loaddata", str(look), verbosity=0)
            report = run_audit(set_stage(), options["only"], options["persona"])
        except (NotThrowAwayError, RealMailError, NothingToAuditError) as refusal:
            raise CommandError(str(refusal), returncode=2) from refusal
        self._tell(report, options)
        return report.exit_code

    def _tell(self, report: Report, options: dict[str, Any]) -> None:
        text = json.dumps(report.as_data(), indent=2) if options["json"] else report.as_text()
        if options["output"]:
            Path(options["output"]).write_text(f"{text}\n")
        else:
            self.stdout.write(text)
