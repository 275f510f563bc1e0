"""What readers are sent: a mailing, its frozen variants, its batches and one row per person."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from newsletter.articles.enums import MailAudience
from newsletter.articles.models import Article
from newsletter.mailings.enums import (
    LEGAL_MOVES,
    BatchState,
    DeliveryState,
    EventKind,
    MailingState,
    SuppressedBecause,
)
from newsletter.memberships.enums import Access
from newsletter.subscribers.models import Newsletter


class Mailing(models.Model):
    """One issue of a newsletter: an article or a free text, sent once to each subscriber."""

    article = models.ForeignKey(
        Article, on_delete=models.SET_NULL, null=True, blank=True, related_name="mailings"
    )
    newsletter = models.ForeignKey(Newsletter, on_delete=models.PROTECT, related_name="mailings")
    subject = models.CharField(_("subject"), max_length=200)
    preheader = models.CharField(_("preview line"), max_length=200, blank=True)
    body_html = models.TextField(_("text"), blank=True)
    # Other people than the newsletter's subscribers: a name in `circles`, with an id. The
    # newsletter then lends its sender alone.
    circle = models.CharField(max_length=40, blank=True, editable=False)
    audience = models.CharField(
        _("who gets it"), max_length=4, choices=MailAudience.choices, default=MailAudience.ALL
    )
    state = models.CharField(
        _("state"), max_length=14, choices=MailingState.choices, default=MailingState.DRAFT
    )
    # The same act of publishing makes one mailing however often it is found (M4, M7).
    dedupe_key = models.CharField(max_length=80, unique=True, null=True, blank=True)
    scheduled_at = models.DateTimeField(_("to be sent"), null=True, blank=True)
    # Random for each claim of the preparation; a worker whose lease ran out no longer owns it.
    claim = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    # When it last got on. A mailing that has not for a day is not taken up by itself (M7).
    active_at = models.DateTimeField(null=True, blank=True)
    # Set when variants, audience and batches are whole; without it preparation starts afresh (M6).
    prepared_at = models.DateTimeField(_("prepared"), null=True, blank=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    audience_count = models.PositiveIntegerField(_("audience"), default=0)
    error = models.TextField(_("error"), blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("mailing")
        verbose_name_plural = _("mailings")
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["state", "scheduled_at"], name="mailing_due")]

    def __str__(self) -> str:
        return self.subject

    def may_move_to(self, state: str) -> bool:
        """Whether `state` is a legal next state."""
        return state in LEGAL_MOVES[self.state]


class Variant(models.Model):
    """The mail as frozen for one kind of reader (`full`, `free`). Later edits never reach it.

    `access` and `tier_ids` are what it takes to be sent this one (a memberships Requirement).
    """

    mailing = models.ForeignKey(Mailing, on_delete=models.CASCADE, related_name="variants")
    key = models.CharField(max_length=80)
    access = models.CharField(max_length=8, choices=Access.choices, default=Access.PUBLIC)
    tier_ids = models.JSONField(default=list, blank=True)
    subject = models.CharField(max_length=200)
    preheader = models.CharField(max_length=200, blank=True)
    html = models.TextField()
    text = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mailing", "key"], name="one_variant_per_key"),
        ]

    def __str__(self) -> str:
        return f"{self.mailing_id} {self.key}"


class Batch(models.Model):
    """Some of a mailing's deliveries, claimed by one worker at a time under a lease."""

    # The unique constraint below is the index that Django would make for the foreign key.
    mailing = models.ForeignKey(
        Mailing, on_delete=models.CASCADE, related_name="batches", db_index=False
    )
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=7, choices=BatchState.choices, default=BatchState.QUEUED)
    lease_until = models.DateTimeField(null=True, blank=True)
    # Random for each claim: a worker whose lease ran out no longer owns the batch.
    claim = models.CharField(max_length=32, blank=True)
    attempt = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mailing", "number"], name="one_batch_per_number"),
        ]
        indexes = [
            models.Index(
                fields=["state", "not_before"],
                name="batch_open",
                condition=models.Q(state__in=["queued", "claimed"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.mailing_id}/{self.number}"


class Delivery(models.Model):
    """One mail to one person: what was tried and what became of it."""

    # A row is written for every mail, so it carries no index that another one makes superfluous.
    mailing = models.ForeignKey(
        Mailing, on_delete=models.CASCADE, related_name="deliveries", db_index=False
    )
    batch = models.ForeignKey(
        Batch, on_delete=models.CASCADE, related_name="deliveries", db_index=False
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="deliveries"
    )
    subscription_id = models.PositiveBigIntegerField(null=True, blank=True)
    address = models.EmailField(_("address"))
    # Chosen when the batch is claimed, from what the reader is entitled to then (M20).
    variant = models.ForeignKey(
        Variant, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    state = models.CharField(
        _("state"), max_length=10, choices=DeliveryState.choices, default=DeliveryState.QUEUED
    )
    suppressed_because = models.CharField(
        max_length=12, choices=SuppressedBecause.choices, blank=True
    )
    claim = models.CharField(max_length=32, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    provider_id = models.CharField(_("provider's number"), max_length=255, blank=True)
    error = models.CharField(_("error"), max_length=500, blank=True)
    changed_at = models.DateTimeField(_("changed"), null=True, blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [
            models.UniqueConstraint(fields=["mailing", "user"], name="one_delivery_per_person"),
            models.UniqueConstraint(fields=["mailing", "address"], name="one_delivery_per_address"),
        ]
        indexes = [
            models.Index(fields=["batch", "state"], name="delivery_of_batch"),
            models.Index(fields=["mailing", "state"], name="delivery_counts"),
        ]

    def __str__(self) -> str:
        return f"{self.mailing_id} to {self.address}"


class SenderCircuit(models.Model):
    """Closed while a sender works; opened by a fault of the sender's own, so that nothing burns."""

    sender = models.CharField(_("sender"), max_length=255, unique=True)
    opened_at = models.DateTimeField(_("stopped"), null=True, blank=True)
    retry_at = models.DateTimeField(_("tried again"), null=True, blank=True)
    reason = models.TextField(_("why"), blank=True)
    # Faults in a row; the wait before the next attempt doubles with each.
    strikes = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return self.sender


class MailingEvent(models.Model):
    """What happened to a mailing, for the author to read: who started, paused, decided, and why."""

    mailing = models.ForeignKey(Mailing, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(_("when"), auto_now_add=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    what = models.CharField(_("what"), max_length=20, choices=EventKind.choices)
    detail = models.TextField(_("detail"), blank=True)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return self.get_what_display()
