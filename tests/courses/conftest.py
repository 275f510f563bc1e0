"""What tests of courses share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.factories.accounts import StaffFactory


@pytest.fixture
def sign_in() -> Callable[[Any], Client]:
    """A browser of its own, signed in as somebody."""

    def signed_in(user: Any) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return signed_in


@pytest.fixture
def desk(settings: Any, client: Client) -> Client:
    """The author's pages, opened by one of the staff."""
    settings.STAFF_SECOND_FACTOR = False
    client.force_login(StaffFactory())
    return client
