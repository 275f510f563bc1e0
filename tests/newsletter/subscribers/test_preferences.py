"""The page on which a signed-in reader chooses newsletters."""

from __future__ import annotations

import pytest
from django.test import Client

from newsletter.outbox.models import OutgoingEmail
from newsletter.subscribers import actions
from newsletter.subscribers.enums import SuppressionReason
from newsletter.subscribers.models import ConsentEvent, Subscription, SubscriptionRequest
from tests.factories.accounts import UserFactory
from tests.factories.subscribers import NewsletterFactory, SubscriptionFactory

pytestmark = pytest.mark.django_db

PATH = "/account/newsletters/"


@pytest.fixture
def user(client):
    user = UserFactory()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return user


def _states(user):
    return dict(Subscription.objects.filter(user=user).values_list("newsletter__slug", "state"))


def test_visitors_are_sent_to_sign_in(client):
    for response in (client.get(PATH), client.post(PATH)):
        assert response.status_code == 302
        assert "/account/login/" in response["Location"]


def test_it_needs_the_csrf_token(user):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert strict.post(PATH).status_code == 403


def test_ticks_join_and_leave_at_once_without_a_mail(client, user):
    kept = SubscriptionFactory(user=user, newsletter__slug="kept").newsletter
    SubscriptionFactory(user=user, newsletter__slug="left")
    back = SubscriptionFactory(user=user, newsletter__slug="back", left=True).newsletter
    new = NewsletterFactory(slug="new")
    NewsletterFactory(slug="never")
    stranger = SubscriptionFactory(newsletter=kept)
    page = client.get(PATH).content.decode()
    assert page.count(" checked") == 2
    response = client.post(PATH, {"newsletters": [kept.slug, back.slug, new.slug]})
    assert response["Location"] == f"{PATH}?saved"
    assert _states(user) == {
        "kept": "active",
        "left": "unsubscribed",
        "back": "active",
        "new": "active",
    }
    assert _states(stranger.user) == {"kept": "active"}
    assert not OutgoingEmail.objects.exists()
    assert Subscription.objects.get(user=user, newsletter=new).consent_source == "account"
    assert "Saved" in client.get(f"{PATH}?saved").content.decode()


def test_saving_twice_writes_no_second_record(client, user):
    letter = NewsletterFactory()
    for _ in range(2):
        client.post(PATH, {"newsletters": [letter.slug]})
    assert ConsentEvent.objects.count() == 1


def test_everything_can_be_left(client, user):
    SubscriptionFactory(user=user, newsletter__slug="one")
    SubscriptionFactory(user=user, newsletter__slug="two", pending=True)
    client.post(PATH)
    assert set(_states(user).values()) == {"unsubscribed"}


def test_an_unknown_or_closed_newsletter_changes_nothing(client, user):
    row = SubscriptionFactory(user=user)
    closed = NewsletterFactory(is_archived=True)
    for slug in ("no-such", closed.slug):
        assert client.post(PATH, {"newsletters": [slug]}).status_code == 200
    row.refresh_from_db()
    assert row.state == "active"


def test_an_address_that_was_never_proved_is_asked_by_mail(client, user):
    user.email_confirmed_at = None
    user.save()
    letter = NewsletterFactory(slug="letter")
    response = client.post(PATH, {"newsletters": [letter.slug]})
    assert response["Location"] == f"{PATH}?asked"
    assert SubscriptionRequest.objects.get().source == "account"
    assert _states(user) == {}


def test_whom_the_author_has_barred_is_told(client, user):
    letter = NewsletterFactory()
    actions.suppress(address=user.email, reason=SuppressionReason.MANUAL)
    client.post(PATH, {"newsletters": [letter.slug]})
    assert _states(user) == {}
    assert "has no effect" in client.get(PATH).content.decode()


def test_joining_anew_lifts_a_bounce(client, user):
    letter = NewsletterFactory(slug="letter")
    actions.suppress(address=user.email, reason=SuppressionReason.HARD_BOUNCE)
    client.post(PATH, {"newsletters": [letter.slug]})
    assert _states(user) == {"letter": "active"}
    assert not user.suppressions.exists()


def test_the_account_page_sums_up(client, user):
    SubscriptionFactory(user=user, newsletter__name="The Long View")
    SubscriptionFactory(user=user, newsletter__name="Left Behind", left=True)
    page = client.get("/account/").content.decode()
    assert "The Long View" in page
    assert "Left Behind" not in page
    assert PATH in page


def test_the_number_of_queries_does_not_grow(client, user, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    SubscriptionFactory(user=user)
    client.get(PATH)
    with CaptureQueriesContext(connection) as one:
        client.get(PATH)
    SubscriptionFactory.create_batch(3, user=user)
    with django_assert_num_queries(len(one)):
        client.get(PATH)
