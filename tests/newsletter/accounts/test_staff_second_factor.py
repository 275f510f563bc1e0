"""The admin opens for staff with a password and a second factor, and for nobody else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from newsletter.accounts.access import decide_staff_step
from newsletter.accounts.enums import StaffStep
from newsletter.accounts.models import User
from newsletter.outbox.models import OutgoingEmail
from tests.factories.accounts import (
    PASSWORD,
    StaffFactory,
    UserFactory,
    add_authenticator_app,
    app_code,
    recovery_code,
    sign_in_staff,
)
from tests.newsletter.accounts.mails import code_in, last_mail

pytestmark = pytest.mark.django_db

ADMIN = "/admin/newsletter/user/"


@pytest.fixture
def author() -> User:
    return StaffFactory()


def by_password(client: Client, user: User, **data: str) -> str:
    response = client.post(
        "/account/login/password/", {"login": user.email, "password": PASSWORD, **data}
    )
    assert response.status_code == 302, response.content.decode()
    return str(response["Location"])


def by_code(client: Client, user: User) -> str:
    page = client.post("/account/login/", {"email": user.email})["Location"]
    return str(client.post(page, {"code": code_in(last_mail(user.email))})["Location"])


def sent_to(client: Client, path: str = ADMIN) -> str:
    """Where the admin sends us; empty where it opens."""
    response = client.get(path)
    if response.status_code == 200:
        return ""
    assert response.status_code == 302
    return urlsplit(response["Location"]).path


def test_password_and_app_open_the_admin(client: Client, author: User) -> None:
    secret = add_authenticator_app(author)
    assert by_password(client, author, next="/admin/") == "/account/2fa/authenticate/"
    assert "_auth_user_id" not in client.session
    assert client.get("/account/2fa/authenticate/").status_code == 200
    response = client.post("/account/2fa/authenticate/", {"code": app_code(secret)})
    assert response["Location"] == "/admin/"
    assert sent_to(client) == ""


def test_a_wrong_password_is_answered_in_words_of_ours(client: Client, author: User) -> None:
    data = {"login": author.email, "password": "not this one"}
    page = client.post("/account/login/password/", data).content.decode()
    assert "do not belong together" in page
    assert f'value="{author.email}"' in page
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("asked", [True, False])
def test_the_second_factor_is_announced_where_it_is_asked_for(
    client: Client, settings: Any, asked: bool
) -> None:
    settings.STAFF_SECOND_FACTOR = asked
    page = client.get("/account/login/password/").content.decode()
    assert ("second factor" in page) is asked


def test_a_recovery_code_opens_it_once(client: Client, author: User) -> None:
    add_authenticator_app(author)
    code = recovery_code(author)
    by_password(client, author)
    client.post("/account/2fa/authenticate/", {"code": code})
    assert sent_to(client) == ""
    again = Client()
    by_password(again, author)
    again.post("/account/2fa/authenticate/", {"code": code})
    assert "_auth_user_id" not in again.session


def test_a_wrong_app_code_opens_nothing(client: Client, author: User) -> None:
    add_authenticator_app(author)
    by_password(client, author)
    response = client.post("/account/2fa/authenticate/", {"code": "000000"})
    assert response.status_code == 200
    assert "_auth_user_id" not in client.session
    assert sent_to(client) == "/admin/login/"


def test_an_app_code_works_once(client: Client, author: User) -> None:
    secret = add_authenticator_app(author)
    code = app_code(secret)
    for browser in (client, Client()):
        by_password(browser, author)
        browser.post("/account/2fa/authenticate/", {"code": code})
    assert "_auth_user_id" in client.session
    assert "_auth_user_id" not in browser.session


def test_without_a_factor_staff_are_sent_to_set_one_up(client: Client, author: User) -> None:
    by_password(client, author)
    assert sent_to(client) == "/account/2fa/"
    page = client.get("/admin/", follow=True).content.decode()
    assert "Add a passkey or an authenticator app first" in page


def test_setting_up_an_app_opens_the_admin(
    client: Client, author: User, django_capture_on_commit_callbacks
) -> None:
    by_password(client, author)
    assert sent_to(client, "/account/2fa/app/add/") == "/account/confirm/"
    client.post("/account/confirm/?next=/account/2fa/app/add/", {"password": PASSWORD})
    assert client.get("/account/2fa/app/add/").status_code == 200
    secret = client.session["mfa.totp.secret"]
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post("/account/2fa/app/add/", {"code": app_code(secret)})
    assert response["Location"] == "/account/2fa/recovery/"
    assert client.get("/account/2fa/recovery/").status_code == 200
    assert sent_to(client) == ""
    assert OutgoingEmail.objects.filter(kind="security_notice", to=author.email).count() == 1


def test_a_readers_code_does_not_get_around_the_app(client: Client, author: User) -> None:
    secret = add_authenticator_app(author)
    assert by_code(client, author) == "/account/2fa/authenticate/"
    assert "_auth_user_id" not in client.session
    client.post("/account/2fa/authenticate/", {"code": app_code(secret)})
    # Signed in, but a mailbox and a phone are not the password.
    assert client.get("/account/").status_code == 200
    assert sent_to(client) == "/account/confirm/"
    client.post("/account/confirm/?next=/admin/", {"password": PASSWORD})
    assert sent_to(client) == ""


def test_a_readers_code_alone_cannot_set_up_a_factor(client: Client, author: User) -> None:
    assert by_code(client, author) == "/account/"
    assert sent_to(client) == "/account/confirm/"
    assert sent_to(client, "/account/2fa/app/add/") == "/account/confirm/"
    assert sent_to(client, "/account/2fa/passkey/add/") == "/account/confirm/"
    client.post("/account/confirm/", {"password": "not the password"})
    assert sent_to(client) == "/account/confirm/"
    assert not Authenticator.objects.exists()


def test_a_session_alone_opens_nothing(client: Client, author: User) -> None:
    add_authenticator_app(author)
    client.force_login(author)
    assert sent_to(client) == "/account/confirm/"


def test_proofs_are_asked_for_again_after_two_weeks(client: Client, author: User) -> None:
    sign_in_staff(client, author)
    assert sent_to(client) == ""
    with time_machine.travel(timezone.now() + timedelta(days=14, minutes=1)):
        assert sent_to(client) == "/account/confirm/"


def test_proofs_of_one_person_do_not_serve_another(client: Client, author: User) -> None:
    sign_in_staff(client, author)
    other = StaffFactory()
    add_authenticator_app(other)
    client.force_login(other)
    assert sent_to(client) == "/account/confirm/"


def test_removing_the_last_factor_closes_the_admin(client: Client, author: User) -> None:
    sign_in_staff(client, author)
    Authenticator.objects.filter(user=author).delete()
    assert sent_to(client) == "/account/2fa/"


def test_every_page_of_the_admin_stands_behind_it(client: Client, author: User) -> None:
    client.force_login(author)
    for path in ["/admin/", ADMIN, "/admin/jsi18n/", "/admin/password_change/"]:
        assert client.get(path).status_code == 302, path
    assert client.post(f"{ADMIN}add/", {"email": "x@example.com"}).status_code == 302
    assert not User.objects.filter(email="x@example.com").exists()


def test_the_admins_own_login_is_ours(client: Client) -> None:
    response = client.get("/admin/login/", {"next": ADMIN})
    assert urlsplit(response["Location"]).path == "/account/login/password/"
    assert parse_qs(urlsplit(response["Location"]).query) == {"next": [ADMIN]}
    posted = client.post("/admin/login/", {"username": "x", "password": "y"})
    assert urlsplit(posted["Location"]).path == "/account/login/password/"


def test_a_reader_gets_neither_admin_nor_factors(client: Client) -> None:
    client.force_login(UserFactory())
    for path in ["/account/2fa/", "/account/2fa/app/add/", "/account/password/"]:
        assert client.get(path).status_code == 403, path
    assert client.get("/admin/").status_code == 302
    assert client.get("/admin/")["Location"].startswith("/admin/login/")


def test_visitors_are_sent_to_sign_in(client: Client) -> None:
    for path in ["/account/2fa/", "/account/password/", "/account/confirm/", "/account/"]:
        assert urlsplit(client.get(path)["Location"]).path == "/account/login/", path


def test_someone_made_staff_chooses_a_password_first(client: Client) -> None:
    invited = UserFactory(is_staff=True, is_superuser=True)
    by_code(client, invited)
    assert sent_to(client) == "/account/password/set/"
    client.post("/account/password/set/", {"password1": PASSWORD, "password2": PASSWORD})
    assert sent_to(client) == "/account/2fa/"


def test_the_demo_may_switch_it_off(client: Client, author: User, settings) -> None:
    settings.STAFF_SECOND_FACTOR = False
    assert by_password(client, author, next="/admin/") == "/admin/"
    assert sent_to(client) == ""


def test_an_app_that_is_set_up_is_asked_for_even_then(
    client: Client, author: User, settings
) -> None:
    settings.STAFF_SECOND_FACTOR = False
    add_authenticator_app(author)
    assert by_password(client, author) == "/account/2fa/authenticate/"


def test_the_seed_is_not_readable_in_the_database(author: User) -> None:
    secret = add_authenticator_app(author)
    stored = str(list(Authenticator.objects.values()))
    assert secret not in stored


def test_a_seed_survives_a_new_secret_key(client: Client, author: User, settings) -> None:
    secret = add_authenticator_app(author)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another " * 8
    by_password(client, author)
    client.post("/account/2fa/authenticate/", {"code": app_code(secret)})
    assert "_auth_user_id" in client.session


def test_a_seed_under_a_lost_key_locks_and_does_not_break(
    client: Client, author: User, settings
) -> None:
    secret = add_authenticator_app(author)
    settings.SECRET_KEY = "another " * 8
    by_password(client, author)
    response = client.post("/account/2fa/authenticate/", {"code": app_code(secret)})
    assert response.status_code == 200
    assert "_auth_user_id" not in client.session


def test_two_wrong_factors_at_once_are_limited(client: Client, author: User) -> None:
    add_authenticator_app(author)
    by_password(client, author)
    answers = [
        client.post("/account/2fa/authenticate/", {"code": "000000"}).content.decode()
        for _ in range(8)
    ]
    assert "Too many failed" in answers[-1]


NOW = [{"method": "password", "at": 2e10}]
MFA = [{"method": "mfa", "type": "totp", "at": 2e10}]
PASSKEY = [{"method": "mfa", "type": "webauthn", "passwordless": True, "at": 2e10}]
CODE = [{"method": "code", "at": 2e10}]


@pytest.mark.parametrize(
    ("has_password", "has_factor", "proofs", "step"),
    [
        (True, True, NOW + MFA, None),
        (True, True, PASSKEY, None),
        (False, True, PASSKEY, None),
        (True, True, NOW, StaffStep.PROVE_SECOND_FACTOR),
        (True, True, MFA, StaffStep.PROVE_PASSWORD),
        (True, True, CODE + MFA, StaffStep.PROVE_PASSWORD),
        (True, False, NOW, StaffStep.SET_SECOND_FACTOR),
        (True, False, NOW + MFA, StaffStep.SET_SECOND_FACTOR),
        (True, False, PASSKEY, StaffStep.PROVE_PASSWORD),
        (True, False, [], StaffStep.PROVE_PASSWORD),
        (False, False, CODE, StaffStep.SET_PASSWORD),
        (True, True, [{"method": "password"}, {"method": "mfa"}], StaffStep.PROVE_PASSWORD),
    ],
)
def test_the_decision(has_password, has_factor, proofs, step) -> None:
    assert (
        decide_staff_step(has_password=has_password, has_second_factor=has_factor, proofs=proofs)
        is step
    )
