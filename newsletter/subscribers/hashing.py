"""Keyed hashes of addresses, for suppressions: they outlive the address and tell nothing of it.

The keys are made from SECRET_KEY and every one of SECRET_KEY_FALLBACKS. To change SECRET_KEY: put
the old one among the fallbacks, where every check keeps using it, and run `manage.py
rekey_suppressions`, which stores anew all addresses that some person still has. Those of erased
people can never be hashed again, so their key stays needed: check masthead.E020 finds rows whose
key is gone, before a mailing goes to them.
"""

from __future__ import annotations

import hashlib
import hmac

from django.conf import settings

from newsletter.lib.addresses import normalise_address


def _key(secret: str) -> bytes:
    return hmac.digest(secret.encode(), b"masthead.suppression", hashlib.sha256)


def _keys() -> list[bytes]:
    return [_key(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def _key_id(key: bytes) -> str:
    return hmac.digest(key, b"id", hashlib.sha256).hex()[:12]


def key_ids() -> list[str]:
    """Names of the keys at hand, the current one first."""
    return [_key_id(key) for key in _keys()]


def address_hashes(address: str) -> list[str]:
    """Return the hash of an address, in any spelling, under each key; the current one first."""
    raw = normalise_address(address).encode()
    return [hmac.digest(key, raw, hashlib.sha256).hex() for key in _keys()]


def address_hash(address: str) -> str:
    """Return the hash under which an address is stored now."""
    return address_hashes(address)[0]
