"""Is this a person? A field that people do not see, and a form that takes them a moment.

A program is answered like a person (so it learns nothing); a person who was quicker than we
believed is asked to press the button once more.
"""

from __future__ import annotations

from datetime import timedelta
from enum import Enum

from newsletter.lib.signing import BadToken, make_dated_token, read_dated_token

PURPOSE = "form-opened"
# The clock has whole seconds: forms sent within one to two seconds are held.
SHORTEST = timedelta(seconds=2)
# A page may lie open for long, or come from a cache (C9). A month-old token was harvested.
LONGEST = timedelta(days=30)


class Verdict(Enum):
    """What the form's hidden fields say."""

    PERSON = "person"
    HOLD = "hold"
    BOT = "bot"


def opened_now() -> str:
    """Token for the hidden field `opened`."""
    return make_dated_token(PURPOSE, "form")


def is_opened(token: str) -> bool:
    """Whether the token is ours and not too old."""
    try:
        read_dated_token(PURPOSE, token, LONGEST)
    except BadToken:
        return False
    return True


def judge(*, opened: str, trap: str) -> Verdict:
    """Judge by the token of when the form was opened and by what stands in the hidden field."""
    if trap.strip():
        return Verdict.BOT
    if not is_opened(opened):
        return Verdict.HOLD
    try:
        read_dated_token(PURPOSE, opened, SHORTEST)
    except BadToken:
        return Verdict.PERSON
    return Verdict.HOLD
