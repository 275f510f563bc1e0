"""Hand-over by SMTP over one kept connection, one command at a time.

Django's backend makes the connection (host, TLS and sign-in are its settings); the conversation
is led here, because `smtplib.sendmail` hides at which command it ended, and on that hangs whether
a mail may be sent again.
"""

from __future__ import annotations

import re
import smtplib
from contextlib import suppress

from django.core.mail import get_connection
from django.utils.translation import gettext as _

from newsletter.mailings.outcomes import Outcome, Phase, Result, classify_break, classify_reply

# SMTPServerDisconnected and SMTPConnectError are OSErrors too; ValueError comes from a reply or a
# command that smtplib cannot read or write.
_BREAKS = (OSError, ValueError)
# "421 too many messages in this connection": many servers take so many, and then a new connection.
_OF_CONNECTION = re.compile(r"\b(this|per|one|each|single|same) (connection|session)\b", re.I)


class SmtpTransport:
    """One connection to the SMTP server of Django's EMAIL_* settings."""

    def __init__(self) -> None:
        self._server: smtplib.SMTP | None = None
        # Messages that this connection has taken.
        self._taken = 0

    def open(self) -> Outcome | None:
        """Connect and sign in; None when ready, else what stood in the way."""
        if self._server is not None:
            return None
        backend = get_connection("django.core.mail.backends.smtp.EmailBackend")
        try:
            backend.open()
            backend.connection.ehlo_or_helo_if_needed()
        except smtplib.SMTPResponseException as error:
            backend.close()
            return classify_reply(Phase.CONNECT, error.smtp_code, _words(error.smtp_error))
        except (OSError, smtplib.SMTPException, ValueError) as error:
            backend.close()
            return classify_break(Phase.CONNECT, error)
        self._server, self._taken = backend.connection, 0
        return None

    def send(self, message: bytes, sender: str, recipient: str) -> Outcome:
        """Hand over one message; the connection is kept unless it broke."""
        fault, server = self.open(), self._server
        if server is None:
            return fault or Outcome(
                Result.SENDER_FAULT, error=_("No connection"), phase=Phase.CONNECT
            )
        taken, outcome = self._taken, self._hand_over(server, message, sender, recipient)
        if taken and outcome.phase is Phase.MAIL and _OF_CONNECTION.search(outcome.error):
            # Nothing of the message has left; a new connection has taken none yet.
            self.close()
            return self.send(message, sender, recipient)
        return outcome

    def _hand_over(
        self, server: smtplib.SMTP, message: bytes, sender: str, recipient: str
    ) -> Outcome:
        phase = Phase.MAIL
        try:
            if refusal := _say(server, phase, f"MAIL FROM:<{sender}>", 250):
                return self._after(refusal)
            phase = Phase.RCPT
            if refusal := _say(server, phase, f"RCPT TO:<{recipient}>", 250, 251):
                return self._after(refusal)
            phase = Phase.DATA
            if refusal := _say(server, phase, "DATA", 354):
                return self._after(refusal)
            phase = Phase.BODY
            server.send(b"".join((_stuff_dots(message), b".\r\n")))
            code, text = server.getreply()
            if code == 250:
                self._taken += 1
                return Outcome(Result.ACCEPTED, provider_id=_words(text)[:255])
            return self._after(classify_reply(phase, code, _words(text)))
        except _BREAKS as error:
            self.close()
            return classify_break(phase, error)

    def _after(self, refusal: Outcome) -> Outcome:
        """Bring the conversation back to its start, or end it where the server does."""
        if refusal.result in {Result.REFUSED, Result.DEFERRED} and self._server is not None:
            try:
                code, _ = self._server.rset()
            except _BREAKS:
                code = 0
            if code == 250:
                return refusal
        self.close()
        return refusal

    def close(self) -> None:
        """Say goodbye if anybody listens, and hang up."""
        server, self._server = self._server, None
        if server is not None:
            with suppress(OSError, ValueError):
                server.quit()
            server.close()


def _say(server: smtplib.SMTP, phase: Phase, command: str, *welcome: int) -> Outcome | None:
    """Send one command; None when the reply is one of `welcome`. Raises OSError."""
    server.putcmd(command)
    code, text = server.getreply()
    return None if code in welcome else classify_reply(phase, code, _words(text))


def _stuff_dots(message: bytes) -> bytes:
    """Double the dot at the start of a line: a line of one dot ends a message (RFC 5321 4.5.2)."""
    stuffed = message.replace(b"\r\n.", b"\r\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed


def _words(text: bytes | str) -> str:
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    # PostgreSQL keeps no text with this sign, and then nothing of what became of ten mails.
    return " ".join(text.replace("\x00", " ").split())
