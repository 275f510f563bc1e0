"""Nobody learns from the sign-in pages whether an address is known."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from newsletter.accounts.models import RateWindow, SignInRequest, User
from newsletter.outbox.models import OutgoingEmail
from tests.factories.accounts import PASSWORD, StaffFactory, UserFactory, add_authenticator_app

pytestmark = pytest.mark.django_db

ADDRESS = "someone@example.com"


def _with_second_factor(**fields: object) -> None:
    add_authenticator_app(StaffFactory(**fields))


PERSONS: dict[str, Callable[..., object]] = {
    "unknown": lambda **_: None,
    "reader": UserFactory,
    "unconfirmed": lambda **fields: UserFactory(email_confirmed_at=None, **fields),
    "inactive": lambda **fields: UserFactory(is_active=False, **fields),
    "staff": StaffFactory,
    "staff with a second factor": _with_second_factor,
}


def _neutral(text: str) -> str:
    """Without what differs between any two requests: the page's number and its signature."""
    return re.sub(r"login/code/\d+~[\w-]+/", "login/code/N/", text)


def _observe(make: Callable[..., object]) -> list[object]:
    """All that somebody without the mailbox can see, from asking to five wrong codes."""
    for model in (RateWindow, SignInRequest, OutgoingEmail):
        model.objects.all().delete()
    make(email=ADDRESS)
    client = Client()
    seen: list[object] = []

    def look(method: str, path: str, data: dict[str, str] | None = None) -> str:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            response = getattr(client, method)(path, data)
        kinds = [query["sql"].split()[0] for query in queries]
        headers = {name: _neutral(value) for name, value in response.headers.items()}
        body = _neutral(response.content.decode())
        seen.append((response.status_code, headers, body, sorted(response.cookies), kinds))
        return str(response.headers.get("Location", ""))

    page = look("post", "/account/login/", {"email": ADDRESS})
    look("get", page)
    for _ in range(6):
        look("post", page, {"code": "WRONG1"})
    seen.append(OutgoingEmail.objects.count())
    return seen


@pytest.mark.parametrize("person", [name for name in PERSONS if name != "unknown"])
def test_every_address_gets_the_same_answers_queries_and_mail_count(person: str) -> None:
    # The clock stands still, for headers tell the time.
    with time_machine.travel("2026-11-12T09:00:00Z", tick=False):
        unknown = _observe(PERSONS["unknown"])
        assert _observe(PERSONS[person]) == unknown


@pytest.mark.parametrize("person", PERSONS)
def test_exactly_one_mail_goes_out(client: Client, person: str) -> None:
    PERSONS[person](email=ADDRESS)
    client.post("/account/login/", {"email": ADDRESS})
    mail = OutgoingEmail.objects.get()
    assert mail.to == ADDRESS
    assert mail.expires_at is not None


def test_an_unknown_address_is_offered_to_subscribe(client: Client) -> None:
    client.post("/account/login/", {"email": ADDRESS})
    mail = OutgoingEmail.objects.get()
    assert "There is no account" in mail.text
    assert "/subscribe/" in mail.text
    assert "/subscribe/" in mail.html


def test_a_closed_account_gets_no_code(client: Client) -> None:
    UserFactory(email=ADDRESS, is_active=False)
    client.post("/account/login/", {"email": ADDRESS})
    mail = OutgoingEmail.objects.get()
    assert "is closed" in " ".join(mail.text.split())
    assert "/account/login/" not in mail.text


def test_an_unknown_address_makes_no_person(client: Client) -> None:
    client.post("/account/login/", {"email": ADDRESS})
    assert not User.objects.exists()


@pytest.mark.parametrize("person", ["reader", "inactive", "staff"])
def test_a_wrong_password_says_the_same_for_everyone(person: str) -> None:
    def answer() -> tuple[int, str]:
        response = Client().post(
            "/account/login/password/", {"login": ADDRESS, "password": "not the password"}
        )
        body = re.sub(r'value="[\w]{64}"', "", response.content.decode())
        return response.status_code, body

    unknown = answer()
    PERSONS[person](email=ADDRESS)
    assert answer() == unknown


def test_an_inactive_staff_member_is_told_no_more_than_a_stranger() -> None:
    StaffFactory(email=ADDRESS, is_active=False)
    response = Client().post("/account/login/password/", {"login": ADDRESS, "password": PASSWORD})
    assert response.status_code == 200
    assert "do not belong together" in response.content.decode()


def test_limits_count_unknown_addresses_alike() -> None:
    def answers() -> list[int]:
        RateWindow.objects.all().delete()
        return [Client().post("/account/login/", {"email": ADDRESS}).status_code for _ in range(7)]

    unknown = answers()
    UserFactory(email=ADDRESS)
    assert answers() == unknown
    assert unknown == [302] * 5 + [429] * 2
