"""A value that no database column can hold is the asker's mistake: an answer in words, no failure.

Forms say what is wrong with what people type. What only a forged request can hold (a key of forty
digits, a NUL within a word, page "x" of a list of somebody else's) reaches the database through
many doors: fields that look a key up, lists of third-party admin classes, parts of addresses.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.contrib.admin.options import IncorrectLookupParameters
from django.core.paginator import InvalidPage
from django.db import DataError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

logger = logging.getLogger(__name__)

# SQLite's driver and psycopg refuse some values themselves, by Python's own exceptions.
_REFUSED = {
    OverflowError: ("too large to convert to SQLite",),
    ValueError: ("cannot contain NUL",),
    UnicodeEncodeError: ("surrogates not allowed",),
}


class OddInputMiddleware:
    """Answer 400 with a page of ours where the database refused a value; the log says which."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not is_odd_input(error):
            return None
        logger.warning("Odd input refused at %s: %s", request.path, error, exc_info=error)
        return render(request, "publication/odd_input.html", status=400)


def is_odd_input(error: Exception) -> bool:
    """Whether it says that a value from outside is none that can be stored or looked for."""
    if isinstance(error, DataError | InvalidPage | IncorrectLookupParameters):
        return True
    return any(
        isinstance(error, kind) and any(word in str(error) for word in words)
        for kind, words in _REFUSED.items()
    )
