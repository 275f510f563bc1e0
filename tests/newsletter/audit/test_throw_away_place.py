"""The command on a place of its own: the site is not touched, and nothing is left of the place."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection

from newsletter.articles.models import Article
from newsletter.audit import place
from newsletter.audit.place import mark_as_throw_away, remove_what_was_left
from newsletter.audit.registry import Stage
from newsletter.publication.actions import save_publication
from newsletter.publication.queries import get_publication
from tests.worker import database_url

COMMAND = [sys.executable, "manage.py", "audit_paywall"]


@pytest.fixture
def site(stage: Stage, tmp_path: Path, settings) -> Iterator[dict[str, str]]:
    """The variables of a site on this test's database, its folder this test's own."""
    settings.DATA_DIR = tmp_path
    publication = get_publication()
    publication.name = "The Real Name"
    save_publication(actor=stage.author, publication=publication)
    yield {
        **os.environ,
        "DEBUG": "true",
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": database_url(),
        "SITE_URL": "http://letters.example.com",
    }
    publication.delete()


def places(folder: Path) -> list[Path]:
    return list((folder / "paywall-audit").glob("*"))


def schemas() -> list[str]:
    """The schemas that audits have made in this test's database."""
    if connection.vendor == "sqlite":
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'masthead%'")
        return [row[0] for row in cursor.fetchall()]


def test_lessons_files_lie_in_the_place_too(tmp_path: Path, monkeypatch) -> None:
    """Sentinels in the site's own bucket would stay there."""
    monkeypatch.setenv("COURSES_S3_BUCKET", "lessons")
    assert place.environment_of(tmp_path)["COURSES_S3_BUCKET"] == ""


def test_the_command_touches_nothing_and_leaves_nothing(
    site: dict[str, str], tmp_path: Path, settings, monkeypatch
) -> None:
    before = Article.objects.count()
    report = tmp_path / "report.json"
    # This process is the outer one; what audits is one of its own, as always.
    settings.DEBUG, settings.SITE_URL = True, site["SITE_URL"]
    monkeypatch.setenv("DATABASE_URL", site["DATABASE_URL"])
    only = ["articles:feed-atom", "pages:show-home"]
    call_command("audit_paywall", json=True, output=str(report), only=only, persona=["visitor"])
    data = json.loads(report.read_text())
    assert data["ok"] is True
    assert data["findings"] == []
    assert data["looked_at"]["answers"] == 2
    assert Article.objects.count() == before
    assert not places(tmp_path)
    assert not schemas()
    # Its mail went into its own mailbox, its sessions and pages into its own database and cache.
    assert not (tmp_path / "mailbox").exists()


def started(site: dict[str, str], folder: Path) -> subprocess.Popen[str]:
    """An audit whose own process is under way in its place."""
    audit = subprocess.Popen(
        COMMAND,
        cwd=django_settings.BASE_DIR,
        env=site,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    children = Path(f"/proc/{audit.pid}/task/{audit.pid}/children")
    wait_until(lambda: children.read_text().strip() and places(folder))
    return audit


def wait_until(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_ctrl_c_leaves_nothing(site: dict[str, str], tmp_path: Path) -> None:
    audit = started(site, tmp_path)
    audit.send_signal(signal.SIGTERM)
    _, errors = audit.communicate(timeout=180)
    assert audit.returncode == 130, errors
    assert "Nothing is left of it" in errors
    assert not places(tmp_path)
    assert not schemas()


def test_an_end_while_its_process_is_being_started_leaves_none(
    site: dict[str, str], tmp_path: Path, monkeypatch
) -> None:
    """The child is there before `Popen` has returned: an end that comes then must find it."""
    children = []

    def start_and_be_told_to_end(*arguments: object) -> subprocess.Popen[bytes]:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        children.append(child)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)  # where it is not held back, its handler raises here
        return child

    monkeypatch.setattr(place, "_start", start_and_be_told_to_end)
    with pytest.raises(KeyboardInterrupt), place.throw_away_place() as folder:
        place.run_inside(folder, [])
    assert [child.poll() for child in children] == [-signal.SIGKILL]
    assert not places(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux tells the child")
def test_what_a_killed_audit_left_is_taken_away_by_the_next(
    site: dict[str, str], tmp_path: Path
) -> None:
    audit = started(site, tmp_path)
    audit.kill()
    audit.communicate(timeout=180)
    assert places(tmp_path)
    # Its process holds the lock until it has ended, which it does by itself.
    wait_until(remove_what_was_left)
    assert not places(tmp_path)
    assert not schemas()


def test_it_never_fills_a_site_that_is_no_throw_away_place(
    site: dict[str, str], tmp_path: Path
) -> None:
    before = Article.objects.count()
    with pytest.raises(CommandError, match="no throw-away place"):
        call_command("audit_paywall", inside=True)
    # Not even where the mark is there and the database is another's.
    mark_as_throw_away(tmp_path, "masthead_audit_0123456789ab")
    with pytest.raises(CommandError, match=r"schemas|does not lie in"):
        call_command("audit_paywall", inside=True)
    assert Article.objects.count() == before
