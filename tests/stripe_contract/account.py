"""A small account at Stripe, made through the real gateway, for tests of payments."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

from newsletter.payments.gateway import (
    AmountLine,
    CustomerFacts,
    Gateway,
    PriceFacts,
    PriceLine,
    SessionFacts,
    SubscriptionFacts,
    get_gateway,
)


@dataclass
class Account:
    """One product with a monthly, a yearly and a one-off price, one customer."""

    stripe: Any
    currency: str = "eur"
    keys: Any = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.gateway: Gateway = get_gateway()
        self.product = self.gateway.push_product(
            key=self.key(), product_id=None, name="Supporter", metadata={"tier": "1"}
        )
        self.month = self.price(600, "month")
        self.year = self.price(6000, "year")
        self.once = self.price(4900, None)
        self.customer: CustomerFacts = self.gateway.ensure_customer(
            user_id=1, email="ada@example.com", name="Ada"
        )

    def key(self) -> str:
        return f"key-{next(self.keys)}"

    def price(self, amount: int, interval: Any) -> PriceFacts:
        return self.gateway.push_price(
            key=self.key(),
            product_id=self.product.id,
            amount=amount,
            currency=self.currency,
            interval=interval,
        )

    def checkout(self, line: PriceFacts | AmountLine, **more: Any) -> SessionFacts:
        subscribes = isinstance(line, PriceFacts) and line.interval is not None
        quantity = more.pop("quantity", 1)
        options: dict[str, Any] = {
            "key": self.key(),
            "mode": "subscription" if subscribes else "payment",
            "line": line if isinstance(line, AmountLine) else PriceLine(line.id, quantity),
            "customer_id": self.customer.id,
            "success_url": "http://testserver/thanks/?session={CHECKOUT_SESSION_ID}",
            "cancel_url": "http://testserver/plans/",
            "client_reference_id": "17",
            "metadata": {"checkout": "17"},
        }
        return self.gateway.create_checkout(**{**options, **more})

    def subscribe(self, price: PriceFacts | None = None, **more: Any) -> SubscriptionFacts:
        session = self.checkout(price or self.month, **more)
        self.stripe.complete_checkout(session.id)
        subscription_id = self.gateway.fetch_session(session.id).subscription_id
        assert subscription_id
        return self.gateway.fetch_subscription(subscription_id)

    def buy(self, line: PriceFacts | AmountLine | None = None, **more: Any) -> str:
        """Pay once; return the payment's id."""
        session = self.checkout(line or self.once, **more)
        self.stripe.complete_checkout(session.id)
        payment_id = self.gateway.fetch_session(session.id).payment_intent_id
        assert payment_id
        return payment_id
