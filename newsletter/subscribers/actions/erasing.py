"""Export and erasure of what is held on one person as a subscriber."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.lib.plain_rows import PlainRow, plain_rows
from newsletter.subscribers.actions.suppressing import suppress
from newsletter.subscribers.enums import SubscriptionState, SuppressionReason
from newsletter.subscribers.hashing import address_hashes
from newsletter.subscribers.models import (
    ConsentEvent,
    ImportLine,
    Subscription,
    SubscriptionRequest,
    Suppression,
)
from newsletter.subscribers.queries import consent_record_of, suppressions_of


@transaction.atomic
def erase_subscriber(*, user: User) -> None:
    """End every subscription, and let no later import or mailing reach the address.

    The keyed hash of the address stays barred until its owner confirms anew. Subscriptions stay as
    counts: when they came, where from, when they left. The caller (account erasure) has the
    permission. Safe to repeat.
    """
    if not user.is_erased:
        _bar(user.email)
        SubscriptionRequest.objects.filter(Q(user=user) | Q(address=user.email)).delete()
        ImportLine.objects.filter(address__iexact=user.email).update(address="", message="")
    own = Subscription.objects.filter(user=user)
    own.exclude(state=SubscriptionState.UNSUBSCRIBED).update(
        state=SubscriptionState.UNSUBSCRIBED, unsubscribed_at=timezone.now()
    )
    own.update(
        consent_detail="",
        request_ip=None,
        consent_ip=None,
        imported_by=None,
        unsubscribe_reason="",
    )
    ConsentEvent.objects.filter(user=user).update(user=None, detail="", ip=None)
    Suppression.objects.filter(user=user).update(user=None, detail="")


def _bar(address: str) -> None:
    """Suppress an address for all newsletters, unless it is for a reason that weighs as much."""
    weaker = [SuppressionReason.HARD_BOUNCE]
    barred = Suppression.objects.filter(
        address_hash__in=address_hashes(address), newsletter__isnull=True
    )
    if not barred.exclude(reason__in=weaker).exists():
        suppress(address=address, reason=SuppressionReason.ERASED)


def export_subscriber(user: User) -> dict[str, list[PlainRow]]:
    """What is held of a person's subscriptions and of their consent, as plain data."""
    asked = SubscriptionRequest.objects.filter(Q(user=user) | Q(address=user.email))
    lines = ImportLine.objects.filter(address__iexact=user.email)
    return {
        "subscriptions": plain_rows(
            Subscription.objects.filter(user=user).order_by("pk"),
            newsletter="newsletter__name",
            state="state",
            signed_up_at="created_at",
            confirmed_at="consent_at",
            where="consent_source",
            how="consent_detail",
            asked_from="request_ip",
            confirmed_from="consent_ip",
            from_file="imported_by__original_name",
            left_at="unsubscribed_at",
            why_left="unsubscribe_reason",
        ),
        "consent": plain_rows(
            consent_record_of(user).order_by("pk"),
            at="at",
            what="what",
            newsletter="newsletter__name",
            where="source",
            how="detail",
            network_address="ip",
        ),
        "subscription_requests": plain_rows(
            asked.order_by("pk"),
            address="address",
            name="name",
            newsletters="newsletter_ids",
            where="source",
            how="detail",
            asked_at="created_at",
            asked_from="ip",
            answer="answer",
            answered_at="answered_at",
            confirmed_at="confirmed_at",
            confirmed_from="confirmed_ip",
        ),
        "barred_from_mail": plain_rows(
            suppressions_of(user.email).order_by("pk"),
            newsletter="newsletter__name",
            reason="reason",
            detail="detail",
            since="created_at",
        ),
        "import_lines": plain_rows(
            lines.order_by("pk"),
            file="job__original_name",
            line="number",
            address="address",
            outcome="outcome",
            why="message",
            imported_at="job__created_at",
        ),
    }
