"""From the author's wish to a frozen mailing, whole or not at all."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from newsletter.articles.enums import ArticleState
from newsletter.articles.models import Article
from newsletter.mailings import actions, audience
from newsletter.mailings.actions import preparing
from newsletter.mailings.enums import DeliveryState, MailingState
from newsletter.mailings.models import Batch, Delivery, Mailing, Variant
from newsletter.memberships.enums import Access
from newsletter.memberships.models import Tier
from tests.factories.mailings import (
    MailingFactory,
    SentArticleFactory,
    prepared_mailing,
    send_all,
    subscribe,
)
from tests.factories.subscribers import NewsletterFactory

pytestmark = pytest.mark.django_db


def addresses(mailing: Mailing) -> list[str]:
    rows = Delivery.objects.filter(mailing=mailing).order_by("pk")
    return list(rows.values_list("address", flat=True))


# ── From article to mailing ───────────────────────────────────────────────────────────────────


def test_article_that_is_to_be_sent_becomes_one_mailing() -> None:
    article = SentArticleFactory(mail_subject="", mail_preheader="In short", title="A title")
    assert actions.collect_send_requests() == 1
    mailing = Mailing.objects.get()
    assert (mailing.article, mailing.newsletter) == (article, article.newsletter)
    assert (mailing.subject, mailing.preheader) == ("A title", "In short")
    assert mailing.state == MailingState.SCHEDULED
    article.refresh_from_db()
    assert article.send_requested_at is None


def test_m4_two_beats_and_two_clicks_make_one_mailing() -> None:
    article = SentArticleFactory()
    subscribe(article.newsletter, 2)
    assert actions.collect_send_requests() == 1
    assert actions.collect_send_requests() == 0
    # The second click comes after the first was taken.
    Article.objects.update(send_requested_at=timezone.now())
    assert actions.collect_send_requests() == 0
    mailing = Mailing.objects.get()
    assert actions.prepare_mailing(mailing_id=mailing.pk) is True
    assert actions.prepare_mailing(mailing_id=mailing.pk) is False
    assert Delivery.objects.count() == 2


def test_m7_killed_between_publish_and_enqueue_is_still_sent(monkeypatch) -> None:
    article = SentArticleFactory()

    class Killed(BaseException):
        pass

    def die(**_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(preparing, "create_mailing_for_article", die)
        with pytest.raises(Killed):
            actions.collect_send_requests()
    article.refresh_from_db()
    assert article.send_requested_at is not None
    assert actions.collect_send_requests() == 1


def test_article_taken_back_before_it_was_found_is_not_sent() -> None:
    SentArticleFactory(state=ArticleState.DRAFT)
    assert actions.collect_send_requests() == 0
    assert not Mailing.objects.exists()


def test_article_without_newsletter_goes_to_the_first_open_one() -> None:
    NewsletterFactory(is_archived=True, position=0)
    first = NewsletterFactory(position=1)
    SentArticleFactory(newsletter=None)
    actions.collect_send_requests()
    assert Mailing.objects.get().newsletter == first


@pytest.mark.parametrize("late", [timedelta(hours=25), timedelta(days=30)])
def test_m7_request_older_than_a_day_waits_for_the_author(late: timedelta, author) -> None:
    article = SentArticleFactory(send_requested_at=timezone.now() - late)
    subscribe(article.newsletter, 1)
    actions.collect_send_requests()
    mailing = Mailing.objects.get()
    assert not actions.due_mailings().exists()
    assert actions.prepare_mailing(mailing_id=mailing.pk) is False
    assert actions.ask_about_overdue() == 1
    assert actions.ask_about_overdue() == 0
    mailing.refresh_from_db()
    assert mailing.state == MailingState.NEEDS_DECISION
    assert [event.what for event in mailing.events.all()] == ["overdue", "created"]

    actions.start_mailing(actor=author, mailing=mailing)
    assert actions.prepare_mailing(mailing_id=mailing.pk) is True


def test_m7_a_day_is_not_yet_too_late() -> None:
    mailing = MailingFactory(scheduled_at=timezone.now() - timedelta(hours=23))
    subscribe(mailing.newsletter, 1)
    assert actions.ask_about_overdue() == 0
    assert actions.prepare_mailing(mailing_id=mailing.pk) is True


def test_m7_interrupted_issue_older_than_a_day_is_not_taken_up_by_itself(author) -> None:
    mailing = prepared_mailing(readers=2)
    Mailing.objects.update(active_at=timezone.now() - timedelta(hours=25))
    assert actions.ask_about_overdue() == 1
    assert actions.sweep() == []
    mailing.refresh_from_db()
    assert mailing.state == MailingState.NEEDS_DECISION
    # The author says yes: it goes on, the audience as it was.
    subscribe(mailing.newsletter, 1)
    actions.start_mailing(actor=author, mailing=mailing)
    send_all()
    mailing.refresh_from_db()
    assert (mailing.state, mailing.audience_count) == (MailingState.SENT, 2)


def test_mailing_that_is_not_due_is_left() -> None:
    mailing = MailingFactory(scheduled_at=timezone.now() + timedelta(seconds=60))
    subscribe(mailing.newsletter, 1)
    assert actions.prepare_mailing(mailing_id=mailing.pk) is False
    mailing.refresh_from_db()
    assert mailing.state == MailingState.SCHEDULED


# ── Whole or not at all ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("point", ["variants", "audience", "marker"])
def test_m6_killed_while_preparing_is_rebuilt_whole(monkeypatch, settings, point: str) -> None:
    settings.MAILINGS_BATCH_SIZE = 2
    mailing = MailingFactory()
    subscribe(mailing.newsletter, 5)

    class Killed(BaseException):
        pass

    def die(*_args: object, **_kwargs: object) -> None:
        raise Killed

    insert = audience._insert_deliveries

    def insert_and_die(*args: object) -> None:
        insert(*args)
        raise Killed

    with monkeypatch.context() as patch:
        if point == "variants":
            patch.setattr(preparing, "freeze_audience", die)
        elif point == "audience":
            patch.setattr(audience, "_insert_deliveries", insert_and_die)
        else:
            patch.setattr(preparing, "note", die)
        with pytest.raises(Killed):
            actions.prepare_mailing(mailing_id=mailing.pk)
    mailing.refresh_from_db()
    assert (mailing.state, mailing.prepared_at) == (MailingState.PREPARING, None)
    assert actions.sweep() == []
    # The lease still holds; then it runs out.
    assert actions.prepare_mailing(mailing_id=mailing.pk) is False
    Mailing.objects.update(lease_until=timezone.now())
    subscribe(mailing.newsletter, 1)
    assert actions.prepare_mailing(mailing_id=mailing.pk) is True
    mailing.refresh_from_db()
    assert mailing.audience_count == len(addresses(mailing)) == 6
    assert Variant.objects.filter(mailing=mailing).count() == 1


def test_m6_what_an_earlier_attempt_left_is_removed_first() -> None:
    mailing = MailingFactory()
    subscribe(mailing.newsletter, 2)
    leftover = Batch.objects.create(mailing=mailing, number=7)
    Delivery.objects.create(mailing=mailing, batch=leftover, address="stale@example.com")
    actions.prepare_mailing(mailing_id=mailing.pk)
    assert "stale@example.com" not in addresses(mailing)
    assert list(mailing.batches.values_list("number", flat=True)) == [1]


def test_worker_whose_preparation_was_taken_over_leaves_nothing(monkeypatch) -> None:
    mailing = MailingFactory()
    subscribe(mailing.newsletter, 2)
    freeze = preparing._freeze

    def freeze_late(*args: object) -> None:
        Mailing.objects.update(claim="somebody else's")
        freeze(*args)

    monkeypatch.setattr(preparing, "_freeze", freeze_late)
    assert actions.prepare_mailing(mailing_id=mailing.pk) is False
    mailing.refresh_from_db()
    assert mailing.state == MailingState.PREPARING
    assert addresses(mailing) == []
    assert not Variant.objects.exists()


def test_m8_empty_audience_has_failed_and_says_so(author) -> None:
    mailing = MailingFactory()
    assert actions.prepare_mailing(mailing_id=mailing.pk) is False
    mailing.refresh_from_db()
    assert mailing.state == MailingState.FAILED
    assert "Nobody is in the audience" in mailing.error
    assert mailing.events.first().what == "failed"
    # Once there is somebody it can be started afresh.
    subscribe(mailing.newsletter, 1)
    actions.start_mailing(actor=author, mailing=mailing)
    assert actions.prepare_mailing(mailing_id=mailing.pk) is True


def test_m8_short_audience_is_an_error_and_leaves_nothing(monkeypatch) -> None:
    mailing = MailingFactory()
    subscribe(mailing.newsletter, 3)
    insert = audience._insert_deliveries

    def lose_one(*args: object) -> int:
        written = insert(*args)
        Delivery.objects.filter(mailing=mailing).last().delete()
        return written

    monkeypatch.setattr(audience, "_insert_deliveries", lose_one)
    assert actions.prepare_mailing(mailing_id=mailing.pk) is False
    mailing.refresh_from_db()
    assert mailing.state == MailingState.FAILED
    assert "3 rows were written and 2 are there" in mailing.error
    assert addresses(mailing) == []


# ── What is frozen ────────────────────────────────────────────────────────────────────────────


def test_m18_edit_after_the_start_does_not_reach_the_mail() -> None:
    article = SentArticleFactory(body="<p>As it was sent.</p>")
    subscribe(article.newsletter, 1)
    actions.collect_send_requests()
    mailing = Mailing.objects.get()
    actions.prepare_mailing(mailing_id=mailing.pk)
    Article.objects.update(body="<p>Changed.</p>", title="Changed")
    variant = Variant.objects.get(mailing=mailing)
    assert "As it was sent." in variant.html
    assert "As it was sent." in variant.text
    assert variant.subject == article.title


def test_mail_that_must_not_go_out_is_refused_with_a_reason() -> None:
    mailing = MailingFactory(body_html="<p>Dear @@NAME@@,</p>")
    subscribe(mailing.newsletter, 1)
    assert actions.prepare_mailing(mailing_id=mailing.pk) is False
    mailing.refresh_from_db()
    assert mailing.state == MailingState.FAILED
    assert "@@NAME@@" in mailing.error
    assert not Delivery.objects.exists()


def test_error_while_rendering_is_stored_and_not_swallowed(monkeypatch) -> None:
    mailing = MailingFactory()
    subscribe(mailing.newsletter, 1)

    def break_down(*_: object) -> None:
        raise RuntimeError("the template is broken")

    monkeypatch.setattr(preparing, "render_variants", break_down)
    assert actions.prepare_mailing(mailing_id=mailing.pk) is False
    mailing.refresh_from_db()
    assert mailing.state == MailingState.FAILED
    assert mailing.error == "RuntimeError: the template is broken"


def test_paid_article_is_frozen_in_two_variants_with_their_terms() -> None:
    gold = Tier.objects.create(name="gold", slug="gold")
    article = SentArticleFactory(
        access=Access.TIERS, body="<p>For all.</p><hr data-paywall><p>For some.</p>"
    )
    article.tiers.add(gold)
    subscribe(article.newsletter, 1)
    actions.collect_send_requests()
    actions.prepare_mailing(mailing_id=Mailing.objects.get().pk)
    full, free = (Variant.objects.get(key=key) for key in ("full", "free"))
    assert (full.access, full.tier_ids) == (Access.TIERS, [gold.pk])
    assert (free.access, free.tier_ids) == (Access.PUBLIC, [])
    assert "For some." in full.html
    assert "For some." not in free.html + free.text + free.preheader
    assert Delivery.objects.get().state == DeliveryState.QUEUED
