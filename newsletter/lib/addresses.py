"""E-mail addresses: one spelling per mailbox, so that one person is one row."""

from __future__ import annotations

import re
import unicodedata

import idna
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.crypto import salted_hmac

MAX_LENGTH = 254
# RFC 2606 keeps `.invalid` for names that lead nowhere.
_ERASED_DOMAIN = "erased.invalid"

# Invisible marks that come along when an address is copied from a page or a document: soft
# hyphen, zero-width space, word joiner, byte-order mark, direction marks. The zero-width joiners
# stay, for some scripts' domain names need them.
_INVISIBLE = dict.fromkeys(
    [0x00AD, 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)
# What an address may consist of so that a header and an SMTP command stay one line. It leaves out
# what standards allow and nobody's mailbox is called: quotation marks, numbers for a host.
_PLAIN = re.compile(r"[!-'*+\-./0-9=?A-Z^_`a-z{|}~]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_TRAILING = re.compile(r"[\s.]+\Z")
# Each pass may give the next something to do (a lower-cased letter composes differently); three
# suffice for every code point, and the bound keeps a hostile input cheap.
_MAX_PASSES = 6


def normalise_address(address: str) -> str:
    """Return the spelling under which an address is stored and compared.

    Unicode NFKC without invisible marks and surrounding space, lower case throughout, the domain
    in its ASCII (IDNA 2008) form. RFC 5321 2.4 lets a local part be case-sensitive; no provider
    of note is, and people type their address in whatever case the keyboard offers. Dots and
    "+tags" are kept: they are the person's own choice. Idempotent. Never raises: what is no
    address stays recognisably wrong.
    """
    for _ in range(_MAX_PASSES):
        before, address = address, _normalise_once(address)
        if address == before:
            break
    return address


def readable_address(address: str) -> str:
    """How people write a stored address: `ada@bücher.example`, not `ada@xn--bcher-kva.example`.

    For eyes alone. Where it would not lead back to the same address, the stored spelling.
    """
    local, at, domain = address.rpartition("@")
    if "xn--" not in domain:
        return address
    try:
        shown = f"{local}{at}{idna.decode(domain)}"
    except UnicodeError:
        return address
    return shown if normalise_address(shown) == address else address


def is_address(address: str) -> bool:
    """Whether this is an address that we can store and that SMTP can carry."""
    if len(address) > MAX_LENGTH:
        return False
    try:
        validate_email(address)
    except ValidationError:
        return False
    return True


def is_plain_address(address: str) -> bool:
    """Whether `address` can be put into a header and an SMTP command as it is (M11).

    Newsletters go to no other, so none is taken as a subscriber's or a sender's.
    """
    return bool(_PLAIN.fullmatch(address)) and len(address) <= MAX_LENGTH


def _normalise_once(address: str) -> str:
    if not address.isascii():
        address = unicodedata.normalize("NFKC", address.translate(_INVISIBLE))
    address = address.strip().lower()
    local, at, domain = address.rpartition("@")
    if not at:
        return address
    return f"{local}@{_ascii_domain(_TRAILING.sub('', domain))}"


def _ascii_domain(domain: str) -> str:
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except UnicodeError:
        # IDNAError is one: too long, empty label, a character that no domain may hold.
        return domain


def erased_address(number: int) -> str:
    """What stands in the place of an erased person's address: unique, and no mail goes there.

    With a part that nobody can guess: else somebody could subscribe with the stand-in of a person
    who has yet to be erased, and it would be taken when they are.
    """
    mark = salted_hmac("masthead.erased", str(number), algorithm="sha256").hexdigest()[:12]
    return f"erased-{number}-{mark}@{_ERASED_DOMAIN}"


def is_erased_address(address: str) -> bool:
    """Whether this stands for an address that was erased."""
    return address.endswith(f"@{_ERASED_DOMAIN}")
