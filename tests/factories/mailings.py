"""Mailings and their audience."""

from __future__ import annotations

import factory
from django.utils import timezone

from newsletter.articles.enums import ArticleState
from newsletter.articles.models import Article
from newsletter.mailings import actions
from newsletter.mailings.enums import MailingState
from newsletter.mailings.models import Mailing
from newsletter.subscribers.models import Newsletter, Subscription
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.subscribers import NewsletterFactory, SubscriptionFactory

BODY = "<p>The first offer is a question.</p><p>Answer it with another.</p>"


class SentArticleFactory(factory.django.DjangoModelFactory[Article]):
    """A published article that its author wants sent."""

    class Meta:
        model = Article

    title = factory.Sequence(lambda n: f"The first offer, {n}")
    slug = factory.Sequence(lambda n: f"the-first-offer-{n}")
    body = BODY
    author = factory.SubFactory(StaffFactory, name="Ada Author")
    newsletter = factory.SubFactory(NewsletterFactory)
    state = ArticleState.PUBLISHED
    published_at = factory.LazyFunction(timezone.now)
    send_requested_at = factory.LazyFunction(timezone.now)


class MailingFactory(factory.django.DjangoModelFactory[Mailing]):
    """A free text that is due now."""

    class Meta:
        model = Mailing

    newsletter = factory.SubFactory(NewsletterFactory)
    subject = "What a no is worth"
    body_html = BODY
    state = MailingState.SCHEDULED
    scheduled_at = factory.LazyFunction(timezone.now)


def subscribe(newsletter: Newsletter, count: int) -> list[Subscription]:
    """Let `count` new people subscribe."""
    return [
        SubscriptionFactory(newsletter=newsletter, user=UserFactory(name=f"Reader {n}"))
        for n in range(count)
    ]


def prepared_mailing(*, readers: int = 3, **fields: object) -> Mailing:
    """A mailing whose audience is fixed and whose batches are due."""
    mailing = MailingFactory(**fields)
    subscribe(mailing.newsletter, readers)
    assert actions.prepare_mailing(mailing_id=mailing.pk)
    mailing.refresh_from_db()
    return mailing


def send_all(*, rounds: int = 50) -> None:
    """Do what beat and the workers do until nothing is due."""
    for _round in range(rounds):
        due = actions.sweep()
        if not due:
            return
        for batch_id in due:
            actions.send_batches(batch_id=batch_id)
    raise AssertionError("The engine does not come to rest.")
