"""Nobody is flooded with confirmations, whatever strangers type."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from newsletter.outbox.models import OutgoingEmail
from newsletter.subscribers import actions, limits
from newsletter.subscribers.actions.subscribing import MAILS_PER_ADDRESS
from newsletter.subscribers.enums import RequestAnswer
from newsletter.subscribers.models import SubscriptionRequest
from tests.factories.subscribers import NewsletterFactory, SubscriptionFactory
from tests.newsletter.subscribers.helpers import answer_all, post_form

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("known", [True, False])
def test_one_address_gets_three_mails_a_day_from_however_many_senders(client, known):
    letter = NewsletterFactory()
    if known:
        SubscriptionFactory(user__email="victim@example.com", newsletter=letter)
    spellings = ["victim@example.com", "VICTIM@example.com", " Victim@Example.com "] * 4
    pages = set()
    with time_machine.travel("2026-11-12 09:00:00Z", tick=False) as clock:
        for number, spelling in enumerate(spellings):
            address = f"198.51.{number}.7"
            response = post_form(client, spelling, letter, REMOTE_ADDR=address)
            pages.add((response.status_code, client.get(response["Location"]).content))
            answer_all()
        assert OutgoingEmail.objects.count() == MAILS_PER_ADDRESS
        # The sender of the fourth sees what the sender of the first saw.
        assert len(pages) == 1
        answers = SubscriptionRequest.objects.filter(answer=RequestAnswer.TOO_MANY)
        assert answers.count() == len(spellings) - MAILS_PER_ADDRESS
        clock.shift(timedelta(days=1))
        post_form(client, "victim@example.com", letter)
        assert len(answer_all()) == 1


def test_one_sender_is_stopped_with_the_form_kept(client, monkeypatch):
    monkeypatch.setattr(limits, "PER_IP", 3)
    letter = NewsletterFactory()
    for number in range(3):
        assert post_form(client, f"a{number}@example.com", letter).status_code == 302
    stopped = post_form(client, "a4@example.com", letter)
    assert stopped.status_code == 429
    assert "try again in an hour" in stopped.content.decode()
    assert 'value="a4@example.com"' in stopped.content.decode()
    assert SubscriptionRequest.objects.count() == 3
    other = post_form(client, "a5@example.com", letter, REMOTE_ADDR="203.0.113.5")
    assert other.status_code == 302


@pytest.mark.parametrize("senders", [["203.0.113.{}"], ["2001:db8:5:{}::1"]])
def test_a_network_is_counted_together(client, monkeypatch, senders):
    monkeypatch.setattr(limits, "PER_NETWORK", 4)
    letter = NewsletterFactory()
    codes = [
        post_form(
            client, f"n{number}@example.com", letter, REMOTE_ADDR=senders[0].format(number)
        ).status_code
        for number in range(1, 7)
    ]
    assert codes == [302] * 4 + [429] * 2


def test_all_senders_together_are_counted(client, monkeypatch):
    monkeypatch.setattr(limits, "PER_SITE", 2)
    letter = NewsletterFactory()
    codes = [
        post_form(
            client, f"s{number}@example.com", letter, REMOTE_ADDR=f"198.51.{number}.1"
        ).status_code
        for number in range(3)
    ]
    assert codes == [302, 302, 429]


def test_resending_and_renewing_count_too(client, monkeypatch):
    monkeypatch.setattr(limits, "PER_IP", 2)
    letter = NewsletterFactory()
    where = post_form(client, "anna@example.com", letter)["Location"]
    SubscriptionRequest.objects.update(created_at=timezone.now() - timedelta(minutes=5))
    assert client.post(where).status_code == 302
    assert client.post(where).status_code == 429


def test_a_request_is_answered_once_however_often_the_worker_is_told():
    letter = NewsletterFactory()
    asked = actions.request_subscription(email="anna@example.com", newsletters=[letter])
    assert actions.answer_request(request_id=asked.pk) is not None
    assert actions.answer_request(request_id=asked.pk) is None
    assert actions.answer_request(request_id=10**9) is None
    assert OutgoingEmail.objects.count() == 1


def test_a_newsletter_closed_in_the_meantime_mails_nobody():
    letter = NewsletterFactory()
    asked = actions.request_subscription(email="anna@example.com", newsletters=[letter])
    letter.is_archived = True
    letter.save()
    assert actions.answer_request(request_id=asked.pk) is None
    asked.refresh_from_db()
    assert asked.answer == RequestAnswer.CLOSED


def test_lost_nudges_are_found_by_the_sweep(monkeypatch):
    from newsletter.subscribers import tasks

    told = []
    monkeypatch.setattr(
        tasks.answer_subscription_request, "apply_async", lambda args, **_: told.append(args[0])
    )
    letter = NewsletterFactory()
    lost = actions.request_subscription(email="a@example.com", newsletters=[letter])
    SubscriptionRequest.objects.update(created_at=timezone.now() - timedelta(seconds=30))
    actions.request_subscription(email="b@example.com", newsletters=[letter])
    tasks.sweep_subscription_requests()
    assert told == [lost.pk]
