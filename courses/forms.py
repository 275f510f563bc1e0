"""What readers fill in on the pages of courses."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from courses.actions.learning import MAX_NOTES
from courses.enums import MailChoice
from courses.models import Course, Enrolment
from newsletter.lib.time_zones import zone_choices, zone_names
from newsletter.subscribers.forms import SubscribeForm
from newsletter.subscribers.models import Newsletter

# The words that people agree to: shown by the box, and kept with their consent.
LETTER_WORDS = _("Send me %(letter)s by mail too. Every letter has a link to leave.")


class BeginForm(SubscribeForm):
    """An address that begins a course. The letter is a box of its own that nobody ticks for them.

    Spelling, throw-away addresses, slips of the fingers and programs are judged as where people
    subscribe.
    """

    letter = forms.BooleanField(required=False)
    # The browser's, where it says so: lessons open by the learner's clock.
    time_zone = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, course: Course, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("newsletters", "page", "next"):
            del self.fields[name]
        self.offered = _offered(course)
        if self.offered is None:
            del self.fields["letter"]
        else:
            self.fields["letter"].label = LETTER_WORDS % {"letter": self.offered.name}

    def agreed_to(self) -> str:
        """The words beside the box where it was ticked; "" where it was not."""
        return str(self.fields["letter"].label) if self.cleaned_data.get("letter") else ""


def _offered(course: Course) -> Newsletter | None:
    newsletter = course.newsletter
    return newsletter if newsletter is not None and not newsletter.is_archived else None


class NotesForm(forms.Form):
    """A learner's own notes on a lesson. The action says how long they may be."""

    notes = forms.CharField(
        label=_("Your notes"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "maxlength": MAX_NOTES}),
        help_text=_("Only you see them. They are kept when your access ends."),
    )


class SettingsForm(forms.Form):
    """How a learner gets a course: by which clock, and what by mail."""

    time_zone = forms.ChoiceField(
        label=_("Time zone"), help_text=_("New lessons open by the clocks there.")
    )
    mail_choice = forms.ChoiceField(
        label=_("By mail, when a lesson opens"),
        choices=MailChoice.choices,
        widget=forms.RadioSelect,
    )

    def __init__(self, data: Any, *, enrolment: Enrolment) -> None:
        chosen = {"time_zone": enrolment.time_zone, "mail_choice": enrolment.mail_choice}
        super().__init__(data, initial=chosen)
        choices: list[Any] = [("UTC", "UTC"), *zone_choices()]
        if enrolment.time_zone not in zone_names():
            # Their browser's name for it, which the table calls otherwise.
            choices.insert(0, (enrolment.time_zone, enrolment.time_zone.replace("_", " ")))
        self.fields["time_zone"].choices = choices  # type: ignore[attr-defined]
