"""Who wants mail: newsletters, subscriptions with their consent, suppressions, imports."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from newsletter.lib.paths import import_path
from newsletter.subscribers.enums import (
    ConsentEventKind,
    ConsentSource,
    ImportState,
    LineOutcome,
    RequestAnswer,
    SubscriptionState,
    SuppressionReason,
)


class Newsletter(models.Model):
    """One list that readers can join and leave by itself."""

    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(_("short name"), max_length=80, unique=True)
    description = models.CharField(_("description"), max_length=300, blank=True)
    cadence = models.CharField(
        _("how often"), max_length=120, blank=True, help_text=_("Such as “every other Sunday”.")
    )
    sender_name = models.CharField(_("sender's name"), max_length=120, blank=True)
    sender_address = models.EmailField(_("sender's address"))
    reply_to = models.EmailField(_("replies go to"), blank=True)
    subscribe_on_signup = models.BooleanField(_("ticked on the sign-up form"), default=True)
    is_archived = models.BooleanField(_("closed"), default=False)
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name


class Subscription(models.Model):
    """One person on one newsletter, with the record of how they agreed."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="subscriptions"
    )
    newsletter = models.ForeignKey(
        Newsletter, on_delete=models.PROTECT, related_name="subscriptions"
    )
    state = models.CharField(
        _("state"),
        max_length=14,
        choices=SubscriptionState.choices,
        default=SubscriptionState.PENDING,
    )
    created_at = models.DateTimeField(_("signed up"), default=timezone.now)
    consent_at = models.DateTimeField(_("confirmed"), null=True, blank=True)
    consent_source = models.CharField(
        _("where"), max_length=10, choices=ConsentSource.choices, default=ConsentSource.FORM
    )
    consent_detail = models.CharField(
        _("how"), max_length=300, blank=True, help_text=_("Page, words agreed to, file and line.")
    )
    request_ip = models.GenericIPAddressField(_("asked from"), null=True, blank=True)
    consent_ip = models.GenericIPAddressField(_("confirmed from"), null=True, blank=True)
    imported_by = models.ForeignKey(
        "SubscriberImport",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="subscriptions",
        db_index=False,
    )
    unsubscribed_at = models.DateTimeField(_("left"), null=True, blank=True)
    unsubscribe_reason = models.CharField(_("why they left"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("subscriber")
        verbose_name_plural = _("subscribers")
        constraints = [
            models.UniqueConstraint(fields=["user", "newsletter"], name="one_subscription_each"),
        ]
        indexes = [
            models.Index(fields=["newsletter", "state", "user"], name="subscription_audience"),
            # One index for each way the author sorts a million rows into a page (admin.py).
            models.Index(fields=["-created_at", "-id"], name="subscription_newest"),
            models.Index(fields=["state", "-created_at", "-id"], name="subscription_by_state"),
            models.Index(fields=["newsletter", "-created_at", "-id"], name="subscription_by_list"),
            models.Index(
                fields=["newsletter", "state", "-created_at", "-id"],
                name="subscription_by_list_and_state",
            ),
            models.Index(
                fields=["consent_source", "-created_at", "-id"], name="subscription_by_source"
            ),
            models.Index(
                fields=["imported_by"],
                name="subscription_of_import",
                condition=models.Q(imported_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} on {self.newsletter_id}"


class SubscriptionRequest(models.Model):
    """Somebody asked, with an address that may be another's. Nothing is trusted until confirmed.

    The web process only ever writes this one row, whoever the address belongs to, so that neither
    the page nor its speed tells whether the address is known. A worker answers it by mail.
    """

    address = models.EmailField(_("address"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="subscription_requests",
    )
    name = models.CharField(_("name"), max_length=120, blank=True)
    newsletter_ids = models.JSONField(default=list)
    source = models.CharField(
        _("where"), max_length=10, choices=ConsentSource.choices, default=ConsentSource.FORM
    )
    detail = models.CharField(_("how"), max_length=300, blank=True)
    # The article at whose wall they asked: confirming leads back there.
    back_to = models.CharField(max_length=500, blank=True)
    ip = models.GenericIPAddressField(_("asked from"), null=True, blank=True)
    answer = models.CharField(
        _("answer"), max_length=16, choices=RequestAnswer.choices, default=RequestAnswer.WAITING
    )
    created_at = models.DateTimeField(_("asked"), default=timezone.now)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)
    confirmed_ip = models.GenericIPAddressField(_("confirmed from"), null=True, blank=True)

    class Meta:
        verbose_name = _("subscription request")
        verbose_name_plural = _("subscription requests")
        indexes = [
            models.Index(
                fields=["created_at"],
                name="subscription_request_waiting",
                condition=models.Q(answer=RequestAnswer.WAITING),
            ),
            models.Index(
                fields=["created_at"],
                name="subscription_request_open",
                condition=models.Q(confirmed_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"request {self.pk}"


class ConsentEvent(models.Model):
    """One line of the consent record: who agreed, left or was blocked; when, where and how."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="consent_events",
    )
    # Set for suppressions, which outlive the person's row.
    address_hash = models.CharField(max_length=64, blank=True)
    newsletter = models.ForeignKey(
        Newsletter, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    what = models.CharField(_("what"), max_length=12, choices=ConsentEventKind.choices)
    source = models.CharField(_("where"), max_length=10, choices=ConsentSource.choices, blank=True)
    detail = models.CharField(_("how"), max_length=500, blank=True)
    ip = models.GenericIPAddressField(_("from address"), null=True, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("consent record")
        verbose_name_plural = _("consent records")
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(
                fields=["address_hash"],
                name="consent_of_address",
                condition=~models.Q(address_hash=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.user_id}"


class Suppression(models.Model):
    """An address that must not be mailed. Kept as a keyed hash: it outlives the person's data."""

    address_hash = models.CharField(max_length=64)
    # Which key made the hash, so that a key that is lost is noticed (checks.py).
    key_id = models.CharField(max_length=12)
    # The person while there is one, for the author's eyes; the hash alone decides.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="suppressions",
    )
    # Null: every newsletter.
    newsletter = models.ForeignKey(
        Newsletter, on_delete=models.CASCADE, null=True, blank=True, related_name="suppressions"
    )
    reason = models.CharField(_("reason"), max_length=12, choices=SuppressionReason.choices)
    detail = models.CharField(_("detail"), max_length=300, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        verbose_name = _("suppressed address")
        verbose_name_plural = _("suppressed addresses")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["address_hash", "newsletter"],
                name="one_suppression_per_address_and_list",
            ),
            models.UniqueConstraint(
                fields=["address_hash"],
                condition=models.Q(newsletter__isnull=True),
                name="one_suppression_per_address",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reason} {self.address_hash[:8]}"


class ImportJob(models.Model):
    """An uploaded file on its way in: dry run, progress, and where to go on from.

    Of subscribers here, and of whatever a slice above brings in by such a file.
    """

    file = models.FileField(_("file"), upload_to=import_path)
    original_name = models.CharField(_("file name"), max_length=255)
    state = models.CharField(
        _("state"), max_length=10, choices=ImportState.choices, default=ImportState.UPLOADED
    )
    total_lines = models.PositiveIntegerField(_("lines"), default=0)
    done_lines = models.PositiveIntegerField(_("done"), default=0)
    # Byte in the file after the last line that was stored for good.
    resume_offset = models.PositiveBigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    # Random for each claim: a worker whose lease ran out no longer owns the job.
    claim = models.CharField(max_length=32, blank=True)
    counts = models.JSONField(_("outcome"), default=dict, blank=True)
    error = models.TextField(_("error"), blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(_("uploaded"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        abstract = True
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.original_name


class SubscriberImport(ImportJob):
    """One uploaded list of subscribers. A resumed run starts at the byte after the last line."""

    newsletter = models.ForeignKey(Newsletter, on_delete=models.PROTECT, related_name="imports")
    mapping = models.JSONField(_("columns"), default=dict, blank=True)
    dialect = models.JSONField(default=dict, blank=True)
    consent_statement = models.TextField(_("how these people agreed"), blank=True)

    class Meta(ImportJob.Meta):
        abstract = False
        verbose_name = _("import")
        verbose_name_plural = _("imports")


class ImportLine(models.Model):
    """What the dry run or the import says of one line that is not simply a new subscriber."""

    job = models.ForeignKey(SubscriberImport, on_delete=models.CASCADE, related_name="lines")
    number = models.PositiveIntegerField(_("line"))
    address = models.CharField(_("address"), max_length=320, blank=True)
    outcome = models.CharField(_("outcome"), max_length=18, choices=LineOutcome.choices)
    message = models.CharField(_("why"), max_length=300, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["job", "number"], name="one_report_per_import_line"),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.outcome}"
