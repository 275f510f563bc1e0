"""Webhooks: only what Stripe signed for us, not long ago, gets past here.

The SDK's `construct_event` raises ValueError, UnicodeDecodeError, AttributeError and TypeError for
bodies that are no event, takes moments in the future and any size, and refuses thin events.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import stripe

from newsletter.payments.gateway.errors import BadSignature
from newsletter.payments.gateway.facts import Event

TOLERANCE_SECONDS = 300
# Stripe's largest events are some tens of kilobytes.
MAX_BODY_BYTES = 512 * 1024
MAX_HEADER_CHARS = 4096


def verify_event(payload: bytes, header: str | None, *, secrets: tuple[str, ...]) -> Event:
    """Return the event that `payload` is; BadSignature, and nothing else, if it is none of ours.

    More than one secret: while the author rolls theirs, Stripe's old one still signs.
    """
    if len(payload) > MAX_BODY_BYTES:
        raise BadSignature("The body is larger than any event of Stripe's.")
    if not header or len(header) > MAX_HEADER_CHARS:
        raise BadSignature("The Stripe-Signature header is missing or far too long.")
    secrets = tuple(secret for secret in secrets if secret.strip())
    if not secrets:
        raise BadSignature("No webhook secret is set, so nothing can be believed.")
    text = _decoded(payload)
    _check_signature(text, header, secrets)
    body = _parsed(text)
    try:
        return read_event(body)
    except (KeyError, TypeError, ValueError, AttributeError, OSError, OverflowError) as error:
        raise BadSignature(f"The body is no whole event: {error!r}") from error


def _decoded(payload: bytes) -> str:
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadSignature("The body is not UTF-8.") from error


def _check_signature(text: str, header: str, secrets: tuple[str, ...]) -> None:
    for secret in secrets:
        try:
            stripe.WebhookSignature.verify_header(text, header, secret, TOLERANCE_SECONDS)
            break
        except stripe.SignatureVerificationError as error:
            problem = str(error)
        except Exception as error:  # e.g. compare_digest refuses letters beyond ASCII
            problem = f"The header cannot be read: {error}"
    else:
        raise BadSignature(problem)
    # Signed, so the header is Stripe's; the first t= is the one that was signed.
    moment = next(part for part in header.split(",") if part.startswith("t="))[2:]
    if int(moment.split("=")[0]) > time.time() + TOLERANCE_SECONDS:
        raise BadSignature("The timestamp lies in the future.")


def _parsed(text: str) -> dict[str, Any]:
    try:
        body = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadSignature("The body is not JSON.") from error
    if not isinstance(body, dict):
        raise BadSignature("The body is no event.")
    return {key: _storable(value) for key, value in body.items()}


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON.")


def _storable(value: Any) -> Any:
    """Without characters that a text column refuses: NUL and halves of surrogate pairs."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_storable(key): _storable(each) for key, each in value.items()}
    return [_storable(each) for each in value] if isinstance(value, list) else value


def read_event(body: dict[str, Any]) -> Event:
    """Return a genuine event's facts. KeyError, TypeError, ValueError … if it is not whole."""
    if body["object"] == "v2.core.event":
        return _thin(body)
    if body["object"] == "event":
        return _snapshot(body)
    raise ValueError(f"{body['object']!r} is no event")


def _snapshot(body: dict[str, Any]) -> Event:
    about: Mapping[str, Any] = body["data"]["object"]
    kind = _text(about["object"])
    object_id = _text(about.get("id") or "")
    return Event(
        id=_id(body),
        type=_text(body["type"]),
        object_id=object_id,
        object_kind=kind,
        customer_id=object_id if kind == "customer" else _reference(about, "customer"),
        subscription_id=object_id if kind == "subscription" else _subscription_of(about),
        payment_intent_id=(
            object_id if kind == "payment_intent" else _reference(about, "payment_intent")
        ),
        created_at=datetime.fromtimestamp(int(body["created"]), UTC),
        is_live=bool(body["livemode"]),
        is_thin=False,
        payload=body,
    )


def _thin(body: dict[str, Any]) -> Event:
    """A thin event carries no state, only what to read: {"related_object": {"id", "type"}}."""
    about: Mapping[str, Any] = body.get("related_object") or {}
    kind, object_id = _text(about.get("type") or ""), _text(about.get("id") or "")
    return Event(
        id=_id(body),
        # "v1.customer.subscription.updated" is the thin twin of "customer.subscription.updated".
        type=_text(body["type"]).removeprefix("v1."),
        object_id=object_id,
        object_kind=kind,
        customer_id=object_id if kind == "customer" else None,
        subscription_id=object_id if kind == "subscription" else None,
        payment_intent_id=object_id if kind == "payment_intent" else None,
        created_at=datetime.fromisoformat(_text(body["created"])).astimezone(UTC),
        is_live=bool(body["livemode"]),
        is_thin=True,
        payload=body,
    )


def _id(body: Mapping[str, Any]) -> str:
    event_id = _text(body["id"])
    if not event_id or len(event_id) > 255:
        raise ValueError("The event has no usable id.")
    return event_id


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text.")
    return value


def _reference(about: Mapping[str, Any], key: str) -> str | None:
    value = about.get(key)
    if isinstance(value, dict):
        value = value.get("id")
    return value if isinstance(value, str) else None


def _subscription_of(about: Mapping[str, Any]) -> str | None:
    direct = _reference(about, "subscription")
    if direct:
        return direct
    parent = about.get("parent")
    details = parent.get("subscription_details") if isinstance(parent, dict) else None
    return _reference(details, "subscription") if isinstance(details, dict) else None
