"""What a server's words mean for a mail: one table, for a wrong line here burns subscribers."""

from __future__ import annotations

import pytest

from newsletter.mailings.outcomes import (
    DEFAULT_DELAY,
    LONGEST_DELAY,
    Phase,
    Result,
    classify_break,
    classify_reply,
    delay_in,
)

C, M, R, D, B = Phase.CONNECT, Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.BODY

REPLIES = [
    # One address, for good.
    (R, 550, "5.1.1 The email account that you tried to reach does not exist", Result.REFUSED),
    (R, 551, "User not local", Result.REFUSED),
    (R, 553, "5.1.3 bad recipient address syntax", Result.REFUSED),
    (R, 554, "5.7.1 Mail from a list is not wanted by this user", Result.REFUSED),
    (R, 552, "5.2.2 Mailbox full", Result.REFUSED),
    (B, 550, "5.7.1 Message content rejected", Result.REFUSED),
    (B, 552, "5.3.4 Message too big", Result.REFUSED),
    (D, 554, "No valid recipients", Result.REFUSED),
    # The sender's own fault, wherever it is said (M13).
    (B, 550, "5.7.515 Access denied, domain doesn't meet requirements", Result.SENDER_FAULT),
    (R, 550, "5.7.515 Access denied", Result.SENDER_FAULT),
    (B, 550, "5.7.26 This mail has been blocked because the sender is unauthenticated",
     Result.SENDER_FAULT),
    (B, 550, "5.7.509 Access denied, did not pass DMARC verification", Result.SENDER_FAULT),
    (M, 550, "5.1.8 Sender address rejected: Domain not found", Result.SENDER_FAULT),
    (M, 553, "Sender not allowed", Result.SENDER_FAULT),
    (M, 530, "5.7.0 Authentication required", Result.SENDER_FAULT),
    (R, 554, "5.7.1 <a@b.example>: Relay access denied", Result.SENDER_FAULT),
    (R, 550, "relaying denied", Result.SENDER_FAULT),
    (R, 530, "Must issue a STARTTLS command first", Result.SENDER_FAULT),
    (C, 535, "5.7.8 Username and Password not accepted", Result.SENDER_FAULT),
    (C, 454, "4.7.0 Temporary authentication failure", Result.SENDER_FAULT),
    (C, 554, "Your host is on a block list", Result.SENDER_FAULT),
    # Not so fast (M12).
    (C, 421, "4.7.0 Too many connections from your IP", Result.THROTTLED),
    (M, 421, "Service not available", Result.THROTTLED),
    (M, 452, "4.3.1 Insufficient system storage", Result.THROTTLED),
    (R, 450, "4.7.1 Rate limit exceeded, try again in 30 seconds", Result.THROTTLED),
    (R, 451, "Throttling failure: Maximum sending rate exceeded.", Result.THROTTLED),
    (B, 454, "Throttling failure: Daily message quota exceeded", Result.THROTTLED),
    (B, 421, "4.7.28 Our system has detected an unusual rate of mail", Result.THROTTLED),
    (R, 429, "slow down", Result.THROTTLED),
    (R, 452, "4.5.3 Too many recipients", Result.THROTTLED),
    (R, 451, "4.3.2 System not accepting network messages", Result.THROTTLED),
    # This address, later.
    (R, 450, "4.7.1 Greylisted, see you in 5 minutes", Result.DEFERRED),
    (R, 451, "4.7.1 Greylisting in action, please come back later", Result.DEFERRED),
    (R, 452, "4.2.2 The recipient's mailbox is over its storage space", Result.DEFERRED),
    (R, 450, "4.2.1 mailbox busy", Result.DEFERRED),
    (R, 452, "4.2.2 Mailbox full: quota exceeded", Result.DEFERRED),
    (R, 450, "4.2.1 This user receives too many mails just now", Result.DEFERRED),
    (R, 450, "4.1.1 Too many failed look-ups of this address", Result.DEFERRED),
    (B, 451, "4.6.0 Temporary message format trouble", Result.DEFERRED),
    # A reply that SMTP does not know: after the message it may have been taken.
    (B, -1, "garbage", Result.UNKNOWN),
    (B, 299, "what?", Result.UNKNOWN),
    (R, 299, "what?", Result.SENDER_FAULT),
]  # fmt: skip


@pytest.mark.parametrize(("phase", "code", "text", "result"), REPLIES)
def test_reply(phase: Phase, code: int, text: str, result: Result) -> None:
    outcome = classify_reply(phase, code, text)
    assert outcome.result is result
    assert text in outcome.error


@pytest.mark.parametrize(
    ("phase", "result"),
    [
        (C, Result.SENDER_FAULT),
        (M, Result.NOT_SENT),
        (R, Result.NOT_SENT),
        (D, Result.NOT_SENT),
        (B, Result.UNKNOWN),
    ],
)
@pytest.mark.parametrize("error", [TimeoutError("timed out"), ConnectionResetError("gone")])
def test_m26_a_break_is_unknown_from_the_first_byte_of_the_message_on(
    phase: Phase, result: Result, error: OSError
) -> None:
    outcome = classify_break(phase, error)
    assert outcome.result is result
    assert str(error) in outcome.error


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("4.7.1 try again in 30 seconds", 30),
        ("please retry after 5 minutes", 300),
        ("wait 2m", 120),
        ("Try again in 1 hour", 3600),
        ("come back in 3 hours", LONGEST_DELAY),
        ("Retry-After: 7 s", 7),
        ("try again in 0 seconds", 1),
        ("try again later", DEFAULT_DELAY),
        ("", DEFAULT_DELAY),
    ],
)
def test_m12_the_servers_own_delay_is_kept(text: str, seconds: int) -> None:
    assert delay_in(text) == seconds
    assert classify_reply(R, 421, text).retry_after == seconds
