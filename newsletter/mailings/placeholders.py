"""What differs from one recipient to the next inside a frozen mail, and how it is written there.

A frozen variant holds these tokens in its HTML and its text; `mime.MessageTemplate` puts the
values in. They are found once, when the variant is cut up, so a value that looks like a token (a
reader who calls themselves "@@UNSUBSCRIBE_URL@@") is never taken for one.
"""

from __future__ import annotations

import re

UNSUBSCRIBE_URL = "@@UNSUBSCRIBE_URL@@"
MANAGE_URL = "@@MANAGE_URL@@"
FIRST_NAME = "@@FIRST_NAME@@"
# Opens the pictures and files of this mail that not everyone may see.
FILE_READER = "@@FILE_READER@@"

PLACEHOLDERS = frozenset({UNSUBSCRIBE_URL, MANAGE_URL, FIRST_NAME, FILE_READER})
# Anything of that shape, known or not: an unknown one must not reach a reader.
PLACEHOLDER_SHAPE = re.compile(r"@@[A-Z][A-Z0-9_]*@@")


def split_at_placeholders(content: str) -> list[str]:
    """Cut `content` at the known placeholders: text, token, text, token, …, text."""
    return re.split("(" + "|".join(sorted(map(re.escape, PLACEHOLDERS))) + ")", content)


def unknown_placeholders(content: str) -> set[str]:
    """Tokens in `content` that nothing will replace."""
    return set(PLACEHOLDER_SHAPE.findall(content)) - PLACEHOLDERS
