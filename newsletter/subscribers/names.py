"""Names that people type: kept as they are, minus what could harm a header or a page (M22)."""

from __future__ import annotations

import unicodedata

MAX_LENGTH = 120
# They reorder the text around them: a name must not turn "<anna@example.com>" around.
BIDI_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean_name(name: str) -> str:
    """One line, NFC, without control characters, of at most 120 characters.

    Quotes, commas, emoji and right-to-left letters stay; line ends become spaces.
    """
    if name.isprintable() and unicodedata.is_normalized("NFC", name):
        # Nearly all names; an import reads hundreds of thousands.
        return " ".join(name.split())[:MAX_LENGTH].strip()
    kept = "".join(
        " " if unicodedata.category(character) in {"Cc", "Zl", "Zp"} else character
        for character in unicodedata.normalize("NFC", name)
        if character not in BIDI_OVERRIDES
    )
    return " ".join(kept.split())[:MAX_LENGTH].strip()
