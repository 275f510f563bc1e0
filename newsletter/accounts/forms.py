"""What people type about themselves."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.utils.translation import gettext_lazy as _

from newsletter.lib.addresses import MAX_LENGTH, is_address, normalise_address
from newsletter.lib.time_zones import zone_choices


class AddressField(forms.CharField):
    """An e-mail address, cleaned to the spelling under which we store it."""

    widget = forms.EmailInput
    default_error_messages = {
        "required": _("Type your e-mail address."),
        "invalid": _("This is not an e-mail address. One looks like name@example.com."),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"label": _("E-mail address"), "max_length": MAX_LENGTH, **kwargs})
        self.widget.attrs.setdefault("autocomplete", "email")

    def clean(self, value: Any) -> str:
        """Normalise; raises ValidationError on what is no address."""
        address = normalise_address(super().clean(value))
        if address and not is_address(address):
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return address


class SignInForm(forms.Form):
    """Whom to send a code."""

    email = AddressField()


class CodeForm(forms.Form):
    """The code from the mail."""

    code = forms.CharField(
        label=_("Code"),
        max_length=20,
        error_messages={"required": _("Type the code from the mail.")},
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "autocapitalize": "characters",
                "spellcheck": "false",
                "class": "code",
            }
        ),
    )


class StaffSignInForm(LoginForm):  # type: ignore[misc]  # untyped base
    """Address and password. The address is read as everywhere else."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = AddressField()
        self.fields["login"].widget.attrs["autocomplete"] = "username"
        password = self.fields["password"]
        password.help_text = ""
        password.widget.attrs = {"autocomplete": "current-password"}
        password.error_messages["required"] = _("Type your password.")
        self.order_fields(["login", "password"])


class AddPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]  # untyped base
    """A passkey, which by default signs in by itself."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Name")
        self.fields["name"].help_text = _("To tell it from your others.")
        self.initial["name"] = _("My passkey")
        passwordless = self.fields["passwordless"]
        passwordless.initial = True
        passwordless.label = _("Opens the desk by itself")
        passwordless.help_text = _("No password: the device asks for your finger, face or PIN.")


class ProfileForm(forms.Form):
    """Name and time zone."""

    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        required=False,
        help_text=_("Used to greet you in mails, and shown with what you write here."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        required=False,
        help_text=_("Dates and times on this site are shown in it."),
        error_messages={"invalid_choice": _("Choose a time zone from the list.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"].choices = [  # type: ignore[attr-defined]
            ("", _("The publication's own")),
            ("UTC", _("Universal time (UTC)")),
            *zone_choices(),
        ]
