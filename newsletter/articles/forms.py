"""What the author types: the article, a moment to go out, a picture."""

from __future__ import annotations

import zoneinfo
from datetime import MAXYEAR, datetime, tzinfo
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from newsletter.accounts.models import User
from newsletter.articles.enums import MailAudience, SendChoice
from newsletter.articles.models import Article, ArticleImage
from newsletter.lib.prose import ProseWidget

MAX_TAGS = 12
_COVERS_LISTED = 100


class ArticleForm(forms.ModelForm):  # type: ignore[type-arg]
    """The whole desk. State, dates and what was chosen for sending are moved by actions alone."""

    # The version that the form was opened on (W2). Empty for a new article.
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    tag_names = forms.CharField(
        label=_("Tags"),
        required=False,
        max_length=600,
        help_text=_("With commas between them. A new name makes a new tag."),
    )

    canonical_url = forms.URLField(
        label=_("First published at"),
        required=False,
        assume_scheme="https",
        help_text=_("If it stood elsewhere first: search engines are sent there."),
    )

    class Meta:
        model = Article
        fields = [
            "title",
            "dek",
            "body",
            "slug",
            "author",
            "cover",
            "is_featured",
            "access",
            "tiers",
            "visibility",
            "comment_policy",
            "newsletter",
            "mail_subject",
            "mail_preheader",
            "seo_title",
            "seo_description",
            "canonical_url",
        ]
        widgets = {
            "title": forms.Textarea(attrs={"rows": 1, "dir": "auto", "placeholder": _("Title")}),
            "dek": forms.Textarea(
                attrs={
                    "rows": 1,
                    "dir": "auto",
                    "placeholder": _("One sentence that says what it is about"),
                }
            ),
            "body": ProseWidget,
            "slug": forms.TextInput(attrs={"dir": "auto"}),
            "mail_preheader": forms.Textarea(attrs={"rows": 2}),
            "seo_description": forms.Textarea(attrs={"rows": 3}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["slug"].required = False
        self.fields["author"].queryset = _authors(self.instance)  # type: ignore[attr-defined]
        self.fields["cover"].widget.choices = covers_to_choose(self.instance.cover)
        self.fields["cover"].help_text = _("The newest pictures of the library.")
        newest = self.fields["newsletter"].queryset.filter(is_archived=False)  # type: ignore[attr-defined]
        self.fields["newsletter"].queryset = newest  # type: ignore[attr-defined]
        self.fields["tag_names"].widget.attrs["autocomplete"] = "off"
        if self.instance.pk:
            self.initial["version"] = self.instance.version
            names = self.instance.tags.values_list("name", flat=True)
            self.initial["tag_names"] = ", ".join(names)

    def clean_title(self) -> str:
        """One line, whatever was pasted."""
        return " ".join(self.cleaned_data["title"].split())

    def clean_dek(self) -> str:
        """One line."""
        return " ".join(self.cleaned_data["dek"].split())

    def clean_tag_names(self) -> list[str]:
        """The names, each once whatever its case, in the order given."""
        names: dict[str, str] = {}
        for raw in self.cleaned_data["tag_names"].split(","):
            name = " ".join(raw.split())
            if len(name) > 80:
                raise ValidationError(_("A tag has at most 80 characters."), code="too_long")
            if name:
                names.setdefault(name.casefold(), name)
        if len(names) > MAX_TAGS:
            raise ValidationError(_("At most %d tags.") % MAX_TAGS, code="too_many")
        return list(names.values())

    def clean(self) -> dict[str, Any]:
        """Asking for certain tiers without naming one would open it to nobody."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("access") == "tiers" and not cleaned.get("tiers"):
            self.add_error("tiers", _("Choose at least one tier, or another kind of access."))
        return cleaned


def _authors(article: Article) -> Any:
    return User.objects.filter(Q(is_staff=True, is_active=True) | Q(pk=article.author_id)).order_by(
        "name", "email"
    )


def covers_to_choose(chosen: ArticleImage | None) -> list[tuple[Any, str]]:
    """The newest pictures and the one in use. Any picture may be chosen; these are listed."""
    newest = list(ArticleImage.objects.order_by("-created_at")[:_COVERS_LISTED])
    if chosen and chosen not in newest:
        newest.insert(0, chosen)
    return [("", str(_("None"))), *((image.pk, str(image)) for image in newest)]


class GoOutForm(forms.Form):
    """Publish now: how, to whom, and which version of the article was looked at."""

    send = forms.ChoiceField(choices=SendChoice.choices)
    audience = forms.ChoiceField(choices=MailAudience.choices)
    version = forms.IntegerField(widget=forms.HiddenInput)


class ScheduleForm(forms.Form):
    """Publish later: a day and a time in the author's own zone."""

    day = forms.DateField(label=_("Day"), widget=forms.DateInput(attrs={"type": "date"}))
    time = forms.TimeField(
        label=_("Time"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    send = forms.ChoiceField(
        label=_("How it goes out"),
        choices=SendChoice.choices,
        initial=SendChoice.NO,
        widget=forms.RadioSelect,
    )
    audience = forms.ChoiceField(
        label=_("Who gets the mail"), choices=MailAudience.choices, widget=forms.RadioSelect
    )
    # Only asked for in the one hour of the year that comes twice.
    fold = forms.ChoiceField(
        label=_("Which of the two"),
        required=False,
        choices=[("0", _("The first, in summer time")), ("1", _("The second, in winter time"))],
        widget=forms.RadioSelect,
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """Turn day and time into a moment, and refuse times that do not exist."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("day") and cleaned.get("time"):
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

    needs_fold = False


class AmbiguousTimeError(ValueError):
    """The clocks go back: this time comes twice."""


def moment_of(naive: datetime, fold: str = "", zone: tzinfo | None = None) -> datetime:
    """Read a wall-clock time in the author's zone.

    Raises ValidationError for a time that is skipped when the clocks go forward or lies at the end
    of all dates, and AmbiguousTimeError for one that comes twice unless `fold` ("0" or "1") says
    which.
    """
    if naive.year == MAXYEAR:
        # Its last hours lie beyond all dates in some other zone.
        raise ValidationError(_("Choose an earlier day."), code="too_late")
    zone = zone or timezone.get_current_timezone()
    first, second = naive.replace(tzinfo=zone, fold=0), naive.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first
    utc = zoneinfo.ZoneInfo("UTC")
    exists = first.astimezone(utc).astimezone(zone).replace(tzinfo=None) == naive
    if not exists:
        raise ValidationError(
            _("On that day the clocks go forward and this time does not exist. Choose another."),
            code="skipped",
        )
    if fold not in {"0", "1"}:
        raise AmbiguousTimeError(
            _("On that day the clocks go back and this time comes twice. Say which one you mean.")
        )
    return second if fold == "1" else first


class PictureForm(forms.Form):
    """A picture on its way to the library; what the file really is, the action checks."""

    file = forms.FileField(label=_("File"))
    alt = forms.CharField(
        label=_("Description for those who cannot see it"), required=False, max_length=300
    )
    caption = forms.CharField(label=_("Caption and credit"), required=False, max_length=300)


class OfferedFileForm(forms.Form):
    """A file on its way to a text that offers it."""

    file = forms.FileField(label=_("File"))


class PictureWordsForm(forms.ModelForm):  # type: ignore[type-arg]
    """The words of a picture that is in the library already."""

    class Meta:
        model = ArticleImage
        fields = ["alt", "caption"]
