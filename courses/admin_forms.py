"""What the author types about courses, lessons and learners."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, URLValidator
from django.db.models import Q
from django.forms import formset_factory
from django.utils.text import get_text_list
from django.utils.translation import gettext_lazy as _

from courses.drip import MOST_DAYS
from courses.enums import AccessLength, CourseAccess, Drip, FileRole, LessonKind
from courses.models import Course, Lesson, Module
from newsletter.accounts.models import User
from newsletter.articles.forms import covers_to_choose
from newsletter.lib.players import PLAYED
from newsletter.lib.prose import ProseWidget
from newsletter.lib.time_zones import zone_choices
from newsletter.memberships.models import Product
from newsletter.payments.money import BadAmount, check_amount, to_minor
from newsletter.payments.queries import default_currency

_DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
# What asks for JavaScript nowhere: a line that grows, as on the article's desk.
_LINE = {"rows": 1, "dir": "auto"}


def _what_is_played() -> str:
    sites = get_text_list(list(PLAYED), str(_("or")))
    return _(
        "From %(sites)s it can be played on the page, once a reader presses the button. "
        "Any other address is a link."
    ) % {"sites": sites}


class _PageAddress(forms.URLField):
    """The address of a page of the web."""

    default_validators = [URLValidator(schemes=["http", "https"])]


def _may_wait(days: forms.Field) -> None:
    """A number of days that may be left empty, and is one that an import takes too."""
    days.required = False
    days.validators.append(MaxValueValidator(MOST_DAYS))
    days.widget.attrs["max"] = MOST_DAYS


class _Scheduled(forms.ModelForm):  # type: ignore[type-arg]
    """What both forms of a lesson ask about its schedule."""

    def clean(self) -> dict[str, Any]:
        """A day is needed where it opens on one."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("drip") == Drip.DATE and not cleaned.get("drip_date"):
            self.add_error("drip_date", _("Say on which day."))
        return cleaned

    def clean_drip_days(self) -> int:
        """Left empty it is none."""
        return self.cleaned_data["drip_days"] or 0


class LessonLineForm(_Scheduled):
    """What the outline says of a lesson: everything but its texts."""

    # The version that the line was opened on (W2).
    version = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = Lesson
        fields = [
            "title",
            "estimated_minutes",
            "is_required",
            "is_preview",
            "drip",
            "drip_days",
            "drip_date",
        ]
        widgets = {"drip_date": _DAY}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("version", self.instance.version)
        _may_wait(self.fields["drip_days"])
        self.fields["estimated_minutes"].help_text = _("Empty: by its words and recording.")


class ModuleForm(forms.Form):
    """A module's title, what it is about and what it waits for."""

    title = forms.CharField(label=_("Title"), max_length=200)
    summary = forms.CharField(label=_("What it is about"), max_length=300, required=False)
    prerequisite = forms.ModelChoiceField(
        Module.objects.none(), label=_("Only after"), required=False, empty_label=_("nothing")
    )
    # The title that the form was opened on (W2).
    expected = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, module: Module, others: list[Module], **kwargs: Any) -> None:
        initial = {
            "title": module.title,
            "summary": module.summary,
            "prerequisite": module.prerequisite_id,
            "expected": module.title,
        }
        kwargs["initial"] = initial
        super().__init__(*args, **kwargs)
        field: Any = self.fields["prerequisite"]
        field.queryset = Module.objects.filter(course=module.course_id).exclude(pk=module.pk)
        # What the page has read already.
        field.choices = [("", _("nothing")), *((each.pk, each.title) for each in others)]


class AddLessonForm(forms.Form):
    """A new lesson: its name and what it is above all."""

    title = forms.CharField(label=_("New lesson"), max_length=200)
    kind = forms.ChoiceField(label=_("Kind"), choices=LessonKind.choices)


class LessonForm(_Scheduled):
    """The whole of a lesson. Its place, its state and its files are moved by actions alone."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    media_url = _PageAddress(
        label=_("Address of the recording"), required=False, max_length=500, assume_scheme="https"
    )

    class Meta:
        model = Lesson
        fields = [
            "title",
            "summary",
            "kind",
            "body",
            "slug",
            "media_url",
            "media_seconds",
            "poster",
            "transcript",
            "estimated_minutes",
            "is_required",
            "is_preview",
            "drip",
            "drip_days",
            "drip_date",
            "mail",
            "mail_subject",
            "mail_preheader",
        ]
        widgets = {
            "title": forms.Textarea(attrs={**_LINE, "placeholder": _("Title")}),
            "summary": forms.Textarea(
                attrs={
                    **_LINE,
                    "id": "id_dek",
                    "placeholder": _("One sentence that everyone may read"),
                }
            ),
            "body": ProseWidget,
            "transcript": ProseWidget(attrs={"data-label": _("Transcript")}),
            "slug": forms.TextInput(attrs={"dir": "auto"}),
            "drip_date": _DAY,
            "mail_preheader": forms.Textarea(attrs={"rows": 2}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["slug"].required = False
        _may_wait(self.fields["drip_days"])
        self.fields["estimated_minutes"].help_text = _("Empty: by its words and recording.")
        self.fields["media_url"].help_text = _what_is_played()
        self.fields["poster"].widget.choices = covers_to_choose(self.instance.poster)
        self.fields["poster"].help_text = _("The newest pictures of the library.")
        self.initial["version"] = self.instance.version

    def clean_title(self) -> str:
        """One line, whatever was pasted."""
        return " ".join(self.cleaned_data["title"].split())

    def clean_summary(self) -> str:
        """One line."""
        return " ".join(self.cleaned_data["summary"].split())


class FileForm(forms.Form):
    """A file on its way to a lesson; what it really is, the action checks."""

    file = forms.FileField(label=_("File"))
    role = forms.ChoiceField(label=_("What for"), choices=FileRole.choices)
    title = forms.CharField(
        label=_("Words for it"),
        max_length=200,
        required=False,
        help_text=_("Empty: the name of the file."),
    )
    language = forms.CharField(
        label=_("Language of captions"),
        max_length=20,
        required=False,
        help_text=_("Such as en or pt-BR."),
    )


class FaqForm(forms.Form):
    """A question and its answer."""

    # As long as in an archive that is brought in (exchange/format.py).
    question = forms.CharField(label=_("Question"), max_length=500, required=False)
    answer = forms.CharField(
        label=_("Answer"),
        max_length=5000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


FaqFormSet = formset_factory(FaqForm, extra=2, max_num=50, validate_max=True)


class CourseForm(forms.ModelForm):  # type: ignore[type-arg]
    """A course's page and rules; its state is moved by actions alone."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    trailer_url = _PageAddress(
        label=_("Trailer"),
        required=False,
        assume_scheme="https",
    )
    time_zone = forms.ChoiceField(label=_("Time zone"))
    price = forms.DecimalField(
        label=_("Price of the course alone"),
        required=False,
        min_value=Decimal(0),
        max_digits=12,
        decimal_places=3,
        help_text=_("Makes a product of it, or gives its own product another price."),
    )
    currency = forms.CharField(label=_("Currency"), required=False, min_length=3, max_length=3)

    class Meta:
        model = Course
        fields = [
            "title",
            "promise",
            "for_whom",
            "outcomes",
            "body",
            "slug",
            "cover",
            "trailer_url",
            "instructors",
            "is_listed",
            "position",
            "access",
            "tiers",
            "products",
            "newsletter",
            "access_length",
            "access_months",
            "access_until",
            "time_zone",
            "release_hour",
            "default_drip",
            "default_drip_days",
            "is_sequential",
            "has_discussion",
            "is_mail_series",
            "mail_newsletter",
            "has_certificate",
            "certificate_style",
            "certificate_heading",
            "certificate_text",
            "certificate_signatory",
            "certificate_signature",
            "seo_title",
            "seo_description",
        ]
        widgets = {
            "title": forms.Textarea(attrs={**_LINE, "placeholder": _("Title")}),
            "promise": forms.Textarea(
                attrs={
                    **_LINE,
                    "id": "id_dek",
                    "placeholder": _("One sentence that says what it promises"),
                }
            ),
            "for_whom": forms.Textarea(attrs={"rows": 3}),
            "outcomes": forms.Textarea(attrs={"rows": 4}),
            "body": ProseWidget,
            "slug": forms.TextInput(attrs={"dir": "auto"}),
            "access_until": _DAY,
            "certificate_text": forms.Textarea(attrs={"rows": 2}),
            "seo_description": forms.Textarea(attrs={"rows": 3}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["slug"].required = False
        _may_wait(fields["default_drip_days"])
        fields["time_zone"].choices = zones_to_choose(self.instance.time_zone)
        # A schedule by date belongs to a lesson; a new one cannot start with it.
        fields["default_drip"].choices = [
            choice for choice in Drip.choices if choice[0] != Drip.DATE
        ]
        fields["instructors"].queryset = _staff(self.instance)
        for name in ("newsletter", "mail_newsletter"):
            fields[name].queryset = fields[name].queryset.filter(is_archived=False)
        for name in ("cover", "certificate_signature"):
            fields[name].widget.choices = covers_to_choose(getattr(self.instance, name))
            fields[name].help_text = _("The newest pictures of the library.")
        fields["trailer_url"].help_text = _what_is_played()
        self.initial["currency"] = default_currency().upper()
        if self.instance.pk:
            self.initial["version"] = self.instance.version

    def clean_title(self) -> str:
        """One line, whatever was pasted."""
        return " ".join(self.cleaned_data["title"].split())

    def clean_promise(self) -> str:
        """One line."""
        return " ".join(self.cleaned_data["promise"].split())

    def clean_default_drip_days(self) -> int:
        """Left empty it is none."""
        return self.cleaned_data["default_drip_days"] or 0

    def clean(self) -> dict[str, Any]:
        """A price in minor units; and tiers or products where the access asks for them."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        cleaned["amount"] = self._amount(cleaned)
        access, is_sold = cleaned.get("access"), bool(cleaned["amount"] or cleaned.get("products"))
        if access == CourseAccess.PRODUCTS and not is_sold and "price" not in self.errors:
            self.add_error("products", _("Choose a product, or give the course a price."))
        if access == CourseAccess.TIERS and not (is_sold or cleaned.get("tiers")):
            self.add_error("tiers", _("Choose at least one tier, or another kind of access."))
        length = cleaned.get("access_length")
        if length == AccessLength.MONTHS and not cleaned.get("access_months"):
            self.add_error("access_months", _("Say for how many months."))
        if length == AccessLength.UNTIL and not cleaned.get("access_until"):
            self.add_error("access_until", _("Say until when."))
        return cleaned

    def _amount(self, cleaned: dict[str, Any]) -> int | None:
        price, currency = cleaned.get("price"), cleaned.get("currency") or ""
        if not price:
            return None
        if len(currency) != 3 or not currency.isalpha():
            self.add_error("currency", _("Three letters, such as EUR."))
            return None
        try:
            return check_amount(to_minor(price, currency), currency)
        except BadAmount as error:
            self.add_error("price", str(error))
            return None


def _staff(course: Course) -> Any:
    """Whoever may teach, and whoever teaches it already."""
    teaching = course.instructors.values("pk") if course.pk else User.objects.none().values("pk")
    staff = Q(is_staff=True, is_active=True) | Q(pk__in=teaching)
    return User.objects.filter(staff).order_by("name", "email")


def products_of(course: Course) -> list[Product]:
    """What a course is sold as, with the prices on offer."""
    return list(course.products.prefetch_related("prices"))


def zones_to_choose(chosen: str) -> list[Any]:
    """Every zone that may be chosen, and the one that was, even if it has another name by now."""
    known = {name for _region, places in zone_choices() for name, _label in places}
    more = [] if chosen in {*known, "", "UTC"} else [(chosen, chosen)]
    return [("UTC", "UTC"), *more, *zone_choices()]
