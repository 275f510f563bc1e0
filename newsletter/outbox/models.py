"""Mail to one person (codes, confirmations, notices): a row first, then sent by a worker."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from newsletter.outbox.enums import EmailState


class OutgoingEmail(models.Model):
    """One transactional mail. Its bodies are blanked once it is done with: they may hold a code."""

    kind = models.CharField(_("kind"), max_length=60)
    to = models.EmailField(_("to"))
    subject = models.CharField(_("subject"), max_length=300)
    text = models.TextField(_("text"), blank=True)
    html = models.TextField(_("HTML"), blank=True)
    # What a mail that is rendered as it goes out is about (late.py). Its texts are never stored.
    about = models.JSONField(default=dict, blank=True)
    headers = models.JSONField(_("headers"), default=dict, blank=True)
    # A second copy of a code or of a confirmation link does no harm and a lost one does: such mail
    # goes out again after an unknown outcome. Everything else waits for a person's decision.
    safe_to_repeat = models.BooleanField(_("may be sent twice"), default=False)
    state = models.CharField(
        _("state"), max_length=10, choices=EmailState.choices, default=EmailState.QUEUED
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(_("useless after"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    class Meta:
        verbose_name = _("outgoing mail")
        verbose_name_plural = _("outgoing mail")
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="outbox_due",
                condition=models.Q(state__in=["queued", "sending"]),
            ),
            models.Index(fields=["created_at"], name="outbox_created"),
        ]

    def __str__(self) -> str:
        return f"{self.kind_in_words} #{self.pk}"

    @property
    def kind_in_words(self) -> str:
        """The template's name, as words."""
        return self.kind.replace("_", " ").replace("-", " ").capitalize()

    @property
    def is_unknown(self) -> bool:
        """Whether somebody has to decide what to take it for."""
        return self.state == EmailState.UNKNOWN

    @property
    def has_texts(self) -> bool:
        """Whether there is something to send: texts, or what they are rendered from."""
        return bool(self.text or self.html or self.about)

    def is_too_late(self, now: datetime) -> bool:
        """Whether it would be of no use any more."""
        return self.expires_at is not None and self.expires_at <= now

    def can_be_sent_again(self, now: datetime) -> bool:
        """Whether the author may have it sent once more."""
        return self.is_unknown and self.has_texts and not self.is_too_late(now)
