"""Hand-over to the local mailbox folder: the embedded default."""

from __future__ import annotations

from django.utils.translation import gettext as _

from newsletter.lib.mailbox import put_in_mailbox
from newsletter.mailings.outcomes import Outcome, Phase, Result


class MailboxTransport:
    """Puts each message into `settings.MAILBOX_DIR`, whole or not at all."""

    def open(self) -> Outcome | None:
        """Always ready: the folder is made with the first message."""
        return None

    def send(self, message: bytes, sender: str, recipient: str) -> Outcome:
        """Write one file. A full disk or a folder without rights is the sender's fault."""
        try:
            path = put_in_mailbox(message, recipient)
        except OSError as error:
            words = _("The mailbox folder cannot be written: %s") % error
            return Outcome(Result.SENDER_FAULT, error=words[:500], phase=Phase.CONNECT)
        return Outcome(Result.ACCEPTED, provider_id=path.stem[:255])

    def close(self) -> None:
        """Nothing is open."""
