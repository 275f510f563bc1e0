"""What goes wrong with Stripe becomes one of three errors; what is lost is done once."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import stripe as sdk

from newsletter.payments.fake import FakeStripe, get_fake
from newsletter.payments.gateway import (
    GatewayError,
    GatewayMisconfigured,
    GatewayRefused,
    GatewayUnavailable,
    connect,
    get_gateway,
    is_demo,
    is_open,
)
from newsletter.payments.gateway.calls import seconds


@pytest.mark.parametrize("trouble", ["time-out", 500, 503])
def test_a_short_trouble_is_not_noticed(account, stripe, trouble):
    stripe.break_next(trouble, trouble)
    assert account.subscribe().status == "active"


@pytest.mark.parametrize("trouble", ["time-out", "lost", 500, 503])
def test_a_long_trouble_says_try_again(account, stripe, trouble):
    stripe.break_next(*[trouble] * 3)
    with pytest.raises(GatewayUnavailable) as caught:
        account.checkout(account.month)
    assert "try again" in caught.value.message
    assert "Trouble" not in caught.value.message


def test_a_busy_stripe_says_try_again(account, stripe):
    stripe.break_next(429)
    with pytest.raises(GatewayUnavailable):
        account.gateway.fetch_subscription("sub_1")


def test_a_wrong_key_is_the_owners_matter(account, stripe):
    stripe.break_next(401)
    with pytest.raises(GatewayMisconfigured) as caught:
        account.gateway.fetch_subscription("sub_1")
    assert "sk_" not in caught.value.message


def test_s5_an_answer_that_was_lost_buys_nothing_twice(account, stripe):
    stripe.break_next("lost", "lost")
    account.checkout(account.month, key="checkout-17")
    assert len(stripe.all("checkout.session")) == 1
    payment = account.buy()
    stripe.break_next("lost", "lost", "lost")
    with pytest.raises(GatewayUnavailable):
        account.gateway.refund(payment, key="r-1", amount=100)
    assert account.gateway.refund(payment, key="r-1", amount=100).amount_refunded == 100


def test_trouble_in_the_middle_of_a_list_is_ours_too(account, stripe):
    for _each in range(101):
        stripe.add_foreign_subscription()
    listed = account.gateway.list_subscriptions()
    next(listed)
    stripe.break_next(*[500] * 3)
    with pytest.raises(GatewayUnavailable):
        list(listed)


def test_an_error_keeps_stripes_words_for_the_log(account):
    with pytest.raises(GatewayRefused) as caught:
        account.gateway.fetch_price("price_none")
    assert caught.value.code == "resource_missing"
    assert "price_none" in str(caught.value)
    assert "price_none" not in caught.value.message


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (sdk.CardError("Your card was declined.", None, "card_declined"), GatewayRefused),
        (sdk.APIError("?", http_status=409), GatewayUnavailable),
        (sdk.APIError("not JSON"), GatewayUnavailable),
        (sdk.PermissionError("no right"), GatewayMisconfigured),
        (sdk.InvalidRequestError("bad", "x", http_status=400), GatewayRefused),
    ],
)
def test_every_error_of_the_sdk_is_translated(account, monkeypatch, error, expected):
    def fail(*_args: Any, **_more: Any) -> None:
        raise error

    monkeypatch.setattr(account.gateway._v1.prices, "retrieve", fail)
    with pytest.raises(GatewayError) as caught:
        account.gateway.fetch_price("price_1")
    assert type(caught.value) is expected
    assert caught.value.message


def test_a_moment_without_a_time_zone_is_our_mistake():
    with pytest.raises(ValueError, match="time zone"):
        seconds(datetime(2026, 1, 1))


def test_without_a_key_nothing_is_for_sale(settings):
    settings.STRIPE_SECRET_KEY, settings.STRIPE_DEMO = "", False
    assert not is_open()
    with pytest.raises(GatewayMisconfigured):
        get_gateway()


def test_the_demo_is_impossible_with_debug_off(settings):
    settings.STRIPE_SECRET_KEY, settings.STRIPE_DEMO, settings.DEBUG = "", True, False
    assert not is_demo()
    with pytest.raises(GatewayMisconfigured):
        get_gateway()
    with pytest.raises(RuntimeError):
        get_fake()


def test_the_demo_never_answers_where_a_key_is_set(settings):
    settings.STRIPE_SECRET_KEY, settings.STRIPE_DEMO, settings.DEBUG = "sk_test_1", True, True
    assert not is_demo()


def test_the_demo_answers_with_debug(settings, tmp_path):
    settings.STRIPE_SECRET_KEY, settings.STRIPE_DEMO, settings.DEBUG = "", True, True
    settings.DATA_DIR = tmp_path
    assert is_open()
    customer = get_gateway().ensure_customer(user_id=1, email="ada@example.com")
    assert get_fake().read(customer.id)["email"] == "ada@example.com"
    events = get_fake().take_events()
    assert get_gateway().verify_event(events[0].payload, events[0].header).object_id == customer.id


class Door(http.server.BaseHTTPRequestHandler):
    """The stand-in behind a real socket."""

    fake: FakeStripe
    silent = False

    def answer(self) -> None:
        import json

        if self.silent:
            threading.Event().wait(2)
            return
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        headers = dict(self.headers.items())
        status, found = self.fake.request(self.command.lower(), self.path, headers, body)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(found).encode())

    do_GET = do_POST = do_DELETE = answer  # noqa: N815

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def door(settings) -> Iterator[str]:
    """An address of the API on this machine."""
    Door.fake, Door.silent = FakeStripe(), False
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.STRIPE_DEMO, settings.STRIPE_SECRET_KEY = False, "sk_test_door"
    settings.STRIPE_API_BASE = f"http://127.0.0.1:{server.server_port}/"
    connect._gateway.cache_clear()
    yield settings.STRIPE_API_BASE
    connect._gateway.cache_clear()
    server.shutdown()
    server.server_close()


def test_another_address_of_the_api_can_be_set(door):
    gateway = get_gateway()
    customer = gateway.ensure_customer(user_id=1, email="ada@example.com")
    assert gateway.fetch_customer(customer.id).email == "ada@example.com"
    assert Door.fake.read(customer.id)["email"] == "ada@example.com"


def test_a_server_that_does_not_answer_is_given_up(door, monkeypatch):
    monkeypatch.setattr(connect, "READ_SECONDS", 0.1)
    monkeypatch.setattr(connect, "RETRIES", 0)
    Door.silent = True
    with pytest.raises(GatewayUnavailable) as caught:
        get_gateway().fetch_customer("cus_1")
    assert caught.value.code == "connection"


def test_nobody_at_the_door(settings):
    settings.STRIPE_DEMO, settings.STRIPE_SECRET_KEY = False, "sk_test_nobody"
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    connect._gateway.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connect, "RETRIES", 0)
        with pytest.raises(GatewayUnavailable):
            get_gateway().fetch_customer("cus_1")
    connect._gateway.cache_clear()
