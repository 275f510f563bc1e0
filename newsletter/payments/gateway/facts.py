"""What the gateway answers: frozen facts of ours, so that no object of the SDK leaves it.

Moments are aware (UTC), amounts are integers in the currency's minor unit, ids are Stripe's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Interval = Literal["month", "year"]
SessionStatus = Literal["open", "complete", "expired"]
PaymentStatus = Literal["paid", "unpaid", "no_payment_required"]
DisputeState = Literal["none", "open", "won", "lost"]

# On everything that we make at Stripe. What lacks it is another application's (S2), unless its
# price is one that we know.
OURS = {"masthead": "1"}


def is_ours(metadata: Mapping[str, str]) -> bool:
    """Whether a thing at Stripe was made by us."""
    return metadata.get("masthead") == "1"


@dataclass(frozen=True)
class CustomerFacts:
    """A person at Stripe. `email` may differ from the account's (S8)."""

    id: str
    email: str
    name: str
    is_deleted: bool
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PriceLine:
    """A known price in a checkout."""

    price_id: str
    quantity: int = 1


@dataclass(frozen=True)
class AmountLine:
    """An amount of the payer's choice in a checkout (a tip, a gift of so many months)."""

    name: str
    amount: int
    currency: str
    quantity: int = 1


@dataclass(frozen=True)
class SessionFacts:
    """One visit to Stripe's payment page. Grant nothing while `payment_status` is "unpaid"."""

    id: str
    url: str
    mode: Literal["subscription", "payment"]
    status: SessionStatus
    payment_status: PaymentStatus
    customer_id: str | None
    customer_email: str
    client_reference_id: str
    subscription_id: str | None
    payment_intent_id: str | None
    amount_total: int
    currency: str
    expires_at: datetime
    metadata: Mapping[str, str]

    @property
    def is_settled(self) -> bool:
        """Completed, and nothing is owed any more."""
        return self.status == "complete" and self.payment_status != "unpaid"


@dataclass(frozen=True)
class PriceFacts:
    """A price at Stripe; `interval` is None for a one-off one."""

    id: str
    product_id: str
    amount: int
    currency: str
    interval: Interval | None
    is_active: bool
    metadata: Mapping[str, str]
    # Weekly, daily, every three months, by usage or by steps: nothing that we can show or mirror.
    is_unusual: bool = False


@dataclass(frozen=True)
class ProductFacts:
    """A product at Stripe."""

    id: str
    name: str
    description: str
    is_active: bool
    metadata: Mapping[str, str]


@dataclass(frozen=True)
class CouponFacts:
    """A coupon at Stripe with the code that people type."""

    coupon_id: str
    promotion_code_id: str
    is_active: bool
    times_redeemed: int


@dataclass(frozen=True)
class ItemFacts:
    """One line of a subscription."""

    id: str
    price: PriceFacts
    quantity: int
    current_period_start: datetime
    current_period_end: datetime


@dataclass(frozen=True)
class SubscriptionFacts:
    """A subscription as it is now. `status` is Stripe's own word (MembershipStatus)."""

    id: str
    customer_id: str
    status: str
    items: tuple[ItemFacts, ...]
    # What one period costs after the discounts that hold now, before tax; and what the next one
    # will, after those that hold then.
    amount: int
    renewal_amount: int
    currency: str
    started_at: datetime
    trial_end: datetime | None
    cancel_at_period_end: bool
    cancel_at: datetime | None
    canceled_at: datetime | None
    ended_at: datetime | None
    cancel_reason: str
    latest_invoice_id: str | None
    schedule_id: str | None
    # What the schedule puts in the place of the first item's price, for how many seats, and when.
    next_price_id: str | None
    next_quantity: int | None
    next_price_at: datetime | None
    # Where the payer confirms a change that waits for their payment; "" when nothing waits.
    pending_url: str
    metadata: Mapping[str, str]
    # The bill of the very first period is open: a delayed method (a bank debit) may call the
    # subscription active long before its money comes. Grant nothing yet (S9).
    is_first_payment_open: bool
    trial_start: datetime | None = None
    # How the newest bill stands; "" where there is none.
    latest_invoice_status: str = ""

    @property
    def item(self) -> ItemFacts:
        """The first line: ours have exactly one."""
        return self.items[0]

    @property
    def price_id(self) -> str:
        return self.item.price.id

    @property
    def product_id(self) -> str:
        return self.item.price.product_id

    @property
    def quantity(self) -> int:
        return self.item.quantity

    @property
    def current_period_end(self) -> datetime:
        return max(item.current_period_end for item in self.items)


@dataclass(frozen=True)
class PaymentFacts:
    """One payment with everything that came back of it: refunds and disputes, summed up."""

    id: str
    status: str
    amount: int
    currency: str
    amount_received: int
    amount_refunded: int
    dispute: DisputeState
    customer_id: str | None
    paid_at: datetime | None
    # Set where the payment is for an invoice of a subscription.
    invoice_id: str | None
    subscription_id: str | None
    receipt_url: str
    error: str
    metadata: Mapping[str, str]

    @property
    def is_paid(self) -> bool:
        return self.status == "succeeded"

    @property
    def is_fully_refunded(self) -> bool:
        return self.amount_received > 0 and self.amount_refunded >= self.amount_received


@dataclass(frozen=True)
class InvoiceFacts:
    """One bill of a subscription."""

    id: str
    number: str
    status: str
    total: int
    amount_paid: int
    amount_remaining: int
    currency: str
    subscription_id: str | None
    customer_id: str | None
    created_at: datetime
    paid_at: datetime | None
    next_attempt_at: datetime | None
    attempt_count: int
    hosted_url: str
    pdf_url: str


@dataclass(frozen=True)
class BillFacts:
    """What one bill says of its subscription: at which price it ran from then on.

    `amount` is what a whole period at that price costs after the discounts that last (not "once"),
    before tax; what was charged (`total`) may be a part of it.
    """

    id: str
    status: str
    reason: str
    price_id: str
    # By "month" or "year"; None where the price is charged in no way that we can show.
    interval: Interval | None
    product_id: str
    amount: int
    currency: str
    quantity: int
    total: int
    amount_remaining: int
    created_at: datetime
    paid_at: datetime | None
    hosted_url: str


@dataclass(frozen=True)
class PreviewLine:
    """One line of what a change would cost; negative: given back for time not used."""

    description: str
    amount: int
    is_proration: bool


@dataclass(frozen=True)
class ChangePreview:
    """What a change of plan would charge, and when."""

    amount_due: int
    currency: str
    charged_at: datetime
    lines: tuple[PreviewLine, ...]
    # What is left over for later bills when more is given back than charged.
    credit: int
    # To be handed to change_price_now, so that the amount is the one that was shown.
    proration_at: datetime | None


@dataclass(frozen=True)
class Event:
    """A verified webhook. It only says what to read again, never what is so."""

    id: str
    type: str
    object_id: str
    object_kind: str
    customer_id: str | None
    subscription_id: str | None
    payment_intent_id: str | None
    created_at: datetime
    is_live: bool
    is_thin: bool
    payload: Mapping[str, Any]
