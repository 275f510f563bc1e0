"""Draft, scheduled, published, archived: who may move what, and exactly once."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from newsletter.articles import actions
from newsletter.articles.actions import (
    IllegalMove,
    archive_article,
    publish_article,
    publish_due_articles,
    request_send,
    save_article,
    schedule_article,
    take_send_request,
    unpublish_article,
)
from newsletter.articles.enums import ArticleState, MailAudience, SendChoice, Visibility
from newsletter.articles.models import Article
from newsletter.articles.queries import published, reachable
from newsletter.articles.tasks import publish_due
from newsletter.memberships.enums import Access
from tests.factories.accounts import UserFactory
from tests.factories.articles import ArticleFactory, AuthorFactory, PublishedArticleFactory
from tests.factories.subscribers import NewsletterFactory

NOW = datetime(2026, 11, 12, 9, 0, tzinfo=UTC)


def stored(article: Article) -> Article:
    return Article.objects.get(pk=article.pk)


@pytest.mark.django_db
def test_publishing_dates_and_shows_the_article() -> None:
    article = ArticleFactory()
    assert not published().exists()
    publish_article(actor=article.author, article=article)
    assert list(published()) == [article]
    assert article.state == ArticleState.PUBLISHED
    assert abs(article.published_at - timezone.now()) < timedelta(minutes=1)
    assert stored(article).send_requested_at is None
    record = article.history.first()
    assert (record.history_user, record.history_change_reason) == (article.author, "Published")
    assert record.state == ArticleState.PUBLISHED


@pytest.mark.django_db
@pytest.mark.parametrize("action", ["publish", "unpublish", "archive", "schedule", "send", "save"])
def test_only_staff_may_do_anything(action: str) -> None:
    article = ArticleFactory()
    for person in (UserFactory(), AuthorFactory(is_active=False), None):
        call = {
            "publish": lambda who: publish_article(actor=who, article=article),
            "unpublish": lambda who: unpublish_article(actor=who, article=article),
            "archive": lambda who: archive_article(actor=who, article=article),
            "schedule": lambda who: schedule_article(
                actor=who, article=article, at=timezone.now() + timedelta(days=1)
            ),
            "send": lambda who: request_send(actor=who, article=article),
            "save": lambda who: save_article(actor=who, article=article),
        }[action]
        with pytest.raises(PermissionDenied):
            call(person)
    assert stored(article).state == ArticleState.DRAFT
    assert stored(article).version == article.version


@pytest.mark.django_db
def test_m7_publishing_and_asking_to_send_are_one_change() -> None:
    article = ArticleFactory(newsletter=NewsletterFactory())
    crash = patch.object(actions.publishing, "article_changed", side_effect=OSError("killed"))
    with crash, pytest.raises(OSError, match="killed"):
        publish_article(actor=article.author, article=article, send=SendChoice.YES)
    assert stored(article).state == ArticleState.DRAFT
    assert stored(article).send_requested_at is None
    assert article.history.count() == 1
    publish_article(
        actor=article.author, article=article, send=SendChoice.YES, audience=MailAudience.PAID
    )
    after = stored(article)
    assert after.send_requested_at is not None
    assert (after.send_choice, after.mail_audience) == (SendChoice.YES, MailAudience.PAID)


@pytest.mark.django_db
def test_m4_a_second_click_publishes_and_asks_no_second_time() -> None:
    article = ArticleFactory(newsletter=NewsletterFactory())
    other_tab = stored(article)
    publish_article(actor=article.author, article=article, send=SendChoice.YES, now=NOW)
    with pytest.raises(IllegalMove):
        publish_article(actor=article.author, article=other_tab, send=SendChoice.YES)
    assert stored(article).published_at == NOW
    assert take_send_request(article.pk)
    assert not take_send_request(article.pk)


@pytest.mark.django_db
def test_send_only_never_shows_it_on_the_web() -> None:
    article = ArticleFactory(newsletter=NewsletterFactory())
    publish_article(actor=article.author, article=article, send=SendChoice.ONLY)
    assert stored(article).visibility == Visibility.EMAIL_ONLY
    assert not reachable().exists()
    assert take_send_request(article.pk)


@pytest.mark.django_db
def test_what_is_public_can_be_sent_later_once_at_a_time() -> None:
    article = PublishedArticleFactory(newsletter=NewsletterFactory())
    assert not take_send_request(article.pk)
    request_send(actor=article.author, article=article, audience=MailAudience.FREE)
    with pytest.raises(IllegalMove):
        request_send(actor=article.author, article=article)
    assert stored(article).mail_audience == MailAudience.FREE
    assert take_send_request(article.pk)


@pytest.mark.django_db
def test_a_request_to_send_ends_with_taking_the_article_back() -> None:
    article = ArticleFactory(newsletter=NewsletterFactory())
    publish_article(actor=article.author, article=article, send=SendChoice.YES)
    unpublish_article(actor=article.author, article=article)
    assert not take_send_request(article.pk)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "send", "complaint"),
    [
        ({"body": ""}, SendChoice.NO, "body"),
        ({"title": " "}, SendChoice.NO, "title"),
        ({}, SendChoice.YES, "newsletter"),
        ({"access": Access.TIERS}, SendChoice.NO, "tiers"),
    ],
)
def test_what_is_not_ready_does_not_go_out(
    fields: dict[str, str], send: str, complaint: str
) -> None:
    article = ArticleFactory(**fields)
    for act in (
        lambda: publish_article(actor=article.author, article=article, send=send),
        lambda: schedule_article(
            actor=article.author, article=article, at=timezone.now() + timedelta(1), send=send
        ),
    ):
        with pytest.raises(ValidationError) as refused:
            act()
        assert complaint in refused.value.message_dict
    assert stored(article).state == ArticleState.DRAFT


@pytest.mark.django_db
def test_published_again_it_keeps_its_date() -> None:
    article = PublishedArticleFactory(published_at=NOW)
    unpublish_article(actor=article.author, article=article)
    assert not published().exists()
    publish_article(actor=article.author, article=article)
    assert stored(article).published_at == NOW


@pytest.mark.django_db
def test_a_schedule_can_be_moved_and_taken_back() -> None:
    article = ArticleFactory()
    at = timezone.now() + timedelta(days=1)
    schedule_article(actor=article.author, article=article, at=at)
    schedule_article(actor=article.author, article=article, at=at + timedelta(days=1))
    assert stored(article).published_at == at + timedelta(days=1)
    assert publish_due_articles(at + timedelta(hours=1)) == []
    unpublish_article(actor=article.author, article=article)
    assert stored(article).published_at is None
    assert publish_due_articles(at + timedelta(days=9)) == []


@pytest.mark.django_db
def test_a_schedule_lies_in_the_future_and_is_a_moment() -> None:
    article = ArticleFactory()
    with pytest.raises(ValidationError):
        schedule_article(actor=article.author, article=article, at=timezone.now())
    with pytest.raises(ValueError, match="time zone"):
        schedule_article(
            actor=article.author,
            article=article,
            at=datetime(2099, 1, 1),
        )


@pytest.mark.django_db
def test_every_move_that_is_not_legal_is_refused() -> None:
    archived = ArticleFactory(state=ArticleState.ARCHIVED)
    draft = ArticleFactory()
    scheduled = ArticleFactory(
        state=ArticleState.SCHEDULED, published_at=timezone.now() + timedelta(days=1)
    )
    later = timezone.now() + timedelta(days=2)
    for act in (
        lambda: schedule_article(actor=archived.author, article=archived, at=later),
        lambda: archive_article(actor=archived.author, article=archived),
        lambda: unpublish_article(actor=draft.author, article=draft),
        lambda: request_send(
            actor=draft.author, article=ArticleFactory(newsletter=NewsletterFactory())
        ),
        lambda: archive_article(actor=scheduled.author, article=scheduled),
    ):
        with pytest.raises(IllegalMove):
            act()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wall", "zone", "moment"),
    [
        # The night before each change of the clocks, and the night after.
        (datetime(2027, 3, 27, 9, 0), "Europe/Berlin", "2027-03-27T08:00+00:00"),
        (datetime(2027, 3, 28, 9, 0), "Europe/Berlin", "2027-03-28T07:00+00:00"),
        (datetime(2027, 10, 30, 9, 0), "Europe/Berlin", "2027-10-30T07:00+00:00"),
        (datetime(2027, 10, 31, 9, 0), "Europe/Berlin", "2027-10-31T08:00+00:00"),
        (datetime(2027, 11, 7, 9, 0), "America/New_York", "2027-11-07T14:00+00:00"),
        (datetime(2027, 4, 4, 9, 0), "Australia/Lord_Howe", "2027-04-03T22:30+00:00"),
    ],
)
@time_machine.travel(datetime(2026, 11, 1, tzinfo=UTC))
def test_w3_nine_in_the_morning_is_nine_on_both_sides_of_a_clock_change(
    wall: datetime, zone: str, moment: str
) -> None:
    article = ArticleFactory()
    at = wall.replace(tzinfo=ZoneInfo(zone))
    schedule_article(actor=article.author, article=article, at=at)
    due = datetime.fromisoformat(moment)
    assert publish_due_articles(due - timedelta(seconds=1)) == []
    assert publish_due_articles(due) == [article.pk]
    assert stored(article).published_at == due
    assert published(due).get().published_at.astimezone(ZoneInfo(zone)).hour == 9


@pytest.mark.django_db
def test_w3_late_or_early_clocks_date_it_with_the_schedule() -> None:
    """A worker an hour late and one a minute ahead leave the same date; the reader waits for it."""
    late, ahead = (
        ArticleFactory(
            state=ArticleState.SCHEDULED, published_at=timezone.now() + timedelta(hours=1)
        )
        for _ in range(2)
    )
    at = late.published_at
    publish_due_articles(at + timedelta(hours=1))
    assert stored(late).published_at == at
    assert stored(ahead).state == ArticleState.PUBLISHED


@pytest.mark.django_db
def test_w3_a_worker_ahead_of_the_web_shows_nothing_early() -> None:
    at = timezone.now() + timedelta(minutes=1)
    article = ArticleFactory(state=ArticleState.SCHEDULED, published_at=at)
    assert publish_due_articles(at + timedelta(seconds=1)) == [article.pk]
    assert not published(at - timedelta(seconds=1)).exists()
    assert published(at).exists()


@pytest.mark.django_db
def test_the_task_publishes_what_is_due_with_its_request_to_send() -> None:
    article = ArticleFactory(
        newsletter=NewsletterFactory(),
        state=ArticleState.SCHEDULED,
        published_at=timezone.now() + timedelta(hours=1),
        send=SendChoice.YES,
        audience=MailAudience.PAID,
    )
    assert stored(article).send_requested_at is None
    Article.objects.update(published_at=timezone.now() - timedelta(minutes=1))
    assert publish_due() == 1
    assert publish_due() == 0
    assert stored(article).send_requested_at is not None
    assert stored(article).mail_audience == MailAudience.PAID
    record = article.history.first()
    assert (record.history_user, record.history_change_reason) == (None, "Published on schedule")


@pytest.mark.django_db
def test_one_that_fails_does_not_hold_up_the_others() -> None:
    at = timezone.now() + timedelta(hours=1)
    first, second = (
        ArticleFactory(state=ArticleState.SCHEDULED, published_at=at) for _ in range(2)
    )
    real = actions.publishing.article_changed

    def failing(article: Article) -> None:
        if article.pk == first.pk:
            raise OSError("disk full")
        real(article)

    with patch.object(actions.publishing, "article_changed", failing):
        assert publish_due_articles(at) == [second.pk]
    assert stored(first).state == ArticleState.SCHEDULED
    assert publish_due_articles(at) == [first.pk]


@pytest.mark.django_db(transaction=True)
def test_w3_of_eight_workers_at_once_one_publishes() -> None:
    at = timezone.now() + timedelta(hours=1)
    article = ArticleFactory(
        newsletter=NewsletterFactory(),
        state=ArticleState.SCHEDULED,
        published_at=at,
        send=SendChoice.YES,
    )
    start = threading.Barrier(8)
    results: list[list[int]] = []
    taken: list[bool] = []

    def work(skew: int) -> None:
        try:
            start.wait()
            results.append(publish_due_articles(at + timedelta(seconds=skew)))
            taken.append(take_send_request(article.pk))
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(skew,)) for skew in (0, 60) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [[]] * 7 + [[article.pk]]
    assert sorted(taken) == [False] * 7 + [True]
    assert article.history.filter(history_change_reason="Published on schedule").count() == 1


class AnyOrder(TestCase):
    """Whatever workers with skewed clocks and an author do, in whatever order."""

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        st.lists(
            st.one_of(
                st.tuples(st.just("look"), st.integers(-300, 300)),
                st.tuples(st.just("move"), st.integers(1, 200)),
                st.tuples(st.just("publish"), st.just(0)),
                st.tuples(st.just("take back"), st.just(0)),
                st.tuples(st.just("take request"), st.just(0)),
            ),
            max_size=10,
        )
    )
    def test_w3_it_is_published_once_per_decision(self, steps: list[tuple[str, int]]) -> None:
        start = timezone.now() + timedelta(days=1)
        article = ArticleFactory(newsletter=NewsletterFactory())
        author = article.author
        schedule_article(actor=author, article=article, at=start, send=SendChoice.YES)
        state, due, wanted, taken = "scheduled", start, 0, 0
        for step, seconds in steps:
            moment = start + timedelta(seconds=seconds)
            if step == "look":
                fires = state == "scheduled" and due <= moment
                assert publish_due_articles(moment) == ([article.pk] if fires else [])
                if fires:
                    state, wanted = "published", 1
            elif step == "move" and state in {"scheduled", "draft"}:
                schedule_article(actor=author, article=article, at=moment, send=SendChoice.YES)
                state, due = "scheduled", moment
            elif step == "publish":
                if state == "published":
                    with pytest.raises(IllegalMove):
                        publish_article(actor=author, article=article, send=SendChoice.YES)
                else:
                    publish_article(actor=author, article=article, send=SendChoice.YES)
                    state, wanted = "published", 1
            elif step == "take back" and state != "draft":
                unpublish_article(actor=author, article=article)
                state, wanted = "draft", 0
            elif step == "take request":
                got = take_send_request(article.pk)
                assert got == bool(wanted)
                wanted = 0
                taken += got
            assert stored(article).state == state
            if state == "scheduled":
                assert stored(article).published_at == due
