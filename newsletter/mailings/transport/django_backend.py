"""Hand-over through any other Django e-mail backend, such as anymail's, one message per call."""

from __future__ import annotations

from contextlib import suppress
from email import message_from_bytes
from email.policy import default as default_policy
from email.utils import parseaddr
from typing import Any

from anymail.exceptions import AnymailError, AnymailRecipientsRefused
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.translation import gettext as _

from newsletter.lib.handing_over import SENDER_FAULTS, never_connected
from newsletter.mailings.outcomes import Outcome, Phase, Result, delay_in

_REFUSED = frozenset({"invalid", "rejected", "failed"})
# Written by the backend itself.
_OWN_HEADERS = frozenset({"from", "to", "reply-to", "subject", "mime-version", "content-type"})


class NotOneRecipientError(AssertionError):
    """A message with other than one recipient would show every address to everybody (M27)."""


class DjangoBackendTransport:
    """Gives each message to `settings.EMAIL_BACKEND`, kept open for the run."""

    def __init__(self) -> None:
        self._backend: BaseEmailBackend | None = None

    def open(self) -> Outcome | None:
        """Make and open the backend; a backend that cannot be made is the sender's fault."""
        if self._backend is not None:
            return None
        try:
            backend = get_connection()
            backend.open()
        except Exception as error:
            # A backend is anybody's code; before a message is handed over, nothing was sent.
            return Outcome(Result.SENDER_FAULT, error=_words(error), phase=Phase.CONNECT)
        self._backend = backend
        return None

    def send(self, message: bytes, sender: str, recipient: str) -> Outcome:
        """Hand over one message to its one recipient."""
        fault, backend = self.open(), self._backend
        if backend is None:
            return fault or Outcome(
                Result.SENDER_FAULT, error=_("No connection"), phase=Phase.CONNECT
            )
        mail = rebuild(message)
        addresses = [parseaddr(entry)[1] for entry in mail.recipients()]
        if addresses != [recipient]:
            raise NotOneRecipientError(f"{len(mail.recipients())} recipients for {recipient}")
        try:
            count = backend.send_messages([mail])
        except Exception as error:
            # Backends raise what they like: requests', the vendor's, their own.
            self.close()
            return classify_exception(error)
        return _read_status(mail, recipient, count)

    def close(self) -> None:
        """Close the backend; one that cannot be closed is forgotten."""
        backend, self._backend = self._backend, None
        if backend is not None:
            with suppress(Exception):
                backend.close()


def rebuild(message: bytes) -> EmailMultiAlternatives:
    """Return Django's form of a message that `mime.MessageTemplate` built."""
    parsed = message_from_bytes(message, policy=default_policy)
    bodies = {
        kind: part.get_content().replace("\r\n", "\n")
        for kind in ("plain", "html")
        if (part := parsed.get_body((kind,))) is not None
    }
    mail = EmailMultiAlternatives(
        subject=str(parsed["Subject"]),
        body=bodies.get("plain", ""),
        from_email=str(parsed["From"]),
        to=[str(address) for address in parsed["To"].addresses],
        reply_to=[str(address) for address in parsed["Reply-To"].addresses]
        if parsed["Reply-To"]
        else None,
        headers={
            name: str(value) for name, value in parsed.items() if name.lower() not in _OWN_HEADERS
        },
    )
    if "html" in bodies:
        mail.attach_alternative(bodies["html"], "text/html")
    return mail


def classify_exception(error: Exception) -> Outcome:
    """Say what an exception of a backend means. Most say nothing about acceptance (M26)."""
    words = _words(error)
    if isinstance(error, AnymailRecipientsRefused):
        return Outcome(Result.REFUSED, error=words)
    if isinstance(error, ImproperlyConfigured) or never_connected(error):
        return Outcome(Result.SENDER_FAULT, error=words, phase=Phase.CONNECT)
    status = getattr(error, "status_code", None)
    if status in SENDER_FAULTS:
        return Outcome(Result.SENDER_FAULT, error=words, phase=Phase.MAIL)
    match status:
        case 429:
            return Outcome(Result.THROTTLED, error=words, retry_after=_retry_after(error))
        case 400 | 406 | 413 | 422:
            return Outcome(Result.REFUSED, error=words)
    if isinstance(error, AnymailError) and status is None and isinstance(error, ValueError):
        # Anymail could not put the message into the provider's terms; nothing left the house.
        return Outcome(Result.REFUSED, error=words)
    return Outcome(Result.UNKNOWN, error=words)


def _retry_after(error: Exception) -> int:
    headers = getattr(getattr(error, "response", None), "headers", {})
    value = str(headers.get("Retry-After", ""))
    return delay_in(f"retry after {value} s") if value.isdigit() else delay_in("")


def _read_status(mail: EmailMultiAlternatives, recipient: str, count: int | None) -> Outcome:
    status: Any = getattr(mail, "anymail_status", None)
    if status is None or not status.recipients:
        if count == 0:
            return Outcome(Result.UNKNOWN, error=_("The backend says that it sent nothing."))
        return Outcome(Result.ACCEPTED)
    # One recipient: whatever spelling the provider keys it by, there is one entry.
    (entry,) = status.recipients.values()
    if entry.status in _REFUSED:
        return Outcome(Result.REFUSED, error=_("The provider says: %s") % entry.status)
    return Outcome(Result.ACCEPTED, provider_id=str(entry.message_id or "")[:255])


def _words(error: Exception) -> str:
    # PostgreSQL keeps no text with this sign.
    return f"{type(error).__name__}: {error}".replace("\x00", " ")[:500]
