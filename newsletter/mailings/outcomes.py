"""What became of one attempt to hand over one mail, and what a server's reply means.

Pure: no socket and no database. The hard question is always the same: may this mail have been
accepted? Only a definite "no" lets it be sent again without asking (edge cases M2, M26).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from newsletter.lib.handing_over import blames_sender, enhanced_status

DEFAULT_DELAY = 60
LONGEST_DELAY = 60 * 60


class Result(StrEnum):
    """What one attempt came to."""

    ACCEPTED = "accepted"
    # This address, for good: the row fails with the server's words.
    REFUSED = "refused"
    # This address, for now (greylisting, full mailbox): tried again later, a few times.
    DEFERRED = "deferred"
    # The server wants less from us: everything waits, and no attempt is burnt (M12).
    THROTTLED = "throttled"
    # The fault is the sender's (credentials, DNS, policy): the circuit opens (M13).
    SENDER_FAULT = "sender_fault"
    # The connection broke while it was certain that nothing had been accepted.
    NOT_SENT = "not_sent"
    # The connection broke when it may have been accepted: never sent again blindly (M26).
    UNKNOWN = "unknown"


class Phase(StrEnum):
    """How far the conversation with the server had come."""

    CONNECT = "connect"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    # From the first byte of the message on.
    BODY = "body"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt. `retry_after` is in seconds."""

    result: Result
    provider_id: str = ""
    error: str = ""
    retry_after: int = 0
    phase: Phase = Phase.BODY


# After these no further mail is tried on the same run: it would meet the same answer.
STOPPING = frozenset({Result.THROTTLED, Result.SENDER_FAULT})

_THROTTLE_WORDS = re.compile(
    r"throttl|rate.?limit|too many|too fast|slow down|(rate|quota|limit) (was |has been )?exceeded"
    r"|exceeded .{0,40}(rate|quota|limit)",
    re.IGNORECASE,
)
_GREYLIST_WORDS = re.compile(r"gr[ea]y.?list", re.IGNORECASE)
_DELAY = re.compile(
    r"(?:retry|wait|again|after|in|for)\D{0,20}?(\d{1,6})\s*(s|m|h)(?:ec(?:ond)?s?|in(?:ute)?s?"
    r"|r|ours?)?\b",
    re.IGNORECASE,
)
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def classify_reply(phase: Phase, code: int, text: str) -> Outcome:
    """Say what a server's reply that is not a success means for the mail at hand."""
    error = f"{code} {text}".strip()[:500]
    if 400 <= code < 500:
        return _classify_temporary(phase, code, text, error)
    if phase in {Phase.CONNECT, Phase.MAIL} or blames_sender(code, text):
        return Outcome(Result.SENDER_FAULT, error=error, phase=phase)
    if 500 <= code < 600:
        return Outcome(Result.REFUSED, error=error, phase=phase)
    # A code outside SMTP's own: before the message that is a broken server, after it a riddle.
    result = Result.UNKNOWN if phase is Phase.BODY else Result.SENDER_FAULT
    return Outcome(result, error=error, phase=phase)


def _classify_temporary(phase: Phase, code: int, text: str, error: str) -> Outcome:
    status = enhanced_status(text)
    # 454: sign-in is out of order for now. Nothing but a person or time mends that.
    if phase is Phase.CONNECT and code != 421:
        return Outcome(Result.SENDER_FAULT, error=error, phase=phase)
    greylisted = bool(_GREYLIST_WORDS.search(text)) and phase in {Phase.RCPT, Phase.BODY}
    throttled = (
        code in {421, 429}
        or phase in {Phase.CONNECT, Phase.MAIL, Phase.DATA}
        or status.startswith(("4.7.", "4.3."))
        or status == "4.5.3"
        or bool(_THROTTLE_WORDS.search(text))
    )
    # 4.1.x and 4.2.x speak of the address: its mailbox is over quota, not we over our rate.
    one_address = phase is Phase.RCPT and code != 421 and status.startswith(("4.1.", "4.2."))
    if throttled and not greylisted and not one_address:
        return Outcome(Result.THROTTLED, error=error, retry_after=delay_in(text), phase=phase)
    return Outcome(Result.DEFERRED, error=error, retry_after=delay_in(text), phase=phase)


def classify_break(phase: Phase, error: BaseException) -> Outcome:
    """Say what a broken or silent connection means for the mail at hand."""
    words = f"{type(error).__name__}: {error}"[:500]
    match phase:
        case Phase.CONNECT:
            return Outcome(Result.SENDER_FAULT, error=words, phase=phase)
        case Phase.BODY:
            return Outcome(Result.UNKNOWN, error=words, phase=phase)
        # Up to the server's 354 not one byte of the message has left.
        case _:
            return Outcome(Result.NOT_SENT, error=words, phase=phase)


def delay_in(text: str) -> int:
    """Seconds that a server asks for in its reply ("try again in 5 minutes"), within bounds."""
    found = _DELAY.search(text)
    if not found:
        return DEFAULT_DELAY
    return max(1, min(int(found[1]) * _SECONDS[found[2].lower()], LONGEST_DELAY))
