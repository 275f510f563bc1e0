"""The consent record: append-only, one line per person, newsletter and act."""

from __future__ import annotations

from newsletter.accounts.models import User
from newsletter.subscribers.enums import ConsentEventKind
from newsletter.subscribers.models import ConsentEvent, Newsletter, SubscriptionRequest


def record_consent(
    what: ConsentEventKind,
    user: User,
    newsletters: list[Newsletter],
    request: SubscriptionRequest,
    ip: str | None,
    actor: User | None = None,
) -> None:
    """Write one line of the consent record per newsletter, as the request says it was asked."""
    ConsentEvent.objects.bulk_create(
        ConsentEvent(
            user=user,
            newsletter=newsletter,
            what=what,
            source=request.source,
            detail=request.detail,
            ip=ip,
            actor=actor,
        )
        for newsletter in newsletters
    )
