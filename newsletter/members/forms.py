"""Forms of a person's page."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class NoteForm(forms.Form):
    """A note, new or changed."""

    text = forms.CharField(
        label=_("Note"), max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )


class ReasonForm(forms.Form):
    """Why access is taken."""

    reason = forms.CharField(label=_("Why"), required=False, max_length=200)


class VisitForm(forms.Form):
    """Why the site is looked at as somebody."""

    reason = forms.CharField(
        label=_("Why"),
        max_length=300,
        help_text=_("For example: they say that the course does not open. It is kept on record."),
    )
