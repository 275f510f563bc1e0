"""A frozen mail as a page that anyone may see."""

from __future__ import annotations

from newsletter.lib.mail_look import absolute
from newsletter.mailings.placeholders import MANAGE_URL, UNSUBSCRIBE_URL, split_at_placeholders

# Leads to a page that asks who one is: a forwarded mail must not carry its receiver's rights.
_OWN_NEWSLETTERS = "/account/newsletters/"


def as_public_page(html: str) -> str:
    """`html` of a variant with nobody's name in it and no link that acts for anybody."""
    return without_people(html).replace(
        "<head>", '<head><meta name="robots" content="noindex, nofollow">', 1
    )


def without_people(content: str) -> str:
    """A variant's HTML or text with its placeholders filled in for nobody in particular."""
    address = absolute(_OWN_NEWSLETTERS)
    values = {UNSUBSCRIBE_URL: address, MANAGE_URL: address}
    pieces = split_at_placeholders(content)
    pieces[1::2] = [values.get(token, "") for token in pieces[1::2]]
    return "".join(pieces)
