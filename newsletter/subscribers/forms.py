"""What readers fill in. The admin's forms are in admin_forms.py."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from newsletter.lib.addresses import (
    MAX_LENGTH,
    is_address,
    is_plain_address,
    normalise_address,
)
from newsletter.publication.queries import get_publication
from newsletter.subscribers.address_policy import is_disposable, suggest_address
from newsletter.subscribers.human_check import Verdict, is_opened, judge, opened_now
from newsletter.subscribers.models import Newsletter
from newsletter.subscribers.queries import open_newsletters

# The words that people agree to: shown by the button, and kept with their consent.
CONSENT_WORDS = _(
    "You get one mail to confirm your address, and the letter after that. "
    "Every letter has a link to leave."
)
NO_ADDRESS = _("This does not look like an e-mail address. One looks like anna@example.com.")


class AddressField(forms.CharField):
    """An e-mail address in any spelling; cleans to the one we store."""

    widget = forms.EmailInput

    def __init__(self, **kwargs: Any) -> None:
        messages = {"required": _("Enter your e-mail address.")}
        super().__init__(max_length=254, error_messages=messages, **kwargs)

    def clean(self, value: Any) -> str:
        """Normalise before validating: an international domain is valid in its ASCII form.

        Only what letters can be sent to: who was taken would be missing from each of them.
        """
        address = normalise_address(super().clean(value))
        if address in self.empty_values:
            return ""
        if len(address) > MAX_LENGTH:
            raise forms.ValidationError(_("This address is too long."), code="invalid")
        if not (is_address(address) and is_plain_address(address)):
            raise forms.ValidationError(NO_ADDRESS, code="invalid")
        return address


class NewslettersField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Several newsletters, told apart by their short names (ids would be a guess at our size)."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(open_newsletters(), to_field_name="slug", **kwargs)


class SubscribeForm(forms.Form):
    """The form of the box, of the page, and of forms on other sites."""

    email = AddressField(label=_("E-mail address"))
    name = forms.CharField(label=_("Your name (optional)"), max_length=120, required=False)
    newsletters = NewslettersField(label=_("Which letters would you like?"), required=False)
    # The page on which the form stood, for the consent record.
    page = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)
    # Where they were reading when a wall asked for their address; the action keeps what is ours.
    next = forms.CharField(required=False, max_length=500, widget=forms.HiddenInput)
    # Hidden from people by the `hidden` attribute on its wrapper; programs fill it in.
    homepage = forms.CharField(required=False)
    opened = forms.CharField(required=False, widget=forms.HiddenInput)
    # The address that was typed before and that its owner says is right.
    certain = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.suggestion = ""
        self.choices: list[Newsletter] = list(self.fields["newsletters"].queryset)  # type: ignore[attr-defined]
        self.fields["email"].widget.attrs |= {
            "autocomplete": "email",
            "inputmode": "email",
            "autocapitalize": "off",
            "spellcheck": "false",
        }
        self.fields["name"].widget.attrs |= {"autocomplete": "name"}
        if not self.is_bound:
            preferred = [row.slug for row in self.choices if row.subscribe_on_signup]
            self.initial.setdefault(
                "newsletters", preferred or [row.slug for row in self.choices[:1]]
            )

    def clean_email(self) -> str:
        """Refuse throw-away addresses where the author says so; ask about likely slips."""
        address: str = self.cleaned_data["email"]
        # First, for some slips of the fingers are on the list of throw-away domains.
        suggestion = suggest_address(address)
        if suggestion and normalise_address(self.data.get("certain", "")) != address:
            self.suggestion = suggestion
            raise forms.ValidationError(
                _("Did you mean %(address)s?"), code="typo", params={"address": suggestion}
            )
        if is_disposable(address) and get_publication().block_disposable_addresses:
            raise forms.ValidationError(
                _("This is a throw-away address. Please use one that you will still read."),
                code="disposable",
            )
        return address

    def clean_newsletters(self) -> list[Newsletter]:
        """Where there is but one newsletter it need not be named."""
        chosen = list(self.cleaned_data["newsletters"])
        if not chosen and len(self.choices) == 1:
            return self.choices
        if not chosen:
            raise forms.ValidationError(_("Choose at least one."), code="required")
        return chosen

    def verdict(self) -> Verdict:
        """Whether a person seems to have filled this in; ask only of a valid form."""
        return judge(opened=self.cleaned_data["opened"], trap=self.cleaned_data["homepage"])

    @property
    def typed(self) -> str:
        """The address as it was typed, for the question whether it is right."""
        return str(self.data.get("email", "")).strip()

    @property
    def opened_token(self) -> str:
        """When the form was first shown; a new token where its own is missing or too old.

        A form shown again keeps its time, so that nobody is held twice.
        """
        token = str(self.data.get("opened", ""))
        return token if is_opened(token) else opened_now()


class UnsubscribeForm(forms.Form):
    """The human page's choice and, if they care to say, why."""

    scope = forms.ChoiceField(choices=[("this", ""), ("all", "")], required=False)
    reason = forms.CharField(
        label=_("Why are you leaving? (optional)"),
        max_length=300,
        required=False,
        help_text=_("The author reads it. It changes nothing about your leaving."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class PreferencesForm(forms.Form):
    """A signed-in reader's newsletters."""

    newsletters = NewslettersField(label=_("Your newsletters"), required=False)
