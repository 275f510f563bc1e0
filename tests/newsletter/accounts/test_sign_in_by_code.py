"""A reader signs in with the code from a mail."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from newsletter.accounts.models import SignInRequest, User
from newsletter.outbox.models import OutgoingEmail
from tests.factories.accounts import UserFactory
from tests.newsletter.accounts.mails import code_in, last_mail, link_in

pytestmark = pytest.mark.django_db

SIGN_IN = "/account/login/"


@pytest.fixture
def reader() -> User:
    return UserFactory(email="ada@example.com", email_confirmed_at=None)


def ask(client: Client, address: str = "ada@example.com", **data: str) -> str:
    """Ask for a code; returns the page that waits for it."""
    response = client.post(SIGN_IN, {"email": address, **data})
    assert response.status_code == 302, response.content
    return str(response["Location"])


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_the_code_signs_in_and_confirms_the_address(client: Client, reader: User) -> None:
    page = ask(client, " Ada@Example.COM ")
    response = client.post(page, {"code": code_in(last_mail("ada@example.com"))})
    assert response.status_code == 302
    assert response["Location"] == "/account/"
    assert client.get("/account/").status_code == 200
    reader.refresh_from_db()
    assert reader.email_confirmed_at is not None


@pytest.mark.parametrize("spell", [str.lower, lambda c: c.replace("-", ""), lambda c: f" {c} "])
def test_the_code_may_be_typed_carelessly(client: Client, reader: User, spell) -> None:
    page = ask(client)
    client.post(page, {"code": spell(code_in(last_mail("ada@example.com")))})
    assert is_signed_in(client)


def test_looking_at_the_page_uses_nothing_up(client: Client, reader: User) -> None:
    page = ask(client)
    for _ in range(10):
        assert client.get(page).status_code == 200
        assert client.head(page).status_code == 200
    client.post(page, {"code": code_in(last_mail("ada@example.com"))})
    assert is_signed_in(client)


def test_a_code_works_once(client: Client, reader: User) -> None:
    page = ask(client)
    code = code_in(last_mail("ada@example.com"))
    client.post(page, {"code": code})
    stranger = Client()
    assert stranger.post(page, {"code": code}).status_code == 410
    assert not is_signed_in(stranger)


def test_a_code_dies_after_fifteen_minutes(client: Client, reader: User) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        page = ask(client)
        clock.shift(timedelta(minutes=15))
        response = client.post(page, {"code": code_in(last_mail("ada@example.com"))})
    assert response.status_code == 410
    assert not is_signed_in(client)


def test_a_code_is_good_in_the_fifteenth_minute(client: Client, reader: User) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        page = ask(client)
        clock.shift(timedelta(minutes=14, seconds=59))
        client.post(page, {"code": code_in(last_mail("ada@example.com"))})
    assert is_signed_in(client)


def test_five_wrong_tries_kill_code_and_link(client: Client, reader: User) -> None:
    page = ask(client)
    mail = last_mail("ada@example.com")
    answers = [client.post(page, {"code": "WRONG1"}).status_code for _ in range(5)]
    assert answers == [422, 422, 422, 422, 410]
    assert client.post(page, {"code": code_in(mail)}).status_code == 410
    assert client.post(link_in(mail)).status_code == 410
    assert not is_signed_in(client)


def test_the_right_code_at_the_fifth_try_signs_in(client: Client, reader: User) -> None:
    page = ask(client)
    for _ in range(4):
        client.post(page, {"code": "WRONG1"})
    client.post(page, {"code": code_in(last_mail("ada@example.com"))})
    assert is_signed_in(client)


def test_tries_in_other_browsers_count_too(client: Client, reader: User) -> None:
    page = ask(client)
    for _ in range(5):
        Client().post(page, {"code": "WRONG1"})
    assert client.post(page, {"code": code_in(last_mail("ada@example.com"))}).status_code == 410


def test_a_code_opens_its_own_page_only(client: Client, reader: User) -> None:
    UserFactory(email="eve@example.com")
    page = ask(client)
    ask(Client(), "eve@example.com")
    client.post(page, {"code": code_in(last_mail("eve@example.com"))})
    assert not is_signed_in(client)


def test_signing_in_kills_the_older_mails(client: Client, reader: User) -> None:
    first_page = ask(client)
    first = last_mail("ada@example.com")
    client.post(ask(client), {"code": code_in(last_mail("ada@example.com"))})
    assert is_signed_in(client)
    assert Client().post(first_page, {"code": code_in(first)}).status_code == 410
    assert Client().post(link_in(first)).status_code == 410


def test_a_person_who_was_closed_meanwhile_stays_out(client: Client, reader: User) -> None:
    page = ask(client)
    User.objects.update(is_active=False)
    response = client.post(page, {"code": code_in(last_mail("ada@example.com"))})
    assert response.status_code == 410
    assert not is_signed_in(client)


@pytest.mark.parametrize("page", ["/account/login/code/1/", "/account/login/code/1~forged/"])
def test_a_made_up_page_says_so(client: Client, page: str) -> None:
    assert client.get(page).status_code == 410
    assert client.post(page, {"code": "BCDFGH"}).status_code == 410


def test_a_missing_or_odd_code_is_no_error_of_ours(client: Client, reader: User) -> None:
    page = ask(client)
    for code in ["", "\x00", "é" * 20, "X" * 500]:
        assert client.post(page, {"code": code}).status_code == 422


@pytest.mark.parametrize("address", ["", "ada", "ada@", "a\r\nBcc: x@example.com", "ada@exa mple"])
def test_no_address_no_mail(client: Client, address: str) -> None:
    response = client.post(SIGN_IN, {"email": address})
    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.content.decode()
    assert not OutgoingEmail.objects.exists()


def test_wrong_methods_are_refused(client: Client) -> None:
    for method in ("put", "delete", "patch"):
        assert getattr(client, method)(SIGN_IN).status_code == 405


def test_another_sites_form_is_refused(client: Client, reader: User) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert client.post(SIGN_IN, {"email": reader.email}, headers=headers).status_code == 403
    page = ask(client)
    code = code_in(last_mail(reader.email))
    assert client.post(page, {"code": code}, headers=headers).status_code == 403
    assert not is_signed_in(client)


def test_signed_in_people_are_sent_on(client: Client, reader: User) -> None:
    client.force_login(reader)
    assert client.get(f"{SIGN_IN}?next=/articles/")["Location"] == "/articles/"


def test_neither_code_nor_link_is_stored(client: Client, reader: User) -> None:
    ask(client)
    mail = last_mail(reader.email)
    stored = str(SignInRequest.objects.values().get())
    assert code_in(mail).replace("-", "") not in stored
    assert link_in(mail).split("/")[-2] not in stored
    assert code_in(mail) not in mail.subject
