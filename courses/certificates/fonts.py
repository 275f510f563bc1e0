"""The typeface of certificates: DejaVu Serif, which lies beside this file and goes into each PDF.

It has the Latin, Greek, Cyrillic, Armenian and Georgian letters. What it has no letter for, and
scripts that are written from the right or join their letters, are not drawn as boxes or in the
wrong order: for them there is no PDF, and the page itself is printed, with the reader's own fonts.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

PLAIN, BOLD = "MastheadSerif", "MastheadSerif-Bold"
_FOLDER = Path(__file__).resolve().parent / "fonts"
_FROM_THE_RIGHT = frozenset({"R", "AL", "AN"})


@cache
def load_fonts() -> None:
    """Make both known to reportlab, once in each process."""
    pdfmetrics.registerFont(TTFont(PLAIN, str(_FOLDER / "DejaVuSerif.ttf")))
    pdfmetrics.registerFont(TTFont(BOLD, str(_FOLDER / "DejaVuSerif-Bold.ttf")))


def tidy(text: str) -> str:
    """One line, with accents in one character with their letters where there is such a one."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def can_draw(text: str) -> bool:
    """Whether every letter has a picture here and stands where it is written."""
    load_fonts()
    known = [pdfmetrics.getFont(name).face.charToGlyph for name in (PLAIN, BOLD)]
    return all(
        all(ord(each) in glyphs for glyphs in known)
        and unicodedata.bidirectional(each) not in _FROM_THE_RIGHT
        for each in tidy(text)
    )
