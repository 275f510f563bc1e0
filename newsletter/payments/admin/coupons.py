"""Coupons and offers."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import flatten_fieldsets
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from newsletter.accounts.models import User
from newsletter.payments import actions, tasks
from newsletter.payments.admin.common import PushedToStripe
from newsletter.payments.admin.forms import CouponForm
from newsletter.payments.discounts import taken_off_in_words
from newsletter.payments.models import Coupon
from newsletter.payments.queries import coupons_with_uses


@admin.register(Coupon)
class CouponAdmin(PushedToStripe, ModelAdmin):  # type: ignore[misc]  # unfold has no types
    """Codes and offers. Ended ones stay: discounts that run keep running."""

    form = CouponForm
    list_display = ["name", "code", "takes", "page", "used", "synced", "is_archived"]
    search_fields = ["code", "name", "slug", "headline"]
    actions = ["end", "push_chosen"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "name",
                    "code",
                    ("kind", "percent"),
                    ("off", "currency"),
                    ("duration", "months"),
                    "tier",
                    "max_redemptions",
                    "expires_at",
                ]
            },
        ),
        (_("Its own page"), {"fields": ["slug", "headline", "pitch"]}),
    ]
    _page = ("name", "slug", "headline", "pitch")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Coupon]:
        """With how often each was used."""
        return coupons_with_uses()

    def get_fieldsets(self, request: HttpRequest, obj: Coupon | None = None) -> list[Any]:
        """Of one that exists, how it stands too."""
        if obj is None:
            return self.fieldsets
        shown = ["name", "code", "takes", ("duration", "months"), "tier"]
        shown += [("max_redemptions", "used", "expires_at"), "is_archived", "sync_state"]
        shown += ["sync_error"] if obj.sync_error else []
        return [
            (None, {"fields": shown}),
            (_("Its own page"), {"fields": ["page", *self._page[1:]]}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Coupon | None = None) -> list[str]:
        """Everything but its name and its page, once Stripe may know it."""
        if obj is None:
            return []
        names = flatten_fieldsets(self.get_fieldsets(request, obj))
        return [name for name in names if name not in self._page]

    def has_delete_permission(self, request: HttpRequest, obj: Coupon | None = None) -> bool:
        """Nobody may; it is ended instead."""
        return False

    @display(description=_("takes off"))
    def takes(self, coupon: Coupon) -> str:
        """ "20%" or "€5"."""
        return taken_off_in_words(coupon)

    @display(description=_("used"))
    def used(self, coupon: Coupon) -> str:
        """How often here, and at most."""
        used = coupon.times_used  # type: ignore[attr-defined]
        return f"{used} / {coupon.max_redemptions}" if coupon.max_redemptions else str(used)

    @display(description=_("page"))
    def page(self, coupon: Coupon) -> str:
        """Its address, to copy and to open."""
        if not coupon.slug:
            return "\u2013"
        path = reverse("payments:show-offer", args=[coupon.slug])
        return format_html('<a href="{}">{}{}</a>', path, settings.SITE_URL, path)

    def save_model(self, request: HttpRequest, obj: Coupon, form: CouponForm, change: bool) -> None:
        """Leave it to the action."""
        actions.save_coupon(actor=cast(User, request.user), coupon=obj)
        tasks.push_catalogue.delay_on_commit()

    @admin.action(description=_("End the chosen codes"), permissions=["change"])
    def end(self, request: HttpRequest, chosen: QuerySet[Coupon]) -> None:
        """Take them back."""
        for coupon in chosen.filter(is_archived=False):
            actions.archive_coupon(actor=cast(User, request.user), coupon=coupon)
        self.message_user(request, _("They are ended."), messages.SUCCESS)
