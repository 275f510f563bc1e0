"""People."""

from __future__ import annotations

import time
from typing import Any

import factory
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.test import Client
from django.utils import timezone

from newsletter.accounts.models import User

PASSWORD = "correct horse battery staple"


class UserFactory(factory.django.DjangoModelFactory[User]):
    """A reader with a confirmed address and, like all readers, no password."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"reader{n}@example.com")
    name = factory.Faker("name")
    email_confirmed_at = factory.LazyFunction(timezone.now)

    @factory.post_generation
    def password(self: Any, create: bool, extracted: str | None, **_: Any) -> None:
        """Readers have none; pass one for staff."""
        self.set_password(extracted)
        if create:
            self.save(update_fields=["password"])


class StaffFactory(UserFactory):
    """An author with a password and no second factor yet."""

    email = factory.Sequence(lambda n: f"author{n}@example.com")
    is_staff = True
    is_superuser = True
    password = factory.PostGeneration(
        lambda user, create, extracted, **_: (
            user.set_password(extracted or PASSWORD),
            user.save(update_fields=["password"]),
        )
    )


def add_authenticator_app(user: User) -> str:
    """Give this person an authenticator app and recovery codes; returns its secret."""
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    RecoveryCodes.activate(user)
    return secret


def app_code(secret: str) -> str:
    """What the app shows now."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def recovery_code(user: User) -> str:
    """A recovery code that has not been used."""
    stored = Authenticator.objects.get(user=user, type=Authenticator.Type.RECOVERY_CODES)
    return str(stored.wrap().get_unused_codes()[0])


def sign_in_staff(client: Client, user: User | None = None) -> User:
    """Sign in through the real pages with password and second factor, so that the admin opens."""
    user = user or StaffFactory()
    secret = add_authenticator_app(user)
    client.post("/account/login/password/", {"login": user.email, "password": PASSWORD})
    response = client.post("/account/2fa/authenticate/", {"code": app_code(secret)})
    assert response.status_code == 302, response.content
    return user
