"""What an author does between asking for a mailing and its going out, and after it has gone."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parseaddr

import pytest
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.articles.actions import (
    delete_article,
    publish_article,
    request_send,
    save_article,
    unpublish_article,
)
from newsletter.articles.models import Article
from newsletter.mailings import actions
from newsletter.mailings.enums import DeliveryState, MailingState
from newsletter.mailings.models import Delivery, Mailing
from newsletter.mailings.rendering import preflight
from newsletter.subscribers.actions import suppress
from newsletter.subscribers.enums import SuppressionReason
from tests.factories.articles import PublishedArticleFactory
from tests.factories.mailings import MailingFactory, send_all, subscribe
from tests.factories.subscribers import NewsletterFactory, SubscriptionFactory

pytestmark = pytest.mark.django_db


def wanted_article(readers: int = 2) -> Article:
    article = PublishedArticleFactory(newsletter=NewsletterFactory(), send="yes")
    subscribe(article.newsletter, readers)
    return article


def prepare(mailing: Mailing) -> bool:
    prepared = actions.prepare_mailing(mailing_id=mailing.pk)
    mailing.refresh_from_db()
    return prepared


def send_newest() -> Mailing:
    mailing = Mailing.objects.latest("pk")
    assert prepare(mailing)
    send_all()
    mailing.refresh_from_db()
    return mailing


# ── Before it has begun ───────────────────────────────────────────────────────────────────────


def test_of_a_deleted_article_no_empty_mail_goes_out(author: User) -> None:
    article = wanted_article()
    actions.collect_send_requests()
    delete_article(actor=article.author, article=article)
    mailing = Mailing.objects.get()
    assert not prepare(mailing)
    assert mailing.state == MailingState.FAILED
    assert "deleted" in mailing.error
    assert [found.code for found in preflight(mailing)] == ["no-text"]
    assert not Delivery.objects.exists()


def test_an_article_taken_back_before_its_mail_began_is_not_mailed() -> None:
    article = wanted_article()
    actions.collect_send_requests()
    unpublish_article(actor=article.author, article=article)
    mailing = Mailing.objects.get()
    assert not prepare(mailing)
    assert "taken back" in mailing.error
    # Published and sent again it goes out, as it is then.
    article.title = "As it should have been"
    save_article(actor=article.author, article=article)
    publish_article(actor=article.author, article=article, send="yes")
    actions.collect_send_requests()
    assert send_newest() == mailing
    mailing.refresh_from_db()
    assert (mailing.state, mailing.subject) == (MailingState.SENT, "As it should have been")
    assert mailing.variants.get().subject == "As it should have been"


def test_a_newsletter_that_was_closed_is_not_mailed() -> None:
    mailing = MailingFactory()
    subscribe(mailing.newsletter, 1)
    mailing.newsletter.is_archived = True
    mailing.newsletter.save()
    assert not prepare(mailing)
    assert "is closed" in mailing.error
    assert [found.code for found in preflight(mailing)] == ["closed"]


def test_what_was_frozen_goes_on_whatever_became_of_its_article(author: User) -> None:
    article = wanted_article()
    actions.collect_send_requests()
    mailing = Mailing.objects.get()
    assert prepare(mailing)
    delete_article(actor=article.author, article=article)
    Mailing.objects.update(active_at=timezone.now() - timedelta(days=2))
    assert actions.ask_about_overdue() == 1
    mailing.refresh_from_db()
    assert preflight(mailing) == []
    actions.start_mailing(actor=author, mailing=mailing)
    send_all()
    mailing.refresh_from_db()
    assert mailing.state == MailingState.SENT


# ── Asked for again ───────────────────────────────────────────────────────────────────────────


def test_asked_for_again_after_nobody_was_there_it_goes_out() -> None:
    article = wanted_article(readers=0)
    actions.collect_send_requests()
    mailing = Mailing.objects.get()
    assert not prepare(mailing)
    subscribe(article.newsletter, 2)
    request_send(actor=article.author, article=article)
    assert actions.collect_send_requests() == 1
    assert send_newest().audience_count == 2
    assert [event.what for event in mailing.events.all()] == [
        "sent",
        "prepared",
        "scheduled",
        "failed",
        "created",
    ]


def test_asked_for_again_after_it_was_sent_it_goes_to_those_who_joined_since(mailoutbox) -> None:
    article = wanted_article(readers=2)
    actions.collect_send_requests()
    first = send_newest()
    late = SubscriptionFactory(newsletter=article.newsletter).user
    request_send(actor=article.author, article=article)
    assert actions.collect_send_requests() == 1
    second = send_newest()
    assert second != first
    assert [parseaddr(mail.to[0])[1] for mail in mailoutbox[2:]] == [late.email]


def test_asked_for_again_with_nobody_new_nothing_is_made(mailoutbox) -> None:
    article = wanted_article(readers=2)
    actions.collect_send_requests()
    send_newest()
    barred = SubscriptionFactory(newsletter=article.newsletter).user
    suppress(address=barred.email, reason=SuppressionReason.MANUAL)
    request_send(actor=article.author, article=article)
    assert actions.collect_send_requests() == 0
    assert Mailing.objects.count() == 1


def test_m4_asked_for_again_while_it_goes_out_nothing_is_made() -> None:
    article = wanted_article(readers=2)
    actions.collect_send_requests()
    assert prepare(Mailing.objects.get())
    SubscriptionFactory(newsletter=article.newsletter)
    request_send(actor=article.author, article=article)
    assert actions.collect_send_requests() == 0


def test_m5_failed_ones_who_had_it_by_another_letter_are_not_sent_it_again(
    author: User, mailoutbox
) -> None:
    article = wanted_article(readers=3)
    actions.collect_send_requests()
    first = Mailing.objects.get()
    assert prepare(first)
    twice, once, _other = Delivery.objects.order_by("pk")
    Delivery.objects.filter(pk__in=[twice.pk, once.pk]).update(state=DeliveryState.FAILED)
    send_all()
    second = NewsletterFactory()
    SubscriptionFactory(newsletter=second, user=twice.user)
    Article.objects.update(newsletter=second)
    request_send(actor=article.author, article=article)
    actions.collect_send_requests()
    send_newest()
    assert actions.retry_failed(actor=author, mailing=first) == 1
    send_all()
    got = [mail.to[0] for mail in mailoutbox]
    assert len(got) == len(set(got)) == 3
    first.refresh_from_db()
    assert first.state == MailingState.SENT
