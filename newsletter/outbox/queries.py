"""What waits to be sent."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from newsletter.lib.plain_rows import PlainRow, plain_rows
from newsletter.outbox.enums import EmailState
from newsletter.outbox.models import OutgoingEmail


def due_email_ids(*, overdue_by: timedelta, limit: int) -> list[int]:
    """Mail that should have been sent this long ago, the longest-waiting first."""
    return list(
        OutgoingEmail.objects.filter(
            state=EmailState.QUEUED, next_attempt_at__lte=timezone.now() - overdue_by
        )
        .order_by("next_attempt_at", "pk")
        .values_list("pk", flat=True)[:limit]
    )


def export_mail_to(address: str) -> dict[str, list[PlainRow]]:
    """Mail to one address that is still on record. Texts are kept no longer than it takes to send
    them (or to decide about what may not have come), and may hold a code."""
    return {
        "single_mails": plain_rows(
            OutgoingEmail.objects.filter(to=address).order_by("pk"),
            kind="kind",
            to="to",
            subject="subject",
            state="state",
            asked_for_at="created_at",
            sent_at="sent_at",
        )
    }
