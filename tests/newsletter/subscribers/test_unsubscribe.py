"""Leaving: the mail program's click, the page for people, and taking it back."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from newsletter.lib.signing import make_token
from newsletter.subscribers import actions
from newsletter.subscribers.models import ConsentEvent, Subscription
from newsletter.subscribers.queries import unsubscribe_url
from tests.factories.accounts import UserFactory
from tests.factories.subscribers import SubscriptionFactory

pytestmark = pytest.mark.django_db

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def row():
    user = UserFactory(email="anna@example.com", name="Anna Secret")
    return SubscriptionFactory(user=user, newsletter__name="The Long View")


@pytest.fixture
def path(row):
    return "/" + unsubscribe_url(row.pk).split("/", 3)[3]


@pytest.fixture
def strict():
    """A client whose POSTs are checked for CSRF, as a mail provider's are."""
    return Client(enforce_csrf_checks=True)


@pytest.mark.parametrize("kind", ["urlencoded", "multipart", "empty", "odd"])
def test_m15_one_click_leaves_without_cookie_token_or_redirect(strict, row, path, kind):
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://mail.example"}
    if kind == "multipart":
        response = strict.post(path, ONE_CLICK, headers=headers)
    else:
        body = {"urlencoded": "List-Unsubscribe=One-Click", "empty": "", "odd": "x=1"}[kind]
        response = strict.post(path, body, content_type=FORM, headers=headers)
    assert response.status_code == 200
    assert not response.cookies
    assert response.content == b"Unsubscribed.\n"
    row.refresh_from_db()
    assert row.state == "unsubscribed"
    assert ConsentEvent.objects.get().source == "one_click"


UNREADABLE = {
    "another charset": (f"{FORM}; charset=us-ascii", b"List-Unsubscribe=One-Click"),
    "no boundary": ("multipart/form-data", b"List-Unsubscribe=One-Click"),
    "half a boundary": ("multipart/form-data; boundary=\xc3\xa4", b"--"),
    "too many fields": (FORM, b"a=1&" * 2_000),
    "too large": (FORM, b"a" * (13 * 1024 * 1024)),
    "no text": (FORM, b"\xff%ff%00=\x00"),
    "JSON": ("application/json", b"{}"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_m15_one_click_leaves_also_where_its_body_cannot_be_read(strict, row, path, kind):
    """The address says it all; nobody stays on a list because of how a provider writes a form."""
    content_type, body = UNREADABLE[kind]
    response = strict.post(path, body, content_type=content_type)
    assert (response.status_code, response.content) == (200, b"Unsubscribed.\n")
    row.refresh_from_db()
    assert row.state == "unsubscribed"


def test_m15_one_click_is_idempotent_and_cheap(strict, row, path, django_assert_max_num_queries):
    for _ in range(3):
        with django_assert_max_num_queries(6):
            assert strict.post(path, ONE_CLICK).status_code == 200
    row.refresh_from_db()
    assert ConsentEvent.objects.count() == 1


@pytest.mark.parametrize("method", ["get", "head"])
def test_m15_scanners_that_open_the_link_change_nothing(client, row, path, method):
    before = Subscription.objects.values().get()
    for _ in range(3):
        assert getattr(client, method)(path).status_code == 200
    assert Subscription.objects.values().get() == before
    assert not ConsentEvent.objects.exists()


def test_it_leaves_exactly_that_newsletter(strict, row, path):
    other = SubscriptionFactory(user=row.user)
    stranger = SubscriptionFactory(newsletter=row.newsletter)
    strict.post(path, ONE_CLICK)
    for kept in (other, stranger):
        kept.refresh_from_db()
        assert kept.state == "active"


def test_the_page_asks_first_and_then_offers_to_undo(client, row, path):
    page = client.get(path).content.decode()
    assert "Leave The Long View?" in page
    done = client.post(path, {"human": "1", "scope": "this", "reason": "Too often"})
    assert done.status_code == 200
    assert "You have left The Long View" in done.content.decode()
    row.refresh_from_db()
    assert (row.state, row.unsubscribe_reason) == ("unsubscribed", "Too often")

    undone = client.post(f"/unsubscribe/undo/{done.context['undo']}/")
    assert "You stay" in undone.content.decode()
    row.refresh_from_db()
    assert (row.state, row.unsubscribed_at, row.unsubscribe_reason) == ("active", None, "")
    assert client.post(f"/unsubscribe/undo/{done.context['undo']}/").status_code == 410


def test_all_letters_can_be_left_at_once(client, row, path):
    other = SubscriptionFactory(user=row.user)
    pending = SubscriptionFactory(user=row.user, pending=True)
    page = client.post(path, {"human": "1", "scope": "all"}).content.decode()
    assert "You have left all our letters" in page
    for left in (row, other, pending):
        left.refresh_from_db()
        assert left.state == "unsubscribed"


def test_a_reason_that_is_too_long_keeps_nobody(client, row, path):
    client.post(path, {"human": "1", "scope": "this", "reason": "x" * 5_000})
    row.refresh_from_db()
    assert row.state == "unsubscribed"


def test_m19_a_forwarded_mail_gives_nothing_but_leaving(client, row, path):
    SubscriptionFactory(user=row.user, newsletter__name="Private Letter")
    seen = client.get(path).content.decode()
    seen += client.post(path, {"human": "1"}).content.decode()
    seen += client.get(path).content.decode()
    for secret in ("anna@example.com", "Anna Secret", "Private Letter"):
        assert secret not in seen
    assert "a…@example.com" in seen
    assert "sessionid" not in client.cookies
    # The token opens no other door.
    token = make_token("unsubscribe", row.pk)
    for door in ("/subscribe/confirm/{}/", "/subscribe/sent/{}/", "/account/link/{}/"):
        assert client.post(door.format(token)).status_code != 200
    assert client.get("/account/newsletters/").status_code == 302


def test_m19_a_forwarded_mail_cannot_bring_back_who_left(client, row, path):
    actions.unsubscribe(subscription=row)
    page = client.post(path, {"human": "1"})
    assert page.context["undo"] == ""
    assert "undo" not in client.get(path).content.decode()
    row.refresh_from_db()
    assert row.state == "unsubscribed"


def test_undo_dies_with_time_and_with_a_later_unsubscribe(client, row, path):
    done = client.post(path, {"human": "1"})
    undo = f"/unsubscribe/undo/{done.context['undo']}/"
    with time_machine.travel(timezone.now() + timedelta(minutes=31)):
        assert client.post(undo).status_code == 410
    Subscription.objects.update(unsubscribed_at=timezone.now() + timedelta(seconds=5))
    assert client.post(undo).status_code == 410
    assert client.get(undo).status_code == 405
    assert client.post(undo, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    row.refresh_from_db()
    assert row.state == "unsubscribed"


def test_one_who_never_confirmed_leaves_without_an_undo(client):
    row = SubscriptionFactory(pending=True)
    path = "/" + unsubscribe_url(row.pk).split("/", 3)[3]
    assert client.post(path, {"human": "1"}).context["undo"] == ""
    row.refresh_from_db()
    assert row.state == "unsubscribed"


def test_the_link_of_an_erased_subscription_is_answered(strict, row, path):
    row.user.delete()
    assert strict.post(path, ONE_CLICK).status_code == 200
    assert strict.post(path, {"human": "1"}).status_code == 200
    page = strict.get(path)
    assert page.status_code == 410
    assert "You are not on the list" in page.content.decode()


def test_a_damaged_link_helps_on(client, row, path):
    for broken in (path[:-4] + "/", path.replace("unsubscribe/", "unsubscribe/7")):
        for response in (client.get(broken), client.post(broken, ONE_CLICK)):
            assert response.status_code == 404
            assert "Open the mail again" in response.content.decode()
    row.refresh_from_db()
    assert row.state == "active"


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(client, row, path, method):
    assert getattr(client, method)(path).status_code == 405
