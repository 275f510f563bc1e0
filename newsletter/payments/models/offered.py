"""What is offered: prices of tiers and products, and coupons."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from newsletter.memberships.enums import SyncState
from newsletter.memberships.models import Product, Tier
from newsletter.payments.enums import (
    DiscountDuration,
    DiscountKind,
    Interval,
    PriceState,
)
from newsletter.payments.money import show_amount


class Price(models.Model):
    """One price of one tier or product. Its amount never changes: a new one takes its place."""

    tier = models.ForeignKey(
        Tier, on_delete=models.PROTECT, null=True, blank=True, related_name="prices"
    )
    product = models.ForeignKey(
        Product, on_delete=models.PROTECT, null=True, blank=True, related_name="prices"
    )
    interval = models.CharField(_("charged"), max_length=5, choices=Interval.choices)
    # Of a payment plan: how many times `amount` is charged, a month apart.
    instalments = models.PositiveSmallIntegerField(
        _("payments"), null=True, blank=True, validators=[MinValueValidator(2)]
    )
    # Minor units (cents; whole yen; thousandths of a Kuwaiti dinar): see money.py.
    amount = models.PositiveBigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    state = models.CharField(
        _("state"), max_length=8, choices=PriceState.choices, default=PriceState.ACTIVE
    )
    stripe_id = models.CharField(max_length=255, unique=True, null=True, blank=True)
    sync_state = models.CharField(
        max_length=7, choices=SyncState.choices, default=SyncState.PENDING
    )
    sync_error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(tier__isnull=True, product__isnull=False)
                | models.Q(tier__isnull=False, product__isnull=True),
                name="price_of_a_tier_or_a_product",
            ),
            models.UniqueConstraint(
                fields=["tier", "interval", "currency"],
                condition=models.Q(state="active", tier__isnull=False),
                name="one_offered_price_per_tier",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    interval="plan", product__isnull=False, instalments__isnull=False
                )
                | (~models.Q(interval="plan") & models.Q(instalments__isnull=True)),
                name="price_of_a_plan_has_instalments",
            ),
            models.UniqueConstraint(
                fields=["product", "interval", "currency"],
                condition=models.Q(state="active", product__isnull=False),
                name="one_offered_price_per_product",
            ),
        ]

    def __str__(self) -> str:
        amount = show_amount(self.amount, self.currency)
        times = f"{self.instalments} \u00d7 " if self.instalments else ""
        return f"{times}{amount} · {self.get_interval_display()}"


class Coupon(models.Model):
    """A discount by code or link."""

    name = models.CharField(_("name"), max_length=40)
    code = models.CharField(_("code"), max_length=40, unique=True)
    kind = models.CharField(_("kind"), max_length=7, choices=DiscountKind.choices)
    percent = models.PositiveSmallIntegerField(
        _("percent"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
    )
    amount = models.PositiveBigIntegerField(_("amount"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    duration = models.CharField(
        _("counts for"),
        max_length=9,
        choices=DiscountDuration.choices,
        default=DiscountDuration.ONCE,
    )
    months = models.PositiveSmallIntegerField(_("months"), null=True, blank=True)
    tier = models.ForeignKey(Tier, on_delete=models.CASCADE, null=True, blank=True)
    # With an address of its own it is an offer: a page that shows the lower price and leads to it.
    slug = models.SlugField(
        _("address of its page"),
        max_length=80,
        unique=True,
        null=True,
        blank=True,
        help_text=_("With one it is an offer: whoever opens its page pays the lower price."),
    )
    headline = models.CharField(_("headline"), max_length=120, blank=True)
    pitch = models.TextField(_("text of its page"), max_length=600, blank=True)
    max_redemptions = models.PositiveIntegerField(_("at most"), null=True, blank=True)
    expires_at = models.DateTimeField(_("until"), null=True, blank=True)
    is_archived = models.BooleanField(_("ended"), default=False)
    stripe_coupon_id = models.CharField(max_length=255, blank=True)
    stripe_promotion_code_id = models.CharField(max_length=255, blank=True)
    sync_state = models.CharField(
        max_length=7, choices=SyncState.choices, default=SyncState.PENDING
    )
    sync_error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("coupon")
        verbose_name_plural = _("coupons")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="percent", percent__isnull=False, amount__isnull=True)
                | (
                    models.Q(kind="amount", percent__isnull=True, amount__isnull=False)
                    & ~models.Q(currency="")
                ),
                name="coupon_takes_a_percent_or_an_amount",
            ),
        ]

    def __str__(self) -> str:
        return self.code
