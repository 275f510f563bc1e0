"""The engine's settings, read when used, so that tests and a running site can change them."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

# A worker killed in the middle leaves at most this many mails whose fate nobody knows.
CHUNK_SIZE = 10
# A mailing found idle or late by more than this is not sent by itself (M7).
OVERDUE_AFTER = timedelta(hours=24)
# One address that the server defers (greylisting, full mailbox) or breaks off at.
MAX_ATTEMPTS = 5
DEFER_SECONDS = 300
# So many messages refused in a row, by their content and none accepted, are the sender's fault.
REFUSALS_IN_A_ROW = 20
# So many hand-overs in a row that broke off, before the message or after it, are the server's.
BREAKS_IN_A_ROW = 3
# Waits before a sender that does not work is tried again; doubled with each fault.
FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=1)


def batch_size() -> int:
    """Deliveries in a batch: the work of one claim."""
    return int(settings.MAILINGS_BATCH_SIZE)


def parallel_batches() -> int:
    """Batches under way at once in all workers; leave one worker process free for other work."""
    return int(settings.MAILINGS_PARALLEL_BATCHES)


def lease() -> timedelta:
    """How long a claim holds without a sign of life. Renewed with every chunk, and within it."""
    return timedelta(seconds=settings.MAILINGS_LEASE_SECONDS)


def task_seconds() -> float:
    """How long one task sends before it hands on to the next."""
    return float(settings.MAILINGS_TASK_SECONDS)
