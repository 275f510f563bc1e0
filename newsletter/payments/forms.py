"""What people type on the way to paying, and on the way out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from newsletter.lib.addresses import is_address, normalise_address
from newsletter.memberships.actions import spell_code
from newsletter.memberships.models import Tier
from newsletter.payments.models import Coupon, Price
from newsletter.payments.money import show_amount, to_decimal
from newsletter.payments.queries import gift_price, listed_tiers

GIFT_MONTHS = (3, 6, 12)

FEEDBACK = [
    ("", _("I would rather not say")),
    ("too_expensive", _("It costs too much")),
    ("unused", _("I do not read it enough")),
    ("missing_features", _("I miss something")),
    ("switched_service", _("I read something else now")),
    ("low_quality", _("It is not as good as I hoped")),
    ("too_complex", _("It is too complicated")),
    ("customer_service", _("I was not helped well")),
    ("other", _("Something else")),
]


def clean_address(value: str) -> str:
    """The address as it is stored. Raises ValidationError."""
    address = normalise_address(value)
    if not is_address(address):
        raise forms.ValidationError(_("Enter an address such as name@example.com."))
    return address


class OrderForm(forms.Form):
    """The last page before the payment page: who buys, and on what terms."""

    email = forms.CharField(
        label=_("Your e-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text=_("With it you sign in afterwards. The receipt goes there, too."),
    )
    code = forms.CharField(
        label=_("Code, if you have one"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    quantity = forms.IntegerField(
        label=_("Seats"),
        min_value=1,
        max_value=500,
        initial=1,
        required=False,
        help_text=_("One for yourself. Take more to invite others."),
    )
    at_once = forms.BooleanField(label="", required=False)

    def __init__(
        self, *args: Any, price: Price, is_visitor: bool, has_offer: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        # Nothing is taken off a payment plan.
        if has_offer or price.instalments:
            del self.fields["code"]
        if not is_visitor:
            del self.fields["email"]
        if price.tier_id is None:
            del self.fields["quantity"]
        if not settings.WITHDRAWAL_ENABLED:
            del self.fields["at_once"]
        elif price.tier_id is None:
            self.fields["at_once"].label = _(
                "Open it for me at once. I know that my right to withdraw ends with that."
            )
        else:
            self.fields["at_once"].label = _(
                "Begin at once. If I withdraw within fourteen days, I pay for the days I had."
            )

    def clean_email(self) -> str:
        """As it is stored."""
        return clean_address(self.cleaned_data["email"])

    def clean_code(self) -> Coupon | None:
        """The coupon behind it; whether it counts for this price is the action's matter."""
        code = spell_code(self.cleaned_data["code"])
        if not code:
            return None
        coupon = Coupon.objects.filter(code=code, is_archived=False).first()
        if coupon is None:
            raise forms.ValidationError(_("There is no such code. Compare it letter by letter."))
        return coupon


class CancelForm(forms.Form):
    """Why somebody leaves, if they want to say so."""

    feedback = forms.ChoiceField(label=_("Why do you leave?"), choices=FEEDBACK, required=False)
    reason = forms.CharField(
        label=_("Anything you want to tell us"),
        max_length=250,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class TipForm(forms.Form):
    """A tip of any amount."""

    email = forms.CharField(
        label=_("Your e-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text=_("The receipt goes there."),
    )
    amount = forms.DecimalField(
        label=_("Amount"), min_value=Decimal("0.01"), max_digits=9, decimal_places=3
    )
    message = forms.CharField(
        label=_("A line to the author (optional)"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, is_visitor: bool, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The smallest step that browsers let one type; `to_minor` is what decides.
        smallest = to_decimal(1, currency)
        self.fields["amount"].widget.attrs.update(step=str(smallest), min=str(smallest))
        if not is_visitor:
            del self.fields["email"]

    def clean_email(self) -> str:
        """As it is stored."""
        return clean_address(self.cleaned_data["email"])


class GiftForm(forms.Form):
    """A membership for somebody else."""

    plan = forms.ChoiceField(label=_("What you give"))
    recipient_email = forms.CharField(
        label=_("Their e-mail address"), max_length=254, widget=forms.EmailInput()
    )
    recipient_name = forms.CharField(
        label=_("Their name (optional)"), max_length=120, required=False
    )
    message = forms.CharField(
        label=_("Your words to them (optional)"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    deliver_on = forms.DateField(
        label=_("Deliver on (optional)"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Leave it empty to deliver it as soon as it is paid."),
    )
    email = forms.CharField(
        label=_("Your e-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text=_("The receipt goes there."),
    )

    def __init__(self, *args: Any, is_visitor: bool, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choices: dict[str, tuple[Tier, int]] = {}
        labels = []
        for tier in listed_tiers():
            for months in GIFT_MONTHS:
                amount = gift_price(tier, months, currency)
                if amount:
                    value = f"{tier.pk}-{months}"
                    self.choices[value] = (tier, months)
                    said = ngettext("%(months)s month", "%(months)s months", months)
                    said = said % {"months": months}
                    labels.append((value, f"{tier}, {said}: {show_amount(amount, currency)}"))
        cast(forms.ChoiceField, self.fields["plan"]).choices = labels
        if not is_visitor:
            del self.fields["email"]

    def clean_plan(self) -> tuple[Tier, int]:
        """The tier and the number of months."""
        return self.choices[self.cleaned_data["plan"]]

    def clean_recipient_email(self) -> str:
        """As it is stored."""
        return clean_address(self.cleaned_data["recipient_email"])

    def clean_email(self) -> str:
        """As it is stored."""
        return clean_address(self.cleaned_data["email"])


class InviteForm(forms.Form):
    """An address that a seat is kept for."""

    email = forms.CharField(
        label=_("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )

    def clean_email(self) -> str:
        """As it is stored."""
        return clean_address(self.cleaned_data["email"])


class RecipientForm(InviteForm):
    """The address of somebody who is given something, corrected."""


class UnlockForm(forms.Form):
    """A code that opens something."""

    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    email = forms.CharField(
        label=_("Your e-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text=_("With it you sign in afterwards."),
    )

    def __init__(self, *args: Any, is_visitor: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_visitor:
            del self.fields["email"]

    def clean_email(self) -> str:
        """As it is stored."""
        return clean_address(self.cleaned_data["email"])


class RedeemForm(forms.Form):
    """The code of a gift."""

    code = forms.CharField(
        label=_("Code of the gift"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
