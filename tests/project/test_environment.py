"""What the settings make of the environment: README's table is what holds."""

from __future__ import annotations

import os
import re
import runpy
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from newsletter.lib.environment import Environment
from newsletter.publication.forms import PublicationForm
from newsletter.publication.queries import get_publication
from tests.deploy_check import production_example

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ROOT / "config" / "settings.py"
READ = re.compile(r'\benv\.(?:\w+)\(\s*"([A-Z0-9_]+)"')
# Container tools and files of variables write what is not set as an empty one.
EMPTY = {
    "SITE_URL": "SITE_URL",
    "PORT": "PORT",
    "DATA_DIR": "DATA_DIR",
    "STATIC_ROOT": "STATIC_ROOT",
    "CELERY_BROKER_URL": "CELERY_BROKER_URL",
    "HSTS_SECONDS": "SECURE_HSTS_SECONDS",
}


@pytest.fixture
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """The production example, with nothing of this machine's own."""
    for name in names_read() & set(os.environ):
        monkeypatch.delenv(name)
    for name, value in {**production_example(), "DATA_DIR": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    # Nor a file of variables beside manage.py.
    monkeypatch.setattr(Environment, "read_env", lambda *_: None)
    return monkeypatch


def settings_now() -> dict[str, Any]:
    """The settings as a process that starts now would have them."""
    return runpy.run_path(str(SETTINGS))


def names_read() -> set[str]:
    """Every variable that the settings ask for."""
    return {
        name for file in (ROOT / "config").glob("*.py") for name in READ.findall(file.read_text())
    }


def test_further_hosts_are_further_ones(surroundings: pytest.MonkeyPatch) -> None:
    """The site answered nobody at its own address once another was named."""
    surroundings.setenv("ALLOWED_HOSTS", "www.example.com, example.com")
    assert settings_now()["ALLOWED_HOSTS"] == [
        "letters.example.com",
        "www.example.com",
        "example.com",
    ]


def test_other_hosts_of_the_domain_keep_http_unless_that_is_wanted(
    surroundings: pytest.MonkeyPatch,
) -> None:
    found = settings_now()
    assert found["SECURE_HSTS_SECONDS"] > 0
    assert not found["SECURE_HSTS_INCLUDE_SUBDOMAINS"]
    assert not found["SECURE_HSTS_PRELOAD"]
    surroundings.setenv("HSTS_SUBDOMAINS", "true")
    assert settings_now()["SECURE_HSTS_INCLUDE_SUBDOMAINS"]


@pytest.mark.parametrize(("name", "setting"), EMPTY.items())
def test_what_is_empty_is_not_set(
    surroundings: pytest.MonkeyPatch, name: str, setting: str
) -> None:
    surroundings.delenv(name, raising=False)
    absent = settings_now()[setting]
    surroundings.setenv(name, "")
    assert settings_now()[setting] == absent


def test_a_value_that_begins_with_a_dollar_sign_is_that_value(
    surroundings: pytest.MonkeyPatch,
) -> None:
    key = "$9gWyXqLGVRxdT3BRSMVmb1gq6rhvXpWnBUHMOnIKMtMAl3uSjg6QLjp2S"
    surroundings.setenv("SECRET_KEY", key)
    surroundings.setenv("SECRET_KEY_FALLBACKS", f"{key},other")
    found = settings_now()
    assert (found["SECRET_KEY"], found["SECRET_KEY_FALLBACKS"]) == (key, [key, "other"])


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("PORT", "eighty", "a whole number"),
        ("BEHIND_PROXY", "ture", "true or false"),
        ("WITHDRAWAL_ENABLED", "$no", "true or false"),
        ("LOG_LEVEL", "loud", "one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(
    surroundings: pytest.MonkeyPatch, name: str, value: str, kind: str
) -> None:
    surroundings.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=re.escape(f"{name} must be {kind}, not ")):
        settings_now()


@pytest.mark.parametrize(
    ("value", "meant"), [("TRUE", True), ("on", True), ("1", True), ("No", False), ("0", False)]
)
def test_yes_and_no_are_read_as_people_write_them(
    surroundings: pytest.MonkeyPatch, value: str, meant: bool
) -> None:
    surroundings.setenv("TIPS_ENABLED", value)
    assert settings_now()["TIPS_ENABLED"] is meant


def test_a_level_is_read_however_it_is_written(surroundings: pytest.MonkeyPatch) -> None:
    surroundings.setenv("LOG_LEVEL", "warning")
    assert settings_now()["LOGGING"]["root"]["level"] == "WARNING"


@pytest.mark.django_db
def test_the_language_is_one_that_the_author_could_choose(settings: Any) -> None:
    """Else the form shows the first of its list, and saving it makes the site Afrikaans."""
    settings.LANGUAGE_CODE = "en-us"
    publication = get_publication()
    form = PublicationForm(instance=publication)
    assert form.initial["language"] in dict(settings.LANGUAGES)
    assert publication.language == "en"


@pytest.mark.django_db
def test_language_and_zone_hold_until_the_author_has_said_others(settings: Any) -> None:
    settings.LANGUAGE_CODE, settings.TIME_ZONE = "de", "Europe/Vienna"
    publication = get_publication()
    assert (publication.language, publication.time_zone) == ("de", "Europe/Vienna")
    publication.language = "fr"
    publication.save()
    assert get_publication().language == "fr"


def test_the_readmes_table_and_the_example_name_what_is_read_and_nothing_else() -> None:
    readme = (ROOT / "README.md").read_text()
    table = readme.partition("## Configuration")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    told = {name for row in rows for name in re.findall(r"`([A-Z0-9_]+)`", row)}
    assert told == names_read()
    example = re.findall(r"^(?:# )?([A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.M)
    assert len(example) > 10
    assert set(example) <= told
