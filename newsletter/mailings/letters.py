"""One mailing's mails: its headers and templates, and each recipient's own part.

The headers are domain rule 8: an aligned sender, one-click unsubscribe (RFC 8058), a list id, a
feedback id, and a Message-ID that is the same whenever the same mail is built for the same person.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote

from django.conf import settings

from newsletter.mailings.circles import circle_of
from newsletter.mailings.mail_files import make_file_pass, with_short_links
from newsletter.mailings.mime import (
    MessageTemplate,
    Recipient,
    format_address,
    format_phrase,
    single_line,
)
from newsletter.mailings.models import Mailing, Variant
from newsletter.mailings.placeholders import FILE_READER, FIRST_NAME, MANAGE_URL, UNSUBSCRIBE_URL
from newsletter.publication.queries import get_publication
from newsletter.subscribers.models import Newsletter

MANAGE_PATH = "/account/newsletters/"
_NO_UNSUBSCRIBE = "/unsubscribe/preview/"


class Letters:
    """Builds the mails of one mailing. Its templates are made when first needed and kept."""

    def __init__(self, mailing: Mailing, variants: Iterable[Variant]) -> None:
        self._mailing = mailing
        self._newsletter: Newsletter = mailing.newsletter
        self._variants = {variant.pk: variant for variant in variants}
        self._templates: dict[int, MessageTemplate] = {}
        circle = circle_of(mailing)
        own = circle.frame(mailing).manage_url if circle else ""
        self._manage_url = own or settings.SITE_URL + MANAGE_PATH
        # Signing takes as long as all the rest; most mails hold nothing that takes a pass.
        self._with_pass = {pk for pk, each in self._variants.items() if FILE_READER in each.html}

    @property
    def sender(self) -> str:
        """The envelope's sender: bounces go where the From line points, so both are aligned."""
        return self._newsletter.sender_address

    def build(self, *, variant_id: int, user_id: int, leave: str, address: str, name: str) -> bytes:
        """Return one recipient's mail; a POST to `leave` ends it (RFC 8058).

        Raises ValueError for an address that is none.
        """
        template = self._templates.get(variant_id)
        if template is None:
            variant = self._variants[variant_id]
            template = self._templates[variant_id] = MessageTemplate(
                html=variant.html,
                text=variant.text,
                headers=list_headers(self._mailing, variant.subject),
            )
        file_pass = (
            make_file_pass(self._mailing.pk, user_id) if variant_id in self._with_pass else ""
        )
        return template.build(
            Recipient(
                address=address,
                name=name,
                values={
                    UNSUBSCRIBE_URL: leave,
                    MANAGE_URL: self._manage_url,
                    FIRST_NAME: first_word(name),
                    FILE_READER: file_pass,
                },
                headers=(
                    ("Message-ID", message_id(self._mailing.pk, user_id, self.sender)),
                    ("List-Unsubscribe", self._list_unsubscribe(leave)),
                    ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
                ),
            )
        )

    def _list_unsubscribe(self, leave: str) -> str:
        to = self._newsletter.reply_to or self._newsletter.sender_address
        subject = quote(f"unsubscribe {leave.rstrip('/').rpartition('/')[2]}")
        # Each on a line of its own: the links are long and must not be folded inside.
        return f"<{leave}>,\r\n <mailto:{to}?subject={subject}>"


def build_test_letter(
    *, newsletter: Newsletter, subject: str, html: str, text: str, address: str, name: str
) -> bytes:
    """Return a mail to look at: the same body, and no way to unsubscribe anybody (M23)."""
    template = MessageTemplate(
        html=with_short_links(html),
        text=with_short_links(text),
        headers=_identity_headers(newsletter, f"[Test] {subject}"),
    )
    return template.build(
        Recipient(
            address=address,
            name=name,
            values={
                # Carries no signature, so the page behind it knows nobody.
                UNSUBSCRIBE_URL: settings.SITE_URL + _NO_UNSUBSCRIBE,
                MANAGE_URL: settings.SITE_URL + MANAGE_PATH,
                FIRST_NAME: first_word(name),
                FILE_READER: "",
            },
        )
    )


def first_word(name: str) -> str:
    """A first name for a greeting; empty where there is none."""
    words = single_line(name).split()
    return words[0] if words else ""


def list_headers(mailing: Mailing, subject: str) -> list[tuple[str, str]]:
    """Headers that are the same for all recipients of a mailing."""
    newsletter = mailing.newsletter
    host = settings.SITE_HOST
    name, key, kind = newsletter.name, newsletter.slug, "newsletter"
    circle = circle_of(mailing)
    if circle is not None:
        frame = circle.frame(mailing)
        name, key, kind = frame.name, frame.list_key, mailing.circle.partition(":")[0]
    list_id = f"{format_phrase(name)}\r\n <{key}.{host}>"
    # Read from the right: who, what kind, which list, which issue.
    feedback = f"{mailing.pk}:{key[:40]}:{kind}:{host.replace(':', '.')[:40]}"
    return [
        *_identity_headers(newsletter, subject),
        ("List-Id", list_id),
        ("Feedback-ID", feedback),
    ]


def _identity_headers(newsletter: Newsletter, subject: str) -> list[tuple[str, str]]:
    name = newsletter.sender_name or get_publication().name
    headers = [
        ("From", format_address(name, newsletter.sender_address)),
        ("Subject", subject),
    ]
    if newsletter.reply_to and newsletter.reply_to != newsletter.sender_address:
        headers.append(("Reply-To", format_address("", newsletter.reply_to)))
    return headers


def message_id(mailing_id: int, user_id: int, sender: str) -> str:
    """The Message-ID of one person's copy: a mail sent twice by decision is seen to be one."""
    secret = hmac.digest(_key(settings.SECRET_KEY), f"{mailing_id}:{user_id}".encode(), "sha256")
    return f"<{secret.hex()[:32]}.m{mailing_id}@{sender.rpartition('@')[2]}>"


@lru_cache(maxsize=2)
def _key(secret: str) -> bytes:
    return hashlib.sha256(b"masthead.message-id" + secret.encode()).digest()
