"""The parts of a person's page that the slices below this one fill."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from newsletter.accounts.models import User
from newsletter.comments.access import MODERATE
from newsletter.comments.queries import bans_of, comments_of, standing_of, trail_of_person
from newsletter.mailings.models import Delivery
from newsletter.members.panels import Panel, register_panel
from newsletter.members.words import in_words
from newsletter.memberships.models import Grant
from newsletter.memberships.queries import audit_of, grants_of
from newsletter.outbox.models import OutgoingEmail
from newsletter.payments import queries as payments
from newsletter.payments.gateway import dashboard_url
from newsletter.payments.models import Customer, Gift, Movement, Seat
from newsletter.payments.money import show_amount
from newsletter.payments.revenue import show_month
from newsletter.subscribers.queries import subscriptions_of, suppressions_of

SHOWN = 50


def load_newsletters(person: User) -> dict[str, Any]:
    """What they get, and how they agreed."""
    return {
        "subscriptions": list(subscriptions_of(person).select_related("newsletter")),
        "suppressions": list(suppressions_of(person.email)),
    }


def load_access(person: User) -> dict[str, Any]:
    """Every grant there ever was; what is open now comes first."""
    now = timezone.now()
    grants = list(grants_of(person).select_related("revoked_by")[:SHOWN])
    rows: list[dict[str, Any]] = [
        {"grant": grant, "state": grant_state(grant, now)} for grant in grants
    ]
    rows.sort(key=lambda row: row["state"] != "open")
    names = (
        each["grant"].tier or each["grant"].product for each in rows if each["state"] == "open"
    )
    open_now = list(dict.fromkeys(map(str, names)))
    return {"rows": rows, "open": open_now}


def grant_state(grant: Grant, now: Any) -> str:
    """One of revoked, ended, later, open."""
    if grant.revoked_at is not None:
        return "revoked"
    if grant.ends_at is not None and grant.ends_at <= now:
        return "ended"
    return "later" if grant.starts_at > now else "open"


def load_money(person: User) -> dict[str, Any]:
    """Subscriptions, payments, and what came back."""
    customers = Customer.objects.filter(user=person).order_by("-pk")
    return {
        "customers": [(each, dashboard_url("customers", each.stripe_id)) for each in customers],
        "memberships": [
            {
                "membership": each,
                "amount": show_amount(each.amount, each.currency),
                "url": dashboard_url("subscriptions", each.stripe_id),
            }
            for each in payments.memberships_of(person)[:SHOWN]
        ],
        "payments": [
            _payment(each.sold, each, each.amount_received, "")
            for each in payments.instalments_of(person)[:SHOWN]
        ],
        "orders": [
            _payment(
                each.product or each.get_kind_display(),
                each,
                each.amount,
                str(each.get_status_display()),
            )
            for each in payments.orders_of(person)[:SHOWN]
        ],
        "movements": [
            (each, show_month(each.before, each.currency), show_month(each.after, each.currency))
            for each in Movement.objects.filter(user=person)[:SHOWN]
        ],
    }


def _payment(what: Any, payment: Any, amount: int, state: str) -> dict[str, Any]:
    refunded = payment.refunded_amount
    return {
        "what": what,
        "payment": payment,
        "state": state,
        "amount": show_amount(amount, payment.currency),
        "refunded": show_amount(refunded, payment.currency) if refunded else "",
        "url": dashboard_url("payments", payment.stripe_payment_intent_id),
    }


def load_gifts(person: User) -> dict[str, Any]:
    """What they gave, what they were given, and seats on either side."""
    received = Gift.objects.filter(redeemed_by=person).select_related("tier", "order__user")
    seats: QuerySet[Seat] = Seat.objects.filter(
        Q(membership__user=person) | Q(user=person) | Q(email=person.email)
    )
    return {
        "given": list(payments.gifts_from(person)[:SHOWN]),
        "received": list(received.order_by("-created_at")[:SHOWN]),
        "seats": list(seats.select_related("membership__user", "membership__tier", "user")[:SHOWN]),
    }


def load_mail(person: User) -> dict[str, Any]:
    """Letters and single mails, the newest of each."""
    letters = Delivery.objects.filter(user=person).select_related("mailing__newsletter")
    return {
        "letters": list(letters.order_by("-pk")[:20]),
        "mails": list(
            OutgoingEmail.objects.filter(to=person.email)
            .defer("text", "html", "headers")
            .order_by("-created_at")[:20]
        ),
    }


def load_comments(person: User) -> dict[str, Any]:
    """What they wrote, how far they are trusted, bars, and what was decided."""
    bans = bans_of(person)
    return {
        "standing": standing_of(person),
        "bans": bans,
        "ban": next((ban for ban in bans if ban.is_in_force), None),
        "comments": list(comments_of(person).select_related("thread__article")[:20]),
        "trail": trail_of_person(person, limit=20),
    }


def load_record(person: User) -> dict[str, Any]:
    """Every change of access and payment, in plain words."""
    entries = audit_of(person)[:SHOWN]
    return {"entries": [(entry, in_words(entry.what)) for entry in entries]}


def register_all() -> None:
    """The parts that are always there."""
    for panel in (
        Panel(
            "access", _("What is open to them"), "members/panels/access.html",
            ("newsletter.view_grant",), load_access, 10,
        ),
        Panel(
            "money", _("Subscriptions and payments"), "members/panels/money.html",
            ("newsletter.view_membership",), load_money, 20,
        ),
        Panel(
            "gifts", _("Gifts and seats"), "members/panels/gifts.html",
            ("newsletter.view_membership",), load_gifts, 30,
        ),
        Panel(
            "newsletters", _("Newsletters and consent"), "members/panels/newsletters.html",
            ("newsletter.view_subscription",), load_newsletters, 40,
        ),
        Panel(
            "comments", _("What they say"), "members/panels/comments.html",
            (MODERATE,), load_comments, 60,
        ),
        Panel(
            "mail", _("What they were sent"), "members/panels/mail.html",
            ("newsletter.view_mailing", "newsletter.change_mailing"), load_mail, 50,
        ),
        Panel(
            "record", _("Record of access and payments"), "members/panels/record.html",
            ("newsletter.view_grant", "newsletter.view_membership"), load_record, 90,
        ),
    ):  # fmt: skip
        register_panel(panel)
