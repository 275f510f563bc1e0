"""After a change of SECRET_KEY: hash suppressed addresses with the new one."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from newsletter.accounts.models import User
from newsletter.subscribers.actions import rekey_suppressions
from newsletter.subscribers.queries import suppressions_by_old_keys

PER_ROUND = 2_000


class Command(BaseCommand):
    """Goes through all people once; may be run again at any time."""

    help = "Hash suppressed addresses with the current SECRET_KEY (the old one in the fallbacks)."

    def handle(self, *args: Any, **options: Any) -> None:
        """Say how many were moved, and how many can be checked with an old key alone."""
        moved, last = 0, 0
        while suppressions_by_old_keys().exists():
            people = User.objects.filter(pk__gt=last).order_by("pk").values_list("pk", "email")
            batch = list(people[:PER_ROUND])
            if not batch:
                break
            last = batch[-1][0]
            moved += rekey_suppressions(addresses=[email for _, email in batch])
        left = suppressions_by_old_keys().count()
        self.stdout.write(f"{moved} moved to the current key.")
        if left:
            self.stdout.write(
                f"{left} belong to nobody any more: keep the old key in SECRET_KEY_FALLBACKS."
            )
