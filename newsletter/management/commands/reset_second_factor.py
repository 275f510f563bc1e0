"""Let somebody in who lost their phone and their recovery codes."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from newsletter.accounts.actions import reset_second_factor
from newsletter.accounts.queries import find_user
from newsletter.outbox.tasks import deliver_email


class Command(BaseCommand):
    """`manage.py reset_second_factor ada@example.com`."""

    help = "Remove every authenticator app, passkey and recovery code of one person."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address")

    def handle(self, *args: Any, **options: Any) -> None:
        user = find_user(options["address"])
        if user is None:
            raise CommandError(f"There is nobody with the address {options['address']}.")
        mail = reset_second_factor(actor=None, user=user)
        if mail is None:
            self.stdout.write(f"{user.email} has no second factor.")
            return
        deliver_email.delay_on_commit(mail.pk)
        self.stdout.write(f"Removed. {user.email} sets up a new one at the next sign-in.")
