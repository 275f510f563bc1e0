"""A small puzzle for visitors' browsers, in the format of ALTCHA (https://altcha.org).

The browser looks for the number whose hash is known: a fraction of a second for one comment, a
machine's whole day for a flood. The answer is signed, ages, and counts once. Nobody is tracked and
nobody else is asked.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from datetime import timedelta
from urllib.parse import parse_qs

from django.conf import settings
from django.utils import timezone

from newsletter.accounts.ratelimit import hit

ALGORITHM = "SHA-256"
# About a quarter of a second on a laptop, a second on an old phone.
MAX_NUMBER = 60_000
LASTS = timedelta(hours=1)


def make_challenge() -> dict[str, str | int]:
    """What a browser needs to begin; the field names are ALTCHA's."""
    expires = int((timezone.now() + LASTS).timestamp())
    salt = f"{secrets.token_hex(12)}?expires={expires}&"
    challenge = _digest(salt, secrets.randbelow(MAX_NUMBER + 1))
    return {
        "algorithm": ALGORITHM,
        "challenge": challenge,
        "maxnumber": MAX_NUMBER,
        "salt": salt,
        "signature": _sign(challenge),
    }


def is_solved(payload: str) -> bool:
    """Whether this is the answer to a challenge of ours, in time and for the first time."""
    try:
        answer = json.loads(base64.b64decode(payload[:2000], validate=True))
        salt, number = str(answer["salt"]), int(answer["number"])
        challenge, signature = str(answer["challenge"]), str(answer["signature"])
        expires = int(parse_qs(salt.partition("?")[2])["expires"][0])
        # Here, for JSON can name letters that no encoding has, and numbers without end.
        is_ours = hmac.compare_digest(signature.encode(), _sign(challenge).encode())
        is_right = hmac.compare_digest(challenge.encode(), _digest(salt, number).encode())
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError, binascii.Error):
        return False
    if not (is_ours and is_right and answer.get("algorithm") == ALGORITHM):
        return False
    if timezone.now().timestamp() >= expires:
        return False
    return hit(f"comment-work:{challenge}", limit=1, per=timedelta(days=1))


def _digest(salt: str, number: int) -> str:
    return hashlib.sha256(f"{salt}{number}".encode()).hexdigest()


def _sign(challenge: str) -> str:
    key = hmac.digest(settings.SECRET_KEY.encode(), b"masthead.comment-work", hashlib.sha256)
    return hmac.digest(key, challenge.encode(), hashlib.sha256).hex()
