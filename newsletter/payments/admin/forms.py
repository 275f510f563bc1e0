"""The author's forms of what is offered: amounts as one writes them, stored in minor units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from types import new_class
from typing import Any, ClassVar, cast

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from newsletter.memberships.actions import spell_code
from newsletter.memberships.models import Product, Tier
from newsletter.payments.enums import (
    DiscountDuration,
    DiscountKind,
    Interval,
    PriceState,
)
from newsletter.payments.models import Coupon, Price
from newsletter.payments.money import BadAmount, check_amount, to_decimal, to_minor
from newsletter.payments.queries import main_currency

FIELDS = {
    "price_month": Interval.MONTH,
    "price_year": Interval.YEAR,
    "price_once": Interval.ONCE,
    "price_plan": Interval.PLAN,
}
# Stands for the currency in the names of the fields that add one.
NEW = "new"


def field_name(name: str, code: str) -> str:
    """The field of a price in a currency beside the main one."""
    return f"{name}_{code}"


def in_currencies(form: type[PricedForm], codes: Sequence[str]) -> type[PricedForm]:
    """The form with fields for these currencies as well, and for one to add."""
    fields: dict[str, forms.Field] = {}
    for code in codes:
        for name in form.price_fields:
            label = f"{form.base_fields[name].label}, {code.upper()}"
            fields[field_name(name, code)] = _amount(label)
    for name in form.price_fields:
        label = _("%(price)s in another currency") % {"price": form.base_fields[name].label}
        fields[field_name(name, NEW)] = _amount(label)
    fields[field_name("currency", NEW)] = _currency(_("Which other currency"))
    made = new_class(
        form.__name__, (form,), exec_body=lambda body: body.update(fields, codes=codes)
    )
    return cast("type[PricedForm]", made)


def _amount(label: Any) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        required=False,
        min_value=Decimal("0.01"),
        max_digits=11,
        decimal_places=3,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}),
    )


def _currency(label: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=3,
        min_length=3,
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text=_("Three letters, such as EUR."),
    )


class PricedForm(forms.ModelForm):  # type: ignore[type-arg]  # the models differ
    """Prices by currency. A new amount takes the old one's place; an empty one ends it."""

    price_fields: ClassVar[tuple[str, ...]] = ()
    # Currencies beside the main one; see `in_currencies`.
    codes: ClassVar[Sequence[str]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.main_currency = main_currency(self.instance)
        self.offered: dict[tuple[str, str], Price] = {}
        if self.instance.pk:
            active = self.instance.prices.filter(state=PriceState.ACTIVE)
            self.offered = {(price.interval, price.currency): price for price in active}
        self.fields["currency"].initial = self.main_currency.upper()
        for name, interval, code in self._rows(self.main_currency):
            price = self.offered.get((interval, code))
            if price is not None:
                self.fields[name].initial = to_decimal(price.amount, price.currency)

    def _rows(self, main: str, new: str = NEW) -> Iterator[tuple[str, Interval, str]]:
        """(field, rhythm, currency) of every amount that can be typed."""
        for name in self.price_fields:
            yield name, FIELDS[name], main
            for code in (*self.codes, NEW):
                if field_name(name, code) in self.fields:
                    yield field_name(name, code), FIELDS[name], new if code == NEW else code

    def _typed(self, data: dict[str, Any]) -> tuple[str, str]:
        """The main currency and the one that is added, as typed."""
        new = data.get(field_name("currency", NEW)) or ""
        return (data.get("currency") or self.main_currency).lower(), new.lower()

    def clean(self) -> dict[str, Any]:
        """Turn amounts into minor units. Stripe makes a price that it then never charges."""
        data = super().clean() or {}
        main, new = self._typed(data)
        for name, code in (("currency", main), (field_name("currency", NEW), new)):
            if code and not code.isalpha():
                self.add_error(name, _("Three letters, such as EUR."))
                return data
            others = {*self.codes, new} if name == "currency" else {*self.codes, main}
            if code and code in others:
                self.add_error(name, _("This currency has fields of its own here."))
                return data
        for name, interval, code in self._rows(main, new):
            if data.get(name) is None:
                continue
            if not code:
                self.add_error(field_name("currency", NEW), _("In which currency?"))
                break
            try:
                data[name] = to_minor(data[name], code)
                current = self.offered.get((interval, code))
                if current is None or current.amount != data[name]:
                    check_amount(data[name], code)
            except BadAmount as error:
                self.add_error(name, str(error))
        return data

    @property
    def wanted(self) -> list[tuple[Interval, str, int | None]]:
        """Rhythm, currency and amount as typed; None: nothing was typed."""
        main, new = self._typed(self.cleaned_data)
        rows = self._rows(main, new)
        return [(how, code, self.cleaned_data.get(name)) for name, how, code in rows if code]


class TierForm(PricedForm):
    """A tier with its two prices."""

    price_fields = ("price_month", "price_year")

    trial_days = forms.IntegerField(
        label=_("Days of trial"),
        required=False,
        min_value=0,
        max_value=730,
        initial=0,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric"}),
    )
    price_month = _amount(_("Price a month"))
    price_year = _amount(_("Price a year"))
    currency = _currency(_("Currency of these prices"))

    class Meta:
        model = Tier
        fields = (
            "name",
            "slug",
            "description",
            "benefits",
            "trial_days",
            "is_listed",
            "welcome_path",
            "position",
            "is_archived",
        )

    def clean_trial_days(self) -> int:
        """Empty means none."""
        return self.cleaned_data["trial_days"] or 0


class ProductForm(PricedForm):
    """A product with its price, at once and in instalments."""

    price_fields = ("price_once", "price_plan")

    price_once = _amount(_("Price"))
    price_plan = _amount(_("Or each month"))
    instalments = forms.IntegerField(
        label=_("so many times"),
        required=False,
        min_value=2,
        max_value=36,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric"}),
        help_text=_("A payment plan ends by itself; what was bought stays."),
    )
    currency = _currency(_("Currency of these prices"))

    class Meta:
        model = Product
        fields = (
            "name",
            "slug",
            "description",
            "access_months",
            "is_listed",
            "position",
            "is_archived",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plans = [each for (how, _code), each in self.offered.items() if how == Interval.PLAN]
        self.fields["instalments"].initial = plans[0].instalments if plans else None

    def clean(self) -> dict[str, Any]:
        """An amount by the month says nothing without how often."""
        data = super().clean()
        rows = self._rows(*self._typed(data))
        by_month = [name for name, how, _code in rows if how == Interval.PLAN and data.get(name)]
        if by_month and not data.get("instalments") and "instalments" not in self.errors:
            self.add_error("instalments", _("Say how many payments there are."))
        return data


class CouponForm(forms.ModelForm):  # type: ignore[type-arg]
    """A discount, by code or by a page of its own. What it takes off is fixed once it is saved."""

    off = _amount(_("Amount off"))
    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text=_("What people type. An offer with its own page can do without."),
    )

    class Meta:
        model = Coupon
        fields = (
            "name",
            "code",
            "kind",
            "percent",
            "currency",
            "duration",
            "months",
            "tier",
            "max_redemptions",
            "expires_at",
            "slug",
            "headline",
            "pitch",
        )
        widgets = {"pitch": UnfoldAdminTextareaWidget(attrs={"rows": 3})}
        help_texts = {
            "tier": _(
                "Leave this empty to have it count for every tier, and for products that are paid "
                "at once. Nothing is taken off products that are paid in instalments."
            )
        }

    def clean_slug(self) -> str | None:
        """Empty means none: only those that exist must differ."""
        return self.cleaned_data["slug"] or None

    def clean(self) -> dict[str, Any]:
        """Put the amount, in minor units, on the coupon."""
        data = super().clean() or {}
        if self.instance.pk:
            return data
        is_percent = data.get("kind") == DiscountKind.PERCENT
        # What was typed for the other kind says nothing.
        if is_percent:
            data["off"] = None
        else:
            data["percent"] = None
        off, code = data.get("off"), str(data.get("currency", "")).lower()
        if off is not None and code:
            try:
                self.instance.amount = to_minor(off, code)
            except BadAmount as error:
                self.add_error("off", str(error))
        if data.get("kind") == DiscountKind.AMOUNT and self.instance.amount is None:
            self.add_error("off", _("Give an amount and its currency."))
        if data.get("kind") == DiscountKind.PERCENT and not data.get("percent"):
            self.add_error("percent", _("From 1 to 100."))
        if (data.get("duration") == DiscountDuration.REPEATING) != bool(data.get("months")):
            self.add_error("months", _("Say for how many months, or choose another duration."))
        code = spell_code(str(data.get("code", "")))
        if code and Coupon.objects.filter(code=code).exists():
            self.add_error("code", _("There is such a code."))
        if len(code) < 3 and not (data.get("slug") and not code):
            self.add_error("code", _("Take at least three letters or digits."))
        return data
