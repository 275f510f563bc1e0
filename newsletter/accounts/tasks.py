"""Housekeeping of sign-in."""

from __future__ import annotations

from newsletter.accounts.actions import prune_sessions, prune_sign_in_requests
from newsletter.accounts.ratelimit import prune_rate_windows
from newsletter.lib.background import background_task


@background_task
def prune_sign_in() -> None:
    """Forget old rate windows, dead sign-in mails and ended sessions."""
    prune_rate_windows()
    prune_sign_in_requests()
    prune_sessions()
