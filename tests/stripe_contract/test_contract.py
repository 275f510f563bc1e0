"""The contract layer finds what is wrong: each planted error is one that it once could not miss."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import stripe as sdk
from django.test import override_settings

from newsletter.payments.fake import FakeHTTPClient, FakeStripe
from newsletter.payments.fake.forms import decode
from tests.stripe_contract.client import (
    CheckedClient,
    ContractError,
    check_answer,
    check_event,
    check_request,
)
from tests.stripe_contract.schemas import find_endpoint

VERSION = {"Stripe-Version": sdk.api_version}


@pytest.fixture(scope="module")
def checked() -> CheckedClient:
    with override_settings(DEBUG=False):
        return CheckedClient(FakeHTTPClient(FakeStripe()))


@pytest.fixture(scope="module")
def client(checked) -> sdk.StripeClient:
    return sdk.StripeClient("sk_test_1", http_client=checked)


@pytest.fixture(scope="module")
def subscription(client, checked) -> dict[str, Any]:
    """A whole subscription as the stand-in answers it."""
    product = client.v1.products.create({"name": "Supporter"})
    price = client.v1.prices.create(
        {
            "product": product.id,
            "currency": "eur",
            "unit_amount": 500,
            "recurring": {"interval": "month"},
        }
    )
    customer = client.v1.customers.create({"email": "a@example.com"})
    session = client.v1.checkout.sessions.create(
        {
            "mode": "subscription",
            "customer": customer.id,
            "line_items": [{"price": price.id, "quantity": 1}],
            "success_url": "https://example.com/",
        }
    )
    fake = checked.inner.fake
    fake.complete_checkout(session.id)
    return fake.read(fake.read(session.id)["subscription"])


def post(path: str, body: str) -> None:
    check_request("post", f"https://api.stripe.com{path}", VERSION, body)


def get(path: str) -> None:
    check_request("get", f"https://api.stripe.com{path}", VERSION, None)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/prices", "currency=eur&unit_amount=500&product=prod_1&recurring[interval]=month"),
        ("/v1/customers", "email=a%40example.com&metadata[a]=b&metadata[0]=c"),
        (
            "/v1/subscriptions/sub_1",
            "items[0][id]=si_1&items[0][quantity]=2&cancel_at_period_end=false",
        ),
        ("/v1/subscriptions/sub_1", "trial_end=now"),
        ("/v1/subscriptions/sub_1", "trial_end=1790000000"),
    ],
)
def test_what_stripe_takes_passes(path, body):
    post(path, body)


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/v1/prices", "currency=eur&product=p&unit_price=5", "unit_price"),
        ("/v1/prices", "currency=eur&product=p&recurring[every]=month", "recurring"),
        ("/v1/prices", "currency=eur&product=p&recurring[interval]=monthly", "interval"),
        ("/v1/prices", "product=p&unit_amount=500", "currency"),
        ("/v1/prices", "currency=eur&product=p&unit_amount=5.00", "unit_amount"),
        ("/v1/prices", "currency=eur&product=p&active=yes", "active"),
        ("/v1/products", "name=x&metadata=text", "metadata"),
        ("/v1/checkout/sessions", "mode=subscribe", "mode"),
        ("/v1/checkout/sessions", "payment_method_types[0]=card", "payment_method_types"),
        ("/v1/promotion_codes", "coupon=co_1&code=X", "coupon"),
        ("/v1/promotion_codes", "promotion[type]=voucher&promotion[coupon]=c", "promotion"),
        ("/v1/subscriptions/sub_1", "coupon=co_1", "coupon"),
        ("/v1/customers", "coupon=co_1", "coupon"),
        ("/v1/subscriptions/sub_1", "items[0][amount]=500", "items"),
        ("/v1/refunds", "payment_intent=pi_1&reason=bored", "reason"),
        ("/v1/subscription_schedules/ss_1", "phases[0][iterations]=1", "phases"),
        ("/v1/customers", f"metadata[a]={'x' * 501}", "limits"),
        ("/v1/customers", f"metadata[{'k' * 41}]=x", "limits"),
        ("/v1/customer", "email=a", "no such endpoint"),
        ("/v1/subscriptions/sub_1/renew", "", "no such endpoint"),
        ("/v1/subscription_schedules/ss_1/release", "now=true", "now"),
    ],
)
def test_a_planted_error_in_a_request_is_found(path, body, message):
    with pytest.raises(ContractError, match=message):
        post(path, body)


def test_queries_are_held_to_it_as_well():
    get("/v1/subscriptions?status=all&limit=100&expand[0]=data.schedule&created[gte]=17")
    for path in (
        "/v1/subscriptions?status=running",
        "/v1/subscriptions?limit=many",
        "/v1/subscriptions?user=1",
        "/v1/invoice_payments?payment[payment_intent]=pi_1",
    ):
        with pytest.raises(ContractError):
            get(path)


def test_another_version_of_the_api_or_a_long_key_is_found():
    url = "https://api.stripe.com/v1/customers"
    with pytest.raises(ContractError, match="version"):
        check_request("post", url, {"Stripe-Version": "2024-06-20"}, "email=a")
    with pytest.raises(ContractError, match="idempotency"):
        check_request("post", url, {**VERSION, "Idempotency-Key": "k" * 256}, "email=a")


SPOILT = [
    (lambda body: body.update(current_period_end=1), "current_period_end"),
    (lambda body: body.update(status="running"), "status"),
    (lambda body: body.update(created="today"), "created"),
    (lambda body: body.update(cancel_at_period_end=1), "cancel_at_period_end"),
    (lambda body: body.pop("items"), "items"),
    (lambda body: body.update(object="subscriptions"), "object"),
    (lambda body: body["automatic_tax"].update(on=True), "automatic_tax"),
    (lambda body: body["automatic_tax"].pop("enabled"), "automatic_tax"),
    (lambda body: body["items"].update(data={}), "items"),
    (lambda body: body.update(metadata=None), "metadata"),
]


@pytest.mark.parametrize(("spoil", "message"), SPOILT)
def test_a_planted_error_in_an_answer_is_found(subscription, spoil, message):
    endpoint = find_endpoint("get", "/v1/subscriptions/sub_1")
    listing = find_endpoint("get", "/v1/subscriptions")
    assert endpoint is not None
    assert listing is not None
    check_answer(endpoint, 200, subscription)
    spoilt = copy.deepcopy(subscription)
    spoil(spoilt)
    with pytest.raises(ContractError, match=message):
        check_answer(endpoint, 200, spoilt)
    page = {"object": "list", "data": [spoilt], "has_more": False, "url": "/v1/subscriptions"}
    with pytest.raises(ContractError, match=message):
        check_answer(listing, 200, page)


@pytest.mark.parametrize(("spoil", "message"), SPOILT)
def test_a_planted_error_in_an_event_is_found(subscription, checked, spoil, message):
    event = copy.deepcopy(checked.inner.fake.all("event", type="customer.subscription.created")[0])
    check_event(event)
    spoil(event["data"]["object"])
    with pytest.raises(ContractError, match=message):
        check_event(event)


def test_an_invented_type_of_event_is_found(subscription, checked):
    event = copy.deepcopy(checked.inner.fake.all("event")[0])
    event["type"] = "customer.subscription.renewed"
    with pytest.raises(ContractError, match="type"):
        check_event(event)


def test_the_client_stops_a_bad_request_and_keeps_a_note_of_it(checked, client):
    before = len(checked.inner.fake.all("product"))
    with pytest.raises(ContractError):
        client.v1.products.create({"name": "x", "colour": "red"})
    assert len(checked.inner.fake.all("product")) == before
    assert "colour" in checked.violations[-1]


def test_the_client_stops_a_bad_answer(client, checked, monkeypatch):
    monkeypatch.setattr(
        checked.inner,
        "request",
        lambda *_a, **_k: (json.dumps({"id": "prod_1", "object": "product"}), 200, {}),
    )
    with pytest.raises(ContractError, match="required"):
        client.v1.products.retrieve("prod_1")


def test_forms_are_read_back_into_nested_values():
    assert decode("a=1&b[c]=2&b[d][0]=3&b[d][1][e]=4&f[]=5&g=") == {
        "a": "1",
        "b": {"c": "2", "d": ["3", {"e": "4"}]},
        "f": ["5"],
        "g": "",
    }
