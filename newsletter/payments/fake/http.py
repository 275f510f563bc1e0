"""The stand-in behind the SDK's own HTTP client: nothing leaves the process."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import stripe

if TYPE_CHECKING:
    from newsletter.payments.fake.stand_in import FakeStripe

# "lost": it happens, but the answer never arrives; "time-out": it never arrives.
Trouble = Literal["time-out", "lost", 429, 500, 503, 401]


class FakeHTTPClient(stripe.HTTPClient):
    """Answers requests from a stand-in, with troubles on order."""

    name = "stand-in"

    def __init__(self, fake: FakeStripe) -> None:
        super().__init__()
        self.fake = fake
        self._troubles: list[Trouble] = []

    def break_next(self, *troubles: Trouble) -> None:
        """Let the next requests go wrong, in this order."""
        self._troubles.extend(troubles)

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        trouble = self._troubles.pop(0) if self._troubles else None
        if trouble == "time-out":
            raise _timed_out()
        if isinstance(trouble, int):
            kind = "invalid_request_error" if trouble < 500 else "api_error"
            return json.dumps({"error": {"type": kind, "message": "Trouble."}}), trouble, {}
        status, body = self.fake.request(method, url, headers or {}, post_data or "")
        if trouble == "lost":
            raise _timed_out()
        return json.dumps(body), status, {"Request-Id": self.fake.world.new_id("req")}

    def close(self) -> None:
        """There is nothing to close."""

    def _sleep_time_seconds(self, num_retries: int) -> float:
        return 0.0


def _timed_out() -> stripe.APIConnectionError:
    make: Callable[..., stripe.APIConnectionError] = stripe.APIConnectionError
    return make("Request timed out.", should_retry=True)
