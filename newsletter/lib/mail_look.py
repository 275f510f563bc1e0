"""The look of a mail: colours that are legible on both papers, and typefaces that are installed.

Mail programs know neither custom properties nor OKLCH, so everything is plain hex here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.utils.translation import get_language_info

PAPER, INK, MUTED, LINE, PANEL = "#fdfcfa", "#221f1b", "#6a6259", "#ded8cd", "#f5f2ec"
DARK_PAPER, DARK_INK, DARK_MUTED, DARK_LINE, DARK_PANEL = (
    "#191714",
    "#e9e4dc",
    "#a79f94",
    "#3b362f",
    "#24211d",
)
_READABLE = 4.5
_LOGO_WIDTH, _LOGO_HEIGHT = 240, 64

# Per pairing: the stack, and the one face Outlook is told (it falls back to Times for a stack
# whose first name it does not know).
_FONTS = {
    "old-style": (
        "'Iowan Old Style','Palatino Linotype',Palatino,'URW Palladio L',P052,Georgia,serif",
        "'Palatino Linotype',Georgia,serif",
    ),
    "transitional": (
        "Charter,'Bitstream Charter','Sitka Text',Cambria,Georgia,serif",
        "Cambria,Georgia,serif",
    ),
    "humanist": (
        "Seravek,'Gill Sans Nova',Ubuntu,Calibri,'DejaVu Sans',source-sans-pro,sans-serif",
        "Calibri,sans-serif",
    ),
    "neutral": (
        "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif",
        "'Segoe UI',Arial,sans-serif",
    ),
}


@dataclass(frozen=True)
class MailLook:
    """Everything about a publication that the mail layout needs, in a mail program's terms."""

    accent: str
    accent_ink: str
    dark_accent: str
    dark_accent_ink: str
    font: str
    mso_font: str
    language: str
    direction: str
    start: str
    end: str
    logo_url: str
    logo_width: int
    # Name and postal address, which often begins with the name itself.
    signature: str
    paper: str = PAPER
    ink: str = INK
    muted: str = MUTED
    line: str = LINE
    panel: str = PANEL
    dark_paper: str = DARK_PAPER
    dark_ink: str = DARK_INK
    dark_muted: str = DARK_MUTED
    dark_line: str = DARK_LINE
    dark_panel: str = DARK_PANEL


def mail_look(publication: Any) -> MailLook:
    """Work out the look of `publication` (a Publication, or anything with its fields)."""
    language = getattr(publication, "language", "") or settings.LANGUAGE_CODE
    is_rtl = _is_right_to_left(language)
    accent = legible(getattr(publication, "accent", "") or INK, PAPER)
    dark_accent = legible(accent, DARK_PANEL)
    font, mso_font = _FONTS.get(getattr(publication, "font_pairing", ""), _FONTS["old-style"])
    logo_url, logo_width = _logo(getattr(publication, "logo", None))
    return MailLook(
        accent=accent,
        accent_ink=_ink_on(accent),
        dark_accent=dark_accent,
        dark_accent_ink=_ink_on(dark_accent),
        font=font,
        mso_font=mso_font,
        language=language,
        direction="rtl" if is_rtl else "ltr",
        start="right" if is_rtl else "left",
        end="left" if is_rtl else "right",
        logo_url=logo_url,
        logo_width=logo_width,
        signature=_signature(publication),
    )


def absolute(url: str) -> str:
    """`url` as it must stand in a mail: with scheme and host."""
    return urljoin(f"{settings.SITE_URL}/", url)


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast of two hex colours, 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def legible(colour: str, paper: str) -> str:
    """`colour`, mixed with ink as little as possible until it has 4.5:1 on `paper`."""
    towards = 0 if _luminance(paper) > 0.18 else 255
    red, green, blue = _rgb(colour)
    for step in range(21):
        share = step / 20
        mixed = "#" + "".join(
            f"{round(part + (towards - part) * share):02x}" for part in (red, green, blue)
        )
        if contrast(mixed, paper) >= _READABLE:
            return mixed
    return mixed


def _ink_on(colour: str) -> str:
    """Whichever of light and dark text reads better on `colour`."""
    return max((PAPER, DARK_PAPER), key=lambda ink: contrast(ink, colour))


def _rgb(colour: str) -> tuple[int, int, int]:
    digits = colour.lstrip("#")
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def _luminance(colour: str) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in _rgb(colour))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _is_right_to_left(language: str) -> bool:
    try:
        return bool(get_language_info(language)["bidi"])
    except KeyError:
        return False


def _signature(publication: Any) -> str:
    name = " ".join(getattr(publication, "name", "").split())
    address = getattr(publication, "postal_address", "").strip()
    # As whole words: Good is not the beginning of Goodman Street.
    words = r"\s+".join(map(re.escape, name.split()))
    has_name = name and re.match(rf"{words}(?!\w)", address, re.IGNORECASE)
    return address if has_name else f"{name}\n{address}".strip()


def _logo(logo: Any) -> tuple[str, int]:
    """Absolute address and width in pixels; empty where there is none or its file is gone."""
    if not logo:
        return "", 0
    try:
        width, height = int(logo.width), int(logo.height)
    except (OSError, TypeError, ValueError):
        return "", 0
    if not width or not height:
        return "", 0
    scale = min(1.0, _LOGO_WIDTH / width, _LOGO_HEIGHT / height)
    return absolute(logo.url), max(1, round(width * scale))
