"""What time does to access: people hear before something that was given to them ends."""

from __future__ import annotations

from newsletter.lib.background import background_task
from newsletter.memberships import actions
from newsletter.outbox.tasks import deliver_email


@background_task
def remind_of_ending() -> None:
    """Write to people whose complimentary access ends within a week."""
    for mail in actions.remind_of_ending():
        deliver_email.delay_on_commit(mail.pk)
