"""The author's settings of the whole publication."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from newsletter.lib.brand_pictures import check_picture
from newsletter.lib.prose import ProseWidget
from newsletter.lib.time_zones import zone_choices
from newsletter.publication.enums import FontPairing
from newsletter.publication.models import Publication
from newsletter.publication.theme import FACES

ABOUT_EXTENSIONS: dict[str, object] = {
    "Bold": True,
    "Italic": True,
    "Heading": {"levels": [2, 3]},
    "Blockquote": True,
    "BulletList": True,
    "OrderedList": True,
    "ListItem": True,
    "HardBreak": True,
    "Link": {"enableTarget": False},
    "Menu": False,
    "NoSpellCheck": False,
}
# Too long to be read in one line of a form.
SENTENCES = ("footer_text", "signup_text", "paid_offer_text", "free_offer_text")


class FontsWidget(forms.RadioSelect):
    """Each pairing written in itself."""

    template_name = "publication/admin/fonts.html"

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Add the typefaces of the sample."""
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)
        option["faces"] = FACES[str(value)]
        return option

    def _render(self, template_name: str, context: dict[str, Any], renderer: Any = None) -> str:
        """From the project's templates; Django's form renderer knows only those of apps."""
        return render_to_string(template_name, context)


class PublicationForm(forms.ModelForm):  # type: ignore[type-arg]
    """Everything the author may call their own."""

    accent = forms.CharField(
        label=_("Accent colour"),
        max_length=7,
        widget=forms.TextInput(attrs={"type": "color", "class": "desk-colour"}),
        help_text=_("Made darker or lighter where words in it would be hard to read."),
    )
    font_pairing = forms.ChoiceField(
        label=_("Fonts"), choices=FontPairing.choices, widget=FontsWidget
    )
    time_zone = forms.ChoiceField(label=_("Time zone"), widget=UnfoldAdminSelectWidget)
    language = forms.ChoiceField(
        label=_("Language"), choices=settings.LANGUAGES, widget=UnfoldAdminSelectWidget
    )
    about_html = forms.CharField(
        label=_("About page"),
        required=False,
        widget=ProseWidget(config={"extensions": ABOUT_EXTENSIONS}, preset="configurable"),
    )

    class Meta:
        model = Publication
        exclude = ["updated_at"]  # noqa: DJ006 - every other field is the author's
        widgets = {
            **dict.fromkeys(SENTENCES, UnfoldAdminTextareaWidget(attrs={"rows": 3})),
            "free_offer_benefits": UnfoldAdminTextareaWidget(attrs={"rows": 4}),
            "plans_answers": UnfoldAdminTextareaWidget(attrs={"rows": 12}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = zone_choices()
        for name in dict.fromkeys([self.instance.time_zone, "UTC"]):
            if name not in dict(zones):
                zones = [(name, name), *zones]
        self.fields["time_zone"].choices = zones  # type: ignore[attr-defined]

    def clean_logo(self) -> Any:
        """Said here what the action would refuse."""
        check_picture(self.cleaned_data["logo"])
        return self.cleaned_data["logo"]

    def clean_favicon(self) -> Any:
        """Said here what the action would refuse."""
        check_picture(self.cleaned_data["favicon"])
        return self.cleaned_data["favicon"]

    def clean(self) -> dict[str, Any]:
        """The long fields are one paragraph each, however they were typed."""
        cleaned = super().clean() or {}
        for name in SENTENCES:
            cleaned[name] = " ".join(cleaned.get(name, "").split())
        return cleaned
