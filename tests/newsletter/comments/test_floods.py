"""A flood: limits for a person, a /24 and a /48, and a site that goes on as before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from newsletter.accounts.models import User
from newsletter.articles.models import Article
from newsletter.comments.actions import RefusedError, Sender, Written, submit_comment
from newsletter.comments.actions.judging import PER_NETWORK_HOUR, PER_PERSON_HOUR
from newsletter.comments.enums import CommentState
from newsletter.comments.models import AkismetCase, Comment
from newsletter.comments.owners import Place
from newsletter.outbox.models import OutgoingEmail
from tests.factories.accounts import UserFactory
from tests.factories.comments import place_for, say, set_rules


@pytest.fixture(autouse=True)
def _in_one_hour() -> Iterator[None]:
    """No window of a limit ends in the middle of a test."""
    with time_machine.travel("2026-05-04 10:01:00Z", tick=False):
        yield


def send(place: Place, number: int, ip: str, user: User | None = None) -> bool:
    """Whether the comment with this number was taken."""
    email = "" if user else f"bot{number}@bots.example"
    written = Written(f"Buy number {number}", f"Bot {number}", email)
    try:
        submit_comment(place=place, viewer=user, written=written, sender=Sender(ip))
    except RefusedError as refused:
        if refused.finding.check == "rate":
            return False
        raise
    return True


def test_a_thousand_comments_from_one_network(article: Article, client: Client) -> None:
    place = place_for(article)
    taken = sum(send(place, number, f"203.0.113.{number % 256}") for number in range(1000))
    assert taken == PER_NETWORK_HOUR
    rows = Comment.objects.all()
    assert rows.count() == taken
    # One group in the queue, and no address in it.
    assert len(set(rows.values_list("network", flat=True))) == 1
    assert "203.0.113" not in str(list(rows.values()))
    assert set(rows.values_list("state", flat=True)) == {CommentState.UNCONFIRMED}
    assert OutgoingEmail.objects.count() == taken
    assert send(place, 1001, "203.0.114.1")
    assert say(article, body="A reader is not hindered.").state == CommentState.APPROVED
    page = client.get(f"/articles/{article.slug}/")
    assert b"A reader is not hindered." in page.content
    assert b"Buy number" not in page.content


def test_a_refused_comment_is_cheap_and_asks_nobody_outside(article: Article, reader: User) -> None:
    place = place_for(article)
    set_rules(akismet_key="key")
    for number in range(PER_NETWORK_HOUR + 1):
        with CaptureQueriesContext(connection) as queries:
            is_taken = send(place, number, "203.0.113.7")
    assert not is_taken
    assert len(queries) <= 10
    assert Comment.objects.count() == PER_NETWORK_HOUR
    # Nor are addresses that nobody confirmed.
    assert not AkismetCase.objects.exists()
    say(article, reader)
    assert AkismetCase.objects.count() == 1


@pytest.mark.parametrize(
    ("one", "same", "another"),
    [
        ("198.51.100.1", "198.51.100.254", "198.51.101.1"),
        ("2001:db8:1::1", "2001:db8:1:ffff:ffff::9", "2001:db8:2::1"),
        ("::ffff:198.51.100.1", "198.51.100.9", "::ffff:198.51.101.1"),
    ],
)
def test_a_network_is_a_24_or_a_48(one: str, same: str, another: str) -> None:
    assert Sender(one).network == Sender(same).network != Sender(another).network
    assert one not in Sender(one).network


def test_a_48_is_stopped_as_one(article: Article) -> None:
    place = place_for(article)
    ips = [f"2001:db8:1:{number:x}::{number:x}" for number in range(PER_NETWORK_HOUR + 1)]
    results = [send(place, number, ip) for number, ip in enumerate(ips)]
    assert results == [True] * PER_NETWORK_HOUR + [False]


def test_a_person_is_stopped_whatever_network_they_come_from(article: Article) -> None:
    place, person = place_for(article), UserFactory()
    sent = range(PER_PERSON_HOUR + 1)
    results = [send(place, number, f"10.{number}.0.1", person) for number in sent]
    assert results == [True] * PER_PERSON_HOUR + [False]
    assert send(place, 999, "10.200.0.1", UserFactory())


def test_people_of_one_network_are_stopped_together(article: Article) -> None:
    """A hundred accounts behind one line are one flood."""
    place, people = place_for(article), [UserFactory() for _ in range(5)]
    sent = range(PER_NETWORK_HOUR + 1)
    results = [send(place, number, "192.0.2.9", people[number % 5]) for number in sent]
    assert not results[-1]


def test_who_comes_from_nowhere_that_is_known_is_stopped_too(
    article: Article, client: Client, settings: Any
) -> None:
    """A proxy that names no address must not switch the limits off."""
    settings.TRUSTED_PROXIES = 1
    path = f"/conversations/article/{article.pk}/write/"
    answers = [
        client.post(
            path,
            {"body": f"Number {number}", "name": "Bot", "email": f"bot{number}@bots.example"},
            headers={"X-Forwarded-For": "unknown"},
        ).status_code
        for number in range(PER_NETWORK_HOUR + 1)
    ]
    assert answers == [302] * PER_NETWORK_HOUR + [422]
    assert "" not in Comment.objects.values_list("network", flat=True)
