"""Leaving a newsletter, and taking that back."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.subscribers.enums import ConsentEventKind, ConsentSource, SubscriptionState
from newsletter.subscribers.models import ConsentEvent, Subscription


def unsubscribe(
    *,
    subscription: Subscription,
    reason: str = "",
    source: ConsentSource = ConsentSource.LINK,
    ip: str | None = None,
    actor: User | None = None,
) -> datetime | None:
    """Leave one newsletter. Returns the moment, or None where they had left before.

    `actor` is the author who does it for them; without one it is the reader's own act.
    """
    if actor and not actor.has_perm("newsletter.change_subscription"):
        raise PermissionDenied
    now = timezone.now()
    with transaction.atomic():
        moved = (
            Subscription.objects.filter(pk=subscription.pk)
            .exclude(state=SubscriptionState.UNSUBSCRIBED)
            .update(
                state=SubscriptionState.UNSUBSCRIBED,
                unsubscribed_at=now,
                unsubscribe_reason=reason[:300],
            )
        )
        if moved:
            _record_leaving([subscription], now, reason, source, ip, actor)
        elif reason:
            # The reason may come with a second press of the button.
            Subscription.objects.filter(pk=subscription.pk, unsubscribe_reason="").update(
                unsubscribe_reason=reason[:300]
            )
    return now if moved else None


def unsubscribe_from_all(
    *,
    user: User,
    reason: str = "",
    source: ConsentSource = ConsentSource.LINK,
    ip: str | None = None,
) -> int:
    """Leave every newsletter of the site. Returns how many were left by this."""
    now = timezone.now()
    with transaction.atomic():
        open_rows = (
            Subscription.objects.select_for_update()
            .filter(user=user)
            .exclude(state=SubscriptionState.UNSUBSCRIBED)
        )
        left = list(open_rows)
        Subscription.objects.filter(pk__in=[row.pk for row in left]).update(
            state=SubscriptionState.UNSUBSCRIBED,
            unsubscribed_at=now,
            unsubscribe_reason=reason[:300],
        )
        _record_leaving(left, now, reason, source, ip, None)
    return len(left)


def take_back_unsubscribe(
    *, subscription: Subscription, unsubscribed_at: datetime, ip: str | None = None
) -> bool:
    """Undo exactly the unsubscribe of that moment; False where anything happened since.

    Only the browser that unsubscribed knows the moment, so whoever holds a forwarded mail can at
    most undo what they have just done themselves (M19).
    """
    with transaction.atomic():
        moved = Subscription.objects.filter(
            pk=subscription.pk,
            state=SubscriptionState.UNSUBSCRIBED,
            unsubscribed_at=unsubscribed_at,
            consent_at__isnull=False,
        ).update(state=SubscriptionState.ACTIVE, unsubscribed_at=None, unsubscribe_reason="")
        if moved:
            ConsentEvent.objects.create(
                user_id=subscription.user_id,
                newsletter_id=subscription.newsletter_id,
                what=ConsentEventKind.RETURNED,
                source=ConsentSource.LINK,
                ip=ip,
            )
    return bool(moved)


def _record_leaving(
    left: list[Subscription],
    at: datetime,
    reason: str,
    source: ConsentSource,
    ip: str | None,
    actor: User | None,
) -> None:
    ConsentEvent.objects.bulk_create(
        ConsentEvent(
            user_id=row.user_id,
            newsletter_id=row.newsletter_id,
            what=ConsentEventKind.LEFT,
            source=ConsentSource.ADMIN if actor else source,
            detail=reason[:500],
            ip=ip,
            actor=actor,
            at=at,
        )
        for row in left
    )
