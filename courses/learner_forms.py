"""What the author types about learners, and for whom the calendar is shown."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from courses.admin_forms import zones_to_choose

_DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class EnrolForm(forms.Form):
    """People to bring into a course."""

    addresses = forms.CharField(
        label=_("Addresses"),
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
        help_text=_("One in a line, or with commas between them."),
    )
    ends_on = forms.DateField(
        label=_("Access until the end of"),
        required=False,
        widget=_DAY,
        help_text=_("Of what is given for nothing. Empty: for good."),
    )
    reason = forms.CharField(label=_("Why"), max_length=300, required=False)

    def clean_addresses(self) -> list[str]:
        """What stands between spaces, commas and semicolons."""
        text = str(self.cleaned_data["addresses"])
        typed = text.replace(",", " ").replace(";", " ").split()
        if not typed:
            raise ValidationError(_("Name somebody."))
        return typed


class ExtendForm(forms.Form):
    """Another end of somebody's access to a course."""

    ends_on = forms.DateField(
        label=_("Until the end of"),
        required=False,
        widget=_DAY,
        help_text=_("Empty: as long as what they bought or were given lasts."),
    )


class RevokeForm(forms.Form):
    """Why a course is closed to somebody."""

    reason = forms.CharField(label=_("Why"), max_length=300)


class CohortForm(forms.Form):
    """Somebody who would enrol on a day, somewhere."""

    day = forms.DateField(label=_("Enrolled on"), widget=_DAY)
    zone = forms.ChoiceField(label=_("Time zone"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = str(self.initial.get("zone", ""))
        self.fields["zone"].choices = zones_to_choose(chosen)  # type: ignore[attr-defined]
