"""The author's colour and typefaces as a small style sheet.

The author picks any accent. On each of the two papers it is moved along its own lightness, hue
kept, until text in it has the contrast that WCAG 2.2 AA asks of body text. All arithmetic is
here, in OKLCH (Björn Ottosson, https://bottosson.github.io/posts/oklab/), so that it can be
tested; the browser only displays the result.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from newsletter.publication.enums import FontPairing
from newsletter.publication.models import Publication

# WCAG 2.2 AA asks 4.5; the rest is for the rounding of displays.
ENOUGH_CONTRAST = 4.55


class Oklch(NamedTuple):
    """Lightness 0-1, chroma 0-0.4, hue in degrees."""

    lightness: float
    chroma: float
    hue: float

    def css(self) -> str:
        """The colour as CSS writes it."""
        return f"oklch({self.lightness:.4f} {self.chroma:.4f} {self.hue:.1f})"


# The papers and the tints laid over them, as in site.css (a test compares the two).
LIGHT_PAPER = Oklch(0.985, 0.006, 85)
LIGHT_TINT = Oklch(0.957, 0.009, 85)
DARK_PAPER = Oklch(0.185, 0.007, 70)
DARK_TINT = Oklch(0.228, 0.009, 70)

Rgb = tuple[float, float, float]


def from_hex(colour: str) -> Oklch:
    """Read `#rrggbb`."""
    red, green, blue = (_to_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    return Oklch(lightness, math.hypot(a, b), math.degrees(math.atan2(b, a)) % 360)


def to_hex(colour: Oklch) -> str:
    """Write `#rrggbb`, for places that know no OKLCH (mails, theme-color, pictures)."""
    red, green, blue = (round(_from_linear(part) * 255) for part in _linear(into_gamut(colour)))
    return f"#{red:02x}{green:02x}{blue:02x}"


def into_gamut(colour: Oklch) -> Oklch:
    """The same lightness and hue with as much of the chroma as a screen can show."""
    low, high = 0.0, colour.chroma
    if _fits(colour):
        return colour
    for _ in range(24):
        middle = (low + high) / 2
        low, high = (middle, high) if _fits(colour._replace(chroma=middle)) else (low, middle)
    return colour._replace(chroma=low)


def contrast(one: Oklch, other: Oklch) -> float:
    """WCAG's contrast ratio of two colours as a screen shows them: 1 to 21."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: Oklch) -> float:
    """WCAG's relative luminance: 0 to 1."""
    red, green, blue = _linear(into_gamut(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def readable_on(colour: Oklch, papers: tuple[Oklch, ...]) -> Oklch:
    """`colour`, or the nearest lightness of it that is readable on every one of `papers`.

    Moves away from the papers: darker on light ones, lighter on dark ones.
    """
    colour = into_gamut(colour)
    if all(contrast(colour, paper) >= ENOUGH_CONTRAST for paper in papers):
        return colour
    near = colour.lightness
    far = 0.0 if papers[0].lightness > 0.5 else 1.0
    for _ in range(24):
        middle = (near + far) / 2
        tried = colour._replace(lightness=middle)
        if all(contrast(tried, paper) >= ENOUGH_CONTRAST for paper in papers):
            far = middle
        else:
            near = middle
    return into_gamut(colour._replace(lightness=far))


@dataclass(frozen=True, slots=True)
class Accent:
    """One accent as it is used on the light and on the dark paper."""

    light: Oklch
    dark: Oklch


@lru_cache(maxsize=64)
def accent_of(colour: str) -> Accent:
    """The readable pair for the author's `#rrggbb`. Each page asks, and the search is long."""
    chosen = from_hex(colour)
    return Accent(
        light=readable_on(chosen, (LIGHT_PAPER, LIGHT_TINT)),
        dark=readable_on(chosen, (DARK_PAPER, DARK_TINT)),
    )


_OLD_STYLE = '"Iowan Old Style","Palatino Linotype",Palatino,"URW Palladio L",P052,serif'
_TRANSITIONAL = 'Charter,"Bitstream Charter","Sitka Text",Cambria,"Noto Serif",serif'
_HUMANIST = 'Seravek,"Gill Sans Nova",Ubuntu,Calibri,"DejaVu Sans","source-sans-pro",sans-serif'
_NEUTRAL = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif'


class Faces(NamedTuple):
    """Stacks for reading text, for titles and for the small print around them."""

    text: str
    title: str
    label: str


FACES: dict[str, Faces] = {
    FontPairing.OLD_STYLE: Faces(_OLD_STYLE, _OLD_STYLE, _HUMANIST),
    FontPairing.TRANSITIONAL: Faces(_TRANSITIONAL, _TRANSITIONAL, _NEUTRAL),
    FontPairing.HUMANIST: Faces(_HUMANIST, _HUMANIST, _HUMANIST),
    FontPairing.NEUTRAL: Faces(_NEUTRAL, _NEUTRAL, _NEUTRAL),
}


def theme_css(publication: Publication) -> str:
    """The custom properties that the author's choices set."""
    accent = accent_of(publication.accent)
    faces = FACES.get(publication.font_pairing, FACES[FontPairing.OLD_STYLE])
    return (
        ":root{"
        f"--accent-on-light:{accent.light.css()};"
        f"--accent-on-dark:{accent.dark.css()};"
        f"--face-text:{faces.text};"
        f"--face-title:{faces.title};"
        f"--face-label:{faces.label}"
        "}\n"
    )


def theme_version(publication: Publication) -> str:
    """A short name of the current look; it changes whenever `theme_css` would."""
    return hashlib.sha256(theme_css(publication).encode()).hexdigest()[:10]


@dataclass(frozen=True, slots=True)
class Look:
    """What the page's head needs to know of the theme."""

    version: str
    paper_light: str
    paper_dark: str
    accent_light: str
    accent_dark: str


def look_of(publication: Publication) -> Look:
    """The theme's version and its colours in hex."""
    accent = accent_of(publication.accent)
    return Look(
        version=theme_version(publication),
        paper_light=to_hex(LIGHT_PAPER),
        paper_dark=to_hex(DARK_PAPER),
        accent_light=to_hex(accent.light),
        accent_dark=to_hex(accent.dark),
    )


def _to_linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _from_linear(part: float) -> float:
    part = min(max(part, 0.0), 1.0)
    return part * 12.92 if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055


def _linear(colour: Oklch) -> Rgb:
    a = colour.chroma * math.cos(math.radians(colour.hue))
    b = colour.chroma * math.sin(math.radians(colour.hue))
    long = (colour.lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (colour.lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (colour.lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _fits(colour: Oklch) -> bool:
    return all(-0.0001 <= part <= 1.0001 for part in _linear(colour))
