"""The webhook: signed, small and new is stored and answered; all else leaves no trace."""

from __future__ import annotations

import json
import time

import pytest
import stripe as sdk
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from newsletter.payments import actions, tasks
from newsletter.payments.gateway import MAX_BODY_BYTES
from newsletter.payments.models import StripeEvent
from tests.factories.accounts import StaffFactory, UserFactory
from tests.newsletter.payments.shop import Shop, soon

pytestmark = pytest.mark.django_db


@pytest.fixture
def nudged(monkeypatch) -> list[int]:
    """Ids of the events whose task was told."""
    told: list[int] = []
    monkeypatch.setattr(tasks.handle_event, "delay_on_commit", told.append)
    return told


def post(client: Client, payload: bytes, header: str | None, **extra):
    headers = {"Stripe-Signature": header} if header is not None else {}
    return client.post(
        reverse("payments:webhook"), payload, "application/json", headers=headers, **extra
    )


def test_an_event_is_stored_answered_and_its_task_told(shop: Shop, client, nudged) -> None:
    shop.buy()
    events = shop.stripe.take_events()
    for event in events:
        answer = post(client, event.payload, event.header)
        assert (answer.status_code, answer.content) == (200, b"ok")
        assert not answer.cookies
    assert StripeEvent.objects.count() == len(events) == len(nudged)
    assert not shop.access().tier_ids
    for event_id in nudged:
        tasks.handle_event(event_id)
    assert shop.has(shop.goods.basic)


def test_the_same_event_is_stored_once(shop: Shop, client, nudged) -> None:
    shop.buy()
    event = shop.stripe.take_events()[0]
    for _time in range(3):
        assert post(client, event.payload, event.header).status_code == 200
    assert StripeEvent.objects.count() == len(nudged) == 1


def test_kinds_that_are_not_known_are_answered_too(shop: Shop, client, nudged) -> None:
    body = {
        "id": "evt_new", "object": "event", "type": "tax.form.was_invented", "livemode": False,
        "created": int(time.time()), "data": {"object": {"object": "tax.form", "id": "tf_1"}},
    }  # fmt: skip
    signed = shop.stripe.sign_payload(body)
    assert post(client, signed.payload, signed.header).status_code == 200
    assert actions.handle_event(event_id=nudged[0]) == "ignored"


def test_a_thin_event_leads_to_what_it_is_about(shop: Shop, client, nudged) -> None:
    membership = shop.join()
    shop.stripe.cancel_now(membership.stripe_id)
    shop.stripe.take_events()
    body = {
        "id": "evt_thin", "object": "v2.core.event", "livemode": False,
        "type": "v1.customer.subscription.deleted", "created": "2026-11-01T00:00:00.000Z",
        "related_object": {"id": membership.stripe_id, "type": "subscription", "url": "/"},
    }  # fmt: skip
    signed = shop.stripe.sign_payload(body)
    assert post(client, signed.payload, signed.header).status_code == 200
    assert actions.handle_event(event_id=nudged[0]) == "handled"
    assert not shop.has(shop.goods.basic, soon(seconds=2))


def test_a_thin_event_about_a_refund_finds_its_payment(shop: Shop) -> None:
    membership = shop.join()
    refund = shop.stripe.refund(membership.stripe_id)
    shop.stripe.take_events()
    body = {
        "id": "evt_thin", "object": "v2.core.event", "livemode": False, "type": "v1.refund.created",
        "created": timezone.now().isoformat(),
        "related_object": {"id": refund["id"], "type": "refund"},
    }  # fmt: skip
    signed = shop.stripe.sign_payload(body)
    shop.receive(signed.payload, signed.header)
    assert not shop.has(shop.goods.basic)


def _header(payload: bytes, secret: str, at: int) -> str:
    return sdk.WebhookSignature.generate_signature_header(payload.decode(), secret, at)


@pytest.mark.parametrize(
    "spoil",
    [
        "one byte", "no header", "empty header", "old", "future", "other secret", "no json",
        "not utf-8", "a list", "no id", "empty", "garbage header",
    ],
)  # fmt: skip
def test_s10_what_stripe_did_not_sign_for_us_is_400_and_not_stored(
    shop: Shop, client, nudged, spoil: str
) -> None:
    shop.buy()
    event = shop.stripe.take_events()[0]
    payload, header, secret = event.payload, event.header, shop.stripe.webhook_secret
    now = int(time.time())
    match spoil:
        case "one byte":
            payload = payload.replace(b'"evt', b'"ewt', 1)
        case "no header":
            header = None
        case "empty header":
            header = ""
        case "garbage header":
            header = "t=now,v1=\u00e9,,=,v1"
        case "old":
            header = _header(payload, secret, now - 301)
        case "future":
            header = _header(payload, secret, now + 400)
        case "other secret":
            header = _header(payload, "whsec_of_somebody_else", now)
        case "not utf-8":
            payload = b"\xff\xfe"
        case "no json" | "a list" | "no id" | "empty":
            payload = {"no json": b"{", "a list": b"[1]", "no id": b'{"object": "event"}'}.get(
                spoil, b""
            )
            header = _header(payload, secret, now)
    assert post(client, payload, header).status_code == 400
    assert StripeEvent.objects.count() == 0
    assert nudged == []


def test_s10_a_giant_body_is_413_before_it_is_read(shop: Shop, client, nudged, monkeypatch) -> None:
    read: list[int] = []
    monkeypatch.setattr("newsletter.payments.webhooks.receive_event", lambda *_: read.append(1))
    body = json.dumps({"x": "y" * MAX_BODY_BYTES}).encode()
    assert post(client, body, "t=1,v1=00").status_code == 413
    assert (read, nudged, StripeEvent.objects.count()) == ([], [], 0)


def test_only_post(client) -> None:
    assert client.get(reverse("payments:webhook")).status_code == 405


def test_without_a_key_it_says_so(client, settings) -> None:
    settings.STRIPE_SECRET_KEY, settings.STRIPE_DEMO = "", False
    assert post(client, b"{}", "t=1,v1=00").status_code == 503


# ── Handling ──────────────────────────────────────────────────────────────────────────────────


def received(shop: Shop) -> list[StripeEvent]:
    shop.buy()
    return [
        row
        for event in shop.stripe.take_events()
        if (row := actions.receive_event(event.payload, event.header))
    ]


def test_stripe_being_away_is_kept_and_tried_again(shop: Shop) -> None:
    row = next(each for each in received(shop) if each.type == "customer.subscription.created")
    shop.stripe.break_next(*["time-out"] * 12)
    assert actions.handle_event(event_id=row.pk) == "failed"
    row.refresh_from_db()
    assert "GatewayUnavailable" in row.error
    assert row.next_attempt_at > timezone.now()
    assert row.lease_until is None
    # Not due yet: nothing happens.
    assert actions.handle_event(event_id=row.pk) is None
    shop.stripe.http._troubles.clear()
    assert actions.retry_event(actor=StaffFactory(), event=row)
    assert actions.handle_event(event_id=row.pk) == "handled"
    assert shop.has(shop.goods.basic)
    assert not actions.retry_event(actor=StaffFactory(), event=row)


def test_a_reader_cannot_retry(shop: Shop) -> None:
    row = received(shop)[0]
    with pytest.raises(PermissionDenied):
        actions.retry_event(actor=UserFactory(), event=row)


def test_the_sweep_finds_lost_nudges_and_dead_workers(shop: Shop, monkeypatch) -> None:
    rows = received(shop)
    told: list[int] = []
    monkeypatch.setattr(tasks.handle_event, "apply_async", lambda args, **_: told.append(args[0]))
    tasks.sweep_events()
    assert told == []  # their own nudges are under way
    before = timezone.now() - tasks.PATIENCE * 2
    StripeEvent.objects.update(next_attempt_at=before)
    StripeEvent.objects.filter(pk=rows[0].pk).update(lease_until=soon(minutes=1))
    StripeEvent.objects.filter(pk=rows[1].pk).update(lease_until=before)
    tasks.sweep_events()
    assert set(told) == {row.pk for row in rows[1:]}


def test_an_event_is_handled_by_one_worker_at_a_time(shop: Shop, monkeypatch) -> None:
    row = received(shop)[0]
    seen: list[object] = []

    def react(_event) -> bool:
        seen.append(actions.handle_event(event_id=row.pk))
        return True

    monkeypatch.setattr("newsletter.payments.actions.events._react", react)
    assert actions.handle_event(event_id=row.pk) == "handled"
    assert seen == [None]


def test_old_handled_events_are_forgotten_and_failed_ones_kept(shop: Shop) -> None:
    rows = received(shop)
    StripeEvent.objects.update(received_at=soon(days=-90), state="handled")
    StripeEvent.objects.filter(pk=rows[0].pk).update(state="failed")
    tasks.prune_events()
    assert StripeEvent.objects.get().pk == rows[0].pk
