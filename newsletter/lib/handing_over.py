"""What a fault or a refusal says about a mail, whichever library raised it."""

from __future__ import annotations

import re
import socket

import requests
from urllib3.exceptions import NewConnectionError

# What a provider's API answers where the fault is ours: key, credit, right, a domain of ours.
SENDER_FAULTS = frozenset({401, 402, 403, 404})
_ENHANCED = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_SENDER_CODES = frozenset({530, 534, 535, 538})
# Replies that speak of who sends, not of who receives: SPF, DKIM, DMARC, reverse DNS, sign-in.
_SENDER_STATUS = frozenset(
    [
        *("5.7.8", "5.7.9", "5.7.23", "5.7.25", "5.7.26", "5.7.27", "5.7.29", "5.7.30"),
        *("5.7.57", "5.7.60", "5.7.509", "5.7.515"),
    ]
)
_SENDER_WORDS = re.compile(
    r"relay(ing)? (access )?(is )?(denied|not permitted)|not permitted to relay"
    r"|authentication (is )?required|must authenticate|sender (address )?(not verified|rejected)",
    re.IGNORECASE,
)


def enhanced_status(text: str) -> str:
    """The status of RFC 3463 in a mail server's reply ("5.7.515"); empty where it gives none."""
    found = _ENHANCED.search(text)
    return found[0] if found else ""


def blames_sender(code: int, text: str) -> bool:
    """Whether a mail server's "no" is about who sends: it would say the same to every address."""
    return (
        code in _SENDER_CODES
        or enhanced_status(text) in _SENDER_STATUS
        or bool(_SENDER_WORDS.search(text))
    )


def never_connected(error: BaseException) -> bool:
    """Whether no connection came about, so that nothing can have been sent."""
    if isinstance(error, requests.ConnectTimeout | ConnectionRefusedError | socket.gaierror):
        return True
    # requests wraps urllib3's reason; anymail wraps that once more, in a class that is both.
    cause = error.__cause__ if error.__cause__ is not None else error
    inner = getattr(cause.args[0], "reason", None) if cause.args else None
    return isinstance(inner, NewConnectionError)
