"""Tiers and grants."""

from __future__ import annotations

import factory

from newsletter.memberships.enums import GrantSource
from newsletter.memberships.models import Grant, Tier
from tests.factories.accounts import UserFactory


class TierFactory(factory.django.DjangoModelFactory[Tier]):
    """A tier open to new members."""

    class Meta:
        model = Tier

    name = factory.Sequence(lambda n: f"Tier {n}")
    slug = factory.Sequence(lambda n: f"tier-{n}")


class GrantFactory(factory.django.DjangoModelFactory[Grant]):
    """A grant in force, without an end."""

    class Meta:
        model = Grant

    user = factory.SubFactory(UserFactory)
    tier = factory.SubFactory(TierFactory)
    source = GrantSource.COMP
