"""Ways of handing over a mail, picked from Django's own mail settings."""

from __future__ import annotations

from django.conf import settings

from newsletter.mailings.transport.base import Transport
from newsletter.mailings.transport.django_backend import DjangoBackendTransport
from newsletter.mailings.transport.mailbox import MailboxTransport
from newsletter.mailings.transport.smtp import SmtpTransport

__all__ = ["Transport", "make_transport"]

_OWN: dict[str, type[Transport]] = {
    "django.core.mail.backends.smtp.EmailBackend": SmtpTransport,
    "newsletter.lib.mailbox.LocalMailboxBackend": MailboxTransport,
}


def make_transport() -> Transport:
    """Return a transport, not yet open, for `settings.EMAIL_BACKEND`."""
    return _OWN.get(settings.EMAIL_BACKEND, DjangoBackendTransport)()
