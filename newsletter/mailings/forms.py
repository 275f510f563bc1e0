"""What the author types: a free text to send, a moment to send it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_prose_editor.fields import ProseEditorFormField

from newsletter.articles.editor import EDITOR_EXTENSIONS, sanitise_body
from newsletter.articles.forms import AmbiguousTimeError, moment_of
from newsletter.lib.prose import ProseWidget
from newsletter.mailings.models import Mailing


class MailingForm(forms.ModelForm):  # type: ignore[type-arg]
    """A letter that is no article."""

    body_html = ProseEditorFormField(
        label=_("Text"), extensions=EDITOR_EXTENSIONS, sanitize=sanitise_body, widget=ProseWidget
    )

    class Meta:
        model = Mailing
        fields = ["subject", "preheader", "newsletter", "audience", "body_html"]
        widgets = {"audience": forms.RadioSelect}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        newsletters = self.fields["newsletter"].queryset.filter(is_archived=False)  # type: ignore[attr-defined]
        self.fields["newsletter"].queryset = newsletters  # type: ignore[attr-defined]
        if not self.instance.pk and len(newsletters) == 1:
            self.initial.setdefault("newsletter", newsletters[0].pk)
        self.fields["preheader"].help_text = _(
            "Shown after the subject in the inbox. Left empty, it is how the text begins."
        )

    def clean_subject(self) -> str:
        """One line."""
        return " ".join(self.cleaned_data["subject"].split())


class StartForm(forms.Form):
    """Send now, or at a day and time in the author's own zone."""

    day = forms.DateField(
        label=_("Day"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    time = forms.TimeField(
        label=_("Time"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    fold = forms.ChoiceField(
        label=_("Which of the two"),
        required=False,
        choices=[("0", _("The first, in summer time")), ("1", _("The second, in winter time"))],
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, is_later: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.needs_fold = False
        self.fields["day"].required = self.fields["time"].required = is_later
        self._is_later = is_later

    def clean(self) -> dict[str, Any]:
        """Turn day and time into `at`; None means now."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        cleaned["at"] = None
        if self._is_later and cleaned.get("day") and cleaned.get("time"):
            naive = datetime.combine(cleaned["day"], cleaned["time"])
            try:
                cleaned["at"] = moment_of(naive, cleaned.get("fold", ""))
            except AmbiguousTimeError as error:
                self.needs_fold = True
                self.add_error("time", str(error))
            except ValidationError as error:
                self.add_error("time", error)
            else:
                if cleaned["at"] <= timezone.now():
                    self.add_error("time", _("That moment has passed. Choose a later one."))
        return cleaned
