"""The `stripe` fixture: the stand-in behind the real gateway, wrapped in the contract."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from newsletter.payments.fake import FakeHTTPClient, FakeStripe
from newsletter.payments.gateway import connect
from tests.stripe_contract.client import CheckedClient, check_event


class Stripe(FakeStripe):
    """The stand-in with what tests look at: the requests that were made, troubles to order."""

    def __init__(self) -> None:
        super().__init__(None, site_url="http://testserver")
        self.http = FakeHTTPClient(self)
        self.checked = CheckedClient(self.http)
        emit = self.world.emit

        def emit_checked(*args, **kwargs) -> None:
            emit(*args, **kwargs)
            newest = self.world.store.newest("event")
            try:
                check_event(newest)
            except AssertionError as error:
                self.checked.violations.append(str(error))
                raise

        self.world.emit = emit_checked  # type: ignore[method-assign]

    @property
    def requests(self) -> list[tuple[str, str]]:
        """(method, path) of every request that reached the API."""
        return self.checked.requests

    def break_next(self, *troubles) -> None:
        """Let the next requests fail: "time-out", "lost" (done, answer lost), 429, 500 …"""
        self.http.break_next(*troubles)


@pytest.fixture
def stripe(settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stripe]:
    """A Stripe account of this test's own, reached through the real gateway and the real SDK."""
    fake = Stripe()
    settings.STRIPE_DEMO = False
    settings.STRIPE_SECRET_KEY = "sk_test_contract"
    settings.STRIPE_WEBHOOK_SECRET = fake.webhook_secret
    monkeypatch.setattr(connect, "http_client", lambda *, demo=False: fake.checked)
    connect._gateway.cache_clear()
    yield fake
    connect._gateway.cache_clear()
    assert fake.checked.violations == []
