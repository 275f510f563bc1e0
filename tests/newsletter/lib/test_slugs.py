"""W4: an address says the title's own words, in whatever script they are written."""

# ruff: noqa: RUF001 - letters that look like others are what this is about
from __future__ import annotations

import re
import unicodedata

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from newsletter.lib.slugs import (
    AnyScriptSlugField,
    AnyScriptSlugFormField,
    SlugConverter,
    is_slug,
    make_slug,
    validate_slug,
)

# Letters with what may follow or break them: vowel signs, viramas, joiners, Hangul parts, points
# of Hebrew and Arabic, variation selectors, tags, directions, capitals that grow when made small.
AWKWARD = st.text(
    st.one_of(
        st.sampled_from(
            "aÉSİßﬁ５Ⅳ½²ـ_-' ’.·/🎉❤👩🏽1️⃣\u200c\u200d\u200e\u202e\u00ad\u034f\ufe0f\u0301\u0323"
            "\u20dd"
            "हिन्दी\u094d\u093cக்ஷการน้ำ\u0e33\u0eb3שִׂ\u05b8مُّΣ각\u1100\u1161\u11a8ㅋㅤ\u3164ﾠ\ua953가字"
        ),
        st.characters(exclude_categories=("Cs",)),
    ),
    max_size=300,
)


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Über Geld", "über-geld"),
        ("हिन्दी में बातचीत", "हिन्दी-में-बातचीत"),
        ("การเจรจาต่อรองน้ำ", "การเจรจาต่อรองน้ำ"),
        ("مُفَاوَضَات العمل", "مُفَاوَضَات-العمل"),
        ("שִׂיחָה על כסף", "שִׂיחָה-על-כסף"),
        ("צה״ל", "צהל"),
        ("Đàm phán tiền lương", "đàm-phán-tiền-lương"),
        ("தமிழ் எழுத்து", "தமிழ்-எழுத்து"),
        ("你好，世界", "你好-世界"),
        ("ㅋㅋㅋ 웃음", "ㅋㅋㅋ-웃음"),
        ("ΟΔΟΣ", "οδος"),
        ("İstanbul", "istanbul"),
        ("ﬁne Ⅳ ＡＢＣ", "fine-iv-abc"),
        ("don’t  —  l'été «x»", "dont-lété-x"),
        ("3.5% of U.S.A. / 2026", "3-5-of-u-s-a-2026"),
        ("my_file__-_", "my_file"),
        ("1️⃣ step ❤️", "1-step"),
        ("\u202eabc\u200e", "abc"),
        ("🎉", ""),
        ("👩‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ❤️", ""),
        ("\u0301\u200d\u3164 ?!", ""),
        ("", ""),
    ],
)
def test_w4_the_words_of_a_title(title: str, slug: str) -> None:
    assert make_slug(title, max_length=200) == slug
    assert make_slug(title, max_length=200, fallback="article") == slug or "article"


def test_w4_one_spelling_whatever_was_typed() -> None:
    for title in ("Đàm phán tiền lương", "Ảnh hưởng", "각본", "שִׂיחָה"):
        spellings = {
            make_slug(unicodedata.normalize(form, title), max_length=200)
            for form in ("NFC", "NFD", "NFKC", "NFKD")
        }
        assert len(spellings) == 1


@pytest.mark.parametrize(
    ("text", "length", "cut"),
    [
        ("one two three", 9, "one-two"),
        ("one two three", 7, "one-two"),
        ("one twothreefour", 9, "one-twoth"),
        ("กำกำกำ", 3, "กำ"),
        ("न्दीन्दी", 6, "न्दी"),
        ("e\u0332e\u0332e\u0332", 3, "e\u0332"),
        ("字" * 300, 200, "字" * 200),
        ("\u1112\u1161\u11ab\u1112\u1161\ua97c", 2, "한하"),
        ("a" + "\u0332" * 300, 200, ""),
    ],
)
def test_w4_cut_between_words_or_between_letters(text: str, length: int, cut: str) -> None:
    assert make_slug(text, max_length=length) == cut


@given(AWKWARD, st.integers(1, 200))
def test_w4_any_text_gives_an_address_that_stays_as_it_is(text: str, length: int) -> None:
    slug = make_slug(text, max_length=length)
    assert len(slug) <= length
    assert make_slug(slug, max_length=length) == slug
    assert unicodedata.is_normalized("NFC", slug)
    for character in slug:
        kind = unicodedata.category(character)
        assert kind[0] in "LN" or kind in {"Mn", "Mc"} or character in "-_"
    assert not slug.startswith(("-", "_"))
    assert not slug.endswith(("-", "_"))
    assert not slug or unicodedata.category(slug[0])[0] != "M"
    if slug:
        validate_slug(slug)
        assert SlugConverter().to_python(unicodedata.normalize("NFD", slug)) == slug
        AnyScriptSlugField(max_length=200).clean(slug, None)


def letters(first: int, last: int) -> st.SearchStrategy[str]:
    """Words of one script, with its vowel signs and digits."""
    marks = st.characters(
        min_codepoint=first, max_codepoint=last, categories=("Lo", "Mn", "Mc", "Nd")
    )
    return st.text(marks, min_size=1, max_size=60)


@given(
    st.one_of(
        letters(0x0900, 0x0DFF),  # the scripts of India and Sri Lanka
        letters(0x0E00, 0x0E7F),  # Thai
        letters(0x0591, 0x05EA),  # Hebrew with points
        letters(0x0620, 0x0674),  # Arabic with vowels
        letters(0x1780, 0x17B3),  # Khmer
        letters(0x1000, 0x109F),  # Burmese
    )
)
def test_w4_no_letter_and_no_vowel_sign_is_lost(text: str) -> None:
    """What Django's slugify did to every word of Hindi."""
    word = unicodedata.normalize("NFC", text)
    start = next((at for at, c in enumerate(word) if unicodedata.category(c)[0] != "M"), len(word))
    assert make_slug(text, max_length=1000) == word[start:]


@given(AWKWARD)
def test_w4_a_cut_address_is_the_beginning_of_the_whole(text: str) -> None:
    whole = make_slug(text, max_length=10_000)
    assert whole.startswith(make_slug(text, max_length=20))


@pytest.mark.parametrize(
    "wrong", ["", "a b", "A", "a--b", "-a", "a/b", "a.b", "\u0301a", "a\u200db", "e\u0301", "🎉"]
)
def test_w4_what_is_no_address_is_refused(wrong: str) -> None:
    assert not is_slug(wrong)
    with pytest.raises(ValidationError):
        validate_slug(wrong)
    if wrong != "e\u0301":
        with pytest.raises(ValueError, match=f"^{re.escape(wrong)}$"):
            SlugConverter().to_python(wrong)


def test_a_form_tidies_up_what_was_typed() -> None:
    field = AnyScriptSlugField(max_length=80, null=True, blank=True).formfield()
    assert isinstance(field, AnyScriptSlugFormField)
    assert field.clean("  Jürgen Müller ") == "jürgen-müller"
    assert field.clean("🎉") == ""
    assert len(field.clean("x" * 80)) == 80
