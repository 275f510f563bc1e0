"""What the tests of this slice share."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.utils import timezone


@pytest.fixture(autouse=True)
def _no_nudges(monkeypatch: pytest.MonkeyPatch) -> None:
    """No broker is asked: the tests do the worker's part themselves and look at the rows."""
    for task in ("answer_subscription_request", "run_import", "deliver_email"):
        monkeypatch.setattr(f"newsletter.subscribers.tasks.{task}.delay", lambda *_: None)


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any) -> None:
    """Signing in is not what these tests are about."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def utc_now() -> datetime:
    """Now."""
    return timezone.now()
