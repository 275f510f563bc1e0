"""An author at the desk. How staff sign in is tested in accounts; here they have."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from courses.models import Course
from newsletter.accounts.models import User
from tests.factories.accounts import StaffFactory

BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture(autouse=True)
def _signed_in_is_enough(settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = False
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def teacher(db: None) -> User:
    return StaffFactory(name="Ada Winter", email="ada@example.com", time_zone="Europe/Berlin")


@pytest.fixture
def desk(client: Client, teacher: User) -> Client:
    client.force_login(teacher, backend=BACKEND)
    return client


def staff_with(*permissions: str) -> Client:
    """Somebody who works here, is no administrator and has just these rights, at the desk."""
    user = StaffFactory(is_superuser=False)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def outline_of(course: Course) -> list[tuple[str, list[str]]]:
    """Titles of modules and their lessons, in order, as stored."""
    return [
        (module.title, [lesson.title for lesson in module.lessons.order_by("position")])
        for module in course.modules.order_by("position")
    ]
