"""Kinds of access, and where a grant comes from."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Access(models.TextChoices):
    """What reading something takes."""

    PUBLIC = "public", _("Everyone")
    MEMBERS = "members", _("Anyone who is signed in")
    PAID = "paid", _("Any paying member")
    TIERS = "tiers", _("Members of certain tiers")


class GrantSource(models.TextChoices):
    """Where a grant comes from. Each source ends its own grants and no other's."""

    SUBSCRIPTION = "subscription", _("Subscription")
    ORDER = "order", _("One-off payment")
    PLAN = "plan", _("Payment plan")
    COMP = "comp", _("Complimentary")
    GIFT = "gift", _("Gift")
    CODE = "code", _("Unlock code")
    SEAT = "seat", _("Seat of a group")
    MANUAL = "manual", _("By hand")


class SyncState(models.TextChoices):
    """Whether Stripe knows a thing as it is here."""

    PENDING = "pending", _("Waiting")
    SYNCED = "synced", _("In step with Stripe")
    FAILED = "failed", _("Stripe refused")


class Reason(models.TextChoices):
    """Why `decide` allowed or refused."""

    OPEN = "open", _("Open to everyone")
    SIGNED_IN = "signed_in", _("Open to members")
    GRANTED = "granted", _("Paid for or given")
    STAFF = "staff", _("Open to staff")
    SIGN_IN_NEEDED = "sign_in_needed", _("Sign in to read on")
    PAYMENT_NEEDED = "payment_needed", _("For paying members")
    OTHER_TIER_NEEDED = "other_tier_needed", _("For members of another tier")
    NOT_YET = "not_yet", _("Opens later")
    BLOCKED = "blocked", _("Opens when something else is done")
    ENDED = "ended", _("Was open until some time ago")


class Offer(models.TextChoices):
    """What a reader who was refused can do about it."""

    SIGN_IN = "sign_in", _("Sign in")
    PAY = "pay", _("Become a paying member")
    CHANGE_TIER = "change_tier", _("Change tier")
    BUY = "buy", _("Buy it")
