"""The author's desk: what is sold, what was bought, what Stripe told, what it brings in."""

from newsletter.payments.admin.bought import (
    GiftAdmin,
    InstalmentAdmin,
    MembershipAdmin,
    OrderAdmin,
)
from newsletter.payments.admin.coupons import CouponAdmin
from newsletter.payments.admin.events import ReconciliationAdmin, StripeEventAdmin
from newsletter.payments.admin.revenue import MovementAdmin
from newsletter.payments.admin.sold import ProductAdmin, SoldTierAdmin

__all__ = [
    "CouponAdmin",
    "GiftAdmin",
    "InstalmentAdmin",
    "MembershipAdmin",
    "MovementAdmin",
    "OrderAdmin",
    "ProductAdmin",
    "ReconciliationAdmin",
    "SoldTierAdmin",
    "StripeEventAdmin",
]
