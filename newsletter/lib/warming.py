"""What a process would otherwise do while its first visitors wait."""

from __future__ import annotations

from celery import current_app
from django.urls import get_resolver


def warm_up() -> None:
    """Import every view, and bind every task. Touches neither the database nor the broker.

    Left to the first request, this takes about a quarter of a second, and every request that
    comes meanwhile waits in line behind it: Stripe's events, for one, after each release.
    """
    # Asking for it reads the patterns of all included modules, too.
    _ = get_resolver().reverse_dict
    current_app.finalize(auto=True)
