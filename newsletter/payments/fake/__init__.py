"""A stand-in for Stripe, for the demo and the tests: stateful, shared by processes, offline.

The demo uses it where no key is set and DEBUG is on (check masthead.E008 and `is_demo` see to it);
the tests wrap it in a layer that compares every request and answer with the SDK's own contract.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from newsletter.payments.fake.http import FakeHTTPClient
from newsletter.payments.fake.stand_in import FakeStripe
from newsletter.payments.fake.world import Refusal, SignedEvent

__all__ = ["FakeHTTPClient", "FakeStripe", "Refusal", "SignedEvent", "get_fake"]


def get_fake() -> FakeStripe:
    """Return the demo's stand-in. RuntimeError with DEBUG off: nobody's money must be a game."""
    if not (settings.DEBUG and settings.STRIPE_DEMO):
        raise RuntimeError("The stand-in for Stripe is for demos: DEBUG and STRIPE_DEMO are off.")
    return _fake(Path(settings.DATA_DIR) / "demo-stripe.sqlite3", settings.SITE_URL)


@lru_cache(maxsize=4)
def _fake(path: Path, site_url: str) -> FakeStripe:
    return FakeStripe(path, site_url=site_url)
