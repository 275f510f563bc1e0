"""Pause, resume, cancel, retry, decide: said with a number first, done once, by POST."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from newsletter.mailings.enums import DeliveryState, MailingState
from newsletter.mailings.models import Mailing
from newsletter.mailings.queries import mailing_counts
from tests.factories.mailings import MailingFactory
from tests.newsletter.mailings_admin.conftest import mailing_in

pytestmark = pytest.mark.django_db


def path(mailing: Mailing, what: str) -> str:
    return reverse("admin:newsletter_mailing_act", args=[mailing.pk, what])


def press(desk: Client, mailing: Mailing, what: str) -> str:
    """Press the button, follow to the progress page, return its text."""
    response = desk.post(path(mailing, what), follow=True)
    mailing.refresh_from_db()
    return str(response.content.decode())


def test_pause_and_resume(desk: Client) -> None:
    mailing = mailing_in(6, accepted=2)
    assert "Paused." in press(desk, mailing, "pause")
    assert mailing.state == MailingState.PAUSED
    assert "Send to the other 4 people" in desk.get(path(mailing, "resume")).content.decode()
    assert "It goes on." in press(desk, mailing, "resume")
    assert mailing.state == MailingState.SENDING


def test_cancel_says_how_many_will_not_get_it(desk: Client) -> None:
    mailing = mailing_in(6, accepted=2)
    page = desk.get(path(mailing, "cancel")).content.decode()
    assert "2 people have been sent it" in page
    assert "Cancel it for 4 people" in page
    assert "This cannot be undone" in page
    assert "4 people will not get it" in press(desk, mailing, "cancel")
    assert mailing.state == MailingState.CANCELLED
    assert mailing_counts(mailing).cancelled == 4


def test_a_draft_that_is_put_away_concerned_nobody(desk: Client) -> None:
    mailing = MailingFactory(state=MailingState.DRAFT)
    assert "nobody will be" in desk.get(path(mailing, "cancel")).content.decode()
    press(desk, mailing, "cancel")
    assert mailing.state == MailingState.CANCELLED


def test_retry_concerns_the_failed_alone(desk: Client) -> None:
    mailing = mailing_in(6, accepted=4, failed=2)
    assert "Try 2 people again" in desk.get(path(mailing, "retry")).content.decode()
    assert "2 people wait for another attempt" in press(desk, mailing, "retry")
    counts = mailing_counts(mailing)
    assert (counts.accepted, counts.failed, counts.queued) == (4, 0, 2)


def test_the_unknown_are_sent_again_or_counted_as_the_author_decides(desk: Client) -> None:
    again, counted = mailing_in(3, unknown=2, accepted=1), mailing_in(3, unknown=2, accepted=1)
    assert "gets it twice" in desk.get(path(again, "send-again")).content.decode()
    assert "never gets it" in desk.get(path(counted, "count-as-sent")).content.decode()
    press(desk, again, "send-again")
    press(desk, counted, "count-as-sent")
    assert mailing_counts(again).queued == 2
    assert mailing_counts(counted).accepted == 3
    assert counted.state == MailingState.SENT
    assert not counted.deliveries.filter(state=DeliveryState.UNKNOWN).exists()


def test_the_author_is_asked_about_the_unknown(desk: Client) -> None:
    mailing = mailing_in(3, unknown=1, accepted=2)
    change = reverse("admin:newsletter_mailing_change", args=[mailing.pk])
    page = desk.get(change).content.decode()
    assert "Nobody knows whether one person got it." in page
    assert path(mailing, "send-again") in page
    assert path(mailing, "count-as-sent") in page


def test_what_cannot_be_done_any_more_is_said_and_nothing_happens(desk: Client) -> None:
    mailing = mailing_in(3, accepted=3)
    Mailing.objects.filter(pk=mailing.pk).update(state=MailingState.SENT)
    response = desk.post(path(mailing, "pause"))
    assert response.status_code == 409
    assert "cannot be done while the mailing is “Sent”" in response.content.decode()


def test_only_what_can_be_done_is_offered(desk: Client) -> None:
    mailing = mailing_in(3, accepted=3)
    Mailing.objects.filter(pk=mailing.pk).update(state=MailingState.SENT)
    page = desk.get(reverse("admin:newsletter_mailing_change", args=[mailing.pk])).content.decode()
    for what in ("pause", "resume", "cancel", "retry", "send-again"):
        assert path(mailing, what) not in page


def test_a_scheduled_letter_becomes_a_draft_again(desk: Client) -> None:
    mailing = MailingFactory()
    press(desk, mailing, "unschedule")
    assert mailing.state == MailingState.DRAFT
