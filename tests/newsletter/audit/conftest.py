"""One stage for all tests of the audit: it takes seconds to set, and no test changes it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.test import override_settings

from newsletter.articles.search import rebuild_index
from newsletter.audit.registry import Stage
from newsletter.audit.stage import set_stage


@pytest.fixture(scope="package")
def db(django_db_setup: None, django_db_blocker) -> Iterator[None]:
    """The database itself, not a transaction in it: the server's threads see what is committed."""
    with django_db_blocker.unblock():
        yield
        call_command("flush", verbosity=0, interactive=False)
        rebuild_index()


@pytest.fixture(scope="package")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the sentinels' uploads lie."""
    return tmp_path_factory.mktemp("audited-media")


def storages_in(folder: Path) -> dict[str, Any]:
    """Lessons' files too lie where the whole package finds them."""
    courses = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(folder / "courses"), "base_url": None},
    }
    return {**django_settings.STORAGES, "courses": courses}


@pytest.fixture(scope="package")
def stage(db: None, media: Path) -> Stage:
    """People and sentinels."""
    with override_settings(MEDIA_ROOT=media, STORAGES=storages_in(media)):
        return set_stage()


@pytest.fixture(autouse=True)
def _as_in_a_throw_away_place(_own_folders: None, media: Path, settings) -> Iterator[None]:
    settings.MEDIA_ROOT = media
    settings.STORAGES = storages_in(media)
    settings.PAGE_CACHE_SECONDS = 600
    settings.EMAIL_BACKEND = "newsletter.lib.mailbox.LocalMailboxBackend"
    # A thousand refusals are asked for, and each would be a line.
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)
