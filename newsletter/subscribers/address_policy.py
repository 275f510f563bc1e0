"""Which addresses a form takes: not throw-away ones, and with a hint at a slip of the fingers.

Offline: no DNS question is asked while a reader waits, and none tells a stranger anything.
"""

from __future__ import annotations

from disposable_email_domains import blocklist

from newsletter.lib.addresses import readable_address

# Slips seen again and again in sign-up forms, with what was meant.
MEANT = {
    "gmail.com": "gmial.com gmal.com gmai.com gamil.com gnail.com gmaill.com gmail.co gmail.cm"
    " gmail.con gmail.cmo gmail.om gmail.comm gmaul.com gmali.com ggmail.com gmeil.com gmil.com"
    " gmail.net googlemail.con",
    "hotmail.com": "hotmial.com hotmal.com hotmai.com hotmail.co hotmail.con hotmail.cm hotmil.com"
    " hormail.com hotamil.com hotmaill.com htomail.com",
    "outlook.com": "outlok.com outloo.com outlook.co outlook.con outlook.cm oulook.com outllook.com"
    " outook.com otlook.com",
    "yahoo.com": "yaho.com yahooo.com yahoo.co yahoo.con yahoo.cm yhoo.com yaoo.com yahho.com",
    "icloud.com": "iclod.com icloud.co icloud.con icloud.cm icoud.com icluod.com iclould.com",
    "protonmail.com": "protonmial.com protonmail.con protonmal.com",
    "proton.me": "protn.me proton.mr",
    "gmx.de": "gmx.dee gmx.ed gmz.de",
    "web.de": "webde.de web.dee",
    "hey.com": "hey.con hey.cm",
}
TYPOS = {slip: domain for domain, slips in MEANT.items() for slip in slips.split()}
# Endings that no registry has.
ENDINGS = {".con": ".com", ".cmo": ".com", ".comm": ".com", ".ocm": ".com", ".ogr": ".org"}


def is_disposable(address: str) -> bool:
    """Whether the domain, or one above it, hands out addresses for ten minutes."""
    labels = address.rpartition("@")[2].lower().split(".")
    return any(".".join(labels[start:]) in blocklist for start in range(len(labels) - 1))


def suggest_address(address: str) -> str:
    """Return what was probably meant, or nothing where the address looks as intended."""
    local, _, domain = address.rpartition("@")
    meant = TYPOS.get(domain.lower(), "")
    if not meant:
        for wrong, right in ENDINGS.items():
            if domain.lower().endswith(wrong):
                meant = domain[: -len(wrong)] + right
    return f"{local}@{meant}" if meant else ""


def mask_address(address: str) -> str:
    """`anna@example.com` as `a…@example.com`: enough for its owner, nothing for a stranger."""
    local, at, domain = readable_address(address).rpartition("@")
    return f"{local[:1]}…{at}{domain}"
