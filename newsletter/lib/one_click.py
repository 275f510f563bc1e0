"""Telling a person on our page from the mail program's one-click unsubscribe (RFC 8058)."""

from __future__ import annotations

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, UnreadablePostError
from django.http.multipartparser import MultiPartParserError

# Another charset, no boundary, too many fields, too large, cut off.
_UNREADABLE = (BadRequest, SuspiciousOperation, MultiPartParserError, UnreadablePostError)


def is_from_our_page(request: HttpRequest) -> bool:
    """Whether this POST comes from our own form, which says so by a field `human`.

    Anything else is the mail program's, also where its body cannot be read: the address alone is
    what ends the mail.
    """
    try:
        return "human" in request.POST
    except _UNREADABLE:
        return False
