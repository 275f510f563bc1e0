"""The author's accent is legible on both papers, whatever colour they pick."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from newsletter.publication.enums import FontPairing
from newsletter.publication.models import Publication
from newsletter.publication.theme import (
    DARK_PAPER,
    DARK_TINT,
    FACES,
    LIGHT_PAPER,
    LIGHT_TINT,
    Oklch,
    accent_of,
    contrast,
    from_hex,
    into_gamut,
    theme_css,
    theme_version,
    to_hex,
)

colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def wcag(one: str, other: str) -> float:
    """WCAG's own formula on 8-bit sRGB, written apart from the code under test."""

    def luminance(colour: str) -> float:
        parts = []
        for at in (1, 3, 5):
            part = int(colour[at : at + 2], 16) / 255
            parts.append(part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4)
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@given(colours)
def test_text_in_the_accent_has_enough_contrast_everywhere(colour: str) -> None:
    accent = accent_of(colour)
    for paper in (LIGHT_PAPER, LIGHT_TINT):
        assert wcag(to_hex(accent.light), to_hex(paper)) >= 4.5
    for paper in (DARK_PAPER, DARK_TINT):
        assert wcag(to_hex(accent.dark), to_hex(paper)) >= 4.5


@given(colours)
def test_conversion_there_and_back_keeps_the_colour(colour: str) -> None:
    assert to_hex(from_hex(colour)) == colour


@given(colours)
def test_our_contrast_is_wcags(colour: str) -> None:
    assert contrast(from_hex(colour), LIGHT_PAPER) == pytest.approx(
        wcag(colour, to_hex(LIGHT_PAPER)), rel=0.02
    )


@given(colours)
def test_a_readable_accent_is_left_alone(colour: str) -> None:
    if all(wcag(colour, to_hex(paper)) > 4.6 for paper in (LIGHT_PAPER, LIGHT_TINT)):
        assert to_hex(accent_of(colour).light) == colour


@given(colours)
def test_hue_is_kept(colour: str) -> None:
    chosen = from_hex(colour)
    if chosen.chroma > 0.02:
        assert accent_of(colour).light.hue == chosen.hue
        assert accent_of(colour).dark.hue == chosen.hue


@given(st.floats(0, 1), st.floats(0, 0.4), st.floats(0, 359))
def test_every_colour_can_be_shown(lightness: float, chroma: float, hue: float) -> None:
    shown = into_gamut(Oklch(lightness, chroma, hue))
    assert shown.lightness == lightness
    assert re.fullmatch("#[0-9a-f]{6}", to_hex(shown))


def test_papers_are_those_of_the_style_sheet() -> None:
    css = (Path(settings.BASE_DIR) / "newsletter/static/masthead/site.css").read_text()
    for name, light, dark in (
        ("--paper", LIGHT_PAPER, DARK_PAPER),
        ("--tint", LIGHT_TINT, DARK_TINT),
    ):
        found = re.search(rf"{name}: light-dark\(oklch\(([^)]*)\), oklch\(([^)]*)\)\)", css)
        assert found is not None
        assert [tuple(map(float, part.split())) for part in found.groups()] == [light, dark]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["--ink", "--muted", "--good", "--warn", "--bad"])
def test_every_other_ink_is_readable_too(name: str, scheme: int) -> None:
    css = (Path(settings.BASE_DIR) / "newsletter/static/masthead/site.css").read_text()
    found = re.search(rf"{name}: light-dark\(oklch\(([^)]*)\), oklch\(([^)]*)\)\)", css)
    assert found is not None
    ink = Oklch(*map(float, found.groups()[scheme].split()))
    for paper in ((LIGHT_PAPER, LIGHT_TINT), (DARK_PAPER, DARK_TINT))[scheme]:
        assert wcag(to_hex(ink), to_hex(paper)) >= 4.5


def test_version_follows_the_look_and_nothing_else() -> None:
    publication = Publication(name="One")
    before = theme_version(publication)
    publication.name = "Another"
    assert theme_version(publication) == before
    publication.accent = "#00ff00"
    assert theme_version(publication) != before


@pytest.mark.parametrize("pairing", FontPairing.values)
def test_every_pairing_has_faces(pairing: str) -> None:
    assert FACES[pairing].text in theme_css(Publication(font_pairing=pairing))
