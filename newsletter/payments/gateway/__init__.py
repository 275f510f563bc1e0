"""Stripe, behind functions and facts of ours: the only code of the site that imports `stripe`."""

from newsletter.payments.gateway.calls import digest
from newsletter.payments.gateway.connect import (
    Gateway,
    dashboard_url,
    get_gateway,
    is_demo,
    is_open,
)
from newsletter.payments.gateway.errors import (
    BadSignature,
    GatewayError,
    GatewayMisconfigured,
    GatewayRefused,
    GatewayUnavailable,
    NotFound,
)
from newsletter.payments.gateway.facts import (
    AmountLine,
    BillFacts,
    ChangePreview,
    CouponFacts,
    CustomerFacts,
    Event,
    InvoiceFacts,
    ItemFacts,
    PaymentFacts,
    PreviewLine,
    PriceFacts,
    PriceLine,
    ProductFacts,
    SessionFacts,
    SubscriptionFacts,
    is_ours,
)
from newsletter.payments.gateway.signature import MAX_BODY_BYTES, read_event
from newsletter.payments.gateway.subscribing import Feedback

__all__ = [
    "MAX_BODY_BYTES",
    "AmountLine",
    "BadSignature",
    "BillFacts",
    "ChangePreview",
    "CouponFacts",
    "CustomerFacts",
    "Event",
    "Feedback",
    "Gateway",
    "GatewayError",
    "GatewayMisconfigured",
    "GatewayRefused",
    "GatewayUnavailable",
    "InvoiceFacts",
    "ItemFacts",
    "NotFound",
    "PaymentFacts",
    "PreviewLine",
    "PriceFacts",
    "PriceLine",
    "ProductFacts",
    "SessionFacts",
    "SubscriptionFacts",
    "dashboard_url",
    "digest",
    "get_gateway",
    "is_demo",
    "is_open",
    "is_ours",
    "read_event",
]
