"""Times are shown in the zone of whoever looks."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from newsletter.accounts.middleware import TimeZoneMiddleware
from newsletter.accounts.models import User
from newsletter.publication.models import Publication
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db


def asked_by(user: User | None) -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = user or AnonymousUser()
    if user is not None:
        request.COOKIES["sessionid"] = "x"
    return request


def zone_shown_to(user: User | None) -> str:
    seen: list[str] = []

    def view(_request: HttpRequest) -> HttpResponse:
        seen.append(timezone.get_current_timezone_name())
        return HttpResponse()

    TimeZoneMiddleware(view)(asked_by(user))
    [zone] = seen
    return zone


@pytest.fixture
def _in_brussels() -> None:
    Publication.objects.create(pk=1, time_zone="Europe/Brussels")


@pytest.mark.usefixtures("_in_brussels")
@pytest.mark.parametrize(
    ("own", "shown"),
    [
        ("Asia/Kolkata", "Asia/Kolkata"),
        ("UTC", "UTC"),
        ("", "Europe/Brussels"),
        ("Gone/Nowhere", "Europe/Brussels"),
        ("../etc/passwd", "Europe/Brussels"),
    ],
)
def test_ones_own_zone_or_the_publications(own: str, shown: str) -> None:
    assert zone_shown_to(UserFactory(time_zone=own)) == shown


@pytest.mark.usefixtures("_in_brussels")
def test_a_visitor_sees_the_publications_zone() -> None:
    assert zone_shown_to(None) == "Europe/Brussels"


def test_a_publication_whose_zone_is_gone_shows_that_of_the_settings(settings) -> None:
    settings.TIME_ZONE = "America/Lima"
    Publication.objects.create(pk=1, time_zone="Gone/Nowhere")
    assert zone_shown_to(None) == "America/Lima"


@pytest.mark.parametrize("time_zone", ["Asia/Kolkata", "Gone/Nowhere", ""])
def test_a_zone_that_the_view_does_not_find_is_the_views_own_error(time_zone: str) -> None:
    """It must not be taken for a wrong zone of the reader's, and the view not run again."""
    runs: list[str] = []

    def view(_request: HttpRequest) -> HttpResponse:
        runs.append("ran")
        raise ZoneInfoNotFoundError("of the view")

    with pytest.raises(ZoneInfoNotFoundError, match="of the view"):
        TimeZoneMiddleware(view)(asked_by(UserFactory(time_zone=time_zone)))
    assert runs == ["ran"]


@pytest.mark.parametrize("fails", [False, True])
def test_the_zone_ends_with_the_request(fails: bool) -> None:
    def view(_request: HttpRequest) -> HttpResponse:
        if fails:
            raise ValueError
        return HttpResponse()

    before = timezone.get_current_timezone()
    ask: Callable[[HttpRequest], object] = TimeZoneMiddleware(view)
    request = asked_by(UserFactory(time_zone="Asia/Kolkata"))
    if fails:
        with pytest.raises(ValueError, match=r"^$"):
            ask(request)
    else:
        ask(request)
    assert timezone.get_current_timezone() == before != ZoneInfo("Asia/Kolkata")
