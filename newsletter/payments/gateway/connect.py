"""The one gateway of this process, made of the settings."""

from __future__ import annotations

import logging
from functools import lru_cache

import stripe
from django.conf import settings
from django.utils.translation import gettext as _

from newsletter.payments.gateway.buying import Buying
from newsletter.payments.gateway.catalogue import Catalogue
from newsletter.payments.gateway.errors import GatewayMisconfigured
from newsletter.payments.gateway.paying import Paying
from newsletter.payments.gateway.subscribing import Subscribing

# A web request waits for Stripe: rather a clear error than a visitor before a blank page.
CONNECT_SECONDS = 4.0
READ_SECONDS = 20.0
RETRIES = 2

# What the SDK knows about this machine and its requests is nobody's business.
stripe.enable_telemetry = False
# It tells of every request at INFO, in a log that has better things to say.
logging.getLogger("stripe").setLevel(logging.WARNING)


class Gateway(Buying, Subscribing, Paying, Catalogue):
    """Everything that we ask of Stripe."""


def is_open() -> bool:
    """Whether payments can be made here at all: there is a key, or it is the demo."""
    return bool(settings.STRIPE_SECRET_KEY) or is_demo()


def dashboard_url(kind: str, object_id: str | None) -> str:
    """Where the author looks at an object in Stripe's own screens; "" where there is none.

    `kind`: "customers", "subscriptions" or "payments". The stand-in has no such screens.
    """
    key = settings.STRIPE_SECRET_KEY
    if not key or not object_id:
        return ""
    mode = "test/" if key.startswith(("sk_test_", "rk_test_")) else ""
    return f"https://dashboard.stripe.com/{mode}{kind}/{object_id}"


def is_demo() -> bool:
    """Whether our own stand-in answers. Never with DEBUG off, whatever STRIPE_DEMO says."""
    return bool(settings.STRIPE_DEMO and settings.DEBUG and not settings.STRIPE_SECRET_KEY)


def get_gateway() -> Gateway:
    """Return the gateway. GatewayMisconfigured where neither a key is set nor the demo runs."""
    if is_demo():
        # The stand-in is no part of a production site: load it only where it answers.
        from newsletter.payments.fake import get_fake

        fake = get_fake()
        client = stripe.StripeClient("sk_test_demo", http_client=http_client(demo=True))
        return Gateway(client, webhook_secrets=(fake.webhook_secret,))
    if not settings.STRIPE_SECRET_KEY:
        raise GatewayMisconfigured(
            _("Payments are not set up yet."), code="no_key", detail="STRIPE_SECRET_KEY is not set."
        )
    secrets = tuple(part.strip() for part in settings.STRIPE_WEBHOOK_SECRET.split(","))
    return _gateway(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE, secrets)


def http_client(*, demo: bool = False) -> stripe.HTTPClient:
    """What carries the requests; the one seam at which the tests put their own."""
    if demo:
        from newsletter.payments.fake import FakeHTTPClient, get_fake

        return FakeHTTPClient(get_fake())
    return stripe.RequestsClient(timeout=(CONNECT_SECONDS, READ_SECONDS))


@lru_cache(maxsize=4)
def _gateway(key: str, api_base: str, secrets: tuple[str, ...]) -> Gateway:
    client = stripe.StripeClient(
        key,
        http_client=http_client(),
        max_network_retries=RETRIES,
        base_addresses={"api": api_base.rstrip("/")} if api_base else {},
    )
    return Gateway(client, webhook_secrets=secrets)
