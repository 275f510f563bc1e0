"""Who is in a mailing's audience, and in which batches."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from newsletter.articles.enums import MailAudience
from newsletter.articles.models import Article
from newsletter.mailings import actions
from newsletter.mailings.models import Batch, Delivery, Mailing
from newsletter.memberships.enums import Access, GrantSource
from newsletter.memberships.models import Grant, Tier
from newsletter.subscribers.enums import SuppressionReason
from newsletter.subscribers.models import Suppression
from newsletter.subscribers.queries import address_hash
from tests.factories.accounts import UserFactory
from tests.factories.mailings import (
    MailingFactory,
    SentArticleFactory,
    prepared_mailing,
    subscribe,
)
from tests.factories.subscribers import NewsletterFactory, SubscriptionFactory

pytestmark = pytest.mark.django_db


def addresses(mailing: Mailing) -> list[str]:
    rows = Delivery.objects.filter(mailing=mailing).order_by("pk")
    return list(rows.values_list("address", flat=True))


def grant(user: object, tier: Tier, **fields: object) -> Grant:
    return Grant.objects.create(user=user, tier=tier, source=GrantSource.COMP, **fields)


# ── The audience ──────────────────────────────────────────────────────────────────────────────


def test_audience_is_the_active_subscribers_of_this_newsletter() -> None:
    mailing = MailingFactory()
    wanted = [s.user.email for s in subscribe(mailing.newsletter, 3)]
    SubscriptionFactory(newsletter=mailing.newsletter, left=True)
    SubscriptionFactory(newsletter=mailing.newsletter, pending=True)
    SubscriptionFactory(newsletter=mailing.newsletter, user=UserFactory(is_active=False))
    SubscriptionFactory()
    actions.prepare_mailing(mailing_id=mailing.pk)
    assert addresses(mailing) == wanted


def test_audience_comes_in_ordered_batches_of_the_set_size(settings) -> None:
    settings.MAILINGS_BATCH_SIZE = 4
    mailing = prepared_mailing(readers=10)
    batches = Batch.objects.filter(mailing=mailing).order_by("number")
    assert [(b.number, b.deliveries.count()) for b in batches] == [(1, 4), (2, 4), (3, 2)]
    people = list(mailing.deliveries.order_by("pk").values_list("user_id", flat=True))
    assert people == sorted(people)
    assert mailing.audience_count == 10
    assert mailing.prepared_at is not None


def test_audience_of_any_size_takes_the_same_number_of_queries(settings) -> None:
    def queries(readers: int) -> int:
        mailing = MailingFactory()
        subscribe(mailing.newsletter, readers)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert actions.prepare_mailing(mailing_id=mailing.pk)
        return len(captured)

    settings.MAILINGS_BATCH_SIZE = 2
    assert queries(1) == queries(9)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (MailAudience.ALL, {"free", "lapsed", "paid"}),
        (MailAudience.PAID, {"paid"}),
        (MailAudience.FREE, {"free", "lapsed"}),
    ],
)
def test_audience_by_what_people_pay(kind: str, expected: set[str]) -> None:
    mailing = MailingFactory(audience=kind)
    tier = Tier.objects.create(name="Gold", slug="gold")
    people = {
        name: SubscriptionFactory(
            newsletter=mailing.newsletter, user=UserFactory(email=f"{name}@example.com")
        ).user
        for name in ("free", "lapsed", "paid")
    }
    grant(people["paid"], tier)
    # Two grants do not make two mails (M5).
    grant(people["paid"], tier)
    hour = timedelta(hours=1)
    now = timezone.now()
    grant(people["lapsed"], tier, starts_at=now - 2 * hour, ends_at=now - hour)
    actions.prepare_mailing(mailing_id=mailing.pk)
    assert {address.partition("@")[0] for address in addresses(mailing)} == expected
    assert len(addresses(mailing)) == len(expected)


def test_m20_post_for_one_tier_does_not_go_to_every_paid_member() -> None:
    gold, silver = (Tier.objects.create(name=n, slug=n) for n in ("gold", "silver"))
    article = SentArticleFactory(access=Access.TIERS, mail_audience=MailAudience.PAID)
    article.tiers.add(gold)
    people = [subscription.user for subscription in subscribe(article.newsletter, 3)]
    grant(people[0], gold)
    grant(people[1], silver)
    actions.collect_send_requests()
    mailing = Mailing.objects.get()
    actions.prepare_mailing(mailing_id=mailing.pk)
    assert addresses(mailing) == [people[0].email]


@pytest.mark.parametrize("scope", ["everywhere", "this", "other"])
def test_suppressed_addresses_are_not_in_the_audience(scope: str) -> None:
    mailing = MailingFactory()
    out, kept = (subscription.user.email for subscription in subscribe(mailing.newsletter, 2))
    Suppression.objects.create(
        address_hash=address_hash(out),
        newsletter={"everywhere": None, "this": mailing.newsletter}.get(scope)
        if scope != "other"
        else NewsletterFactory(),
        reason=SuppressionReason.HARD_BOUNCE,
    )
    actions.prepare_mailing(mailing_id=mailing.pk)
    mailing.refresh_from_db()
    assert addresses(mailing) == ([out, kept] if scope == "other" else [kept])
    assert mailing.audience_count == len(addresses(mailing))


def test_batch_of_suppressed_people_alone_is_no_batch(settings) -> None:
    settings.MAILINGS_BATCH_SIZE = 1
    mailing = MailingFactory()
    out, _kept = (subscription.user.email for subscription in subscribe(mailing.newsletter, 2))
    Suppression.objects.create(address_hash=address_hash(out), reason=SuppressionReason.COMPLAINT)
    actions.prepare_mailing(mailing_id=mailing.pk)
    assert list(mailing.batches.values_list("number", flat=True)) == [2]


def test_m5_one_address_in_two_spellings_is_mailed_once() -> None:
    mailing = MailingFactory()
    # Rows as an import of long ago might have left them, past all normalising.
    for email in ("Zo\u00eb@example.com", "zoe\u0308@example.com", "ADA@example.com"):
        SubscriptionFactory(newsletter=mailing.newsletter, user=UserFactory(email=email))
    actions.prepare_mailing(mailing_id=mailing.pk)
    mailing.refresh_from_db()
    assert addresses(mailing) == ["zo\u00eb@example.com", "ada@example.com"]
    assert mailing.audience_count == 2


def test_m5_person_of_two_newsletters_gets_an_article_once() -> None:
    article = SentArticleFactory()
    both, only_first = (s.user for s in subscribe(article.newsletter, 2))
    second = NewsletterFactory()
    SubscriptionFactory(newsletter=second, user=both)
    only_second = SubscriptionFactory(newsletter=second).user
    for newsletter in (article.newsletter, second):
        Article.objects.update(newsletter=newsletter, send_requested_at=timezone.now())
        actions.collect_send_requests()
    first_mailing, second_mailing = Mailing.objects.order_by("pk")
    actions.prepare_mailing(mailing_id=first_mailing.pk)
    actions.prepare_mailing(mailing_id=second_mailing.pk)
    assert addresses(first_mailing) == [both.email, only_first.email]
    assert addresses(second_mailing) == [only_second.email]
