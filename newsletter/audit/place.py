"""A throw-away place to audit in: a folder, a database of its own, and a process on both.

The audit publishes. On the author's own site its sentinels would be in the feed, in the search
engines and in people's feed readers within a minute, and nothing takes them back from there. So
it runs on an empty copy: the site's own settings, code and templates, and its publication's look
and words, with every address of data (database, cache, broker, mailbox, uploads) another.

On SQLite the database is a file in the folder; on PostgreSQL it is a schema in the site's own
database, and the process can see no other. Whoever uses a place holds a lock on its folder; what
lies there without one was left by somebody who was killed, and the next audit takes it away.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from django.conf import settings
from django.core import serializers
from django.db import connection

from newsletter.lib.child_process import die_with_parent, held_back_endings
from newsletter.publication.models import Publication

_FOLDER = "paywall-audit"
_PREFIX = "masthead_audit_"
_NAME = re.compile(rf"^{_PREFIX}[0-9a-f]{{12}}$")
_LOCK, _MARKER, PUBLICATION = "lock", "throw-away.json", "publication.json"
_CACHED_SECONDS = 600


class NotThrowAwayError(Exception):
    """This is no place that an audit may fill: it may be the author's own."""


@contextmanager
def throw_away_place() -> Iterator[Path]:
    """Make a place, and take it away in the end, whatever ends the audit but `kill -9`."""
    remove_what_was_left()
    folder = _root() / f"{_PREFIX}{secrets.token_hex(6)}"
    folder.mkdir(parents=True)
    with (folder / _LOCK).open("w") as lock, _sigterm_as_interrupt():
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            _furnish(folder)
            yield folder
        finally:
            with held_back_endings():
                _remove(folder)


def remove_what_was_left() -> int:
    """Take away the places of audits that were killed; return how many there were."""
    removed = 0
    for folder in _root().glob(f"{_PREFIX}*"):
        try:
            with (folder / _LOCK).open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(folder)
                removed += 1
        except BlockingIOError:
            continue  # an audit is under way there
    return removed


def run_inside(folder: Path, arguments: Sequence[str]) -> int:
    """Run `manage.py audit_paywall` on the place in a process of its own; return its exit code.

    SIGTERM ends it as Ctrl-C does. Where this one is killed with -9, the process is told to end
    too; it shares the lock, so that nobody takes the place away from under it before it has.
    """
    child = None
    with (folder / _LOCK).open() as lock, _sigterm_as_interrupt():
        try:
            with held_back_endings():
                child = _start(folder, arguments, lock.fileno())
            return child.wait()
        finally:
            if child is not None and child.poll() is None:
                child.kill()
                child.wait()


def _start(folder: Path, arguments: Sequence[str], lock: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "audit_paywall"]
    return subprocess.Popen(  # noqa: S603 - our own command line
        [*command, "--inside", *arguments],
        cwd=settings.BASE_DIR,
        env=environment_of(folder),
        pass_fds=[lock],
        start_new_session=True,
        preexec_fn=die_with_parent,
    )


def environment_of(folder: Path) -> dict[str, str]:
    """The variables under which the site's settings point at the place and nowhere else."""
    is_postgres = connection.vendor == "postgresql"
    changed = {
        "DATA_DIR": str(folder),
        "SITE_URL": settings.SITE_URL,
        "DEBUG": str(settings.DEBUG).lower(),
        "STATIC_ROOT": str(settings.STATIC_ROOT),
        # What the place signs is worth nothing on the site.
        "SECRET_KEY": secrets.token_urlsafe(50),
        "SECRET_KEY_FALLBACKS": "",
        "CACHE_URL": "",
        "CELERY_BROKER_URL": "filesystem://",
        "EMAIL_URL": "",
        "EMAIL_BACKEND": "newsletter.lib.mailbox.LocalMailboxBackend",
        "STRIPE_SECRET_KEY": "",
        "STRIPE_WEBHOOK_SECRET": "",
        # Lessons' files lie in the folder.
        "COURSES_S3_BUCKET": "",
        # Always on here: what is kept wrongly is to be seen (P3).
        "PAGE_CACHE_SECONDS": str(_CACHED_SECONDS),
        # The proxy that speaks TLS is not here.
        "SSL_REDIRECT": "false",
        "LOG_LEVEL": "CRITICAL",
    }
    if is_postgres:
        changed["PGOPTIONS"] = f"-c search_path={folder.name}"
    else:
        changed["DATABASE_URL"] = f"sqlite:///{folder}/audit.sqlite3"
    return {**os.environ, **changed}


def require_throw_away() -> None:
    """Refuse to go on unless settings and connection lead to a throw-away place alone."""
    folder = Path(settings.DATA_DIR)
    try:
        schema = json.loads((folder / _MARKER).read_text())["schema"]
    except (OSError, ValueError, KeyError) as error:
        raise NotThrowAwayError(f"{folder} is no throw-away place.") from error
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_schemas(false)")
            seen = cursor.fetchone()[0]
        if seen != [schema]:
            raise NotThrowAwayError(
                f"The connection sees the schemas {seen}, not {schema} alone. A pooler between "
                "site and database may drop PGOPTIONS: connect to the database itself."
            )
    elif not Path(str(connection.settings_dict["NAME"])).is_relative_to(folder):
        raise NotThrowAwayError(f"The database does not lie in {folder}.")


def mark_as_throw_away(folder: Path, schema: str) -> None:
    """Say that `folder`, and the schema beside it, may be filled with sentinels."""
    (folder / _MARKER).write_text(json.dumps({"schema": schema}))


def _root() -> Path:
    return Path(settings.DATA_DIR) / _FOLDER


def _furnish(folder: Path) -> None:
    mark_as_throw_away(folder, folder.name)
    if look := Publication.objects.all():
        (folder / PUBLICATION).write_text(serializers.serialize("json", look))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE SCHEMA {_quoted(folder)}")


def _remove(folder: Path) -> None:
    if connection.vendor == "postgresql":
        # One that was never made is as good as gone.
        with connection.cursor() as cursor:
            cursor.execute(f"DROP SCHEMA IF EXISTS {_quoted(folder)} CASCADE")
    shutil.rmtree(folder)


def _quoted(folder: Path) -> str:
    """The schema's name, and no other's: whatever lies in the folder, nothing else is dropped."""
    if not _NAME.match(folder.name):
        raise NotThrowAwayError(f"{folder.name} is no name that an audit gives.")
    return connection.ops.quote_name(folder.name)


@contextmanager
def _sigterm_as_interrupt() -> Iterator[None]:
    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
