"""System checks on what the database holds; run by `migrate` and `check --database default`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError

from newsletter.subscribers.hashing import key_ids
from newsletter.subscribers.models import Suppression


@register(Tags.database)
def check_suppression_keys(
    app_configs: Any, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Every suppression must have been made with a key that we still have."""
    if not databases or "default" not in databases:
        return []
    try:
        lost = Suppression.objects.exclude(key_id__in=key_ids()).count()
    except DatabaseError:
        # Before the first migration there is no table.
        return []
    if not lost:
        return []
    return [
        Error(
            f"{lost} suppressed addresses were hashed with a SECRET_KEY that is not known any"
            " more: they would be mailed again.",
            hint="Put the former SECRET_KEY into SECRET_KEY_FALLBACKS and leave it there.",
            id="masthead.E020",
        )
    ]
