"""What subscriptions bring in: their bills, mirrored, and how each person's part of it moved."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from newsletter.memberships.models import Tier
from newsletter.payments.enums import MovementKind
from newsletter.payments.models.bought import Membership


class Bill(models.Model):
    """One bill of a subscription, mirrored: what a year at its price comes to."""

    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="bills")
    stripe_id = models.CharField(max_length=255, unique=True)
    # Null: it was for something at Stripe that is none of ours.
    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, null=True, related_name="+")
    status = models.CharField(_("state"), max_length=13)
    yearly = models.PositiveBigIntegerField()
    currency = models.CharField(_("currency"), max_length=3)
    # What is still to be paid of it, and where.
    amount_remaining = models.PositiveBigIntegerField(default=0)
    hosted_url = models.TextField(blank=True)
    issued_at = models.DateTimeField(_("issued"))
    # From when on it counts; null: not at all (a trial's, one that was never paid).
    counts_from = models.DateTimeField(null=True)
    # The change that it bills was seen before it was billed.
    seen_from = models.DateTimeField(null=True)

    class Meta:
        ordering = ["issued_at", "pk"]

    def __str__(self) -> str:
        return self.stripe_id


class Movement(models.Model):
    """How what one person brings in changed at one moment. Derived from bills, never edited.

    Yearly amounts in minor units: the monthly figure is a twelfth, taken when it is shown.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="movements",
        verbose_name=_("person"),
    )
    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="movements")
    tier = models.ForeignKey(
        Tier, on_delete=models.PROTECT, related_name="+", verbose_name=_("tier")
    )
    at = models.DateTimeField(_("when"))
    kind = models.CharField(_("what"), max_length=12, choices=MovementKind.choices)
    currency = models.CharField(_("currency"), max_length=3)
    before = models.PositiveBigIntegerField()
    after = models.PositiveBigIntegerField()

    class Meta:
        verbose_name = _("movement")
        verbose_name_plural = _("movements")
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["at", "currency", "kind"], name="movement_by_month"),
            models.Index(fields=["user", "at"], name="movement_of_person"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.kind} {self.before} -> {self.after} {self.currency}"
