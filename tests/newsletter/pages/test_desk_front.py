"""The desk's first page and the admin's frame."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.mailings.enums import DeliveryState
from newsletter.mailings.models import Mailing
from newsletter.outbox.enums import EmailState
from newsletter.outbox.models import OutgoingEmail
from newsletter.pages.admin_shell import accent_colours, sidebar
from newsletter.pages.dashboard import DAYS, growth
from newsletter.subscribers.enums import ConsentSource
from newsletter.subscribers.models import Subscription
from tests.factories.accounts import StaffFactory
from tests.factories.articles import ArticleFactory, PublishedArticleFactory
from tests.factories.mailings import prepared_mailing
from tests.factories.outbox import OutgoingEmailFactory
from tests.factories.publication import PublicationFactory
from tests.factories.subscribers import NewsletterFactory, SubscriptionFactory

pytestmark = pytest.mark.django_db
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture(autouse=True)
def _signed_in_is_enough(settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = False


def signed_in(client: Client, *permissions: str, **kwargs: Any) -> User:
    user = StaffFactory(is_superuser=not permissions and not kwargs, **kwargs)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user, backend=BACKEND)
    return user


def subscribe(days_ago: float, **kwargs: Any) -> Subscription:
    row = SubscriptionFactory(**kwargs)
    when = timezone.now() - timedelta(days=days_ago)
    Subscription.objects.filter(pk=row.pk).update(created_at=when, consent_at=when)
    return row


def test_growth_adds_up() -> None:
    letter = NewsletterFactory()
    subscribe(200, newsletter=letter)
    subscribe(10, newsletter=letter)
    subscribe(10, newsletter=letter, consent_source=ConsentSource.IMPORT)
    gone = subscribe(50, newsletter=letter, left=True)
    Subscription.objects.filter(pk=gone.pk).update(
        unsubscribed_at=timezone.now() - timedelta(days=5)
    )
    SubscriptionFactory(newsletter=letter, pending=True)
    found = growth()
    assert len(found.days) == DAYS
    assert (found.joined, found.left) == (3, 1)
    assert [found.days[0].readers, found.days[-1].readers] == [1, 3]
    assert found.highest == 4
    for before, after in zip(found.days, found.days[1:], strict=False):
        assert after.readers == before.readers + after.joined - after.left
    assert sum(week.joined for week in found.weeks) == 3
    assert dict(found.sources) == {"Subscribe form": 2, "Import, with the author's statement": 1}


def test_an_empty_list_has_an_answer_too(client: Client) -> None:
    signed_in(client)
    page = client.get("/admin/").content.decode()
    assert "Nobody yet." in page
    assert "Nothing. A good moment to write." in page
    assert "None has gone out yet." in page


def test_it_says_what_waits(client: Client) -> None:
    signed_in(client)
    ArticleFactory(title="Half written")
    later = timezone.now() + timedelta(days=2)
    ArticleFactory(title="On its way", state="scheduled", published_at=later)
    PublishedArticleFactory(title="Long out")
    page = client.get("/admin/").content.decode()
    assert "Half written" in page
    assert "On its way" in page
    assert "Long out" not in page


def test_it_says_of_what_nobody_knows_whether_it_arrived(client: Client) -> None:
    """It waits for a decision that nothing else asks for."""
    signed_in(client)
    assert "Nothing. A good moment to write." in client.get("/admin/").content.decode()
    mailing, other = prepared_mailing(readers=2), prepared_mailing(readers=2)
    Mailing.objects.filter(pk=other.pk).update(subject="On its way")
    mailing.deliveries.update(state=DeliveryState.UNKNOWN)
    OutgoingEmailFactory(state=EmailState.FAILED)
    old = OutgoingEmailFactory(state=EmailState.UNKNOWN)
    OutgoingEmail.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=10))
    page = client.get("/admin/").content.decode()
    waiting = page[page.index("What waits for you") : page.index("What came in")]
    assert f"/mailing/{mailing.pk}/change/" in waiting
    assert "Nobody knows whether some people got it" in waiting
    assert "On its way" not in waiting
    assert "Nobody knows whether 1 mail to one person arrived" in waiting
    assert "1 mail to one person was not delivered" in waiting
    for link in re.findall(r'href="(/admin/newsletter/outgoingemail/[^"]*)"', waiting):
        assert len(client.get(link).context["cl"].result_list) == 1, link


def test_it_costs_the_same_with_few_and_with_many(client: Client) -> None:
    signed_in(client)
    letter = NewsletterFactory()
    subscribe(1, newsletter=letter)
    ArticleFactory()
    client.get("/admin/")
    counts = []
    for more in (0, 4):
        ArticleFactory.create_batch(more)
        for _ in range(more):
            subscribe(3, newsletter=letter)
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            client.get("/admin/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_people_see_only_what_they_may(client: Client) -> None:
    signed_in(client, "view_tag")
    ArticleFactory(title="Half written")
    subscribe(1)
    page = client.get("/admin/").content.decode()
    assert "Half written" not in page
    assert "The last letters" not in page
    assert "reader" not in page.split('class="desk-overview"')[1]
    assert "/admin/newsletter/tag/" in page
    assert "/admin/newsletter/article/" not in page


def test_the_sidebar_goes_through_the_authors_day(client: Client) -> None:
    request = RequestFactory().get("/admin/")
    request.user = StaffFactory()
    titles = [str(group["title"]) for group in sidebar(request) if "title" in group]
    expected = ["Write", "Send", "Audience", "Earn", "Teach", "Site"]
    assert titles == [title for title in expected if title in titles]
    assert {"Write", "Audience", "Site"} <= set(titles)
    links = [str(item["link"]) for group in sidebar(request) for item in group["items"]]
    assert len(links) == len(set(links))
    plumbing = ("batch", "delivery", "variant", "event", "circuit", "group", "rate")
    assert not [link for link in links if any(word in link for word in plumbing)]


def test_every_link_of_the_sidebar_opens(client: Client) -> None:
    user = signed_in(client)
    request = RequestFactory().get("/admin/")
    request.user = user
    for group in sidebar(request):
        for item in group["items"]:
            assert client.get(str(item["link"]), follow=True).status_code == 200, item["link"]


def test_the_accent_is_the_publications() -> None:
    PublicationFactory(accent="#ff0000")
    colours = accent_colours(RequestFactory().get("/admin/"))
    assert list(colours) == ["50", *(f"{n}00" for n in range(1, 10)), "950"]
    assert {value.split()[-1] for value in colours.values()} == {"29.2)"}


def test_there_is_one_main_landmark_and_a_way_to_it(client: Client) -> None:
    signed_in(client)
    for there in ("/admin/", "/admin/newsletter/tag/", "/admin/newsletter/article/add/"):
        page = client.get(there).content.decode()
        assert page.count("<main") == 1
        assert 'href="#main"' in page


def test_a_list_tells_nothing_yet_from_nothing_that_fits(client: Client) -> None:
    signed_in(client)
    empty = client.get("/admin/newsletter/article/").content.decode()
    assert "Nothing here yet" in empty
    assert "Show all" not in empty
    ArticleFactory(title="The Second Chair")
    for query in ("?q=nowhere", "?state__exact=archived"):
        page = client.get(f"/admin/newsletter/article/{query}").content.decode()
        assert "Nothing fits" in page, query
        assert "Show all" in page, query


def test_lists_write_dates_the_way_the_site_does(client: Client) -> None:
    user = signed_in(client)
    user.created_at = datetime(2026, 11, 23, 17, 11, tzinfo=UTC)
    user.save(update_fields=["created_at"])
    assert "23 Nov 2026, 17:11" in client.get("/admin/newsletter/user/").content.decode()
