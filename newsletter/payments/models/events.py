"""What Stripe told us, stored before it is believed."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from newsletter.payments.enums import EventState


class StripeEvent(models.Model):
    """One webhook event: stored, answered, then handled by re-reading what it is about."""

    stripe_id = models.CharField(max_length=255, unique=True)
    type = models.CharField(_("type"), max_length=100)
    object_id = models.CharField(_("about"), max_length=255, blank=True)
    payload = models.JSONField(default=dict)
    state = models.CharField(
        _("state"), max_length=8, choices=EventState.choices, default=EventState.RECEIVED
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    error = models.TextField(_("error"), blank=True)
    received_at = models.DateTimeField(_("received"), auto_now_add=True)
    handled_at = models.DateTimeField(_("handled"), null=True, blank=True)

    class Meta:
        verbose_name = _("Stripe event")
        verbose_name_plural = _("Stripe events")
        ordering = ["-received_at"]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="stripe_event_open",
                condition=models.Q(state__in=["received", "failed"]),
            ),
            models.Index(fields=["-received_at"], name="stripe_event_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.stripe_id}"


class Reconciliation(models.Model):
    """One comparison of everything here with everything at Stripe, and what it mended."""

    started_at = models.DateTimeField(_("started"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    checked = models.PositiveIntegerField(_("looked at"), default=0)
    # [{"object": "sub_…", "was": "active", "is": "canceled"}]
    mended = models.JSONField(_("mended"), default=list)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        verbose_name = _("reconciliation")
        verbose_name_plural = _("reconciliations")
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M}"
