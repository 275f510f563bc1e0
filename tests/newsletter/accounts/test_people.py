"""One person is one row."""

from __future__ import annotations

import re
from datetime import timedelta
from io import StringIO
from threading import Thread

import pytest
from allauth.mfa.models import Authenticator
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client, RequestFactory
from django.utils import timezone

from newsletter.accounts.actions import (
    confirm_address,
    get_or_create_user,
    prune_sessions,
    prune_sign_in_requests,
    reset_second_factor,
    save_person,
)
from newsletter.accounts.models import SignInRequest, User
from newsletter.accounts.queries import viewer
from newsletter.outbox.models import OutgoingEmail
from tests.factories.accounts import StaffFactory, UserFactory, add_authenticator_app


@pytest.mark.django_db
@pytest.mark.parametrize("spelling", ["ada@example.com", " ADA@Example.com", "ada@EXAMPLE.com."])
def test_m5_every_spelling_is_the_same_person(spelling: str) -> None:
    user, created = get_or_create_user(email="ada@example.com", name="Ada")
    again, created_again = get_or_create_user(email=spelling, name="Somebody else")
    assert (created, created_again) == (True, False)
    assert again == user
    assert again.name == "Ada"
    assert again.email_confirmed_at is None
    assert not again.has_usable_password()


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_one_person() -> None:
    found: list[int] = []

    def make() -> None:
        found.append(get_or_create_user(email="ada@example.com")[0].pk)
        connection.close()

    threads = [Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_an_address_is_confirmed_once() -> None:
    user = UserFactory(email_confirmed_at=None)
    assert confirm_address(user=user)
    first = user.email_confirmed_at
    assert not confirm_address(user=user)
    user.refresh_from_db()
    assert user.email_confirmed_at == first


@pytest.mark.django_db
def test_m22_a_name_is_one_line_of_printable_text() -> None:
    user, _ = get_or_create_user(email="a@example.com", name="Ada\r\nBcc: x\x00 \u202e Lovelace 🦉")
    assert user.name == "Ada Bcc: x Lovelace 🦉"


@pytest.mark.django_db
def test_the_viewer_costs_a_visitor_no_session() -> None:
    request = RequestFactory().get("/")

    class Touched:
        def __getattr__(self, name: str) -> object:
            raise AssertionError(f"the session was touched: {name}")

    request.session = Touched()  # type: ignore[assignment]
    request.user = Touched()  # type: ignore[assignment]
    assert viewer(request) is None


@pytest.mark.django_db
def test_the_viewer_is_who_signed_in(client: Client) -> None:
    user = UserFactory()
    assert viewer(client.get("/account/login/").wsgi_request) is None
    client.force_login(user)
    assert viewer(client.get("/account/").wsgi_request) == user
    client.cookies["sessionid"] = "made-up"
    assert viewer(client.get("/account/login/").wsgi_request) is None


# ── Administrators ────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_only_an_administrator_gives_rights() -> None:
    helper = StaffFactory(is_superuser=False)
    reader, admin = UserFactory(), StaffFactory()
    for user, field in [(reader, "is_staff"), (reader, "is_superuser"), (helper, "is_superuser")]:
        setattr(user, field, True)
        with pytest.raises(PermissionDenied):
            save_person(actor=helper, user=user)
        user.refresh_from_db()
        assert getattr(user, field) is False
    admin.name = "Taken over"
    with pytest.raises(PermissionDenied):
        save_person(actor=helper, user=admin)
    reader.is_staff = True
    save_person(actor=admin, user=reader)
    reader.refresh_from_db()
    assert reader.is_staff


@pytest.mark.django_db
def test_a_helper_may_correct_a_readers_name_and_address() -> None:
    reader = UserFactory(email="ada@example.com")
    reader.email = " ADA.L@Example.com"
    save_person(actor=StaffFactory(is_superuser=False), user=reader)
    reader.refresh_from_db()
    assert reader.email == "ada.l@example.com"
    assert reader.email_confirmed_at is None


@pytest.mark.django_db
def test_a_lost_factor_is_removed_and_told() -> None:
    author = StaffFactory()
    add_authenticator_app(author)
    with pytest.raises(PermissionDenied):
        reset_second_factor(actor=StaffFactory(is_superuser=False), user=author)
    assert Authenticator.objects.filter(user=author).exists()
    mail = reset_second_factor(actor=StaffFactory(), user=author)
    assert mail is not None
    assert mail.to == author.email
    assert "was removed" in mail.text
    assert not Authenticator.objects.filter(user=author).exists()
    assert reset_second_factor(actor=None, user=author) is None


@pytest.mark.django_db
def test_the_command_removes_it_too() -> None:
    author = StaffFactory(email="author@example.com")
    add_authenticator_app(author)
    out = StringIO()
    call_command("reset_second_factor", " AUTHOR@example.com", stdout=out)
    assert "Removed" in out.getvalue()
    assert OutgoingEmail.objects.filter(to="author@example.com").count() == 1
    call_command("reset_second_factor", "author@example.com", stdout=out)
    assert "no second factor" in out.getvalue()
    with pytest.raises(CommandError, match="nobody"):
        call_command("reset_second_factor", "x@example.com", stdout=out)


@pytest.mark.django_db
def test_the_list_of_people_costs_the_same_for_one_and_many(
    client: Client, settings, django_assert_max_num_queries
) -> None:
    from django.test.utils import CaptureQueriesContext

    settings.STAFF_SECOND_FACTOR = False
    client.force_login(StaffFactory())

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/admin/newsletter/user/").status_code == 200
        return len(captured)

    queries()
    one = queries()
    for _ in range(3):
        UserFactory()
        add_authenticator_app(StaffFactory())
    assert queries() == one


@pytest.mark.django_db
def test_the_list_of_people_says_who_of_the_staff_lacks_a_second_factor(
    client: Client, settings
) -> None:
    settings.STAFF_SECOND_FACTOR = False
    client.force_login(StaffFactory())
    add_authenticator_app(StaffFactory())
    UserFactory()
    page = client.get("/admin/newsletter/user/").content.decode()
    cells = re.findall(r"field-has_second_factor[^>]*>([^<]*)<", page)
    assert sorted(cell.strip() for cell in cells) == ["", "Not yet", "Yes"]


@pytest.mark.django_db
def test_people_in_the_admin(client: Client, settings) -> None:
    settings.STAFF_SECOND_FACTOR = False
    admin = StaffFactory()
    client.force_login(admin)
    reader = UserFactory(name="Ada")
    page = f"/admin/newsletter/user/{reader.pk}/change/"
    assert client.get(page).status_code == 200
    form = {"email": reader.email, "name": "Ada L.", "time_zone": "", "is_active": "on"}
    assert client.post(page, {**form, "is_staff": "on"}).status_code == 302
    reader.refresh_from_db()
    assert (reader.name, reader.is_staff) == ("Ada L.", True)
    assert client.get("/admin/newsletter/user/add/").status_code == 200
    assert client.post(page.replace("change", "delete")).status_code == 403
    blank = client.get("/admin/newsletter/user/add/").content.decode()
    assert 'name="email"' in blank
    assert 'type="password"' not in blank
    added = {"email": "New@Example.com", "name": ""}
    assert client.post("/admin/newsletter/user/add/", added).status_code == 302
    assert not User.objects.get(email="new@example.com").has_usable_password()
    assert client.get("/admin/newsletter/outgoingemail/").status_code == 200


# ── Housekeeping ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
def test_dead_sign_in_requests_are_forgotten() -> None:
    now = timezone.now()
    for days in (0, 2):
        moment = now - timedelta(days=days)
        SignInRequest.objects.create(
            address="a@example.com", link_hash=str(days), created_at=moment, expires_at=moment
        )
    assert prune_sign_in_requests() == 1
    assert SignInRequest.objects.get().link_hash == "0"


@pytest.mark.django_db
def test_ended_sessions_are_forgotten_and_live_ones_are_not(client: Client) -> None:
    from allauth.usersessions.models import UserSession
    from django.contrib.sessions.models import Session

    client.force_login(UserFactory())
    ended = Client()
    ended.force_login(UserFactory())
    for browser in (client, ended):
        UserSession.objects.update_or_create(
            session_key=browser.session.session_key,
            defaults={"user_id": browser.session["_auth_user_id"], "ip": "192.0.2.1"},
        )
    Session.objects.filter(pk=ended.session.session_key).update(
        expire_date=timezone.now() - timedelta(seconds=1)
    )
    prune_sessions()
    assert UserSession.objects.get().session_key == client.session.session_key
    assert Session.objects.count() == 1
