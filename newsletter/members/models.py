"""What staff write about a person, their visits to the site as that person; copies and erasures."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from newsletter.lib.paths import export_path
from newsletter.members.enums import ErasureState, ExportState


class MemberNote(models.Model):
    """A line of the staff's about one person, shown to them in a copy of their data alone."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notes_about"
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    text = models.TextField(_("note"), max_length=4000)
    created_at = models.DateTimeField(_("written"), default=timezone.now)
    edited_at = models.DateTimeField(_("edited"), null=True, blank=True)

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.text[:60]


class SupportVisit(models.Model):
    """A look at the site as one reader sees it, by one of the staff: offered, begun, ended.

    Its link works once and for minutes; the visit itself changes nothing. See docs/decisions.md.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="support_visits"
    )
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(_("why"), max_length=300)
    # A keyed hash: who reads the database can begin no visit.
    link_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    link_expires_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("support visit")
        verbose_name_plural = _("support visits")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"visit #{self.pk}"


class DataExport(models.Model):
    """A copy of everything that is held on one person: asked for, made by a worker, kept for days.

    The file lies in the private storage under a path that is known before it is written, so that
    deleting the row always finds it.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="data_exports"
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    state = models.CharField(
        _("state"), max_length=6, choices=ExportState.choices, default=ExportState.ASKED
    )
    path = models.CharField(max_length=120, default=export_path, editable=False)
    size = models.PositiveBigIntegerField(_("size"), default=0, help_text=_("In bytes."))
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True, default=timezone.now)
    lease_until = models.DateTimeField(null=True, blank=True)
    error = models.TextField(_("error"), blank=True)
    asked_at = models.DateTimeField(_("asked for"), default=timezone.now)
    ready_at = models.DateTimeField(_("ready"), null=True, blank=True)
    expires_at = models.DateTimeField(_("deleted on"), null=True, blank=True)

    class Meta:
        verbose_name = _("copy of somebody's data")
        verbose_name_plural = _("copies of people's data")
        ordering = ["-asked_at", "-pk"]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="data_export_due",
                condition=models.Q(state=ExportState.ASKED),
            ),
        ]

    def __str__(self) -> str:
        return f"copy #{self.pk}"


class Erasure(models.Model):
    """One account's erasure: asked for, then carried out by a worker. Says nothing of who it was.

    The row is committed with the closing of the account, so what a crash interrupts is taken up
    again; and it stays as the proof that it was done, when, and at whose word.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="erasure"
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    state = models.CharField(
        _("state"), max_length=5, choices=ErasureState.choices, default=ErasureState.ASKED
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True, default=timezone.now)
    lease_until = models.DateTimeField(null=True, blank=True)
    error = models.TextField(_("error"), blank=True)
    asked_at = models.DateTimeField(_("asked for"), default=timezone.now)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        ordering = ["-asked_at", "-pk"]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="erasure_due",
                condition=models.Q(state=ErasureState.ASKED),
            ),
            models.Index(fields=["done_at"], name="erasure_done"),
        ]

    def __str__(self) -> str:
        return f"erasure #{self.pk}"

    @property
    def is_own_wish(self) -> bool:
        """Whether it was asked for by the person themself."""
        return self.asked_by_id == self.user_id
