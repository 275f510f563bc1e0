"""Newsletters and who gets them."""

from __future__ import annotations

import factory
from django.utils import timezone

from newsletter.subscribers.enums import ConsentSource, SubscriptionState
from newsletter.subscribers.models import Newsletter, Subscription
from tests.factories.accounts import UserFactory


class NewsletterFactory(factory.django.DjangoModelFactory[Newsletter]):
    """An open newsletter, ticked on the sign-up form."""

    class Meta:
        model = Newsletter

    name = factory.Sequence(lambda n: f"Letter {n}")
    slug = factory.Sequence(lambda n: f"letter-{n}")
    description = "What we learnt this fortnight."
    cadence = "every other Sunday"
    sender_name = "The Author"
    sender_address = "letters@example.com"
    position = factory.Sequence(lambda n: n)


class SubscriptionFactory(factory.django.DjangoModelFactory[Subscription]):
    """A confirmed subscription."""

    class Meta:
        model = Subscription

    user = factory.SubFactory(UserFactory)
    newsletter = factory.SubFactory(NewsletterFactory)
    state = SubscriptionState.ACTIVE
    consent_at = factory.LazyFunction(timezone.now)
    consent_source = ConsentSource.FORM

    class Params:
        left = factory.Trait(
            state=SubscriptionState.UNSUBSCRIBED,
            unsubscribed_at=factory.LazyFunction(timezone.now),
        )
        pending = factory.Trait(state=SubscriptionState.PENDING, consent_at=None)
