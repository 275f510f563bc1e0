"""Tiers and products: what they cost, in which currencies, and how that stands at Stripe."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from newsletter.accounts.models import User
from newsletter.memberships.actions import save_product, save_tier
from newsletter.memberships.admin import TierAdmin
from newsletter.memberships.models import Product, Tier
from newsletter.payments import actions, tasks
from newsletter.payments.admin.adopting import adopt_from_stripe
from newsletter.payments.admin.common import SYNC, PushedToStripe
from newsletter.payments.admin.forms import (
    NEW,
    PricedForm,
    ProductForm,
    TierForm,
    field_name,
    in_currencies,
)
from newsletter.payments.enums import Interval, PriceState
from newsletter.payments.money import show_amount
from newsletter.payments.queries import other_currencies


class PricesShown:
    """Every price there ever was: amounts do not change, so the old ones stay as they are paid."""

    form: type[PricedForm]

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """With fields for every currency that it has prices in."""
        kwargs["form"] = in_currencies(self.form, other_currencies(obj))
        return super().get_form(request, obj, change, **kwargs)  # type: ignore[misc]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Behind the main currency a row for each other one, and one to add another."""
        found = list(super().get_fields(request, obj))  # type: ignore[misc]
        rows = [
            tuple(field_name(name, code) for name in self.form.price_fields)
            for code in [*other_currencies(obj), NEW]
        ]
        after = found.index("currency") + 1
        return [*found[:after], *rows, field_name("currency", NEW), *found[after:]]

    @display(description=_("on sale at"))
    def on_sale(self, sold: Tier | Product) -> str:
        """ "€6 monthly · €60 yearly"."""
        offered = [price for price in sold.prices.all() if price.state == PriceState.ACTIVE]
        return " · ".join(
            f"{show_amount(price.amount, price.currency)} {price.get_interval_display().lower()}"
            for price in sorted(offered, key=lambda price: price.pk)
        )

    @display(description=_("Stripe"), label=SYNC)
    def synced(self, sold: Tier | Product) -> tuple[str, str]:
        """The worst of it and its prices; nothing where there is no price and Stripe need not."""
        prices = list(sold.prices.all())
        if not prices and not sold.stripe_product_id:
            return "", "\u2013"
        known: list[Any] = [sold, *prices] if sold.stripe_product_id else prices
        order = ["failed", "pending", "synced"]
        worst = min(known, key=lambda each: order.index(each.sync_state))
        return worst.sync_state, worst.get_sync_state_display()

    @display(description=_("prices so far"))
    def prices_so_far(self, sold: Tier | Product) -> str:
        """A line each, the newest first, with how it stands at Stripe."""
        if not sold.pk:
            return "\u2013"
        rows = [
            (show_amount(price.amount, price.currency), price)
            for price in sold.prices.order_by("-pk")
        ]
        context = {"sold": sold, "rows": rows}
        return render_to_string("payments/admin/_prices.html", context) if rows else "\u2013"


def save_prices(request: HttpRequest, sold: Tier | Product, form: PricedForm) -> None:
    """Offer what was typed, end what was emptied; the worker brings it to Stripe."""
    actor = cast(User, request.user)
    for interval, code, amount in form.wanted:
        current = form.offered.get((interval, code))
        if amount is not None:
            is_plan = interval == Interval.PLAN
            actions.set_price(
                actor=actor,
                sold=sold,
                interval=interval,
                amount=amount,
                currency=code,
                instalments=form.cleaned_data["instalments"] if is_plan else None,
            )
        elif current is not None:
            actions.archive_price(actor=actor, price=current)
    tasks.push_catalogue.delay_on_commit()


@admin.register(Tier)
class SoldTierAdmin(PricesShown, PushedToStripe, TierAdmin):
    """Tiers with what they cost."""

    form = TierForm
    list_display = ["name", "members", "on_sale", "synced", "is_listed"]
    actions_list: ClassVar[list[str]] = ["adopt"]
    fields: Any = [
        "name",
        "slug",
        "description",
        "benefits",
        ("price_month", "price_year"),
        "currency",
        "prices_so_far",
        "trial_days",
        "welcome_path",
        "is_listed",
        "position",
        "is_archived",
    ]
    readonly_fields = ["prices_so_far"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tier]:
        """With their prices: the same number of queries for any number of tiers."""
        return super().get_queryset(request).prefetch_related("prices")

    @action(description=_("Take over from Stripe…"), url_path="adopt", permissions=["add"])
    def adopt(self, request: HttpRequest) -> HttpResponse:
        """What stands at Stripe and is not known here, with a button beside each."""
        return adopt_from_stripe(self, request)

    def save_model(
        self, request: HttpRequest, obj: Tier, form: ModelForm[Tier], change: bool
    ) -> None:
        """Leave it to the actions."""
        save_tier(actor=cast(User, request.user), tier=obj)
        save_prices(request, obj, cast(PricedForm, form))


@admin.register(Product)
class ProductAdmin(PricesShown, PushedToStripe, ModelAdmin):  # type: ignore[misc]  # unfold has no types
    """What is sold once."""

    form = ProductForm
    list_display = ["name", "on_sale", "synced", "is_listed", "is_archived", "position"]
    actions_list: ClassVar[list[str]] = ["adopt"]
    fields = [
        "name",
        "slug",
        "description",
        "price_once",
        ("price_plan", "instalments"),
        "currency",
        "prices_so_far",
        "access_months",
        "is_listed",
        "position",
        "is_archived",
    ]
    prepopulated_fields = {"slug": ["name"]}
    search_fields = ["name"]
    readonly_fields = ["prices_so_far"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        """With their prices: the same number of queries for any number of products."""
        found: QuerySet[Product] = super().get_queryset(request)
        return found.prefetch_related("prices")

    @action(description=_("Take over from Stripe…"), url_path="adopt", permissions=["add"])
    def adopt(self, request: HttpRequest) -> HttpResponse:
        """What stands at Stripe and is not known here, with a button beside each."""
        return adopt_from_stripe(self, request)

    def has_delete_permission(self, request: HttpRequest, obj: Product | None = None) -> bool:
        """Nobody may: grants and orders name it."""
        return False

    def save_model(
        self, request: HttpRequest, obj: Product, form: ModelForm[Product], change: bool
    ) -> None:
        """Leave it to the actions."""
        save_product(actor=cast(User, request.user), product=obj)
        save_prices(request, obj, cast(PricedForm, form))
