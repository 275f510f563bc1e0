"""Publish, send, schedule, take back: said beforehand, done once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.articles.actions import save_article
from newsletter.articles.forms import AmbiguousTimeError, moment_of
from newsletter.articles.models import Article
from newsletter.memberships.enums import Access
from newsletter.subscribers.models import Newsletter
from tests.factories.articles import ArticleFactory, PublishedArticleFactory
from tests.factories.memberships import GrantFactory
from tests.factories.subscribers import NewsletterFactory, SubscriptionFactory

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def letter() -> Newsletter:
    letter = NewsletterFactory(name="The Sunday letter")
    paying, *_others = SubscriptionFactory.create_batch(3, newsletter=letter)
    GrantFactory(user=paying.user)
    SubscriptionFactory(newsletter=letter, left=True)
    SubscriptionFactory(newsletter=letter, pending=True)
    SubscriptionFactory()
    return letter


def url(name: str, article: Article) -> str:
    return reverse(f"admin:newsletter_article_{name}", args=[article.pk])


@pytest.mark.parametrize(("audience", "number"), [("all", 3), ("paid", 1), ("free", 2)])
def test_the_button_says_how_many_get_it(
    desk: Client, letter: Newsletter, audience: str, number: int
) -> None:
    article = ArticleFactory(newsletter=letter, mail_subject="A subject")
    page = desk.get(url("publish", article), {"audience": audience}).content.decode()
    assert f"Publish and send to {number}" in page
    assert "The Sunday letter" in page
    assert "A subject" in page
    assert "(Europe/Berlin)" in page
    article.refresh_from_db()
    assert article.state == "draft"


@pytest.mark.parametrize("name", ["publish", "schedule"])
def test_a_paywall_that_stops_nobody_is_said_before_anything_goes_out(
    desk: Client, letter: Newsletter, author: User, name: str
) -> None:
    body = "<p>Free.</p><hr data-paywall><p>Meant for those who pay.</p>"
    article = ArticleFactory(newsletter=letter, body=body, access=Access.PUBLIC)
    save_article(actor=author, article=article)
    warning = "it stops nobody"
    assert warning in desk.get(url(name, article)).content.decode()
    article.access = Access.PAID
    save_article(actor=author, article=article)
    assert warning not in desk.get(url(name, article)).content.decode()
    article.access, article.body = Access.PUBLIC, "<p>Free.</p>"
    save_article(actor=author, article=article)
    assert warning not in desk.get(url(name, article)).content.decode()


@pytest.mark.parametrize(
    ("send", "visibility", "asked"),
    [
        ("no", "everywhere", False),
        ("yes", "everywhere", True),
        ("only", "email_only", True),
    ],
)
def test_one_press_does_what_it_says(
    desk: Client, letter: Newsletter, send: str, visibility: str, asked: bool
) -> None:
    article = ArticleFactory(newsletter=letter)
    data = {"send": send, "audience": "paid", "version": article.version}
    assert desk.post(url("publish", article), data).status_code == 302
    article.refresh_from_db()
    assert (article.state, article.visibility) == ("published", visibility)
    assert (article.send_requested_at is not None) is asked
    assert article.mail_audience == "paid"


def test_two_presses_publish_once(desk: Client, letter: Newsletter) -> None:
    article = ArticleFactory(newsletter=letter)
    data = {"send": "yes", "audience": "all", "version": article.version}
    desk.post(url("publish", article), data)
    asked_at = Article.objects.get().send_requested_at
    assert desk.post(url("publish", article), data).status_code == 409
    assert Article.objects.get().send_requested_at == asked_at


@pytest.mark.parametrize("send", ["no", "only"])
def test_publish_only_pressed_twice_mails_nobody(
    desk: Client, letter: Newsletter, send: str
) -> None:
    article = PublishedArticleFactory(newsletter=letter)
    data = {"send": send, "audience": "all", "version": article.version}
    response = desk.post(url("publish", article), data)
    assert response.status_code == 409
    assert "not possible any more" in response.content.decode()
    assert Article.objects.get().send_requested_at is None


def test_an_article_changed_meanwhile_is_shown_once_more(desk: Client, letter: Newsletter) -> None:
    article = ArticleFactory(newsletter=letter)
    data = {"send": "yes", "audience": "all", "version": article.version - 1}
    response = desk.post(url("publish", article), data)
    assert response.status_code == 409
    assert "Look at it once more" in response.content.decode()
    article.refresh_from_db()
    assert article.state == "draft"


def test_without_a_newsletter_it_can_only_be_published(desk: Client) -> None:
    article = ArticleFactory(newsletter=None)
    page = desk.get(url("publish", article)).content.decode()
    assert "Publish only" in page
    assert "Publish and send" not in page
    data = {"send": "yes", "audience": "all", "version": article.version}
    response = desk.post(url("publish", article), data)
    assert response.status_code == 409
    assert "Choose the newsletter" in response.content.decode()


@pytest.mark.parametrize("name", ["publish", "schedule"])
def test_a_closed_newsletter_is_sent_nothing(desk: Client, letter: Newsletter, name: str) -> None:
    letter.is_archived = True
    letter.save()
    article = ArticleFactory(newsletter=letter)
    page = desk.get(url(name, article)).content.decode()
    assert "“The Sunday letter” is closed" in page
    assert "send to 3" not in page
    later = timezone.now().astimezone(BERLIN) + timedelta(days=3)
    response = desk.post(url(name, article), schedule_data(article, later, send="yes"))
    assert response.status_code == 409
    assert "Its newsletter is closed" in response.content.decode()
    article.refresh_from_db()
    assert article.state == "draft"


def test_what_is_public_can_be_sent_later(desk: Client, letter: Newsletter) -> None:
    article = PublishedArticleFactory(newsletter=letter)
    page = desk.get(url("publish", article)).content.decode()
    assert "Send to 3" in page
    assert "Publish only" not in page
    data = {"send": "yes", "audience": "free", "version": article.version}
    desk.post(url("publish", article), data)
    article.refresh_from_db()
    assert article.send_requested_at is not None
    assert article.mail_audience == "free"


def schedule_data(article: Article, when: datetime, **more: str) -> dict[str, str]:
    return {
        "day": when.strftime("%Y-%m-%d"),
        "time": when.strftime("%H:%M"),
        "send": "no",
        "audience": "all",
        "version": str(article.version),
        **more,
    }


def test_a_time_is_meant_in_the_authors_zone(desk: Client) -> None:
    article = ArticleFactory()
    local = (timezone.now() + timedelta(days=3)).astimezone(BERLIN)
    local = local.replace(hour=7, minute=30, second=0, microsecond=0)
    assert desk.post(url("schedule", article), schedule_data(article, local)).status_code == 302
    article.refresh_from_db()
    assert (article.state, article.published_at) == ("scheduled", local)
    page = desk.get(url("change", article)).content.decode()
    assert "Goes out" in page
    assert "07:30" in page


def test_a_scheduled_one_can_be_moved_and_taken_back(desk: Client) -> None:
    article = ArticleFactory()
    first = timezone.now().astimezone(BERLIN) + timedelta(days=3)
    desk.post(url("schedule", article), schedule_data(article, first))
    later = first + timedelta(days=1)
    desk.post(url("schedule", article), schedule_data(article, later))
    article.refresh_from_db()
    assert article.published_at == later.replace(second=0, microsecond=0)
    desk.post(url("unpublish", article))
    article.refresh_from_db()
    assert (article.state, article.published_at) == ("draft", None)


def test_the_past_is_refused(desk: Client) -> None:
    article = ArticleFactory()
    past = timezone.now().astimezone(BERLIN) - timedelta(hours=3)
    response = desk.post(url("schedule", article), schedule_data(article, past))
    assert "That moment has passed" in response.content.decode()
    article.refresh_from_db()
    assert article.state == "draft"


def test_the_end_of_all_dates_is_refused(desk: Client, author: User) -> None:
    User.objects.filter(pk=author.pk).update(time_zone="America/Los_Angeles")
    article = ArticleFactory()
    last = datetime(9999, 12, 31, 23, 59)
    response = desk.post(url("schedule", article), schedule_data(article, last))
    assert "Choose an earlier day" in response.content.decode()
    article.refresh_from_db()
    assert article.state == "draft"


@time_machine.travel(datetime(2026, 3, 1, tzinfo=UTC), tick=False)
def test_w3_a_time_that_the_clocks_skip_is_refused(desk: Client) -> None:
    article = ArticleFactory()
    skipped = datetime(2026, 3, 29, 2, 30)
    response = desk.post(url("schedule", article), schedule_data(article, skipped))
    assert "this time does not exist" in response.content.decode()
    article.refresh_from_db()
    assert article.state == "draft"


@time_machine.travel(datetime(2026, 10, 1, tzinfo=UTC), tick=False)
@pytest.mark.parametrize(("fold", "hour"), [("0", 0), ("1", 1)])
def test_w3_a_time_that_comes_twice_is_asked_about(desk: Client, fold: str, hour: int) -> None:
    article = ArticleFactory()
    twice = datetime(2026, 10, 25, 2, 30)
    page = desk.post(url("schedule", article), schedule_data(article, twice)).content.decode()
    assert "this time comes twice" in page
    assert "The second, in winter time" in page
    desk.post(url("schedule", article), schedule_data(article, twice, fold=fold))
    article.refresh_from_db()
    assert article.published_at == datetime(2026, 10, 25, hour, 30, tzinfo=UTC)


def test_w3_ordinary_times_need_no_question() -> None:
    summer = moment_of(datetime(2026, 7, 1, 9), zone=BERLIN)
    winter = moment_of(datetime(2026, 12, 1, 9), zone=BERLIN)
    assert summer.astimezone(UTC).hour == 7
    assert winter.astimezone(UTC).hour == 8
    with pytest.raises(AmbiguousTimeError):
        moment_of(datetime(2026, 4, 5, 1, 45), zone=ZoneInfo("Australia/Lord_Howe"))
    with pytest.raises(ValidationError):
        moment_of(datetime(2026, 10, 4, 2, 15), zone=ZoneInfo("Australia/Lord_Howe"))


def test_asking_changes_nothing(desk: Client) -> None:
    article = PublishedArticleFactory()
    for name in ("publish", "schedule", "unpublish", "archive"):
        desk.get(url(name, article))
    article.refresh_from_db()
    assert article.state == "published"


def test_taken_off_the_site_and_put_away(desk: Client) -> None:
    article = PublishedArticleFactory()
    desk.post(url("unpublish", article))
    article.refresh_from_db()
    assert article.state == "draft"
    desk.post(url("archive", article))
    article.refresh_from_db()
    assert article.state == "archived"
    response = desk.post(url("archive", article))
    assert response.status_code == 409
    assert "not possible any more" in response.content.decode()
