"""Loading the demo: an empty database becomes a publication whose numbers agree."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.articles.enums import ArticleState
from newsletter.articles.models import Article, ArticleImage, Tag
from newsletter.comments.enums import CommentState, ReportState
from newsletter.comments.models import Comment
from newsletter.demo.loader import DemoRefusedError, DemoSummary, load_demo
from newsletter.demo.pictures import finish_pictures
from newsletter.mailings.enums import BatchState, MailingState
from newsletter.mailings.models import Batch, Delivery, Mailing
from newsletter.mailings.queries import mailing_counts
from newsletter.memberships.access import get_reader
from newsletter.publication.queries import get_publication
from newsletter.subscribers.enums import ConsentEventKind, SubscriptionState
from newsletter.subscribers.models import ConsentEvent, Newsletter, Subscription

SMALL = (160, 100)


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("media")


@pytest.fixture(scope="module")
def demo(django_db_setup: None, django_db_blocker: Any, media: Path) -> Iterator[DemoSummary]:
    """The demo, loaded once for all tests of this file and rolled back after the last."""
    patch = pytest.MonkeyPatch()
    patch.setattr(django_settings, "DEBUG", True)
    patch.setattr(django_settings, "DEMO_PASSWORD", "negotiate-well")
    patch.setattr(django_settings, "MEDIA_ROOT", str(media))
    with django_db_blocker.unblock(), transaction.atomic():
        yield load_demo(size=SMALL)
        transaction.set_rollback(True)
    patch.undo()


@pytest.fixture
def loaded(demo: DemoSummary, db: None, media: Path, settings: Any) -> DemoSummary:
    settings.MEDIA_ROOT = media
    return demo


def main() -> Newsletter:
    return Newsletter.objects.get(slug="main")


def test_summary_says_what_is_there(loaded: DemoSummary) -> None:
    assert loaded.articles == Article.objects.count() == 10
    assert loaded.images == ArticleImage.objects.count() == 14
    assert loaded.people == User.objects.count()
    assert loaded.active_readers == 4112
    assert loaded.mailings == Mailing.objects.count()
    assert get_publication().name == "Good Terms"


def test_articles_are_in_their_states(loaded: DemoSummary) -> None:
    now = timezone.now()
    published = Article.objects.filter(state=ArticleState.PUBLISHED)
    assert published.count() == 8
    assert all(article.published_at < now for article in published)
    scheduled = Article.objects.get(state=ArticleState.SCHEDULED)
    assert scheduled.published_at is not None
    assert scheduled.published_at > now
    assert Article.objects.get(state=ArticleState.DRAFT).published_at is None
    assert Article.objects.filter(is_featured=True).count() == 1
    assert set(Tag.objects.values_list("slug", flat=True)) == set(
        Article.objects.values_list("tags__slug", flat=True)
    )


def test_no_article_waits_to_be_sent(loaded: DemoSummary) -> None:
    assert not Article.objects.filter(send_requested_at__isnull=False).exists()
    assert not Mailing.objects.exclude(state=MailingState.SENT).exists()


def test_closed_articles_show_visitors_the_teaser_alone(loaded: DemoSummary) -> None:
    closed = Article.objects.exclude(access="public")
    assert closed.count() == 3
    for article in closed:
        assert article.has_divider
        assert 0 < len(article.public_html) < len(article.full_html) / 2


def test_no_placeholder_is_left_and_pictures_are_there(loaded: DemoSummary) -> None:
    for article in Article.objects.select_related("cover"):
        assert "demo:" not in article.body
        assert "article:" not in article.body
        assert article.cover is not None
        assert article.cover.alt
        assert default_storage.exists(article.cover.file.name)


def test_readers_are_spread_over_states_and_months(loaded: DemoSummary) -> None:
    states = Subscription.objects.filter(newsletter=main())
    assert states.filter(state=SubscriptionState.ACTIVE).count() == 4112
    assert states.filter(state=SubscriptionState.PENDING).count() == 33
    assert states.filter(state=SubscriptionState.UNSUBSCRIBED).count() == 117
    months = {at.strftime("%Y-%m") for at in states.values_list("created_at", flat=True)}
    assert len(months) >= 14
    now = timezone.now()
    for subscription in Subscription.objects.all():
        active = subscription.state == SubscriptionState.ACTIVE
        left = subscription.state == SubscriptionState.UNSUBSCRIBED
        assert bool(subscription.consent_at) == (active or left)
        assert bool(subscription.unsubscribed_at) == left
        moments = [subscription.created_at, subscription.consent_at, subscription.unsubscribed_at]
        known = [moment for moment in moments if moment]
        assert known == sorted(known)
        assert known[-1] <= now


def test_consent_record_matches_the_subscriptions(loaded: DemoSummary) -> None:
    lines = ConsentEvent.objects.all()
    subscriptions = Subscription.objects.all()
    assert lines.filter(what=ConsentEventKind.REQUESTED).count() == subscriptions.count()
    left = subscriptions.filter(state=SubscriptionState.UNSUBSCRIBED)
    assert lines.filter(what=ConsentEventKind.LEFT).count() == left.count()
    for subscription in left:
        line = lines.get(
            user_id=subscription.user_id,
            newsletter_id=subscription.newsletter_id,
            what=ConsentEventKind.LEFT,
        )
        assert line.at == subscription.unsubscribed_at


def test_counts_of_what_was_sent_add_up(loaded: DemoSummary) -> None:
    for mailing in Mailing.objects.all():
        counts = mailing_counts(mailing)
        assert counts.audience == counts.total == mailing.deliveries.count()
        assert counts.failed == 7
        assert counts.suppressed > 0
        assert counts.accepted == counts.audience - counts.failed - counts.suppressed
        late = Subscription.objects.filter(consent_at__gt=mailing.started_at)
        assert not mailing.deliveries.filter(user__in=late.values("user")).exists()
    assert not Batch.objects.exclude(state=BatchState.DONE).exists()
    assert not Delivery.objects.filter(user__is_staff=True).exists()


def test_who_may_do_what(loaded: DemoSummary) -> None:
    author = User.objects.get(email="author@example.com")
    assert author.is_superuser
    assert author.check_password("negotiate-well")
    guest = User.objects.get(email="guest@example.com")
    assert guest.articles.count() == 1
    assert not guest.is_staff
    member = User.objects.get(email="member@example.com")
    reader = User.objects.get(email="reader@example.com")
    assert get_reader(member).tier_ids
    assert not get_reader(reader).tier_ids
    assert not any(user.has_usable_password() for user in (guest, member, reader))


def test_visitors_can_read_it(loaded: DemoSummary, client: Client) -> None:
    page = client.get("/articles/the-second-chair/")
    assert page.status_code == 200
    assert b"Mr Claes" in page.content
    assert client.get("/articles/the-other-bank/").status_code == 404


def test_smaller_pictures_are_made_once_and_shown(loaded: DemoSummary) -> None:
    assert finish_pictures() == 14
    assert all(image.renditions for image in ArticleImage.objects.all())
    for rendition in ArticleImage.objects.all()[0].renditions:
        assert default_storage.exists(rendition["path"])
    assert ".avif" in Article.objects.get(slug="the-second-chair").full_html
    assert finish_pictures() == 0


def test_a_second_run_is_refused(loaded: DemoSummary) -> None:
    people = User.objects.count()
    with pytest.raises(DemoRefusedError, match="only fills an empty one"):
        load_demo(size=SMALL)
    with pytest.raises(CommandError, match="only fills an empty one"):
        call_command("load_demo", stdout=StringIO())
    assert User.objects.count() == people


def test_the_authors_queue_has_something_of_each_kind(loaded: DemoSummary) -> None:
    waiting = Comment.objects.filter(state=CommentState.PENDING)
    assert waiting.count() == 3
    reasons = {each["check"] for comment in waiting for each in comment.reasons}
    assert {"first_timer", "links"} <= reasons
    assert Comment.objects.filter(state=CommentState.SPAM).count() == 1
    reported = Comment.objects.get(reports__state=ReportState.OPEN)
    assert reported.is_visible
    assert all(comment.submitted_at < timezone.now() for comment in waiting)
    assert all(comment.name for comment in Comment.objects.all())
