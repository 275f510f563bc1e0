"""What learners fill in beside a quiz: something to hand in, and the name on a certificate."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from courses.actions.certifying import MAX_NAME
from courses.actions.handing_in import ALLOWED, MAX_TEXT
from courses.submitting import Task


class HandInForm(forms.Form):
    """A text, a file, or either, as the assignment takes it. The action judges what was sent."""

    text = forms.CharField(
        label=_("Your text"),
        required=False,
        # The action counts: in a form the end of a line is two characters.
        widget=forms.Textarea(attrs={"rows": 10, "dir": "auto", "maxlength": MAX_TEXT}),
    )
    file = forms.FileField(label=_("Your file"), required=False, allow_empty_file=True)

    def __init__(self, *args: Any, task: Task, **kwargs: Any) -> None:
        if task.waiting is not None:
            kwargs.setdefault("initial", {"text": task.waiting.text})
        super().__init__(*args, **kwargs)
        if not task.takes_text:
            del self.fields["text"]
        if not task.takes_file:
            del self.fields["file"]
            return
        most = task.assignment.max_megabytes
        file = self.fields["file"]
        file.help_text = _("Up to %(most)d MB.") % {"most": most}
        if task.waiting is not None and task.waiting.file:
            kept = _("“%(name)s” stays unless you choose another.")
            file.help_text += " " + kept % {"name": task.waiting.file_name}
        file.widget.attrs["accept"] = ",".join(sorted(ALLOWED))


class CertificateNameForm(forms.Form):
    """The name that stands on a certificate, said once."""

    name = forms.CharField(
        label=_("Your name as it shall stand there"),
        max_length=MAX_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "name", "dir": "auto"}),
        help_text=_("It cannot be changed afterwards; the author can issue another one."),
    )
