"""How long a list of 100,000 lines takes to come in, and how much memory.

    python benchmarks/import_subscribers.py [lines] [runs]

Works on a database of its own beside the one in DATABASE_URL / DATA_DIR: a fresh test database.
Prints the median of the runs for the dry run, the first import and the same list once more.
"""

from __future__ import annotations

import os
import resource
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("DEBUG", "true")

import django

django.setup()

from django.conf import settings
from django.core.files import File
from django.core.management import call_command
from django.db import connection

from newsletter.accounts.models import User
from newsletter.subscribers import actions
from newsletter.subscribers.actions.import_run import ImportRun
from newsletter.subscribers.actions.importing import claim_import, finish_import
from newsletter.subscribers.importing.columns import Columns
from newsletter.subscribers.models import Newsletter, SubscriberImport


def write_list(path: Path, lines: int) -> None:
    """A list as others export it: addresses, names, dates, one in fifty unsubscribed."""
    with path.open("w", encoding="utf-8") as file:
        file.write("email,name,created_at,subscribed_to_emails\n")
        for number in range(lines):
            file.write(
                f"Reader{number}@mail{number % 97}.example.com,Rëader {number},"
                f"2024-{number % 12 + 1:02}-{number % 28 + 1:02}T10:00:00.000Z,"
                f"{'false' if number % 50 == 0 else 'true'}\n"
            )


def peak() -> float:
    """Most memory this process has held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def work(job: SubscriberImport) -> float:
    """Do the worker's part; returns seconds."""
    start, cpu = time.perf_counter(), time.process_time()
    claim = claim_import(job_id=job.pk)
    assert claim
    with ImportRun(job_id=job.pk, claim=claim) as run:
        while run.advance():
            pass
    finish_import(job_id=job.pk, claim=claim)
    job.refresh_from_db()
    took = time.perf_counter() - start
    print(f"    {took:5.1f} s, {time.process_time() - cpu:.1f} s of it this process's own work")
    return took


def bring_in(path: Path, author: User, newsletter: Newsletter) -> tuple[float, float, float]:
    """Seconds of the upload, the dry run, and the import."""
    start = time.perf_counter()
    with path.open("rb") as file:
        job = actions.upload_import(
            actor=author, newsletter=newsletter, upload=File(file), name=path.name
        )
    uploaded = time.perf_counter() - start
    actions.check_import(actor=author, job=job, columns=Columns(**job.mapping))
    checked = work(job)
    actions.start_import(actor=author, job=job, statement="They ticked the box.")
    imported = work(job)
    print(f"    {job.counts}")
    return uploaded, checked, imported


def main(lines: int, runs: int) -> None:
    """Run and print medians."""
    # With DEBUG Django keeps the text of every query, which is not what is measured here.
    settings.DEBUG = False
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    path = Path(settings.DATA_DIR) / "benchmark.csv"
    settings.MEDIA_ROOT = Path(settings.DATA_DIR) / "benchmark-media"
    write_list(path, lines)
    first, again = [], []
    before = peak()
    try:
        for _run in range(runs):
            # Emptied in the database: deleting through models would load all of it, which is
            # neither the time nor the memory that is measured here.
            call_command("flush", interactive=False, verbosity=0)
            author = User.objects.create_superuser("bench@example.com", "x")
            newsletter = Newsletter.objects.create(
                name="Bench", slug="bench", sender_address="b@example.com"
            )
            first.append(bring_in(path, author, newsletter))
            again.append(bring_in(path, author, newsletter))
    finally:
        path.unlink()
        connection.creation.destroy_test_db(settings.DATABASES["default"]["NAME"], verbosity=0)
    print(f"{connection.vendor}, {lines:,} lines, median of {runs}")
    for name, taken in (("first time", first), ("same list again", again)):
        parts = [statistics.median(column) for column in zip(*taken, strict=True)]
        print(
            f"  {name}: upload {parts[0]:.1f} s, dry run {parts[1]:.1f} s, import {parts[2]:.1f} s"
        )
    print(f"  memory: {before:.0f} MB before, {peak():.0f} MB at most")


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]]
    main(*(arguments + [100_000, 3][len(arguments) :]))
