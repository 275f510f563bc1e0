"""System checks: each fault of the settings has an id and a hint."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management.base import SystemCheckError

from newsletter.lib.checks import find_setting_faults, refuse_to_start
from tests.deploy_check import production_example

EXAMPLE = production_example()

CACHES = "django.core.cache.backends"
DATABASES = "django.db.backends"
pytestmark = pytest.mark.filterwarnings("ignore:Overriding setting DATABASES")


@pytest.fixture
def production(settings: Any) -> Any:
    """Settings as they should be in production."""
    settings.DEBUG = False
    settings.SECRET_KEY_SOURCE = "environment"
    settings.DEMO_PASSWORD = ""
    settings.STAFF_SECOND_FACTOR = True
    settings.SITE_URL = "https://letters.example.com"
    settings.SITE_HOST = "letters.example.com"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:6379/0"
    settings.HOSTS = 2
    settings.STRIPE_DEMO = False
    settings.STRIPE_SECRET_KEY = ""
    settings.DEFAULT_FROM_EMAIL = "hello@letters.example.com"
    settings.CACHES = {"default": {"BACKEND": f"{CACHES}.redis.RedisCache"}}
    settings.DATABASES = {"default": {"ENGINE": f"{DATABASES}.postgresql", "HOST": "db.example"}}
    return settings


def ids() -> set[str]:
    return {str(fault.id) for fault in find_setting_faults()}


def test_good_settings_have_no_fault(production: Any) -> None:
    assert ids() == set()
    refuse_to_start()


@pytest.mark.parametrize(
    ("setting", "value", "expected"),
    [
        ("SECRET_KEY_SOURCE", "missing", "masthead.E001"),
        ("DEMO_PASSWORD", "negotiate-well", "masthead.E002"),
        ("STAFF_SECOND_FACTOR", False, "masthead.E003"),
        ("SITE_URL", "http://letters.example.com", "masthead.E004"),
        ("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend", "masthead.E005"),
        ("EMAIL_BACKEND", "newsletter.lib.mailbox.LocalMailboxBackend", "masthead.E005"),
        ("CELERY_BROKER_URL", "filesystem://", "masthead.E006"),
        ("STRIPE_DEMO", True, "masthead.E008"),
        ("STRIPE_SECRET_KEY", "pk_live_1", "masthead.E009"),
        ("TIME_ZONE", "Mars/Olympus", "masthead.E007"),
        ("GIFT_LINK_OPENINGS", 0, "masthead.E014"),
        ("LANGUAGE_CODE", "deutsch", "masthead.E026"),
        ("SITE_URL", "letters.example.com", "masthead.E022"),
        ("SITE_URL", "https://letters.example.com/blog", "masthead.E022"),
        ("SITE_URL", "https://bücher.example", "masthead.E022"),
        ("CACHES", {"default": {"BACKEND": f"{CACHES}.filebased.FileBasedCache"}}, "masthead.E023"),
        ("CACHES", {"default": {"BACKEND": f"{CACHES}.locmem.LocMemCache"}}, "masthead.E023"),
        ("DATABASES", {"default": {"ENGINE": f"{DATABASES}.sqlite3"}}, "masthead.E027"),
        ("MAILINGS_BATCH_SIZE", 0, "masthead.E024"),
        ("MAILINGS_PARALLEL_BATCHES", 0, "masthead.E024"),
        ("TRUSTED_PROXIES", -1, "masthead.E024"),
        ("DEFAULT_FROM_EMAIL", "Ada, Inc. <ada@example.com>", "masthead.E025"),
        ("DEFAULT_FROM_EMAIL", "nobody", "masthead.E025"),
        (
            "STORAGES",
            {"courses": {"BACKEND": "storages.x", "OPTIONS": {"access_key": "", "secret_key": ""}}},
            "masthead.E017",
        ),
    ],
)
def test_each_fault_has_its_id_and_hint_and_stops_the_start(
    production: Any, setting: str, value: object, expected: str
) -> None:
    setattr(production, setting, value)
    fault = next(fault for fault in find_setting_faults() if fault.id == expected)
    assert fault.hint
    with pytest.raises(SystemCheckError, match=expected):
        refuse_to_start()


@pytest.mark.worker
def test_a_worker_does_not_start_with_settings_that_cannot_work(tmp_path: Path) -> None:
    """With a key of its own it would sign links that nobody else can read."""
    settings = {
        "DEBUG": "false",
        "SECRET_KEY": "",
        "DATA_DIR": str(tmp_path),
        "CELERY_BROKER_URL": "filesystem://",
        "SITE_URL": "https://letters.example.com",
        "EMAIL_URL": "smtp://localhost:25",
        "DATABASE_URL": "",
    }
    worker = subprocess.run(
        [sys.executable, "-m", "celery", "--app", "config", "worker", "--concurrency", "1"],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert worker.returncode == 1
    assert "masthead.E001" in worker.stderr
    assert "[queues]" not in worker.stdout


def test_file_broker_is_fine_on_one_host(production: Any) -> None:
    production.CELERY_BROKER_URL = "filesystem://"
    production.CACHES = {"default": {"BACKEND": f"{CACHES}.filebased.FileBasedCache"}}
    production.HOSTS = 1
    production.DATABASES = {"default": {"ENGINE": f"{DATABASES}.sqlite3", "HOST": ""}}
    assert ids() == set()


def test_demo_pieces_are_fine_with_debug(production: Any) -> None:
    production.DEBUG = True
    production.DEMO_PASSWORD = "negotiate-well"
    production.STAFF_SECOND_FACTOR = False
    assert ids() == set()


def test_a_key_without_a_webhook_secret_is_a_warning(production: Any) -> None:
    production.STRIPE_SECRET_KEY = "rk_live_1"
    production.STRIPE_WEBHOOK_SECRET = " "
    assert ids() == {"masthead.W002"}
    production.STRIPE_WEBHOOK_SECRET = "whsec_1"
    assert ids() == set()


def test_an_unwritable_folder_is_a_warning(production: Any, monkeypatch: Any) -> None:
    production.DATA_DIR = Path("/nonexistent/folder")
    monkeypatch.setattr("os.access", lambda *_: False)
    assert ids() == {"masthead.W001"}


def test_a_lease_that_a_slow_mail_server_outlasts_is_a_warning(production: Any) -> None:
    production.MAILINGS_LEASE_SECONDS = production.EMAIL_TIMEOUT = 30
    assert ids() == {"masthead.W003"}
    production.MAILINGS_LEASE_SECONDS = 31
    assert ids() == set()


def test_the_examples_key_is_for_the_example_and_at_home(production: Any) -> None:
    production.SECRET_KEY = EXAMPLE["SECRET_KEY"]
    production.SITE_HOST = "letters.ada.example"
    assert ids() == {"masthead.E021"}
    for host in (EXAMPLE["SITE_URL"].removeprefix("https://"), "localhost"):
        production.SITE_HOST = host
        assert ids() == set()


def test_a_proxy_that_is_not_told_of_is_a_warning(production: Any) -> None:
    """Each answer would lead to the address that was asked for."""
    production.SECURE_SSL_REDIRECT = True
    assert ids() == {"masthead.W004"}
    production.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert ids() == set()


def test_each_fault_has_an_id_of_its_own() -> None:
    """It is what people search for and what they silence."""
    source = Path("newsletter/lib/checks.py").read_text()
    found = re.findall(r'id="(masthead\.[EW]\d+)"', source)
    assert len(found) > 20
    assert [name for name in found if found.count(name) > 1] == []


def test_a_storage_that_is_not_installed_is_said(
    production: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    production.STORAGES = {"courses": {"BACKEND": "storages.backends.s3.S3Storage"}}
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert ids() == {"masthead.E016"}
