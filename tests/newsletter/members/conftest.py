"""What every test of a person's page has: somebody at the desk, and a reader."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from newsletter.accounts.models import User
from tests.factories.accounts import StaffFactory, UserFactory, sign_in_staff
from tests.newsletter.payments.shop import shop
from tests.stripe_contract.fixtures import stripe

__all__ = ["shop", "stripe"]


@pytest.fixture
def author(client: Client, db: None) -> User:
    """An administrator, signed in to `client` with both factors."""
    return sign_in_staff(client)


@pytest.fixture
def reader(db: None) -> User:
    return UserFactory(email="ada@example.com", name="Ada")


def staff_with(client: Client, *permissions: str) -> User:
    """Staff who are no administrator and have just these rights, signed in."""
    user = StaffFactory(is_superuser=False)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return sign_in_staff(client, user)
