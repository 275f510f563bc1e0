"""A real Chromium. Without one the tests are skipped, except where CI says that none may be."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

# What is expected mostly comes at once; a busy machine may take longer than Playwright's 5 seconds.
expect.set_options(timeout=15_000)

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
# No look-ups of the browser's own: the network is closed to tests.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


def find_chromium() -> str:
    """Return the path of an installed Chromium, or an empty string."""
    given = os.environ.get("CHROMIUM", "")
    return given or next((path for name in NAMES if (path := shutil.which(name))), "")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Use the system's Chromium instead of a downloaded one."""
    path = find_chromium()
    if not path:
        hint = "No Chromium found: apt install chromium, or set CHROMIUM to its path."
        if os.environ.get("CI") == "true":
            pytest.fail(hint)
        pytest.skip(hint)
    return {**browser_type_launch_args, "executable_path": path, "args": ARGUMENTS}


@pytest.fixture(autouse=True, scope="session")
def _playwright_next_to_the_orm() -> Iterator[None]:
    """Playwright runs an event loop in this thread, which Django takes for async code.

    For the whole session: the database is set up before a test's own fixtures.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture(autouse=True)
def _debug(settings: Any) -> None:
    """The local mailbox is part of the walks, and it exists with DEBUG only."""
    settings.DEBUG = True
