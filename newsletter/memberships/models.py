"""What people may read: tiers, and the independent grants that open them."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from newsletter.memberships.enums import GrantSource, SyncState


class AtStripe(models.Model):
    """What tiers and products have in common: their counterpart at Stripe, and how that stands."""

    stripe_product_id = models.CharField(max_length=255, unique=True, null=True, blank=True)
    # Counts once there is a price: before that Stripe need not know of it.
    sync_state = models.CharField(
        max_length=7, choices=SyncState.choices, default=SyncState.PENDING
    )
    sync_error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True


class Tier(AtStripe):
    """A paid level of membership that articles and courses can ask for."""

    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(_("short name"), max_length=80, unique=True)
    description = models.TextField(_("description"), blank=True)
    benefits = models.TextField(_("what is included"), blank=True, help_text=_("One per line."))
    trial_days = models.PositiveSmallIntegerField(_("days of trial"), default=0)
    is_listed = models.BooleanField(_("on the plans page"), default=True)
    welcome_path = models.CharField(
        _("page after buying"), max_length=300, blank=True, help_text=_("A path of this site.")
    )
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    is_archived = models.BooleanField(_("closed to new members"), default=False)

    class Meta:
        verbose_name = _("tier")
        verbose_name_plural = _("tiers")
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name


class Product(AtStripe):
    """Something sold once: a course, a book, a recording."""

    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(_("short name"), max_length=80, unique=True)
    description = models.TextField(_("description"), blank=True)
    # Access lasts so many months after the purchase; empty: for good.
    access_months = models.PositiveSmallIntegerField(_("months of access"), null=True, blank=True)
    is_listed = models.BooleanField(_("on the plans page"), default=True)
    is_archived = models.BooleanField(_("no longer sold"), default=False)
    position = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name


class GrantQuerySet(models.QuerySet["Grant"]):
    """The one place that says when a grant opens something."""

    def in_force(self, now: datetime) -> GrantQuerySet:
        """Those that have begun, have not ended (the end is exclusive) and are not revoked."""
        return self.filter(
            models.Q(ends_at__isnull=True) | models.Q(ends_at__gt=now),
            starts_at__lte=now,
            revoked_at__isnull=True,
        )


class Grant(models.Model):
    """One independent reason why one person may read what a tier or a product opens."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="grants",
        verbose_name=_("person"),
    )
    tier = models.ForeignKey(
        Tier,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="grants",
        verbose_name=_("tier"),
    )
    product = models.ForeignKey(
        Product,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="grants",
        verbose_name=_("product"),
    )
    source = models.CharField(_("source"), max_length=12, choices=GrantSource.choices)
    source_id = models.CharField(_("source's number"), max_length=255, blank=True)
    starts_at = models.DateTimeField(_("from"), default=timezone.now)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    # When its person was told that it will end soon; extending it clears this.
    reminded_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = GrantQuerySet.as_manager()

    class Meta:
        verbose_name = _("grant")
        verbose_name_plural = _("grants")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__isnull=True)
                | models.Q(ends_at__gt=models.F("starts_at")),
                name="grant_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=models.Q(tier__isnull=True, product__isnull=False)
                | models.Q(tier__isnull=False, product__isnull=True),
                name="grant_of_a_tier_or_a_product",
            ),
            models.UniqueConstraint(
                fields=["user", "tier", "source", "source_id"],
                condition=models.Q(tier__isnull=False) & ~models.Q(source_id=""),
                name="one_grant_per_source",
            ),
            models.UniqueConstraint(
                fields=["user", "product", "source", "source_id"],
                condition=models.Q(product__isnull=False) & ~models.Q(source_id=""),
                name="one_product_grant_per_source",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "tier"], name="grant_of_person"),
            models.Index(fields=["-created_at", "-id"], name="grant_newest"),
        ]

    def __str__(self) -> str:
        return _("%(what)s for %(person)s") % {
            "what": self.tier or self.product,
            "person": self.user,
        }


class UnlockCode(models.Model):
    """A code that gives a tier or a product to whoever enters it, for a number of people."""

    code = models.CharField(_("code"), max_length=40, unique=True)
    note = models.CharField(_("what it is for"), max_length=200, blank=True)
    tier = models.ForeignKey(
        Tier, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    product = models.ForeignKey(
        Product, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # Access lasts so many days from its redeeming; empty: for good.
    days = models.PositiveSmallIntegerField(_("days of access"), null=True, blank=True)
    max_uses = models.PositiveIntegerField(_("at most"), default=1)
    uses = models.PositiveIntegerField(_("used"), default=0)
    expires_at = models.DateTimeField(_("until"), null=True, blank=True)
    is_archived = models.BooleanField(_("ended"), default=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("unlock code")
        verbose_name_plural = _("unlock codes")
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(tier__isnull=True, product__isnull=False)
                | models.Q(tier__isnull=False, product__isnull=True),
                name="code_for_a_tier_or_a_product",
            ),
            models.CheckConstraint(
                condition=models.Q(uses__lte=models.F("max_uses")), name="code_used_at_most"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class AuditEntry(models.Model):
    """What happened to one person's access and payments, for the author to read."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="audit_entries"
    )
    at = models.DateTimeField(_("when"), default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    what = models.CharField(_("what"), max_length=60)
    detail = models.TextField(_("detail"), blank=True)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["user", "-at"], name="audit_of_person")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.what}"
