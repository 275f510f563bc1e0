"""What a network fault says about a mail, whichever library raised it."""

from __future__ import annotations

import socket

import requests
from urllib3.exceptions import NewConnectionError


def never_connected(error: BaseException) -> bool:
    """Whether no connection came about, so that nothing can have been sent."""
    if isinstance(error, requests.ConnectTimeout | ConnectionRefusedError | socket.gaierror):
        return True
    # requests wraps urllib3's reason; anymail wraps that once more, in a class that is both.
    cause = error.__cause__ if error.__cause__ is not None else error
    inner = getattr(cause.args[0], "reason", None) if cause.args else None
    return isinstance(inner, NewConnectionError)
