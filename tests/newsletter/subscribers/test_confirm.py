"""The link in the confirmation."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from newsletter.outbox.models import OutgoingEmail
from newsletter.subscribers import actions
from newsletter.subscribers.models import ConsentEvent, Subscription, SubscriptionRequest
from tests.factories.subscribers import NewsletterFactory, SubscriptionFactory
from tests.newsletter.subscribers.helpers import answer_all, link_in, post_form

pytestmark = pytest.mark.django_db


@pytest.fixture
def letter():
    return NewsletterFactory()


def _ask(client, letter, address="anna@example.com"):
    post_form(client, address, letter)
    (email,) = answer_all()
    return link_in(email, "subscribe/confirm")


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_m15_looking_at_the_link_changes_nothing(client, letter, method):
    path = _ask(client, letter)
    before = (Subscription.objects.values().get(), SubscriptionRequest.objects.values().get())
    for _ in range(3):
        response = getattr(client, method)(path)
        assert response.status_code == (405 if method == "options" else 200)
    after = (Subscription.objects.values().get(), SubscriptionRequest.objects.values().get())
    assert before == after
    assert "no-store" in response.headers.get("Cache-Control", "no-store")


def test_the_page_has_one_button_and_shows_the_address_masked(client, letter):
    page = client.get(_ask(client, letter)).content.decode()
    page = page[page.index("<main") : page.index("</main>")]
    assert page.count("<form") == page.count("<button class=") == 1
    assert "anna@example.com" not in page
    assert "a…@example.com" in page


def test_confirming_twice_is_one_act(client, letter):
    path = _ask(client, letter)
    first, second = client.post(path), client.post(path)
    assert "You are on the list" in first.content.decode()
    assert "You are on the list" in second.content.decode()
    assert "You are on the list" in client.get(path).content.decode()
    assert ConsentEvent.objects.filter(what="confirmed").count() == 1


def test_a_letter_that_was_closed_meanwhile_is_said_to_be(client, letter):
    path = _ask(client, letter)
    letter.is_archived = True
    letter.save()
    for method in (client.get, client.post, client.get):
        page = method(path).content.decode()
        assert "has been closed" in page
        assert "You have left since" not in page
        assert "One press to go" not in page
    assert Subscription.objects.get().state == "pending"


def test_a_link_older_than_a_week_offers_a_new_one(client, letter):
    path = _ask(client, letter)
    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1)):
        page = client.get(path)
        assert page.status_code == 410
        assert "Send a new link to a…@example.com" in page.content.decode()
        assert "on its way" in client.post(path).content.decode()
        assert Subscription.objects.get().state == "pending"
        (email,) = answer_all()
        assert email.to == "anna@example.com"
        client.post(link_in(email, "subscribe/confirm"))
    assert Subscription.objects.get().state == "active"


def test_a_link_of_six_days_still_works(client, letter):
    path = _ask(client, letter)
    with time_machine.travel(timezone.now() + timedelta(days=6, hours=23)):
        client.post(path)
    assert Subscription.objects.get().state == "active"


def test_a_used_link_stays_used_after_a_week(client, letter):
    path = _ask(client, letter)
    client.post(path)
    with time_machine.travel(timezone.now() + timedelta(days=30)):
        assert client.get(path).status_code == 200
        client.post(path)
    assert OutgoingEmail.objects.count() == 1


@pytest.mark.parametrize("damage", ["cut", "forged", "other purpose", "gone"])
def test_a_damaged_link_helps_on(client, letter, damage):
    path = _ask(client, letter)
    if damage == "cut":
        path = path[:-6] + "/"
    elif damage == "forged":
        path = path.replace("confirm/", "confirm/9")
    elif damage == "other purpose":
        path = path.replace("/subscribe/confirm/", "/unsubscribe/")
    else:
        SubscriptionRequest.objects.all().delete()
    for response in (client.get(path), client.post(path)):
        assert response.status_code in {404, 410}
        assert "Nothing was changed" in response.content.decode()
    assert Subscription.objects.get().state == "pending"


def test_an_old_link_does_not_bring_back_who_left_since(client, letter):
    first = _ask(client, letter)
    second = _ask(client, letter)
    client.post(first)
    actions.unsubscribe(subscription=Subscription.objects.get())
    for path in (first, second):
        assert "You have left since" in client.post(path).content.decode()
    assert Subscription.objects.get().state == "unsubscribed"
    client.post(_ask(client, letter))
    assert Subscription.objects.get().state == "active"
    assert Subscription.objects.get().unsubscribed_at is None


def test_coming_back_keeps_the_whole_record(client, letter):
    row = SubscriptionFactory(newsletter=letter, user__email="anna@example.com")
    actions.unsubscribe(subscription=row, reason="Too often")
    client.post(_ask(client, letter))
    told = ConsentEvent.objects.order_by("pk").values_list("what", "detail")
    assert [what for what, _ in told] == ["left", "requested", "confirmed"]
    assert told[0][1] == "Too often"
