"""Giving and taking access."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from newsletter.memberships.access import get_reader
from newsletter.memberships.actions import grant_comp, revoke_grant, save_tier
from newsletter.memberships.models import Grant, Tier
from newsletter.memberships.queries import tiers_with_members
from tests.factories.accounts import UserFactory
from tests.factories.articles import AuthorFactory
from tests.factories.memberships import GrantFactory, TierFactory

pytestmark = pytest.mark.django_db


def test_a_comp_opens_its_tier_until_it_ends() -> None:
    author, user, tier = AuthorFactory(), UserFactory(), TierFactory()
    ends = timezone.now() + timedelta(days=30)
    grant = grant_comp(actor=author, user=user, tier=tier, reason="Press", ends_at=ends)
    assert (grant.source, grant.reason, grant.created_by) == ("comp", "Press", author)
    assert get_reader(user).tier_ids == {tier.pk}
    assert get_reader(user, ends).tier_ids == frozenset()


def test_a_revoked_grant_stays_on_record_and_the_first_revocation_counts() -> None:
    author, other = AuthorFactory(), AuthorFactory()
    grant = GrantFactory(reason="Press")
    stale = Grant.objects.get(pk=grant.pk)
    assert revoke_grant(actor=author, grant=grant, reason="Left the paper")
    when = grant.revoked_at
    assert not revoke_grant(actor=other, grant=stale, reason="Again")
    kept = Grant.objects.get(pk=grant.pk)
    assert (kept.revoked_at, kept.revoked_by) == (when, author)
    assert kept.reason == "Press · Left the paper"
    assert get_reader(kept.user).tier_ids == frozenset()


def test_only_staff_give_and_take() -> None:
    grant = GrantFactory()
    for person in (UserFactory(), AuthorFactory(is_active=False), grant.user):
        with pytest.raises(PermissionDenied):
            grant_comp(actor=person, user=person, tier=grant.tier)
        with pytest.raises(PermissionDenied):
            revoke_grant(actor=person, grant=grant)
        with pytest.raises(PermissionDenied):
            save_tier(actor=person, tier=grant.tier)
    assert Grant.objects.get().revoked_at is None


def test_an_end_before_the_beginning_is_refused_by_action_and_database() -> None:
    now = timezone.now()
    with pytest.raises(ValidationError):
        grant_comp(
            actor=AuthorFactory(),
            user=UserFactory(),
            tier=TierFactory(),
            ends_at=now - timedelta(1),
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        GrantFactory(starts_at=now, ends_at=now)


def test_one_source_gives_a_tier_once() -> None:
    grant = GrantFactory(source="order", source_id="pi_1")
    with pytest.raises(IntegrityError), transaction.atomic():
        GrantFactory(user=grant.user, tier=grant.tier, source="order", source_id="pi_1")
    # By hand, as often as one likes.
    GrantFactory(user=grant.user, tier=grant.tier)
    GrantFactory(user=grant.user, tier=grant.tier)


def test_members_are_counted_as_people_in_force() -> None:
    tier, empty = TierFactory(), TierFactory()
    user = UserFactory()
    GrantFactory(user=user, tier=tier)
    GrantFactory(user=user, tier=tier)
    GrantFactory(tier=tier)
    GrantFactory(tier=tier, revoked_at=timezone.now())
    counts = {each.pk: each.member_count for each in tiers_with_members()}
    assert counts == {tier.pk: 2, empty.pk: 0}


def test_two_tiers_cannot_share_a_short_name() -> None:
    TierFactory(slug="patron")
    with pytest.raises(ValidationError):
        save_tier(actor=AuthorFactory(), tier=Tier(name="Patron", slug=""))
