"""Export and erasure of what was open to one person."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q, Value
from django.db.models.functions import Replace
from django.utils import timezone
from django.utils.translation import gettext as _

from newsletter.accounts.models import User
from newsletter.lib.plain_rows import PlainRow, plain_rows
from newsletter.memberships.models import AuditEntry, Grant


@transaction.atomic
def erase_access_of(*, user: User, kept: Iterable[str]) -> None:
    """Close everything that is open to a person; the record of it stays without words about them.

    `kept`: kinds of entries whose details are the books' own and say nothing of the person. The
    caller (account erasure) has the permission. Safe to repeat.
    """
    now = timezone.now()
    own = Grant.objects.filter(user=user)
    # By somebody, or a later look at Stripe would open a bought product again.
    lasting = own.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=now), revoked_at__isnull=True)
    lasting.update(revoked_at=now, revoked_by=user)
    own.update(reason="")
    AuditEntry.objects.filter(user=user).exclude(what__in=list(kept)).update(detail="")
    if not user.is_erased:
        # The records of those who gave them a gift or a seat name the address: alone, or at the
        # end. Whole, for it may also be the end of somebody else's.
        nobody, end = _("a deleted reader"), f" {user.email}"
        AuditEntry.objects.filter(detail=user.email).update(detail=nobody)
        AuditEntry.objects.filter(detail__endswith=end).update(
            detail=Replace("detail", Value(end), Value(f" {nobody}"))
        )


def export_access_of(user: User) -> dict[str, list[PlainRow]]:
    """What was open to a person and why, and the record of it, as plain data.

    What others did for others is not theirs, though an entry may name their address.
    """
    return {
        "access": plain_rows(
            Grant.objects.filter(user=user).order_by("pk"),
            tier="tier__name",
            product="product__name",
            source="source",
            number_of_source="source_id",
            starts_at="starts_at",
            ends_at="ends_at",
            revoked_at="revoked_at",
            reason="reason",
            reminded_at="reminded_at",
            given_at="created_at",
        ),
        "record": plain_rows(
            AuditEntry.objects.filter(user=user).order_by("pk"),
            at="at",
            entry="what",
            detail="detail",
        ),
    }
