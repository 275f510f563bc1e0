"""What every test has: settings for tests, no network but this machine's own."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import hypothesis
import pytest
from django.test import TransactionTestCase
from pytest_socket import socket_allow_hosts

# Django, Stripe's SDK and the contract derived from it are most of a million objects that stay:
# looking through all of them for rubbish again and again is a tenth of the suite's time.
gc.set_threshold(100_000, 50, 1000)

# A busy machine is no failure, so no example has a deadline. CI tries the same examples each time:
# what chance finds is for those who are at their desk.
hypothesis.settings.register_profile(
    "masthead",
    deadline=None,
    derandomize=os.environ.get("CI") == "true",
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("masthead")


_DATABASES = {"db", "transactional_db", "live_server", "django_db_setup"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of one file run in one process; those marked `spread` wherever one is free.

    What asks no database is marked so: it need not run once for each (tests/run.py). Tests of the
    project start processes that may ask one.
    """
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        asks = item.get_closest_marker("django_db") or fixtures & _DATABASES
        of_django = issubclass(getattr(item, "cls", None) or object, TransactionTestCase)
        if not (asks or of_django) and not item.location[0].startswith("tests/project/"):
            item.add_marker(pytest.mark.no_database)
        if item.get_closest_marker("spread") is None:
            item.add_marker(pytest.mark.xdist_group(item.location[0]))


@pytest.fixture(autouse=True)
def _no_network() -> None:
    """Only 127.0.0.1 and unix sockets; anything else fails the test that tried."""
    socket_allow_hosts(["127.0.0.1", "localhost", "::1"], allow_unix_socket=True)


@pytest.fixture(autouse=True)
def _own_folders(settings, tmp_path: Path) -> None:
    """Each test has its own mailbox, media, cache and broker folders."""
    settings.PAGE_CACHE_SECONDS = 0
    settings.MAILBOX_DIR = tmp_path / "mailbox"
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.STORAGES = {
        **settings.STORAGES,
        "courses": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "courses"), "base_url": None},
        },
    }
    settings.CELERY_FILE_BROKER_DIR = tmp_path / "broker"
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
            "LOCATION": str(tmp_path / "cache"),
        }
    }


@pytest.fixture(autouse=True)
def _storages_of_a_test(settings, tmp_path: Path) -> None:
    """Production reads a manifest that `collectstatic` writes; tests use the files themselves, and
    each has a private folder of its own.
    """
    private = settings.STORAGES["private"]
    settings.STORAGES = {
        **settings.STORAGES,
        "private": {
            **private,
            "OPTIONS": {**private["OPTIONS"], "location": tmp_path / "private"},
        },
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture(autouse=True)
def _quick_passwords(settings) -> None:
    """The real hasher is slow on purpose; no test is about its slowness."""
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher",
        *settings.PASSWORD_HASHERS,
    ]
