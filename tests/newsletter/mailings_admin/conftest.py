"""An author at the desk. How staff sign in is tested in accounts; here they have."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from newsletter.accounts.models import User
from newsletter.mailings.enums import DeliveryState
from newsletter.mailings.models import Mailing
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.mailings import prepared_mailing

BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture(autouse=True)
def _signed_in_is_enough(settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = False
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.EMAIL_BACKEND = "newsletter.lib.mailbox.LocalMailboxBackend"


@pytest.fixture
def author(db: None) -> User:
    return StaffFactory(name="Ada Winter", email="ada@example.com", time_zone="Europe/Berlin")


@pytest.fixture
def desk(client: Client, author: User) -> Client:
    client.force_login(author, backend=BACKEND)
    return client


def staff_with(*codenames: str) -> User:
    """Staff who have these permissions and no other."""
    user = UserFactory(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


def mailing_in(readers: int = 6, **states: int) -> Mailing:
    """A mailing that is sending, with so many of its deliveries in each state."""
    mailing = prepared_mailing(readers=readers)
    pks = list(mailing.deliveries.order_by("pk").values_list("pk", flat=True))
    for state, count in states.items():
        chosen, pks = pks[:count], pks[count:]
        mailing.deliveries.filter(pk__in=chosen).update(
            state=DeliveryState(state), error=f"said of {state}"
        )
    return mailing
