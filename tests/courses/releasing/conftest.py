"""A course whose lessons open by the calendar, and the worker's rounds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from django.core import mail

from tests.courses.releasing.worker import Clock
from tests.smtp_server import SmtpServer, smtp_server, use_smtp

NOW = datetime(2026, 11, 12, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _quick_passwords(settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def clock() -> Iterator[Clock]:
    """It is nine o'clock on 12 November 2026 (UTC) until somebody moves the hands."""
    with time_machine.travel(NOW, tick=False) as traveller:
        mail.outbox.clear()
        yield Clock(traveller)


@pytest.fixture
def server(settings) -> Iterator[SmtpServer]:
    with smtp_server() as running:
        use_smtp(settings, running)
        yield running
