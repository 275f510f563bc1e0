"""The site as one reader sees it: once, for minutes, on record, and without changing a thing."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.articles.actions import make_gift_link, renew_private_feed
from newsletter.articles.own_feed import token_of
from newsletter.members import actions
from newsletter.members.models import SupportVisit
from newsletter.memberships.models import AuditEntry
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.articles import PublishedArticleFactory
from tests.factories.memberships import GrantFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def link(client: Client, author, reader) -> str:
    """Made at the desk, as staff do it."""
    page = client.post(
        reverse("admin:newsletter_user_member", args=[reader.pk]),
        {"act": "visit", "reason": "The course does not open"},
    )
    return page.context["link"].removeprefix("http://testserver").removeprefix("http://localhost")


def path_of(link: str) -> str:
    return "/support-visit/" + link.rpartition("/support-visit/")[2]


@pytest.fixture
def visitor(link: str) -> Client:
    """A private window in which the visit has begun."""
    window = Client()
    assert window.post(path_of(link)).status_code == 302
    return window


def test_the_link_is_looked_at_without_effect_and_works_once(link: str, reader, author) -> None:
    window = Client()
    page = window.get(path_of(link))
    assert "Ada" in page.content.decode()
    assert SupportVisit.objects.get().begun_at is None
    window.get(path_of(link))
    assert window.post(path_of(link)).status_code == 302
    assert Client().post(path_of(link)).status_code == 410
    assert Client().get(path_of(link)).status_code == 410
    assert Client().get("/support-visit/nonsense/").status_code == 410
    told = AuditEntry.objects.filter(user=reader).values_list("what", "actor", "detail")
    assert list(told) == [
        ("visit_begun", author.pk, "The course does not open"),
        ("visit_offered", author.pk, "The course does not open"),
    ]


def test_the_token_is_stored_nowhere(link: str) -> None:
    token = path_of(link).strip("/").rpartition("/")[2]
    row = SupportVisit.objects.get()
    assert token not in str(vars(row))


def test_every_page_says_so_and_shows_the_readers_view(visitor: Client, reader) -> None:
    for path in ("/", "/account/", "/account/membership/"):
        page = visitor.get(path).content.decode()
        assert "Support visit" in page, path
        assert "Nothing can be changed" in page
    assert "ada@example.com" in visitor.get("/account/").content.decode()
    # Nobody was signed in: the reader's last sign-in and sessions are their own.
    reader.refresh_from_db()
    assert reader.last_login is None
    assert "Support visit" not in Client().get("/").content.decode()


def test_no_key_of_the_readers_is_shown(visitor: Client, reader) -> None:
    """What opens something by itself would outlive the visit; where they sign in is theirs."""
    feed = renew_private_feed(actor=reader)
    session = UserSession.objects.create(
        user=reader, session_key="gone", ip="192.0.2.7", user_agent="Lynx"
    )
    page = visitor.get("/account/").content.decode()
    assert token_of(feed) not in page
    assert "Not shown during a support visit" in page
    article = PublishedArticleFactory(access="paid")
    GrantFactory(user=reader)
    make_gift_link(actor=reader, article=article)
    for path in ("/account/sessions/", f"/articles/{article.slug}/give/"):
        answer = visitor.get(path)
        assert answer.status_code == 403, path
        assert "192.0.2.7" not in answer.content.decode()
        assert "/given/" not in answer.content.decode()
    assert UserSession.objects.filter(pk=session.pk).exists()
    window = Client()
    window.force_login(reader)
    assert token_of(feed) in window.get("/account/").content.decode()


def test_nothing_is_changed(visitor: Client, reader) -> None:
    before = User.objects.filter(pk=reader.pk).values().get()
    posts = {
        "/account/": {"name": "Eve", "time_zone": ""},
        "/account/sessions/end/": {},
        "/account/membership/": {},
        "/preferences/": {},
        "/subscribe/": {"email": "eve@example.com"},
        "/account/login/": {"email": "eve@example.com"},
    }
    for path, data in posts.items():
        assert visitor.post(path, data).status_code in {403, 404}, path
    assert "Nothing was changed" in visitor.post("/account/", posts["/account/"]).content.decode()
    assert visitor.delete("/account/").status_code == 403
    assert User.objects.filter(pk=reader.pk).values().get() == before
    assert visitor.get("/admin/").status_code == 302


def test_it_ends_by_the_button_by_time_and_with_the_right(visitor: Client, author, reader) -> None:
    with time_machine.travel(timezone.now() + actions.VISIT_LIFE + timedelta(seconds=1)):
        assert visitor.get("/account/").status_code == 302
    window = Client()
    _visit, token = actions.offer_visit(actor=author, person=reader, reason="Again")
    window.post(f"/support-visit/{token}/")
    assert window.get("/account/").status_code == 200
    assert "is over" in window.post("/support-visit/end/").content.decode()
    assert window.get("/account/").status_code == 302
    assert AuditEntry.objects.filter(user=reader).first().what == "visit_ended"

    third = Client()
    _visit, token = actions.offer_visit(actor=author, person=reader, reason="Again")
    third.post(f"/support-visit/{token}/")
    User.objects.filter(pk=author.pk).update(is_staff=False, is_superuser=False)
    assert third.get("/account/").status_code == 302


def test_a_link_that_is_too_old_begins_nothing(link: str) -> None:
    with time_machine.travel(timezone.now() + actions.LINK_LIFE + timedelta(seconds=1)):
        assert Client().post(path_of(link)).status_code == 410
    assert SupportVisit.objects.get().begun_at is None


def test_it_takes_the_place_of_whoever_was_signed_in(client: Client, link: str, author) -> None:
    """In the same window: the desk is closed, so that nobody acts as staff behind the banner."""
    client.post(path_of(link))
    assert client.get("/admin/").status_code == 302
    assert Session.objects.filter(session_key=client.session.session_key).count() == 1


def test_never_as_staff_or_through_a_closed_account(author, reader) -> None:
    for person in (StaffFactory(), StaffFactory(is_staff=False), UserFactory(is_active=False)):
        with pytest.raises(PermissionDenied):
            actions.offer_visit(actor=author, person=person, reason="x")
    with pytest.raises(PermissionDenied):
        actions.offer_visit(actor=reader, person=UserFactory(), reason="x")
    # Who became staff between link and visit is not visited either.
    _visit, token = actions.offer_visit(actor=author, person=reader, reason="x")
    User.objects.filter(pk=reader.pk).update(is_staff=True)
    assert actions.begin_visit(token=token) is None


def test_a_reason_is_asked_for(client: Client, author, reader) -> None:
    page = client.post(reverse("admin:newsletter_user_member", args=[reader.pk]), {"act": "visit"})
    assert page.status_code == 422
    assert not SupportVisit.objects.exists()


def test_a_foreign_page_begins_no_visit(link: str) -> None:
    window = Client(headers={"Sec-Fetch-Site": "cross-site"})
    assert window.post(path_of(link)).status_code == 403


def test_ending_takes_a_post(visitor: Client) -> None:
    assert visitor.get("/support-visit/end/").status_code == 405
    assert Client().post("/support-visit/end/").status_code == 200
