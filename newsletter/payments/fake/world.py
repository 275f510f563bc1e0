"""What all parts of the stand-in share: its objects, its clock, its events."""

from __future__ import annotations

import calendar
import copy
import json
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import stripe

from newsletter.payments.fake.store import Json, Store

Card = str  # "works" | "declines" | "needs_authentication"


class Refusal(Exception):
    """An error as Stripe answers it."""

    def __init__(
        self, message: str, *, status: int = 400, code: str = "", param: str = "", kind: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        error = {
            "type": kind or ("card_error" if status == 402 else "invalid_request_error"),
            "message": message,
            "code": code,
            "param": param,
        }
        self.body: Json = {"error": {key: value for key, value in error.items() if value}}


def missing(kind: str, object_id: str, param: str = "id") -> Refusal:
    return Refusal(
        f"No such {kind}: '{object_id}'", status=404, code="resource_missing", param=param
    )


@dataclass(frozen=True)
class SignedEvent:
    """An event as it arrives at the webhook."""

    id: str
    type: str
    payload: bytes
    header: str


def as_text(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%d %b %Y")


def after(start: int, interval: str, count: int = 1, *, anchor: int | None = None) -> int:
    """`count` intervals later, on the anchor's day of the month or the month's last one."""
    begin = datetime.fromtimestamp(start, UTC)
    day = datetime.fromtimestamp(start if anchor is None else anchor, UTC).day
    if interval in {"day", "week"}:
        return start + count * 86_400 * (7 if interval == "week" else 1)
    months = begin.year * 12 + begin.month - 1 + count * (12 if interval == "year" else 1)
    year, month = divmod(months, 12)
    day = min(day, calendar.monthrange(year, month + 1)[1])
    return int(begin.replace(year=year, month=month + 1, day=day).timestamp())


class World:
    """Objects by id, a clock of its own, and an outbox of events."""

    def __init__(self, store: Store, *, site_url: str) -> None:
        self.store = store
        self.site_url = site_url.rstrip("/")

    # ── clock ─────────────────────────────────────────────────────────────────────────────────
    @property
    def now(self) -> int:
        return int(time.time()) + int(self.store.fact("clock", "0"))

    def set_now(self, moment: int) -> None:
        self.store.set_fact("clock", str(moment - int(time.time())))

    # ── objects ───────────────────────────────────────────────────────────────────────────────
    def new_id(self, prefix: str) -> str:
        return f"{prefix}_{secrets.token_hex(12)}"

    def get(self, object_id: str | None) -> Json:
        """Return an object that must exist."""
        found = self.store.get(object_id or "")
        if found is None:
            raise LookupError(f"The stand-in has no {object_id!r}.")
        return found

    def need(self, kind: str, object_id: Any, param: str = "id", *, deleted: bool = False) -> Json:
        """Return an object that a request names, or refuse as Stripe does."""
        found = self.store.get(object_id) if isinstance(object_id, str) else None
        if found is None or found["object"] != kind or (found.get("deleted") and not deleted):
            raise missing(kind.replace(".", " "), str(object_id), param)
        return found

    def put(self, body: Json) -> Json:
        return self.store.put(body)

    # ── events ────────────────────────────────────────────────────────────────────────────────
    def emit(self, kind: str, about: Json, previous: Json | None = None) -> None:
        """Tell of a change: kept for /v1/events, and in the outbox until it is delivered."""
        data: Json = {"object": copy.deepcopy(about)}
        if previous:
            data["previous_attributes"] = previous
        event = {
            "id": self.new_id("evt"),
            "object": "event",
            "api_version": stripe.api_version,
            "created": self.now,
            "data": data,
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
        }
        self.put(event)
        self.store.queue_event(str(event["id"]))

    @property
    def webhook_secret(self) -> str:
        """What events are signed with: random, as anyone could forge them with a known one."""
        secret = self.store.fact("webhook_secret")
        if not secret:
            secret = f"whsec_{secrets.token_hex(24)}"
            self.store.set_fact("webhook_secret", secret)
        return secret

    def sign(self, event: Json) -> SignedEvent:
        payload = json.dumps(event)
        header: str = stripe.WebhookSignature.generate_signature_header(
            payload, self.webhook_secret
        )
        return SignedEvent(event["id"], event["type"], payload.encode(), header)

    # ── cards ─────────────────────────────────────────────────────────────────────────────────
    def card_of(self, customer_id: str) -> Card:
        return self.store.fact(f"card:{customer_id}", "works")

    def set_card(self, customer_id: str, card: Card) -> None:
        self.store.set_fact(f"card:{customer_id}", card)
