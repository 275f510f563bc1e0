"""A shop with a customer: what the tests of buying start from."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.memberships.access import Reader, get_reader
from newsletter.outbox.models import OutgoingEmail
from newsletter.payments import actions
from newsletter.payments.models import Gift, Membership, Order, Price, StripeEvent
from tests.factories.accounts import UserFactory
from tests.factories.payments import Catalogue, make_catalogue
from tests.stripe_contract.fixtures import Stripe


class Shop:
    """The catalogue, a reader who buys, and Stripe on the other side."""

    def __init__(self, stripe: Stripe, catalogue: Catalogue) -> None:
        self.stripe = stripe
        self.goods = catalogue
        self.reader: User = UserFactory()
        stripe.take_events()

    def start(self, price: Price | None = None, **choices: Any) -> Any:
        """The reader's payment page."""
        choices.setdefault("user", self.reader)
        return actions.start_checkout(price=price or self.goods.basic_month, **choices)

    def buy(self, price: Price | None = None, outcome: Any = "paid", **choices: Any) -> str:
        """Pay at Stripe, tell nobody; returns the id of the session."""
        session_id = self.start(price, **choices).stripe_session_id
        self.stripe.complete_checkout(session_id, outcome)
        return str(session_id)

    def join(self, price: Price | None = None, **choices: Any) -> Membership:
        """Buy and have Stripe tell of it."""
        self.buy(price, **choices)
        self.hear()
        return self.membership(choices.get("user"))

    def hear(self, **how: Any) -> int:
        """Receive and handle everything that Stripe has to tell; returns how many events."""
        return self.stripe.deliver(self.receive, **how)

    def receive(self, payload: bytes, header: str) -> None:
        """The webhook and its task, one after the other."""
        event = actions.receive_event(payload, header)
        if event is not None:
            actions.handle_event(event_id=event.pk)

    def membership(self, user: User | None = None) -> Membership:
        return Membership.objects.select_related("tier", "price", "user").get(
            user=user or self.reader
        )

    def order(self) -> Order:
        return Order.objects.get(user=self.reader)

    def access(self, now: datetime | None = None, user: User | None = None) -> Reader:
        """What is open to the reader."""
        return get_reader(user or self.reader, now)

    def has(self, tier: Any, now: datetime | None = None) -> bool:
        return tier.pk in self.access(now).tier_ids

    def owns(self, product: Any, now: datetime | None = None) -> bool:
        return product.pk in self.access(now).product_ids


def give(shop: Shop, **choices) -> Gift:
    """A gift of the reader's, paid."""
    choices = {"months": 3, "currency": "eur", "recipient_email": "friend@example.com", **choices}
    page = actions.start_gift(user=shop.reader, tier=shop.goods.basic, **choices)
    shop.stripe.complete_checkout(page.stripe_session_id)
    shop.hear()
    return Gift.objects.get(order=page.order)


def mailed_code() -> str:
    """The code in the newest mail of a gift."""
    mail = OutgoingEmail.objects.filter(kind="gift").latest("pk")
    found = re.search(r"(?:[B-Z]{4}-){3}[B-Z]{4}", mail.text)
    assert found
    return found[0]


def all_handled() -> bool:
    """Whether no event failed or waits."""
    return not StripeEvent.objects.exclude(state__in=["handled", "ignored"]).exists()


def soon(**delta: float) -> datetime:
    return timezone.now() + timedelta(**delta)


@pytest.fixture
def shop(stripe: Stripe, db: None) -> Shop:
    return Shop(stripe, make_catalogue())
