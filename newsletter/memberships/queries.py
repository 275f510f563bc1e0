"""Reading tiers and grants."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.memberships.enums import GrantSource
from newsletter.memberships.models import AuditEntry, Grant, Tier


def tiers_with_members(now: datetime | None = None) -> QuerySet[Tier]:
    """All tiers, each with `member_count`: how many people have it now, by whatever grants."""
    in_force = Grant.objects.in_force(now or timezone.now()).values("pk")
    members = Count("grants__user", filter=Q(grants__in=in_force), distinct=True)
    return Tier.objects.annotate(member_count=members)


def comps_ending_before(limit: datetime, *, now: datetime) -> QuerySet[Grant]:
    """Comps that end before `limit` whose person has not been told and has nothing else for it."""
    in_force = Grant.objects.in_force(now)
    lasting = in_force.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=limit))
    same_user = lasting.filter(user_id=OuterRef("user_id"))
    return (
        in_force.filter(source=GrantSource.COMP, ends_at__lte=limit, reminded_at__isnull=True)
        .filter(user__is_active=True)
        .exclude(Exists(same_user.filter(tier_id=OuterRef("tier_id"))))
        .exclude(Exists(same_user.filter(product_id=OuterRef("product_id"))))
        .select_related("user", "tier", "product")
        .order_by("ends_at", "pk")
    )


def grants_of(user: User) -> QuerySet[Grant]:
    """Everything that was ever given to one person, the newest first."""
    return Grant.objects.filter(user=user).select_related("tier", "product", "created_by")


def open_grants_of(user: User, now: datetime) -> QuerySet[Grant]:
    """What is open to one person at `now`, the newest first."""
    return Grant.objects.in_force(now).filter(user=user).select_related("tier", "product")


def opens(grant: Grant, now: datetime) -> bool:
    """Whether one grant is in force at `now`."""
    return Grant.objects.in_force(now).filter(pk=grant.pk).exists()


def audit_of(user: User) -> QuerySet[AuditEntry]:
    """What happened to one person's access and payments, the newest first."""
    return AuditEntry.objects.filter(user=user).select_related("actor")


@dataclass(frozen=True, slots=True)
class Past:
    """What somebody without a membership had, and has besides. `ended_at`: when the last ended."""

    had_tier: bool = False
    ended_at: datetime | None = None
    owns_product: bool = False


def past_of(user: User, tier_ids: Collection[int], now: datetime) -> Past:
    """Look back for somebody who has none of `tier_ids` (none: no tier at all) now. One query."""
    begun = Grant.objects.filter(user=user, starts_at__lte=now).order_by()
    ended: list[datetime] = []
    owns_product = False
    for grant in begun.only("tier_id", "product_id", "ends_at", "revoked_at"):
        over_at = min(filter(None, (grant.ends_at, grant.revoked_at)), default=None)
        if grant.product_id is not None:
            owns_product = owns_product or over_at is None or over_at > now
        elif over_at is not None and (not tier_ids or grant.tier_id in tier_ids):
            ended.append(over_at)
    return Past(bool(ended), max(ended, default=None), owns_product)
