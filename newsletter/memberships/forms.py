"""Forms of the admin."""

from __future__ import annotations

import re
from datetime import MAXYEAR, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextInputWidget,
)

from newsletter.memberships.actions import MOST_AT_ONCE, spell_code
from newsletter.memberships.models import Grant, Product, Tier, UnlockCode
from newsletter.subscribers.models import Newsletter
from newsletter.subscribers.queries import active_addresses

MAX_FILE_BYTES = 2 * 1024 * 1024


class CompForm(forms.ModelForm):  # type: ignore[type-arg]  # ModelForm is not generic at run time
    """Give somebody a tier for nothing, by their address; they need not be known here yet."""

    email = forms.EmailField(label=_("E-mail address"), widget=UnfoldAdminEmailInputWidget)
    tier = forms.ModelChoiceField(
        Tier.objects.all(), label=_("Tier"), widget=UnfoldAdminSelectWidget
    )
    ends_at = forms.SplitDateTimeField(
        label=_("Until"),
        required=False,
        widget=UnfoldAdminSplitDateTimeWidget,
        help_text=_("Leave this empty to give it for good."),
    )
    reason = forms.CharField(
        label=_("Why"), required=False, max_length=300, widget=UnfoldAdminTextInputWidget
    )

    class Meta:
        model = Grant
        fields = ["tier", "ends_at", "reason"]

    def clean_ends_at(self) -> Any:
        """An end in the past would give nothing."""
        ends_at = self.cleaned_data["ends_at"]
        if ends_at is not None and ends_at <= timezone.now():
            raise forms.ValidationError(_("Choose a time in the future."))
        return ends_at


class UnlockCodeForm(forms.ModelForm):  # type: ignore[type-arg]
    """A code for a tier or a product. What it opens is fixed once it is saved."""

    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text=_("Leave it empty for one that nobody guesses."),
    )

    class Meta:
        model = UnlockCode
        fields = ["code", "note", "tier", "product", "days", "max_uses", "expires_at"]

    def clean(self) -> dict[str, Any]:
        """One thing to open, and a code that is free."""
        data = super().clean() or {}
        if self.instance.pk:
            if (data.get("max_uses") or 0) < self.instance.uses:
                self.add_error("max_uses", _("It was used more often than that already."))
            return data
        if bool(data.get("tier")) == bool(data.get("product")):
            self.add_error("tier", _("Choose a tier or a product."))
        code = spell_code(data.get("code", ""))
        if code and len(code) < 6:
            self.add_error("code", _("Take at least six letters or digits."))
        if code and UnlockCode.objects.filter(code=code).exists():
            self.add_error("code", _("There is such a code."))
        return data


class GiveForm(forms.Form):
    """What is given for nothing: one thing, until the end of a day, and why."""

    what = forms.ChoiceField(label=_("What"))
    ends_on = forms.DateField(
        label=_("Until the end of"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Leave this empty to give it for good."),
    )
    reason = forms.CharField(label=_("Why"), max_length=300)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(f"tier:{tier.pk}", tier.name) for tier in Tier.objects.all()]
        choices += [(f"product:{each.pk}", each.name) for each in Product.objects.all()]
        self.fields["what"].choices = choices  # type: ignore[attr-defined]

    def clean_ends_on(self) -> date | None:
        """A day that is over would give nothing."""
        return _not_over(self.cleaned_data["ends_on"])

    @property
    def comp(self) -> dict[str, Any]:
        """What the actions take: `tier` and `product`, one of them None, the end, why."""
        kind, _colon, number = self.cleaned_data["what"].partition(":")
        is_tier = kind == "tier"
        return {
            "tier": Tier.objects.get(pk=number) if is_tier else None,
            "product": None if is_tier else Product.objects.get(pk=number),
            "ends_at": end_of_day(self.cleaned_data["ends_on"]),
            "reason": self.cleaned_data["reason"],
        }


class EndForm(forms.Form):
    """Another end for what was given."""

    ends_on = forms.DateField(
        label=_("Until the end of"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def clean_ends_on(self) -> date | None:
        """A day that is over would take it: that is another button."""
        return _not_over(self.cleaned_data["ends_on"])


def _not_over(day: date | None) -> date | None:
    if day is not None and day < timezone.localdate():
        raise forms.ValidationError(_("Choose today or a later day."))
    return day


def end_of_day(day: date | None) -> datetime | None:
    """The last second of a day in the author's zone, so that it is told by its name; None for good.

    The last years of the calendar are a way to say so, too, and have no day after them everywhere.
    """
    if day is None or day.year >= MAXYEAR:
        return None
    midnight = timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))
    return midnight - timedelta(seconds=1)


class BulkForm(GiveForm):
    """The same for many: addresses typed or in a file, or everybody who gets a newsletter."""

    addresses = forms.CharField(
        label=_("Addresses"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
        help_text=_("One in a line, or with commas between them."),
    )
    file = forms.FileField(
        label=_("or a CSV file"),
        required=False,
        help_text=_("Every cell that is an address counts."),
    )
    newsletter = forms.ModelChoiceField(
        Newsletter.objects.all(),
        label=_("or everybody who gets"),
        required=False,
        empty_label=_("no newsletter"),
    )
    field_order = ["addresses", "file", "newsletter", "what", "ends_on", "reason"]

    def clean_file(self) -> str:
        """The file's text, in whatever encoding a spreadsheet writes."""
        uploaded = self.cleaned_data["file"]
        if not uploaded:  # none, or a forged "remove what is there"
            return ""
        if uploaded.size > MAX_FILE_BYTES:
            raise forms.ValidationError(_("This file is larger than 2 MB."))
        data = uploaded.read()
        try:
            return str(data.decode("utf-8-sig"))
        except UnicodeDecodeError:
            return str(data.decode("cp1252", errors="replace"))

    def clean(self) -> dict[str, Any]:
        """Somebody must be named."""
        data = super().clean() or {}
        from_file = [
            cell for cell in re.split(r"[\s,;\"<>]+", data.get("file") or "") if "@" in cell
        ]
        typed = [part for part in re.split(r"[\s,;]+", data.get("addresses") or "") if part]
        data["people"] = [*typed, *from_file]
        if data.get("newsletter"):
            data["people"] += active_addresses(data["newsletter"], limit=MOST_AT_ONCE + 1)
        if not data["people"] and not self.errors:
            self.add_error("addresses", _("Name somebody: type, upload, or choose a newsletter."))
        return data


class RevokeForm(forms.Form):
    """Why access is taken."""

    reason = forms.CharField(
        label=_("Why"), required=False, max_length=200, widget=UnfoldAdminTextInputWidget
    )
