"""What was open to somebody, and what they paid for."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from newsletter.accounts.models import User
from newsletter.members.personal_data import DataPart, by_staff, cut, kept
from newsletter.memberships.actions import erase_access_of, export_access_of
from newsletter.payments.actions import BOOKED, erase_purchases_of, export_purchases_of

BOOKS = "the books have to be kept for years; without name and address they are nobody's"

PAYMENTS = DataPart(
    name="payments",
    title=_("Payments"),
    files={
        "payment_accounts": _("The numbers under which Stripe, who takes payments, knows you."),
        "memberships": _("Your subscriptions. Amounts are in the smallest unit, such as cents."),
        "payment_plans": _("What you pay or paid in monthly parts."),
        "membership_payments": _("What you paid for subscriptions and plans, and what came back."),
        "bills": _("Their bills."),
        "revenue": _("How what you pay a year changed."),
        "orders": _("What you bought once: products, gifts and tips."),
        "checkouts": _("Payment pages that you opened."),
        "gifts_given": _("Memberships that you gave, with what you wrote to go with them."),
        "gifts_received": _("Memberships that were given to you."),
        "seats_given": _("Seats in your group, and whom you invited."),
        "seats_taken": _("Seats in others' groups."),
    },
    export=export_purchases_of,
    erase=erase_purchases_of,
    held=(
        *kept("newsletter.Customer.user", file="payment_accounts", why=BOOKS),
        *kept("newsletter.Checkout.user", file="checkouts", why=BOOKS),
        *kept("newsletter.Membership.user", file="memberships", why=BOOKS),
        *kept("newsletter.PaymentPlan.user", file="payment_plans", why=BOOKS),
        *kept("newsletter.Movement.user", file="revenue", why=BOOKS),
        *kept("newsletter.Order.user", file="orders", why=BOOKS),
        *cut(
            "newsletter.Gift.recipient_email", "newsletter.Gift.redeemed_by", file="gifts_received"
        ),
        *cut("newsletter.Seat.email", "newsletter.Seat.user", file="seats_taken"),
    ),
    position=50,
)


def _erase_access(*, user: User) -> None:
    erase_access_of(user=user, kept=BOOKED)


MEMBERSHIPS = DataPart(
    name="memberships",
    title=_("What is open to you"),
    files={
        "access": _("What was open to you, from when until when, and why."),
        "record": _("The record of everything that changed about it."),
    },
    export=export_access_of,
    erase=_erase_access,
    held=(
        *kept("newsletter.Grant.user", file="access", why=BOOKS),
        *kept("newsletter.AuditEntry.user", file="record", why=BOOKS),
        *by_staff(
            "newsletter.Grant.created_by",
            "newsletter.Grant.revoked_by",
            "newsletter.UnlockCode.created_by",
            "newsletter.AuditEntry.actor",
        ),
    ),
    # After the payments, whose last acts are on record.
    position=60,
)
