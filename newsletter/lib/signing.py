"""Signed tokens for links in mails. Each purpose has a salt of its own: a token made for leaving
a list can never sign anybody in (edge case M19).
"""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core import signing


class BadToken(ValueError):
    """The token is forged, damaged, made for another purpose, or too old."""


def make_token(purpose: str, value: str | int) -> str:
    """Return a URL-safe token that says `value` for `purpose`, without an age limit of its own."""
    return signing.Signer(salt=f"masthead.{purpose}").sign(str(value)).replace(":", "~")


def read_token(purpose: str, token: str) -> str:
    """Return the value of a token from `make_token`. Raises BadToken."""
    try:
        return signing.Signer(salt=f"masthead.{purpose}").unsign(token.replace("~", ":"))
    except signing.BadSignature as error:
        raise BadToken(purpose) from error


def make_dated_token(purpose: str, value: str | int) -> str:
    """Like `make_token`, with the time of making inside."""
    return signing.TimestampSigner(salt=f"masthead.{purpose}").sign(str(value)).replace(":", "~")


def read_dated_token(purpose: str, token: str, max_age: timedelta) -> str:
    """Return the value of a token from `make_dated_token` that is not older. Raises BadToken."""
    try:
        return signing.TimestampSigner(salt=f"masthead.{purpose}").unsign(
            token.replace("~", ":"), max_age=max_age
        )
    except signing.BadSignature as error:
        raise BadToken(purpose) from error


def make_sealed_token(purpose: str, text: str) -> str:
    """Like `make_token`, but nobody else can read `text`: links stand in access logs."""
    return _sealer(purpose).encrypt(text.encode()).decode().rstrip("=")


def read_sealed_token(purpose: str, token: str) -> str:
    """Return the text of a token from `make_sealed_token`. Raises BadToken."""
    try:
        return _sealer(purpose).decrypt(token + "=" * (-len(token) % 4)).decode()
    except InvalidToken as error:
        raise BadToken(purpose) from error


def _sealer(purpose: str) -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [hashlib.sha256(f"masthead.{purpose}:{key}".encode()).digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
