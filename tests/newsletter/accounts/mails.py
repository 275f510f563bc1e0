"""Reading the mail that a sign-in request queued."""

from __future__ import annotations

import re

from newsletter.outbox.models import OutgoingEmail


def last_mail(to: str) -> OutgoingEmail:
    """The newest mail in the outbox for this address."""
    return OutgoingEmail.objects.filter(to=to).latest("pk")


def code_in(mail: OutgoingEmail) -> str:
    """The code; fails where the mail has none."""
    found = re.search(r"^ +([A-Z]{3}-[A-Z]{3})$", mail.text, re.MULTILINE)
    assert found, mail.text
    return found[1]


def link_in(mail: OutgoingEmail) -> str:
    """The path of the sign-in link; fails where the mail has none."""
    found = re.search(r"(/account/login/link/[^/\s]+/)", mail.text)
    assert found, mail.text
    return found[1]
