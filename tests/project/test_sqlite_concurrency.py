"""Web and worker write to the embedded database at once without "database is locked"."""

from __future__ import annotations

import multiprocessing
import os
from typing import Any

import pytest
from django.db import connection

WRITES = 60
PROCESSES = 4


def write(name: str, number: int, failures: Any) -> None:
    """Read, then write, in one transaction: the pattern that fails at once without IMMEDIATE."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    os.environ["DATABASE_URL"] = f"sqlite:///{name}"
    import django

    django.setup()
    from django.db import OperationalError, transaction

    from newsletter.accounts.models import User

    for turn in range(WRITES):
        try:
            with transaction.atomic():
                seen = User.objects.count()
                User.objects.create(email=f"p{number}-{turn}@example.com", name=str(seen))
        except OperationalError as error:
            failures.put(str(error))


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="about the embedded database")
def test_many_processes_write_at_once() -> None:
    from newsletter.accounts.models import User

    context = multiprocessing.get_context("spawn")
    failures = context.Queue()
    name = str(connection.settings_dict["NAME"])
    processes = [
        context.Process(target=write, args=(name, number, failures)) for number in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert failures.empty(), failures.get()
    assert User.objects.count() == PROCESSES * WRITES


@pytest.mark.django_db
@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="about the embedded database")
def test_the_pragmas_are_set() -> None:
    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert cursor.execute("PRAGMA synchronous").fetchone() == (1,)
        assert cursor.execute("PRAGMA foreign_keys").fetchone() == (1,)
        assert cursor.execute("PRAGMA busy_timeout").fetchone() == (30_000,)
