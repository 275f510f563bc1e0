"""What django-allauth asks of the site: who mails, where people land, how secrets are kept."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import qrcode
from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from qrcode.image.svg import SvgPathFillImage

from newsletter.accounts.actions import queue_security_notice
from newsletter.accounts.models import User
from newsletter.accounts.ratelimit import client_ip
from newsletter.outbox.tasks import deliver_email
from newsletter.publication.queries import get_publication

# allauth's notices, as one sentence each of our single "something about your sign-in changed".
NOTICES = {
    "account/email/password_changed": _("Your password was changed."),
    "account/email/password_set": _("A password was set for your account."),
    "mfa/email/totp_activated": _("An authenticator app was added to your account."),
    "mfa/email/totp_deactivated": _("The authenticator app was removed from your account."),
    "mfa/email/webauthn_added": _("A passkey was added to your account."),
    "mfa/email/webauthn_removed": _("A passkey was removed from your account."),
    "mfa/email/recovery_codes_generated": _("A new set of recovery codes was made."),
}
# Said on the next page anyway, by what that page shows.
UNSAID = {"account/messages/logged_in.txt", "account/messages/logged_out.txt"}


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # untyped base
    """Sign-in of staff by password, and what happens around every sign-in."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("Address and password do not belong together. Check both."),
        "incorrect_password": _("That is not your password."),
        "incorrect_code": _("That is not the code."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up here: a person comes into being by subscribing or by the author."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Our own reading of the proxies in front of us; a test client has no address."""
        return client_ip(request) or "0.0.0.0"  # noqa: S104 - "unknown", nothing is bound to it

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        """Leave out what goes without saying."""
        if message_template not in UNSAID:
            super().add_message(request, level, message_template, *args, **kwargs)

    def send_notification_mail(
        self,
        template_prefix: str,
        user: AbstractBaseUser,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Tell a person that something about their sign-in changed. To their one address."""
        notice = NOTICES.get(template_prefix)
        if notice is None or not isinstance(user, User):
            return
        mail = queue_security_notice(user=user, notice=notice, ip=client_ip(self.request))
        deliver_email.delay_on_commit(mail.pk)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Refuse: of allauth's mails we use the notices alone, and those pass above."""
        raise NotImplementedError(f"no mail of ours is called {template_prefix}")

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to the account page, which shows the notice."""
        return reverse("accounts:show-account")


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # untyped base
    """Second factors of staff. Their seeds are encrypted: a copy of the database opens nothing."""

    def get_totp_issuer(self) -> str:
        """The name that the authenticator app shows."""
        return get_publication().name

    def build_totp_svg(self, url: str) -> str:
        """With a white ground: black on a dark page no camera can read."""
        image = qrcode.make(url, image_factory=SvgPathFillImage)
        return str(image.to_string(encoding="unicode"))

    def encrypt(self, text: str) -> str:
        """Encrypt with a key derived from SECRET_KEY."""
        return _keys().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Decrypt with SECRET_KEY or one of SECRET_KEY_FALLBACKS.

        Under a foreign key it yields text that no code matches, so that a lost key locks the
        factor (see `manage.py reset_second_factor`) and does not break the page.
        """
        try:
            return _keys().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            return ""


def _keys() -> MultiFernet:
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [hashlib.sha256(f"masthead.mfa:{secret}".encode()).digest() for secret in secrets]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
