"""The look of a mail: legible whatever the author picks, in either direction of writing."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.lib import mail_look
from newsletter.lib.mail_look import contrast

COLOURS = st.integers(0, 0xFFFFFF).map(lambda n: f"#{n:06x}")


@given(COLOURS)
def test_any_accent_is_legible_on_both_papers_and_carries_legible_text(colour: str) -> None:
    look = mail_look.mail_look(SimpleNamespace(accent=colour))
    assert contrast(look.accent, mail_look.PAPER) >= 4.5
    assert contrast(look.dark_accent, mail_look.DARK_PAPER) >= 4.5
    assert contrast(look.dark_accent, mail_look.DARK_PANEL) >= 4.5
    assert contrast(look.accent_ink, look.accent) >= 4.5
    assert contrast(look.dark_accent_ink, look.dark_accent) >= 4.5


@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        (mail_look.INK, mail_look.PAPER),
        (mail_look.MUTED, mail_look.PAPER),
        (mail_look.MUTED, mail_look.PANEL),
        (mail_look.DARK_INK, mail_look.DARK_PAPER),
        (mail_look.DARK_MUTED, mail_look.DARK_PAPER),
        (mail_look.DARK_MUTED, mail_look.DARK_PANEL),
    ],
)
def test_small_print_is_legible_too(ink: str, paper: str) -> None:
    assert contrast(ink, paper) >= 4.5


def test_the_language_says_from_which_side_one_reads() -> None:
    right = mail_look.mail_look(SimpleNamespace(language="ar"))
    left = mail_look.mail_look(SimpleNamespace(language="de-AT"))
    assert (right.direction, right.start, right.end) == ("rtl", "right", "left")
    assert (left.direction, left.start, left.end) == ("ltr", "left", "right")


def test_an_unknown_language_reads_from_the_left() -> None:
    assert mail_look.mail_look(SimpleNamespace(language="xx-test")).direction == "ltr"


class GoneLogo:
    """A logo whose file was deleted by hand."""

    url = "/media/brand/gone.png"

    @property
    def width(self) -> int:
        raise FileNotFoundError


def test_a_logo_is_scaled_into_its_place_and_one_that_is_gone_is_left_out() -> None:
    logo = SimpleNamespace(url="/media/brand/logo.png", width=1200, height=600)
    look = mail_look.mail_look(SimpleNamespace(logo=logo))
    assert look.logo_width == 128
    assert look.logo_url.startswith("http")
    assert look.logo_url.endswith("/media/brand/logo.png")
    assert mail_look.mail_look(SimpleNamespace(logo=GoneLogo())).logo_url == ""


@pytest.mark.parametrize(
    ("name", "address", "signed"),
    [
        ("Good Terms", "9 Ropewalk, Ghent", "Good Terms\n9 Ropewalk, Ghent"),
        ("Good Terms", "Good Terms, 9 Ropewalk", "Good Terms, 9 Ropewalk"),
        ("Good Terms", "GOOD TERMS\n9 Ropewalk", "GOOD TERMS\n9 Ropewalk"),
        ("Good Terms", " Good  Terms · 9 Ropewalk ", "Good  Terms · 9 Ropewalk"),
        ("Good", "Goodman Street 9, Ghent", "Good\nGoodman Street 9, Ghent"),
        ("Good Terms", "Good Terms", "Good Terms"),
        ("Good Terms", "", "Good Terms"),
    ],
)
def test_the_name_is_not_signed_twice(name: str, address: str, signed: str) -> None:
    publication = SimpleNamespace(name=name, postal_address=address)
    assert mail_look.mail_look(publication).signature == signed
