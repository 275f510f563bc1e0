"""What readers fill in. The author's rules are in admin_forms.py."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from newsletter.accounts.models import User
from newsletter.comments.access import may_moderate
from newsletter.comments.actions import Written
from newsletter.comments.enums import ReportReason
from newsletter.comments.models import NoticeChoice
from newsletter.comments.owners import MAX_KEY
from newsletter.comments.pipeline import FormFacts
from newsletter.comments.proof_of_work import is_solved
from newsletter.comments.text import (
    MAX_BODY,
    MAX_NAME,
    clean_name,
    clean_text,
    is_blank,
    plain_text,
    render_comment,
)
from newsletter.publication.queries import get_publication
from newsletter.subscribers.address_policy import is_disposable
from newsletter.subscribers.forms import AddressField
from newsletter.subscribers.human_check import Verdict, is_opened, judge, opened_now


class BodyField(forms.CharField):
    """A comment's text, cleaned."""

    def __init__(self, **kwargs: Any) -> None:
        errors = {
            "required": _("Write something first."),
            "max_length": _("This is longer than a comment can be (%(limit_value)d characters)."),
        }
        super().__init__(
            label=_("Comment"),
            max_length=MAX_BODY,
            strip=False,
            widget=forms.Textarea(attrs={"rows": 6, "dir": "auto"}),
            error_messages=errors,
            **kwargs,
        )

    def to_python(self, value: Any) -> str:
        """Before the length is measured: what is dropped does not count."""
        return clean_text(str(value)) if value else ""

    def clean(self, value: Any) -> str:
        """Something that others see when it is rendered: an empty quote or a joiner is not."""
        body: str = super().clean(value)
        if is_blank(plain_text(render_comment(body))):
            raise forms.ValidationError(self.error_messages["required"], code="required")
        return body


class CommentForm(forms.Form):
    """The form under every article, for visitors and for people who are signed in.

    People who have a name need give neither name nor address.
    """

    name = forms.CharField(
        label=_("Name"),
        max_length=MAX_NAME,
        error_messages={"required": _("Say by which name we may show it.")},
    )
    email = AddressField(label=_("Email"))
    body = BodyField()
    answer = forms.IntegerField(
        required=False, min_value=1, max_value=MAX_KEY, widget=forms.HiddenInput
    )
    client_id = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    opened = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)
    # Hidden from people; programs fill it in.
    homepage = forms.CharField(required=False)
    # The browser's answer to the puzzle, under the name that ALTCHA gives it.
    altcha = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, viewer: User | None = None, answer: int | None = None, **kwargs: Any
    ) -> None:
        # Several forms can stand on one page; each has ids of its own.
        kwargs.setdefault("auto_id", f"answer-{answer or 'new'}-%s")
        super().__init__(*args, **kwargs)
        self.viewer = viewer
        self.initial.setdefault("answer", answer)
        self.fields["name"].widget.attrs |= {"autocomplete": "name", "data-keep": "name"}
        self.fields["email"].widget.attrs |= {
            "autocomplete": "email",
            "inputmode": "email",
            "autocapitalize": "off",
            "spellcheck": "false",
            "data-keep": "email",
        }
        if viewer is not None:
            del self.fields["email"]
            if viewer.name:
                del self.fields["name"]

    @property
    def opened_token(self) -> str:
        """When it was opened: what was sent, as long as it is ours, else now."""
        sent = str(self.data.get("opened", ""))
        return sent if is_opened(sent) else opened_now()

    def clean_name(self) -> str:
        """One line, with something in it."""
        name = clean_name(self.cleaned_data["name"])
        if not name:
            raise forms.ValidationError(_("Say by which name we may show it."), code="required")
        return name

    def clean_email(self) -> str:
        """No throw-away addresses, where the author wants none."""
        address: str = self.cleaned_data["email"]
        if is_disposable(address) and get_publication().block_disposable_addresses:
            raise forms.ValidationError(
                _("This is a throw-away address. Please use one that you will still read."),
                code="disposable",
            )
        return address

    def written(self) -> Written:
        """What a valid form says. Counts the puzzle's answer as used."""
        data = self.cleaned_data
        opened = data["opened"]
        trap = data["homepage"]
        is_timed = is_opened(opened)
        facts = FormFacts(
            is_trapped=bool(trap.strip()),
            is_timed=is_timed,
            is_too_quick=is_timed and judge(opened=opened, trap="") is Verdict.HOLD,
            has_worked=self.viewer is not None or is_solved(data["altcha"]),
        )
        return Written(
            body=data["body"],
            name=data.get("name") or (self.viewer.name if self.viewer else ""),
            email=data.get("email", ""),
            parent_id=data["answer"],
            client_id=data["client_id"],
            form=facts,
        )


class EditForm(forms.Form):
    """A new text for one's own comment."""

    body = BodyField()


class ReportForm(forms.Form):
    """Why a comment should not stand there."""

    reason = forms.ChoiceField(
        label=_("What is wrong with it?"),
        choices=ReportReason.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what comes closest.")},
    )
    note = forms.CharField(
        label=_("Anything we should know (optional)"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
    )


class NoticeForm(forms.ModelForm):  # type: ignore[type-arg]
    """Which mails about comments somebody wants; some are for those who look after them."""

    class Meta:
        model = NoticeChoice
        fields = ["replies", "waiting", "new_comments"]
        widgets = {"new_comments": forms.RadioSelect}

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_moderate(viewer):
            del self.fields["waiting"], self.fields["new_comments"]
