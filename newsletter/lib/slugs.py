"""The words of an address, in any script.

Django's own `slugify` and `SlugField` know letters and digits alone: they drop the vowel signs of
Hindi, Thai or Hebrew, which are marks, and so write other words than the title's.
The desk shows what becomes of a title while it is typed: static/masthead/editor/slugs.js has the
same rule, and a test in a browser holds the two together.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.urls.converters import StringConverter
from django.utils.translation import gettext_lazy as _

# As people write them: their compatibility forms are other characters, not plainer ones.
_WRITTEN_SO = frozenset("\u0e33\u0eb3") | {chr(code) for code in range(0x3131, 0x318F)}
# Letters and marks that nobody sees; two addresses must not differ in them. What Unicode calls
# default ignorable, without the format characters (category Cf), which go too.
_INVISIBLE = frozenset(
    chr(code)
    for first, last in [
        (0x034F, 0x034F),
        (0x115F, 0x1160),
        (0x17B4, 0x17B5),
        (0x180B, 0x180F),
        (0x3164, 0x3164),
        (0xFE00, 0xFE0F),
        (0xFFA0, 0xFFA0),
        (0xE0100, 0xE01EF),
    ]
    for code in range(first, last + 1)
)
# Inside words, and gone without a gap: don't, l'été, צה״ל.
_APOSTROPHES = frozenset("'\"`´‘’‚‛“”„‟«»‹›′″׳״")  # noqa: RUF001 - each meant
_HYPHENS = re.compile("-{2,}")
_VIRAMA = 9


def make_slug(text: str, *, max_length: int, fallback: str = "") -> str:
    """Return `text` as an address: its letters, marks and numbers, hyphens for what lies between.

    Lower case, one spelling (NFC) whatever was typed, at most `max_length` characters and never a
    part of one. What holds no letter or number at all (an emoji) gives `fallback`.
    """
    kept: list[str] = []
    for character in _spell(text):
        if _belongs(character, after=kept[-1] if kept else ""):
            kept.append(character)
        elif unicodedata.category(character) not in {"Mn", "Mc"}:
            kept.append("-")
    slug = _HYPHENS.sub("-", "".join(kept)).strip("-_")
    return _cut(slug, max_length).strip("-_") or fallback


def is_slug(text: str) -> bool:
    """Whether `text` is already as `make_slug` would write it."""
    return bool(text) and make_slug(text, max_length=len(text)) == text


def validate_slug(value: str) -> None:
    """Refuse what is no address. Raises ValidationError."""
    if not is_slug(value):
        raise ValidationError(
            _("Use letters of any script, numbers and hyphens; capitals become small."),
            code="invalid",
        )


class AnyScriptSlugFormField(forms.CharField):
    """What somebody types as an address, brought into form instead of refused."""

    def to_python(self, value: Any) -> str:
        """Rewrite; what holds nothing usable counts as empty."""
        text = super().to_python(value) or ""
        return make_slug(text, max_length=self.max_length or len(text))


class AnyScriptSlugField(models.SlugField):  # type: ignore[type-arg]  # not generic at run time
    """A SlugField for every script."""

    default_validators = [validate_slug]

    def formfield(
        self, form_class: Any = None, choices_form_class: Any = None, **kwargs: Any
    ) -> Any:
        """A field that tidies up what is typed."""
        kwargs |= {
            "form_class": form_class or AnyScriptSlugFormField,
            "choices_form_class": choices_form_class,
        }
        # Past SlugField, whose form field takes other arguments.
        return models.CharField.formfield(self, **kwargs)


class SlugConverter(StringConverter):
    """A slug in a path; the same word in another spelling (NFD) finds the same page."""

    regex = r"[^/.]+"

    def to_python(self, value: str) -> str:
        """The stored spelling. Raises ValueError, which is a 404, for what can be no slug."""
        slug = unicodedata.normalize("NFC", value)
        if not is_slug(slug):
            raise ValueError(value)
        return slug


def _spell(text: str) -> str:
    """One spelling of the same word: no ligatures, no full-width letters, no capitals."""
    parts = (
        run if written_so else unicodedata.normalize("NFKC", run)
        for written_so, run in (
            (key, "".join(group)) for key, group in groupby(text, _WRITTEN_SO.__contains__)
        )
    )
    # The small form of Turkish İ is an i with a second dot over its own.
    small = "".join(parts).lower().replace("i\u0307", "i")
    # Last, for what was taken out may have stood between a letter and its accent.
    return unicodedata.normalize("NFC", "".join(c for c in small if not _vanishes(c)))


def _vanishes(character: str) -> bool:
    """What leaves no gap: the unseen, apostrophes, rings and boxes around a letter."""
    return (
        character in _INVISIBLE
        or character in _APOSTROPHES
        or unicodedata.category(character) in {"Cf", "Me"}
    )


def _belongs(character: str, after: str) -> bool:
    """Letters and numbers, and marks that stand on one of them."""
    kind = unicodedata.category(character)
    if kind in {"Mn", "Mc"}:
        return bool(after) and after not in "-_"
    return kind[0] in "LN" or character == "_"


def _cut(slug: str, length: int) -> str:
    """At most `length` characters: whole words where that leaves half of it, else whole letters."""
    if len(slug) <= length:
        return slug
    at_word = slug.rfind("-", 0, length + 1)
    if at_word >= length // 2:
        return slug[:at_word]
    end = length
    while end and not _may_part(slug[end - 1], slug[end]):
        end -= 1
    return slug[:end]


def _may_part(before: str, after: str) -> bool:
    """Whether two characters are two letters to the eye (Unicode's grapheme clusters)."""
    joins = unicodedata.category(after)[0] == "M" or after in "\u0e33\u0eb3"
    is_jamo = "\u1160" <= after <= "\u11ff" or "\ud7b0" <= after <= "\ud7ff"
    return not (joins or is_jamo or unicodedata.combining(before) == _VIRAMA)
