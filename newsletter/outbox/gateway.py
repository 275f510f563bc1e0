"""Handing one mail to the mail server, and what its answer means.

The line that matters is whether the server may have accepted the message. Before the call began
nothing went out, so it is tried again later. After a clear "no" nothing went out either, and
trying again is no use. Anything else is unknown.
"""

from __future__ import annotations

import smtplib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from email.utils import formataddr, parseaddr
from enum import Enum
from typing import Any

import requests
from anymail.exceptions import (
    AnymailError,
    AnymailRecipientsRefused,
    AnymailRequestsAPIError,
)
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from newsletter.lib.handing_over import SENDER_FAULTS, blames_sender, never_connected
from newsletter.outbox.models import OutgoingEmail

MAX_RETRY_AFTER = timedelta(hours=1)


class Result(Enum):
    """What became of one hand-over."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    TRY_LATER = "try later"
    UNKNOWN = "unknown"
    # Never handed over: it had lost its reason by then.
    DROPPED = "dropped"


@dataclass(frozen=True)
class Outcome:
    """A result, why, and how long the server asks us to wait (None: it did not say)."""

    result: Result
    detail: str = ""
    retry_after: timedelta | None = None


def send(email: OutgoingEmail, *, sender_name: str) -> Outcome:
    """Hand `email` to the configured backend. Never raises for anything about the mail."""
    try:
        message = _build(email, sender_name)
        message.message()
    except (ValueError, TypeError) as error:
        # A line break in a header, an address that no server could take.
        return Outcome(Result.REFUSED, describe(error))
    try:
        connection = get_connection()
        connection.open()
    except Exception as error:  # nothing was sent, whatever went wrong
        return Outcome(Result.TRY_LATER, describe(error))
    try:
        connection.send_messages([message])
    except Exception as error:
        return _classify(error)
    finally:
        # The server has answered; a fault while saying goodbye does not change the answer.
        with suppress(Exception):
            connection.close()
    return Outcome(Result.ACCEPTED)


def _build(email: OutgoingEmail, sender_name: str) -> EmailMultiAlternatives:
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    name = name or " ".join(sender_name.split())
    domain = address.rpartition("@")[2]
    message = EmailMultiAlternatives(
        subject=email.subject,
        body=email.text,
        from_email=formataddr((name, address)),
        to=[email.to],
        # The same for every attempt, so that a second copy is recognised as one.
        headers={
            "Message-ID": f"<outbox.{email.pk}.{email.created_at:%Y%m%d%H%M%S}@{domain}>",
            **email.headers,
        },
    )
    if email.html:
        message.attach_alternative(email.html, "text/html")
    return message


def _classify(error: Exception) -> Outcome:
    """What an exception during the call says about the message."""
    detail = describe(error)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answers = _answers(error.recipients)
        code, said = min(answers, default=(550, b""))
        return Outcome(_by_smtp_reply(code, said), detail)
    if isinstance(error, smtplib.SMTPSenderRefused) and error.smtp_code >= 400:
        # About our own address or log-in, not about this mail; it goes out once that is right.
        return Outcome(Result.TRY_LATER, detail)
    if isinstance(error, smtplib.SMTPResponseException):
        return Outcome(_by_smtp_reply(error.smtp_code, error.smtp_error), detail)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Outcome(Result.REFUSED, detail)
    if isinstance(error, AnymailRequestsAPIError):
        return _classify_api(error, detail)
    if isinstance(error, AnymailRecipientsRefused | ValueError | TypeError):
        return Outcome(Result.REFUSED, detail)
    if never_connected(error):
        return Outcome(Result.TRY_LATER, detail)
    return Outcome(Result.UNKNOWN, detail)


def _by_smtp_reply(code: int, said: bytes | str) -> Result:
    """RFC 5321 4.2.1: 4yz means "not now", 5yz means "no"; -1 is smtplib's "lost connection".

    A "no" to us, whatever the mail, is none to the mail: it goes out once that is mended.
    """
    words = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    if 400 <= code < 500 or (500 <= code < 600 and blames_sender(code, words)):
        return Result.TRY_LATER
    return Result.REFUSED if 500 <= code < 600 else Result.UNKNOWN


def _classify_api(error: AnymailError, detail: str) -> Outcome:
    status: int | None = error.status_code
    if status == 429:
        return Outcome(Result.TRY_LATER, detail, _retry_after(error.response))
    if status in SENDER_FAULTS:
        # About the author's key or credit, not about this mail; it goes out once that is right.
        return Outcome(Result.TRY_LATER, detail)
    if status == 408:
        # The provider has not said what it had by then.
        return Outcome(Result.UNKNOWN, detail)
    if status is not None and 400 <= status < 500:
        return Outcome(Result.REFUSED, detail)
    if status is None and never_connected(error):
        return Outcome(Result.TRY_LATER, detail)
    return Outcome(Result.UNKNOWN, detail)


def _retry_after(response: requests.Response | None) -> timedelta | None:
    value = response.headers.get("Retry-After", "") if response is not None else ""
    return min(timedelta(seconds=int(value)), MAX_RETRY_AFTER) if value.isdigit() else None


def _answers(recipients: Any) -> Sequence[tuple[int, bytes]]:
    return list(recipients.values()) if isinstance(recipients, dict) else []


def describe(error: BaseException) -> str:
    """What went wrong, for the author."""
    return f"{type(error).__name__}: {error}"[:2000]
