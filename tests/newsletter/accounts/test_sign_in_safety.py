"""What must not happen around signing in."""

from __future__ import annotations

import pytest
from django.test import Client

from newsletter.accounts.models import User
from newsletter.outbox.models import OutgoingEmail
from newsletter.publication.models import Publication
from tests.factories.accounts import StaffFactory, UserFactory
from tests.newsletter.accounts.mails import code_in, last_mail

pytestmark = pytest.mark.django_db

FOREIGN = [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "\\\\evil.example",
    "http:///evil.example",
    "javascript:alert(1)",
    " //evil.example",
    "\x08//evil.example",
    "/\t/evil.example",
    "/a\x00b",
    "/a\r\nSet-Cookie: x=y",
    "evil.example",
    "/" + "a" * 501,
]


def sign_in(client: Client, user: User, **data: str) -> str:
    page = client.post("/account/login/", {"email": user.email, **data})["Location"]
    response = client.post(page, {"code": code_in(last_mail(user.email))})
    assert response.status_code == 302
    return str(response["Location"])


@pytest.mark.parametrize("foreign", FOREIGN)
def test_next_leads_nowhere_else(client: Client, foreign: str) -> None:
    assert sign_in(client, UserFactory(), next=foreign) == "/account/"
    assert client.get("/account/login/", {"next": foreign})["Location"] == "/account/"


@pytest.mark.parametrize("foreign", FOREIGN[:6])
def test_next_of_the_staff_page_leads_nowhere_else(client: Client, foreign: str, settings) -> None:
    settings.STAFF_SECOND_FACTOR = False
    author = StaffFactory()
    response = client.post(
        "/account/login/password/",
        {"login": author.email, "password": "correct horse battery staple", "next": foreign},
    )
    assert response["Location"] == "/account/"


def test_next_survives_asking_and_the_code(client: Client) -> None:
    page = client.get("/account/login/", {"next": "/articles/a-b/?x=1&y=ü"}).content.decode()
    assert 'name="next" value="/articles/a-b/?x=1&amp;y=ü"' in page
    assert sign_in(client, UserFactory(), next="/articles/a-b/?x=1") == "/articles/a-b/?x=1"


def test_a_planted_session_is_not_kept(client: Client) -> None:
    client.session["planted"] = "yes"
    session = client.session
    session["planted"] = "yes"
    session.save()
    client.cookies["sessionid"] = planted = session.session_key
    sign_in(client, UserFactory())
    assert client.cookies["sessionid"].value != planted
    victim = Client()
    victim.cookies["sessionid"] = planted
    assert victim.get("/account/").status_code == 302


def test_w5_the_sign_in_pages_set_no_cookie(client: Client) -> None:
    user = UserFactory()
    form = client.get("/account/login/")
    asked = client.post("/account/login/", {"email": user.email})
    waiting = client.get(asked["Location"])
    wrong = client.post(asked["Location"], {"code": "WRONG1"})
    for response in (form, asked, waiting, wrong):
        assert not response.cookies
        assert "no-store" in response["Cache-Control"]
    assert not client.cookies


def test_forms_with_a_session_need_a_csrf_token() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(UserFactory())
    for path in ["/account/", "/account/sessions/end/", "/account/logout/"]:
        assert client.post(path).status_code == 403
    assert Client(enforce_csrf_checks=True).post("/account/login/password/").status_code == 403


@pytest.mark.parametrize(
    "name",
    [
        'Ada "the" O\'Hara, Ltd.',
        "Ada\r\nBcc: everyone@example.com",
        "Ада Лавлейс",
        "\u202eadA",
        "🦉 Ada",
        "a" * 500,
    ],
)
def test_m22_names_break_no_mail_and_no_header(client: Client, name: str, mailoutbox) -> None:
    from newsletter.accounts.actions import update_profile
    from newsletter.outbox.actions import deliver

    Publication.objects.create(pk=1, name=name[:120])
    user = UserFactory(email="ada@example.com")
    update_profile(actor=user, user=user, name=name, time_zone="")
    user.refresh_from_db()
    assert user.name.isprintable()
    client.post("/account/login/", {"email": user.email})
    queued = OutgoingEmail.objects.get()
    assert "\n" not in queued.subject
    deliver(email_id=queued.pk)
    (sent,) = mailoutbox
    message = sent.message()
    assert message["Bcc"] is None
    assert message["To"] == "ada@example.com"
    assert len(message.get_all("From")) == 1
    assert sent.recipients() == ["ada@example.com"]
    assert message["Auto-Submitted"] == "auto-generated"


def test_allauth_pages_that_we_do_not_use_are_not_there(client: Client) -> None:
    client.force_login(StaffFactory())
    for path in ["signup/", "email/", "confirm-email/", "password/reset/", "login/code/", "phone/"]:
        assert client.get(f"/account/{path}").status_code == 404, path
