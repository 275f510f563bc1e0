"""What the author fills in about subscribers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from newsletter.lib.addresses import is_plain_address, normalise_address
from newsletter.subscribers.enums import SuppressionReason
from newsletter.subscribers.forms import NO_ADDRESS, AddressField
from newsletter.subscribers.importing.columns import Columns, is_leaving_column
from newsletter.subscribers.importing.files import MAX_BYTES
from newsletter.subscribers.models import Newsletter, SubscriberImport
from newsletter.subscribers.queries import open_newsletters

CONSENT_HELP = _(
    "In your words: where and when they agreed to get it. It is kept with each of them."
)


class NewsletterForm(forms.ModelForm):  # type: ignore[type-arg]
    """A newsletter. Both addresses stand in the headers of every letter, so both are plain."""

    def clean_sender_address(self) -> str:
        """Said here, for otherwise not one letter could be built."""
        return _plain_address(self.cleaned_data["sender_address"])

    def clean_reply_to(self) -> str:
        """As above."""
        return _plain_address(self.cleaned_data["reply_to"])


def _plain_address(typed: str) -> str:
    address = normalise_address(typed)
    if address and not is_plain_address(address):
        raise forms.ValidationError(NO_ADDRESS, code="invalid")
    return address


class AddSubscriberForm(forms.Form):
    """One person, added by hand."""

    email = AddressField(label=_("E-mail address"))
    name = forms.CharField(label=_("Name"), max_length=120, required=False)
    newsletters = forms.ModelMultipleChoiceField(
        Newsletter.objects.none(),
        label=_("Newsletters"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one.")},
    )
    statement = forms.CharField(
        label=_("How did they agree?"),
        max_length=300,
        help_text=CONSENT_HELP,
        error_messages={"required": _("Say how they agreed; without that you may not mail them.")},
    )
    agreed_already = forms.BooleanField(
        label=_("I can show that they agreed: add them at once"),
        required=False,
        help_text=_(
            "Otherwise they get the same mail as everybody, and are added when they confirm."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["newsletters"].queryset = open_newsletters()  # type: ignore[attr-defined]
        if open_newsletters().count() == 1:
            self.fields["newsletters"].initial = open_newsletters()


class SuppressForm(forms.Form):
    """Bar an address."""

    email = AddressField(label=_("E-mail address"))
    newsletter = forms.ModelChoiceField(
        Newsletter.objects.all(),
        label=_("From"),
        required=False,
        empty_label=_("all newsletters"),
    )
    reason = forms.TypedChoiceField(
        label=_("Why"), choices=SuppressionReason.choices, coerce=SuppressionReason
    )
    detail = forms.CharField(
        label=_("Note"),
        max_length=300,
        required=False,
        help_text=_("Kept with it; readers never see it."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].initial = SuppressionReason.MANUAL


class LiftForm(forms.Form):
    """Why an address may be mailed again."""

    detail = forms.CharField(
        label=_("Why may they be mailed again?"),
        max_length=300,
        error_messages={"required": _("Say why; it is kept in the record.")},
    )


class UploadForm(forms.Form):
    """A list to bring in."""

    newsletter = forms.ModelChoiceField(
        Newsletter.objects.none(), label=_("Into which newsletter?"), empty_label=None
    )
    file = forms.FileField(
        label=_("The list"),
        help_text=_(
            "A CSV file, as Ghost, Substack, Mailchimp, Kit, beehiiv, Buttondown, MailerLite,"
            " listmonk and spreadsheets export it; unpacked, where it came in a ZIP;"
            " at most 100 MB. Nobody is mailed by an import."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv,text/plain"}),
        error_messages={"required": _("Choose a file."), "empty": _("The file is empty.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["newsletter"].queryset = open_newsletters()  # type: ignore[attr-defined]

    def clean_file(self) -> UploadedFile:
        """Refuse early what is too large; the transcoding counts again."""
        upload: UploadedFile = self.cleaned_data["file"]
        if (upload.size or 0) > MAX_BYTES:
            raise forms.ValidationError(_("The file is larger than 100 MB. Split it in two."))
        return upload


class ColumnsForm(forms.Form):
    """Which column is what; begins with our guess."""

    has_header = forms.BooleanField(label=_("The first line holds the names"), required=False)
    email = forms.TypedChoiceField(label=_("E-mail address"), coerce=int)
    name = forms.TypedChoiceField(label=_("Name"), coerce=int, required=False, empty_value=None)
    first_name = forms.TypedChoiceField(
        label=_("or first name"), coerce=int, required=False, empty_value=None
    )
    last_name = forms.TypedChoiceField(
        label=_("and last name"), coerce=int, required=False, empty_value=None
    )
    subscribed_at = forms.TypedChoiceField(
        label=_("Date of signing up"), coerce=int, required=False, empty_value=None
    )
    state = forms.TypedChoiceField(
        label=_("State"),
        coerce=int,
        required=False,
        empty_value=None,
        help_text=_("Whoever unsubscribed there is kept as unsubscribed here."),
    )
    state_is_leaving = forms.BooleanField(
        label=_("“Yes” in that column means that they have left"), required=False
    )
    left = forms.TypedChoiceField(
        label=_("Left"),
        coerce=int,
        required=False,
        empty_value=None,
        help_text=_("A second column, with “yes” or a date for those who have unsubscribed."),
    )

    def __init__(
        self, job: SubscriberImport, sample: list[list[str]], data: QueryDict | None = None
    ) -> None:
        super().__init__(data, initial=job.mapping or {"has_header": True})
        width = max((len(row) for row in sample), default=0)
        self.names = [self._title(sample, column) for column in range(width)]
        choices = list(enumerate(self.names))
        for name, field in self.fields.items():
            if isinstance(field, forms.TypedChoiceField):
                empty = [] if name == "email" else [("", _("(none)"))]
                field.choices = [*empty, *choices]

    @staticmethod
    def _title(sample: list[list[str]], column: int) -> str:
        """The column's place, with what stands in it at the top."""
        top = sample[0][column] if column < len(sample[0]) else ""
        return f"{column + 1}: {top[:40]}" if top else str(column + 1)

    def columns(self) -> Columns:
        """What was chosen; ask only of a valid form."""
        return Columns(**self.cleaned_data)

    def clean(self) -> dict[str, Any]:
        """A column whose name says "unsubscribed" is read that way without being told."""
        data = super().clean() or {}
        state = data.get("state")
        if state is not None and data.get("has_header"):
            header = self.names[state].partition(": ")[2]
            data["state_is_leaving"] = data["state_is_leaving"] or is_leaving_column(header)
        return data


class StatementForm(forms.Form):
    """Without it no list comes in."""

    statement = forms.CharField(
        label=_("How did these people agree to get it?"),
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=CONSENT_HELP,
        error_messages={"required": _("Say how they agreed; without that you may not mail them.")},
    )
