"""States and kinds of everything that is bought."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Interval(models.TextChoices):
    """How often a price is charged."""

    MONTH = "month", _("Monthly")
    YEAR = "year", _("Yearly")
    ONCE = "once", _("Once")
    # A product paid by the month, a number of times (`Price.instalments`).
    PLAN = "plan", _("In monthly instalments")


class PriceState(models.TextChoices):
    """active -> archived. A price that somebody pays is archived, never edited."""

    ACTIVE = "active", _("Offered")
    ARCHIVED = "archived", _("No longer offered")


class MembershipStatus(models.TextChoices):
    """Stripe's own words for a subscription's state."""

    INCOMPLETE = "incomplete", _("First payment open")
    INCOMPLETE_EXPIRED = "incomplete_expired", _("First payment never came")
    TRIALING = "trialing", _("On trial")
    ACTIVE = "active", _("Active")
    PAST_DUE = "past_due", _("Payment overdue")
    UNPAID = "unpaid", _("Unpaid")
    PAUSED = "paused", _("Paused")
    CANCELED = "canceled", _("Ended")


class OrderKind(models.TextChoices):
    """What a one-off payment is for."""

    PRODUCT = "product", _("Product")
    GIFT = "gift", _("Gift")
    TIP = "tip", _("Tip")


class OrderStatus(models.TextChoices):
    """pending -> paid -> refunded | disputed -> paid | lost; pending -> failed | expired."""

    PENDING = "pending", _("Payment under way")
    PAID = "paid", _("Paid")
    FAILED = "failed", _("Payment failed")
    EXPIRED = "expired", _("Never paid")
    REFUNDED = "refunded", _("Refunded")
    DISPUTED = "disputed", _("Disputed")
    LOST = "lost", _("Dispute lost")
    WITHDRAWN = "withdrawn", _("Withdrawn by the buyer")


class CheckoutState(models.TextChoices):
    """open -> completed | expired | failed."""

    OPEN = "open", _("Open")
    COMPLETED = "completed", _("Completed")
    EXPIRED = "expired", _("Expired")
    FAILED = "failed", _("Failed")


class EventState(models.TextChoices):
    """received -> handled | ignored | failed; failed -> handled by a retry."""

    RECEIVED = "received", _("Received")
    HANDLED = "handled", _("Handled")
    IGNORED = "ignored", _("Not ours")
    FAILED = "failed", _("Failed")


class DiscountKind(models.TextChoices):
    """What a coupon takes off."""

    PERCENT = "percent", _("Percent")
    AMOUNT = "amount", _("Amount")


class DiscountDuration(models.TextChoices):
    """For how many payments a coupon counts. Stripe's words."""

    ONCE = "once", _("The first payment")
    REPEATING = "repeating", _("Some months")
    FOREVER = "forever", _("For ever")


class GiftState(models.TextChoices):
    """unpaid -> waiting -> delivered -> redeemed; any paid one -> refunded."""

    UNPAID = "unpaid", _("Not paid yet")
    WAITING = "waiting", _("To be delivered")
    DELIVERED = "delivered", _("Delivered")
    REDEEMED = "redeemed", _("Redeemed")
    REFUNDED = "refunded", _("Refunded")


class DisputeState(models.TextChoices):
    """How the fights over one payment stand. A lost one outweighs an open one, that a won one."""

    NONE = "none", _("None")
    OPEN = "open", _("Open")
    WON = "won", _("Won")
    LOST = "lost", _("Lost")


class MovementKind(models.TextChoices):
    """How what one person brings in changed."""

    NEW = "new", _("New")
    EXPANSION = "expansion", _("More than before")
    CONTRACTION = "contraction", _("Less than before")
    CHURN = "churn", _("Left")
    REACTIVATION = "reactivation", _("Came back")


class SeatState(models.TextChoices):
    """invited -> active -> removed; invited -> removed."""

    INVITED = "invited", _("Invited")
    ACTIVE = "active", _("Taken")
    REMOVED = "removed", _("Removed")
