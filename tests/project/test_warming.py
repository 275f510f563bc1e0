"""What a serving process does before its first visitor comes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# In a process of its own: here, other tests have long imported everything.
LOOK = """
import config.wsgi, sys
from celery import current_app
from django.db import connections
assert "newsletter.payments.webhooks" in sys.modules, "views are left to the first request"
assert current_app.finalized, "tasks are left to the first nudge"
assert all(each.connection is None for each in connections.all()), "asked the database"
"""


def test_views_and_tasks_are_ready_before_the_first_request_and_nothing_is_asked(
    tmp_path: Path,
) -> None:
    environment = {
        **os.environ,
        "DEBUG": "true",
        "DATA_DIR": str(tmp_path),
        # Nobody listens there: a start must not need them.
        "DATABASE_URL": "postgres://nobody@127.0.0.1:9/nothing",
        "CELERY_BROKER_URL": "redis://127.0.0.1:9/0",
    }
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOOK],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
