"""What the account tests share."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _no_nudges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mail stays in the outbox: no broker is asked, the rows are what is looked at."""
    monkeypatch.setattr("newsletter.outbox.tasks.deliver_email.delay", lambda *_: None)


@pytest.fixture(autouse=True)
def _second_factor_is_asked_for(settings) -> None:
    settings.STAFF_SECOND_FACTOR = True


@pytest.fixture(autouse=True)
def _quick_passwords(settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
