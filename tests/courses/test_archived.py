"""An archived course takes nobody new, and goes on for those who are in it or bought it."""

from __future__ import annotations

import pytest
from django.test import Client

from courses.actions import archive_course, enrol
from courses.enums import CourseAccess
from courses.models import Enrolment
from tests.courses.asking import sold
from tests.factories.accounts import UserFactory
from tests.factories.courses import author, make_course

pytestmark = pytest.mark.django_db


def test_whoever_bought_it_and_has_not_begun_can_begin(client: Client) -> None:
    course, user, _grant = sold()
    archive_course(actor=author(), course=course)
    client.force_login(user)
    address = f"/courses/{course.slug}/"
    page = client.get(address).content.decode()
    assert "Begin the course" in page
    client.post(f"{address}-/begin/", {"time_zone": "Europe/Vienna"})
    assert Enrolment.objects.get().user == user
    assert "Lessons" in client.get(address).content.decode()


def test_whoever_is_in_it_is_led_back_from_its_own_page(client: Client) -> None:
    course, user = make_course(1, access=CourseAccess.FREE), UserFactory()
    enrol(user=user, course=course)
    archive_course(actor=author(), course=course)
    client.force_login(user)
    page = client.get(f"/courses/{course.slug}/?about").content.decode()
    assert "This course takes nobody new." in page
    assert "To your lessons" in page


def test_it_is_offered_to_nobody_else(client: Client) -> None:
    course = make_course(1, access=CourseAccess.FREE)
    archive_course(actor=author(), course=course)
    address = f"/courses/{course.slug}/"
    assert client.get(address).status_code == 404
    client.force_login(author())
    page = client.get(address).content.decode()
    assert "This course takes nobody new." in page
    assert "Begin" not in page
    client.force_login(UserFactory())
    assert client.get(address).status_code == 404
