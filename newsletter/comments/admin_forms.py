"""The author's rules: for the whole site, and for one conversation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
)

from newsletter.comments.actions.governing import OWN_RULES
from newsletter.comments.enums import Moderation
from newsletter.comments.models import CommentSettings, Thread
from newsletter.comments.owners import MAX_KEY
from newsletter.comments.rules import word_list

_AS_THE_SITE = ("", _("As the site does"))


def tidy_words(text: str) -> str:
    """One pattern a line, each once; what would match everything is left out."""
    return "\n".join(word_list(text))


class CommentSettingsForm(forms.ModelForm):  # type: ignore[type-arg]
    """The rules of the site."""

    # What Akismet said to a new key; None where it said nothing. Asked before the form is cleaned,
    # for that happens in the transaction which stores it.
    tried_keys: ClassVar[Mapping[str, bool | None]] = {}

    class Meta:
        model = CommentSettings
        exclude = ["updated_at"]  # noqa: DJ006 - every other field is the author's
        widgets = {
            "held_words": UnfoldAdminTextareaWidget(attrs={"rows": 5, "spellcheck": "false"}),
            "refused_words": UnfoldAdminTextareaWidget(attrs={"rows": 5, "spellcheck": "false"}),
        }

    def clean_held_words(self) -> str:
        """As they are stored."""
        return tidy_words(self.cleaned_data["held_words"])

    def clean_refused_words(self) -> str:
        """As they are stored."""
        return tidy_words(self.cleaned_data["refused_words"])

    def clean_akismet_key(self) -> str:
        """Refused where Akismet does not know it: else only spam that comes through would tell."""
        key: str = self.cleaned_data["akismet_key"]
        if self.tried_keys.get(key) is False:
            raise ValidationError(
                _("Akismet does not know this key for %(site)s."),
                code="unknown",
                params={"site": settings.SITE_URL},
            )
        return key

    @property
    def key_is_untried(self) -> bool:
        """Whether the key is new, and Akismet did not say what it thinks of it."""
        return self.tried_keys.get(self.cleaned_data["akismet_key"], True) is None


class ThreadForm(forms.ModelForm):  # type: ignore[type-arg]
    """The rules of one conversation; empty ones are the site's."""

    moderation = forms.ChoiceField(
        label=_("Looked at"),
        required=False,
        choices=[_AS_THE_SITE, *Moderation.choices],
        widget=UnfoldAdminSelectWidget,
    )
    hold_first_timers = forms.TypedChoiceField(
        label=_("Hold first comments"),
        required=False,
        choices=[_AS_THE_SITE, ("yes", _("Yes")), ("no", _("No"))],
        coerce=lambda value: value == "yes",
        empty_value=None,
        widget=UnfoldAdminSelectWidget,
    )
    max_links = forms.IntegerField(
        label=_("Links without a look"),
        required=False,
        min_value=0,
        max_value=1000,
        help_text=_("Empty: as the site does."),
        widget=UnfoldAdminIntegerFieldWidget,
    )
    close_after_days = forms.IntegerField(
        label=_("Close after days"),
        required=False,
        min_value=1,
        max_value=10_000,
        help_text=_("Empty: as the site does."),
        widget=UnfoldAdminIntegerFieldWidget,
    )

    class Meta:
        model = Thread
        fields = ["article", *OWN_RULES]
        widgets = {
            "held_words": UnfoldAdminTextareaWidget(attrs={"rows": 4, "spellcheck": "false"}),
            "refused_words": UnfoldAdminTextareaWidget(attrs={"rows": 4, "spellcheck": "false"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = self.instance.hold_first_timers
        self.initial["hold_first_timers"] = "" if own is None else "yes" if own else "no"
        if "article" in self.fields:
            self.fields["article"].required = True

    def clean_held_words(self) -> str:
        """As they are stored."""
        return tidy_words(self.cleaned_data["held_words"])

    def clean_refused_words(self) -> str:
        """As they are stored."""
        return tidy_words(self.cleaned_data["refused_words"])


class BanForm(forms.Form):
    """Why, for how long, and what only the desk reads."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
        help_text=_("The person reads this, in a mail and wherever they try to comment."),
        error_messages={"required": _("Say why; the person reads it.")},
    )
    ends_on = forms.DateField(
        label=_("Until the end of"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Empty: for good, until you lift it."),
    )
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
        help_text=_("For the desk, and in the copy of their data that anybody may ask for."),
    )


class QueueForm(forms.Form):
    """What narrows the queue, as it stands in addresses. What is no sense is no filter."""

    thread = forms.IntegerField(required=False, min_value=1, max_value=MAX_KEY)
    person = forms.IntegerField(required=False, min_value=1, max_value=MAX_KEY)
    network = forms.SlugField(required=False, max_length=40)
    reason = forms.ChoiceField(
        label=_("Held because"),
        required=False,
        choices=[
            ("", _("Any reason")),
            ("first_timer", _("First comment")),
            ("premoderation", _("Everything is looked at first")),
            ("links", _("Links")),
            ("held_words", _("Words that hold")),
            ("classifier", _("Looks like spam")),
            ("akismet", _("Akismet")),
            ("work", _("Puzzle not solved")),
            ("time", _("Sent too quickly")),
            ("trap", _("Filled in the trap")),
            ("reports", _("Reported by readers")),
        ],
    )
    words = forms.CharField(
        label=_("Words, a name or an address"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
