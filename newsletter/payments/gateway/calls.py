"""What every call of the gateway shares."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import datetime

import stripe
from django.conf import settings

# Stripe takes 255; the mark that we put behind a key needs some of them.
MAX_KEY_CHARS = 240


class Calls:
    """Holds the client; the parts of the gateway are built on it."""

    def __init__(self, client: stripe.StripeClient, *, webhook_secrets: tuple[str, ...]) -> None:
        self._v1 = client.v1
        self._webhook_secrets = webhook_secrets
        self._products: dict[str, frozenset[str]] = {}

    def _products_of(self, coupon_id: str) -> frozenset[str]:
        """The products that a coupon counts for; none: for all.

        Stripe says so only where it is asked for, deeper than a listing may be expanded, and it
        never changes: asked once for each coupon that lasts.
        """
        if coupon_id not in self._products:
            products: list[str] = []
            # Gone from the catalogue: its discounts run on, and nobody can say for what.
            with suppress(stripe.InvalidRequestError):
                coupon = self._v1.coupons.retrieve(coupon_id, {"expand": ["applies_to"]})
                products = coupon.applies_to.products if coupon.applies_to else []
            self._products[coupon_id] = frozenset(products)
        return self._products[coupon_id]


def once(key: str, about: str = "") -> stripe.RequestOptions:
    """Options under which Stripe does a thing once, however often we ask within a day.

    Same key and other parameters is an error at Stripe: make the key of what does not change
    ("checkout-17"), or of all that does (`digest`). `about`: the id of the object that is acted
    on. It and the site's address are mixed in, so that a second site on the same account (a
    rehearsal, or this one with a new database) does not run into the keys of the first.
    """
    if not 0 < len(key) <= MAX_KEY_CHARS:
        raise ValueError(f"An idempotency key has 1 to {MAX_KEY_CHARS} characters: {key[:40]!r}…")
    return {"idempotency_key": f"{key}-{digest(settings.SITE_URL, about)[:12]}"}


def digest(*parts: object) -> str:
    """A short deterministic text for what a call is about."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:32]


def seconds(moment: datetime) -> int:
    """An aware moment as Stripe's seconds since 1970."""
    if moment.tzinfo is None:
        raise ValueError("A moment without a time zone.")
    return int(moment.timestamp())
