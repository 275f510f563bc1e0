"""A reader signs in with the link from a mail, in whatever browser the mail is read."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from newsletter.accounts.models import SignInRequest, User
from newsletter.outbox.models import OutgoingEmail
from tests.factories.accounts import StaffFactory, UserFactory, add_authenticator_app
from tests.newsletter.accounts.mails import code_in, last_mail, link_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader() -> User:
    return UserFactory(email="ada@example.com", email_confirmed_at=None)


@pytest.fixture
def mail(reader: User) -> OutgoingEmail:
    asked = Client().post("/account/login/", {"email": reader.email, "next": "/articles/"})
    assert asked.status_code == 302
    return last_mail(reader.email)


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_m15_opening_the_link_changes_nothing(mail: OutgoingEmail, reader: User) -> None:
    before = SignInRequest.objects.values().get()
    scanner = Client()
    for _ in range(10):
        response = scanner.get(link_in(mail))
        assert response.status_code == 200
        assert not response.cookies
        assert scanner.head(link_in(mail)).status_code == 200
    assert SignInRequest.objects.values().get() == before
    assert not scanner.cookies
    reader.refresh_from_db()
    assert reader.email_confirmed_at is None


def test_an_address_stands_in_mail_and_page_as_people_write_it(client: Client) -> None:
    UserFactory(email="ada@xn--bcher-kva.example")
    client.post("/account/login/", {"email": "ada@bücher.example"})
    mail = last_mail("ada@xn--bcher-kva.example")
    for shown in (mail.text, mail.html, client.get(link_in(mail)).content.decode()):
        assert "ada@bücher.example" in shown
        assert "xn--" not in shown


def test_the_button_signs_in_another_browser(
    client: Client, mail: OutgoingEmail, reader: User
) -> None:
    page = client.get(link_in(mail)).content.decode()
    assert "ada@example.com" in page
    assert '<form class="form" method="post">' in page
    response = client.post(link_in(mail))
    assert response["Location"] == "/articles/"
    assert client.get("/account/").status_code == 200
    reader.refresh_from_db()
    assert reader.email_confirmed_at is not None


def test_using_the_link_kills_link_and_code(client: Client, reader: User) -> None:
    page = Client().post("/account/login/", {"email": reader.email})["Location"]
    mail = last_mail(reader.email)
    client.post(link_in(mail))
    stranger = Client()
    assert stranger.get(link_in(mail)).status_code == 410
    assert stranger.post(link_in(mail)).status_code == 410
    assert stranger.post(page, {"code": code_in(mail)}).status_code == 410
    assert not is_signed_in(stranger)


def test_using_the_code_kills_the_link(client: Client, reader: User) -> None:
    page = client.post("/account/login/", {"email": reader.email})["Location"]
    mail = last_mail(reader.email)
    client.post(page, {"code": code_in(mail)})
    assert Client().post(link_in(mail)).status_code == 410


def test_a_link_dies_after_fifteen_minutes(client: Client, mail: OutgoingEmail) -> None:
    with time_machine.travel(timezone.now() + timedelta(minutes=15), tick=False):
        assert client.get(link_in(mail)).status_code == 410
        assert client.post(link_in(mail)).status_code == 410
    assert not is_signed_in(client)


@pytest.mark.parametrize("method", ["put", "delete", "patch", "options"])
def test_only_a_post_signs_in(client: Client, mail: OutgoingEmail, method: str) -> None:
    assert getattr(client, method)(link_in(mail)).status_code == 405
    assert not is_signed_in(client)


def test_a_post_from_another_site_is_refused(client: Client, mail: OutgoingEmail) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert client.post(link_in(mail), headers=foreign).status_code == 403
    assert not is_signed_in(client)


def test_a_made_up_link_says_so(client: Client) -> None:
    assert client.get("/account/login/link/made-up/").status_code == 410
    assert client.post("/account/login/link/made-up/").status_code == 410


def test_another_persons_session_does_not_live_on(client: Client, mail: OutgoingEmail) -> None:
    client.force_login(UserFactory(email="eve@example.com"))
    old = client.cookies["sessionid"].value
    client.post(link_in(mail))
    assert User.objects.get(pk=client.session["_auth_user_id"]).email == "ada@example.com"
    assert client.cookies["sessionid"].value != old


def test_a_link_never_gets_around_the_second_factor(client: Client) -> None:
    author = StaffFactory()
    add_authenticator_app(author)
    # Even in a browser where somebody is signed in already.
    client.force_login(UserFactory())
    client.post("/account/login/", {"email": author.email})
    Client().post("/account/login/", {"email": author.email})
    response = client.post(link_in(last_mail(author.email)))
    assert response["Location"] == "/account/2fa/authenticate/"
    assert not is_signed_in(client)


def test_m19_no_other_mail_holds_a_sign_in_link(mail: OutgoingEmail) -> None:
    """A confirmed or unknown address gets a link only in the mail of this kind."""
    Client().post("/account/login/", {"email": "nobody@example.com"})
    assert "/account/login/" not in last_mail("nobody@example.com").text
    assert "/account/login/" not in last_mail("nobody@example.com").html
