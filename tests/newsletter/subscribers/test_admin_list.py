"""The list of subscribers in the admin."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from newsletter.accounts.search import find_people_ids
from newsletter.subscribers import actions, queries
from newsletter.subscribers.admin import changelist
from newsletter.subscribers.enums import SuppressionReason
from newsletter.subscribers.models import Subscription
from tests.factories.accounts import StaffFactory, UserFactory, sign_in_staff
from tests.factories.subscribers import NewsletterFactory, SubscriptionFactory

pytestmark = pytest.mark.django_db

PATH = "/admin/newsletter/subscription/"


@pytest.fixture
def author(client):
    return sign_in_staff(client)


def _shown(response):
    return [row.user.email for row in response.context["cl"].result_list]


def test_visitors_and_readers_do_not_see_it(client):
    assert client.get(PATH).status_code == 302
    client.force_login(UserFactory(), backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(PATH).status_code in {302, 403}
    assert client.get(f"{PATH}export/").status_code in {302, 403}


def test_the_newest_come_first_with_who_is_left_out_marked(client, author):
    letter = NewsletterFactory()
    old = SubscriptionFactory(newsletter=letter, created_at=datetime(2024, 1, 1, tzinfo=UTC))
    new = SubscriptionFactory(newsletter=letter)
    actions.suppress(address=old.user.email.upper(), reason=SuppressionReason.HARD_BOUNCE)
    response = client.get(PATH)
    assert _shown(response) == [new.user.email, old.user.email]
    assert [row.is_left_out for row in response.context["cl"].result_list] == [False, True]
    assert "Left out" in response.content.decode()


def test_filters_combine(client, author):
    one, two = NewsletterFactory(), NewsletterFactory()
    wanted = SubscriptionFactory(
        newsletter=one,
        pending=True,
        consent_source="embed",
        created_at=datetime(2025, 5, 5, 23, tzinfo=UTC),
    )
    SubscriptionFactory(newsletter=two, pending=True, consent_source="embed")
    SubscriptionFactory(newsletter=one, consent_source="embed")
    SubscriptionFactory(newsletter=one, pending=True)
    SubscriptionFactory(newsletter=one, pending=True, consent_source="embed")
    response = client.get(
        PATH,
        {
            "newsletter": one.pk,
            "state": "pending",
            "source": "embed",
            "created_at_from": "2025-05-05",
            "created_at_to": "2025-05-05",
        },
    )
    assert _shown(response) == [wanted.user.email]


@pytest.mark.parametrize(
    "junk",
    [
        *("newsletter=x", "state=x", "source=x", "created_at_from=x", "p=x"),
        *("newsletter=²", "import=²", f"newsletter={'9' * 4400}", f"import={'9' * 4400}"),
    ],
)
def test_a_mistyped_filter_is_no_error(client, author, junk):
    SubscriptionFactory()
    assert client.get(f"{PATH}?{junk}").status_code == 200


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("zoe@exam", ["zoe@example.com"]),
        ("ZOE@Example.com", ["zoe@example.com"]),
        ("oe@ex", ["zoe@example.com", "joe@example.com"]),
        ("ångs", ["zoe@example.com"]),
        ("zoë ström", ["zoe@example.com"]),
        ("joe ström", []),
        ("100%", []),
        ("_oe", []),
        ("' OR 1=1", []),
    ],
)
def test_people_are_found_by_pieces_of_address_and_name(client, author, typed, found):
    SubscriptionFactory(user__email="joe@example.com", user__name="Joe Smith")
    SubscriptionFactory(user__email="zoe@example.com", user__name="Zoë Ångström")
    SubscriptionFactory(user__email="other@example.net", user__name="Other")
    assert _shown(client.get(PATH, {"q": typed})) == found


def test_search_stops_at_its_limit():
    UserFactory.create_batch(5, name="Many")
    assert len(find_people_ids("many", limit=3)) == 3
    assert find_people_ids("  ") == []


@pytest.mark.parametrize(
    "query", ["", "?newsletter={pk}", "?q=reader", "?source=form&state=active"]
)
def test_the_number_of_queries_does_not_grow(client, author, query):
    letter = NewsletterFactory()
    path = PATH + query.format(pk=letter.pk)
    SubscriptionFactory(newsletter=letter, user__email="reader-x@example.com")
    client.get(path)
    with CaptureQueriesContext(connection) as one:
        client.get(path)
    for number in range(40):
        SubscriptionFactory(newsletter=letter, user__email=f"reader-{number}@example.com")
    with CaptureQueriesContext(connection) as many:
        client.get(path)
    assert len(many) == len(one)


def test_counts_are_exact_for_newsletter_and_state(client, author, settings):
    one, two = NewsletterFactory(), NewsletterFactory()
    SubscriptionFactory.create_batch(3, newsletter=one)
    SubscriptionFactory.create_batch(2, newsletter=one, left=True)
    SubscriptionFactory(newsletter=two)
    queries.forget_counts()
    for query, count in (
        ({}, 6),
        ({"newsletter": one.pk}, 5),
        ({"state": "active"}, 4),
        ({"newsletter": one.pk, "state": "unsubscribed"}, 2),
    ):
        assert client.get(PATH, query).context["cl"].result_count == count
    assert queries.count_active(one) == 3
    assert queries.count_active() == 4


def test_any_other_count_stops_at_a_bound(client, author, monkeypatch):
    monkeypatch.setattr(changelist, "COUNT_UP_TO", 3)
    SubscriptionFactory.create_batch(5)
    page = client.get(PATH, {"source": "form"})
    assert page.context["cl"].result_count == 3
    assert "more than 3" in page.content.decode()


def test_deep_pages_hold_the_right_rows(client, author, monkeypatch):
    from newsletter.subscribers.admin.subscribers import SubscriptionAdmin

    monkeypatch.setattr(SubscriptionAdmin, "list_per_page", 4)
    monkeypatch.setattr(SubscriptionAdmin, "list_max_show_all", 4)
    letter = NewsletterFactory()
    made = SubscriptionFactory.create_batch(11, newsletter=letter)
    queries.forget_counts()
    seen = [_shown(client.get(PATH, {"p": number})) for number in (1, 2, 3)]
    shown = [address for page in seen for address in page]
    assert shown == [row.user.email for row in reversed(made)]


def _exported(client, query=""):
    response = client.get(f"{PATH}export/{query}")
    assert response["Content-Type"].startswith("text/csv")
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_the_export_holds_the_selection_and_nothing_that_runs(client, author):
    letter = NewsletterFactory()
    for start in "=+-@":
        SubscriptionFactory(newsletter=letter, user__name=f'{start}HYPERLINK("http://x")')
    SubscriptionFactory(newsletter=letter, user__name="Quoted, “Name”\nTwo")
    SubscriptionFactory(newsletter=letter, left=True)
    rows = _exported(client, f"?newsletter={letter.pk}&state=active")
    assert len(rows) == 5
    assert {row["state"] for row in rows} == {"active"}
    for row in rows:
        assert not row["name"].startswith(tuple("=+-@"))
    assert sum(row["name"].startswith("'") for row in rows) == 4
    assert len(_exported(client)) == 6


def test_an_export_can_be_brought_in_again(client, author):
    from tests.newsletter.subscribers.imports import bring_in

    letter, other = NewsletterFactory(), NewsletterFactory()
    SubscriptionFactory(newsletter=letter, user__name="-Dash", user__email="+plus@example.com")
    SubscriptionFactory(newsletter=letter, left=True)
    response = client.get(f"{PATH}export/")
    job = bring_in(author, other, b"".join(response.streaming_content))
    assert job.counts == {"new": 1, "left": 1}
    states = Subscription.objects.filter(newsletter=other).values_list("user__name", "state")
    assert ("-Dash", "active") in set(states)


def test_the_export_needs_no_more_queries_for_more_rows(client, author):
    SubscriptionFactory()
    with CaptureQueriesContext(connection) as one:
        _exported(client)
    SubscriptionFactory.create_batch(20)
    with CaptureQueriesContext(connection) as many:
        _exported(client)
    assert len(many) <= len(one)


def test_staff_without_the_right_are_refused(client):
    author = StaffFactory(is_superuser=False)
    sign_in_staff(client, author)
    row = SubscriptionFactory()
    for path in (PATH, f"{PATH}export/", f"{PATH}add/", f"{PATH}{row.pk}/change/"):
        assert client.get(path).status_code == 403, path
