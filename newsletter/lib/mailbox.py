"""A mailbox made of files: the embedded default's delivery, read at `/dev/mail/`.

One message is one `.eml` file, written under a name that no reader looks at and then renamed, so
that a half-written message is never seen. The name holds the time (names sort by it) and the
address (finding one person's mail opens no file).
"""

from __future__ import annotations

import itertools
import os
import re
import secrets
import time
from collections.abc import Sequence
from email.message import Message
from pathlib import Path
from urllib.parse import quote, unquote

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

SUFFIX = ".eml"
_NAME = re.compile(r"^\d{20}-[0-9a-f]{8}-\d{8}-([A-Za-z0-9%._~+@-]*)\.eml$")
_ADDRESS_LENGTH = 150
# One counter and one random word per process: with them two messages never share a name, even
# where the clock stands still.
_counter = itertools.count()
_process: dict[int, str] = {}


def _process_word() -> str:
    """Eight hex digits of this process's own; made anew after a fork."""
    return _process.setdefault(os.getpid(), secrets.token_hex(4))


def _file_name(to: str) -> str:
    address = quote(to.lower(), safe="@+-_.")[:_ADDRESS_LENGTH]
    return f"{time.time_ns():020d}-{_process_word()}-{next(_counter) % 10**8:08d}-{address}{SUFFIX}"


def put_in_mailbox(raw: bytes, to: str) -> Path:
    """Store the bytes of one message for one address; returns the file. Raises OSError."""
    folder = Path(settings.MAILBOX_DIR)
    name = _file_name(to)
    partial = folder / f".{name}.part"
    try:
        partial.write_bytes(raw)
    except FileNotFoundError:
        folder.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(raw)
    final = folder / name
    partial.rename(final)
    return final


def message_names(to: str = "") -> list[str]:
    """File names in the mailbox, newest first; with `to`, those whose address contains it."""
    folder = Path(settings.MAILBOX_DIR)
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if _NAME.match(entry.name)]
    except FileNotFoundError:
        return []
    if to:
        wanted = to.strip().lower()
        names = [name for name in names if wanted in address_of(name)]
    return sorted(names, reverse=True)


def address_of(name: str) -> str:
    """The (lower-case) address that a file name speaks of; empty for a foreign name."""
    match = _NAME.match(name)
    return unquote(match[1]) if match else ""


def message_path(name: str) -> Path | None:
    """The file of a message, or None when there is none of that name (or it is no such name)."""
    if not _NAME.match(name):
        return None
    path = Path(settings.MAILBOX_DIR) / name
    return path if path.is_file() else None


def empty_mailbox() -> int:
    """Delete every message; returns how many there were."""
    folder = Path(settings.MAILBOX_DIR)
    names = message_names()
    for name in names:
        (folder / name).unlink(missing_ok=True)
    return len(names)


class LocalMailboxBackend(BaseEmailBackend):
    """Django e-mail backend that puts one file per recipient into `settings.MAILBOX_DIR`."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Store each message once for each of its recipients; returns how many messages."""
        sent = 0
        for message in email_messages:
            recipients = message.recipients()
            if not recipients:
                continue
            try:
                mime: Message = message.message()
                raw = mime.as_bytes()
                for recipient in recipients:
                    put_in_mailbox(raw, _bare_address(recipient))
            except OSError:
                if not self.fail_silently:
                    raise
                continue
            sent += 1
        return sent


def _bare_address(recipient: str) -> str:
    """`Ada <ada@example.com>` -> `ada@example.com`."""
    return recipient.rpartition("<")[2].rstrip("> ").strip()
