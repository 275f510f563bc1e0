"""What is offered, bought and told: prices, subscriptions, one-off orders, gifts, events."""

from newsletter.payments.models.bought import (
    Checkout,
    Customer,
    Gift,
    Instalment,
    Membership,
    Order,
    PaymentPlan,
    Seat,
)
from newsletter.payments.models.events import Reconciliation, StripeEvent
from newsletter.payments.models.offered import Coupon, Price
from newsletter.payments.models.revenue import Bill, Movement

__all__ = [
    "Bill",
    "Checkout",
    "Coupon",
    "Customer",
    "Gift",
    "Instalment",
    "Membership",
    "Movement",
    "Order",
    "PaymentPlan",
    "Price",
    "Reconciliation",
    "Seat",
    "StripeEvent",
]
