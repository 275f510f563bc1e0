"""Reading the mailbox folder: summaries for a list, one message in full."""

from __future__ import annotations

import email
import email.policy
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import cast

from newsletter.lib.mailbox import SUFFIX, address_of, message_names, message_path

PER_PAGE = 50
# Enough for the headers of any mail of ours; a summary never reads the body.
_HEAD = 16 * 1024
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_SUBJECT = re.compile(rb"^subject:[ \t]*(.*(?:\r?\n[ \t].*)*)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Summary:
    """A line of the list."""

    key: str
    to: str
    sender: str
    subject: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a message."""

    number: int
    name: str
    content_type: str
    data: bytes


@dataclass(frozen=True)
class FullMessage:
    """A message taken apart."""

    summary: Summary
    html: str
    text: str
    headers: list[tuple[str, str]]
    raw: bytes
    attachments: list[Attachment]


def find_keys(query: str) -> list[str]:
    """Keys of the messages whose address or subject contains `query`, newest first."""
    wanted = query.strip().casefold()
    keys = [name.removesuffix(SUFFIX) for name in message_names()]
    if not wanted:
        return keys
    return [key for key in keys if wanted in _to_of(key) or wanted in _subject_of(key)]


def newest_key_to(address: str) -> str | None:
    """The newest message to exactly this address."""
    wanted = address.strip().lower()
    for name in message_names(wanted):
        if address_of(name) == wanted:
            return name.removesuffix(SUFFIX)
    return None


def _to_of(key: str) -> str:
    return address_of(f"{key}{SUFFIX}")


# A message never changes under its name.
@lru_cache(maxsize=20_000)
def _subject_of(key: str) -> str:
    """The subject for searching: found in the raw head, for thousands are looked through."""
    found = _SUBJECT.search(_head_of(key) or b"")
    return _decoded(found[1].decode("utf-8", "replace")).casefold() if found else ""


@lru_cache(maxsize=1_000)
def summary_of(key: str) -> Summary | None:
    """Who, what, when; None for a message that is gone. Reads the head of the file alone."""
    head = _head_of(key)
    return None if head is None else _summary(key, email.message_from_bytes(head))


def _head_of(key: str) -> bytes | None:
    path = message_path(f"{key}{SUFFIX}")
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            start = file.read(_HEAD)
    except FileNotFoundError:
        return None
    return _END_OF_HEAD.split(start, maxsplit=1)[0] + b"\n\n"


def read_message(key: str) -> FullMessage | None:
    """Take one message apart; None where there is none."""
    path = message_path(f"{key}{SUFFIX}")
    if path is None:
        return None
    raw = path.read_bytes()
    message = _parse(raw)
    return FullMessage(
        summary=_summary(key, message),
        html=_body(message, "html"),
        text=_body(message, "plain"),
        headers=[(name, _decoded(value)) for name, value in message.items()],
        raw=raw,
        attachments=[
            Attachment(
                number,
                part.get_filename() or f"part-{number}",
                part.get_content_type(),
                cast(bytes, part.get_payload(decode=True)) or b"",
            )
            for number, part in enumerate(message.iter_attachments())
        ],
    )


def _parse(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)


def _summary(key: str, message: Message) -> Summary:
    try:
        sent_at = parsedate_to_datetime(str(message["Date"]))
    except ValueError:
        at = None
    else:
        # "-0000" is a moment whose sender keeps their zone to themselves (RFC 5322).
        at = sent_at if sent_at.tzinfo else sent_at.replace(tzinfo=UTC)
    return Summary(
        key=key,
        to=_decoded(message["To"]) or _to_of(key),
        sender=_decoded(message["From"]),
        subject=_decoded(message["Subject"]),
        at=at,
    )


def _decoded(value: object) -> str:
    """A header as it is read: encoded words in letters, folded lines in one."""
    if value is None:
        return ""
    text = str(value)
    with suppress(LookupError, UnicodeError, ValueError):
        text = str(make_header(decode_header(text)))
    return " ".join(text.split())


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return ""
    try:
        return str(part.get_content())
    except (LookupError, UnicodeError, ValueError):
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else str(payload)
