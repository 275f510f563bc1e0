"""The account page: name, time zone, sessions."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from newsletter.accounts.actions import update_profile
from newsletter.accounts.models import User
from newsletter.lib.time_zones import zone_choices, zone_names
from tests.factories.accounts import StaffFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(client: Client) -> User:
    user = UserFactory(name="Ada", time_zone="")
    client.force_login(user)
    return user


def test_it_shows_and_saves_name_and_zone(client: Client, reader: User) -> None:
    assert 'value="Ada"' in client.get("/account/").content.decode()
    response = client.post("/account/", {"name": "Ada L.", "time_zone": "Europe/Vienna"})
    assert response["Location"] == "/account/"
    reader.refresh_from_db()
    assert (reader.name, reader.time_zone) == ("Ada L.", "Europe/Vienna")
    page = client.get("/account/").content.decode()
    assert "Saved." in page
    assert '<option value="Europe/Vienna" selected>Vienna</option>' in page


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "Europe", "europe/vienna"])
def test_a_made_up_zone_is_refused_and_what_was_typed_stays(
    client: Client, reader: User, zone: str
) -> None:
    response = client.post("/account/", {"name": "Eve", "time_zone": zone})
    assert response.status_code == 422
    page = response.content.decode()
    assert "Choose a time zone from the list." in page
    assert 'value="Eve"' in page
    reader.refresh_from_db()
    assert (reader.name, reader.time_zone) == ("Ada", "")


def test_visitors_see_nothing_and_change_nothing(client: Client) -> None:
    user = UserFactory(name="Ada")
    assert client.get("/account/").status_code == 302
    assert client.post("/account/", {"name": "Eve"}).status_code == 302
    user.refresh_from_db()
    assert user.name == "Ada"


def test_nobody_changes_another_person(reader: User) -> None:
    other = UserFactory(name="Eve")
    with pytest.raises(PermissionError):
        _change(other, reader)
    other.refresh_from_db()
    assert other.name == "Eve"


def _change(other: User, actor: User) -> None:
    from django.core.exceptions import PermissionDenied

    try:
        update_profile(actor=actor, user=other, name="x", time_zone="")
    except PermissionDenied as error:
        raise PermissionError from error


def test_wrong_methods_are_refused(client: Client, reader: User) -> None:
    assert client.put("/account/").status_code == 405
    assert client.get("/account/sessions/end/").status_code == 405
    assert client.post("/account/sessions/").status_code == 405


def test_the_page_is_not_kept_by_caches(client: Client, reader: User) -> None:
    assert "no-store" in client.get("/account/")["Cache-Control"]


def test_only_staff_are_offered_a_second_factor(client: Client, reader: User) -> None:
    assert "/account/2fa/" not in client.get("/account/").content.decode()
    client.force_login(StaffFactory())
    assert "/account/2fa/" in client.get("/account/").content.decode()


def test_times_are_shown_in_the_viewers_zone(client: Client, reader: User, monkeypatch) -> None:
    from django.utils import timezone

    from newsletter.accounts.middleware import TimeZoneMiddleware

    reader.time_zone = "Asia/Kolkata"
    reader.save()
    request = client.get("/account/").wsgi_request
    middleware = TimeZoneMiddleware(lambda _: timezone.get_current_timezone_name())  # type: ignore[arg-type,return-value]
    assert middleware(request) == "Asia/Kolkata"
    User.objects.update(time_zone="Gone/Zone")
    assert middleware(client.get("/account/").wsgi_request) == "UTC"


def test_every_zone_can_be_used_and_has_a_name() -> None:
    import zoneinfo

    assert len(zone_names()) > 300
    for name in zone_names():
        zoneinfo.ZoneInfo(name)
    labels = dict(zone_choices())
    assert ("America/Argentina/Buenos_Aires", "Buenos Aires, Argentina") in labels["America"]


def test_sessions_are_listed_with_the_browsers_name(client: Client) -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
    user = UserFactory()
    _sign_in(client, user, agent)
    page = client.get("/account/sessions/").content.decode()
    assert "Firefox, Linux" in page
    assert "(this one)" in page


def test_signing_out_the_others_keeps_this_one(client: Client) -> None:
    user = UserFactory()
    other = Client()
    for browser in (client, other):
        _sign_in(browser, user)
    client.post("/account/sessions/end/", {"others": ""})
    assert client.get("/account/").status_code == 200
    assert other.get("/account/").status_code == 302


def test_signing_out_everywhere_ends_every_session(client: Client) -> None:
    user, stranger = UserFactory(), UserFactory()
    other, foreign = Client(), Client()
    for browser in (client, other):
        _sign_in(browser, user)
    _sign_in(foreign, stranger)
    client.post("/account/sessions/end/", {"everywhere": ""})
    assert client.get("/account/").status_code == 302
    assert other.get("/account/").status_code == 302
    assert foreign.get("/account/").status_code == 200


def test_signing_out_takes_a_post(client: Client, reader: User) -> None:
    assert client.get("/account/logout/").status_code == 200
    assert client.get("/account/").status_code == 200
    client.post("/account/logout/")
    assert client.get("/account/").status_code == 302


def test_one_and_three_sessions_cost_the_page_no_query_of_ours(client: Client) -> None:
    """allauth asks three times per session whether it still lives; nothing else may grow."""
    user = UserFactory()
    _sign_in(client, user)
    one = _queries(client)
    for _ in range(2):
        _sign_in(Client(), user)
    assert _queries(client) - one <= 2 * 3


def _queries(client: Client) -> int:
    with CaptureQueriesContext(connection) as queries:
        client.get("/account/sessions/")
    return len(queries)


def _sign_in(client: Client, user: User, agent: str = "Mozilla/5.0") -> None:
    from tests.newsletter.accounts.mails import code_in, last_mail

    headers = {"User-Agent": agent}
    page = client.post("/account/login/", {"email": user.email}, headers=headers)["Location"]
    client.post(page, {"code": code_in(last_mail(user.email))}, headers=headers)
