"""What is looked at before a mailing goes out. Errors stop it; warnings are for the author.

Pure but for `sender_findings`, which asks the DNS and never stops anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from html.parser import HTMLParser
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _

from newsletter.mailings.placeholders import (
    UNSUBSCRIBE_URL,
    split_at_placeholders,
    unknown_placeholders,
)

# Gmail cuts the HTML part off here and hides the rest, the unsubscribe link with it (M21).
GMAIL_LIMIT = 102 * 1024
# What a placeholder becomes, at most: the unsubscribe link with its signature.
_LONGEST_VALUE = 160


class Level(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the author should know. `code` is stable; `message` is for reading."""

    code: str
    level: Level
    message: str


class _Elements(HTMLParser):
    """The pictures and links of a mail."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.images: list[dict[str, str | None]] = []
        self.links: set[str] = set()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.images.append(dict(attrs))
        elif tag == "a":
            self.links.add(dict(attrs).get("href") or "")


def check_mail(
    subject: str, html: str, text: str, *, link_works: Callable[[str], bool] | None = None
) -> list[Finding]:
    """Look at one composed mail, placeholders inside. `link_works` is asked about own links."""
    found = _Elements(html)
    return [
        *_check_placeholders(subject, html, text),
        *_check_whole(subject, html, text),
        *_check_images(found.images),
        *_check_links(found.links, link_works or own_link_works),
    ]


def _error(code: str, message: str) -> Finding:
    return Finding(code, Level.ERROR, message)


def _warning(code: str, message: str) -> Finding:
    return Finding(code, Level.WARNING, message)


def _check_placeholders(subject: str, html: str, text: str) -> list[Finding]:
    findings = []
    left = unknown_placeholders(subject + html + text)
    # Nothing is put into a subject, so any placeholder there would be seen.
    left.update(split_at_placeholders(subject)[1::2])
    if left:
        words = ", ".join(sorted(left))
        findings.append(_error("placeholder", _("These placeholders would be left: %s.") % words))
    if UNSUBSCRIBE_URL not in html or UNSUBSCRIBE_URL not in text:
        findings.append(_error("unsubscribe", _("There is no link to unsubscribe in it.")))
    return findings


def _check_whole(subject: str, html: str, text: str) -> list[Finding]:
    findings = []
    if not subject.strip():
        findings.append(_error("subject", _("It has no subject.")))
    if not text.strip():
        findings.append(_error("text", _("It has no text part.")))
    size = mail_size(html)
    if size > GMAIL_LIMIT:
        findings.append(
            _warning(
                "size",
                _("The mail has %(size)d KB; Gmail shows the first 102 KB and hides the rest.")
                % {"size": -(-size // 1024)},
            )
        )
    return findings


def mail_size(html: str) -> int:
    """Bytes of the HTML part once every placeholder holds the longest value it can."""
    pieces = split_at_placeholders(html)
    own = sum(len(piece.encode()) for piece in pieces[::2])
    return own + _LONGEST_VALUE * len(pieces[1::2])


def _check_images(images: list[dict[str, str | None]]) -> list[Finding]:
    # alt="" says on purpose that a picture is decoration.
    bare = [image.get("src") or "" for image in images if "alt" not in image]
    if not bare:
        return []
    return [_warning("alt", _("Pictures without a description: %s.") % ", ".join(bare))]


def _check_links(links: set[str], link_works: Callable[[str], bool]) -> list[Finding]:
    dead = sorted(link for link in links if _is_own(link) and not link_works(link))
    findings = [_warning("dead-link", _("This link leads nowhere: %s.") % link) for link in dead]
    if any(not link.strip() or link.strip() == "#" for link in links):
        findings.append(_warning("empty-link", _("A link has no address.")))
    return findings


def _is_own(link: str) -> bool:
    return bool(urlsplit(link).netloc == urlsplit(settings.SITE_URL).netloc)


def own_link_works(link: str) -> bool:
    """Whether a link to this site fits any of its addresses."""
    path = urlsplit(link).path or "/"
    if path.startswith((settings.MEDIA_URL, settings.STATIC_URL)):
        return True
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


def sender_findings(domain: str, lookup: Callable[[str], list[str]] | None = None) -> list[Finding]:
    """Ask the DNS whether `domain` says who may send for it. Warnings alone, and none offline.

    `lookup` returns the TXT records of a name, [] when there are none, and raises OSError when
    the question could not be answered. DKIM cannot be looked up without knowing its selector.
    """
    ask = lookup or txt_records
    try:
        spf = any(record.lower().startswith("v=spf1") for record in ask(domain))
        dmarc = any(r.lower().startswith("v=dmarc1") for r in ask(f"_dmarc.{domain}"))
    except OSError:
        return []
    findings = []
    if not spf:
        findings.append(
            _warning("spf", _("%s has no SPF record; many providers will refuse it.") % domain)
        )
    if not dmarc:
        findings.append(
            _warning("dmarc", _("%s has no DMARC record; Gmail and Yahoo ask for one.") % domain)
        )
    return findings


def txt_records(name: str, *, seconds: float = 2) -> list[str]:
    """TXT records of `name`; [] when there are none. Raises OSError within `seconds`."""
    from dns import exception, resolver  # takes a tenth of a second, and few requests need it

    try:
        answer = resolver.resolve(name, "TXT", lifetime=seconds)
    except (resolver.NXDOMAIN, resolver.NoAnswer):
        return []
    except exception.DNSException as error:
        raise OSError(str(error)) from error
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
