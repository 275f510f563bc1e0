"""What the tests of mailings share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from newsletter.accounts.models import User
from tests.factories.accounts import StaffFactory
from tests.smtp_server import SmtpServer, smtp_server, use_smtp


@pytest.fixture(autouse=True)
def _quick_passwords(settings) -> None:
    """No password is tested here, and a good hash takes a third of a second for every author."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def author(db: None) -> User:
    """Somebody who may send mail."""
    return StaffFactory()


@pytest.fixture
def server(settings) -> Iterator[SmtpServer]:
    """A real SMTP server that Django's settings point at; set its `script` to make it misbehave."""
    with smtp_server() as running:
        use_smtp(settings, running)
        yield running
