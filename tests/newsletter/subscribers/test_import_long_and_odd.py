"""Lists that are long, and lists with odd cells."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from types import SimpleNamespace

import pytest
import time_machine
from django.utils import timezone

from newsletter.publication.models import Publication
from newsletter.subscribers import actions
from newsletter.subscribers.actions import import_run
from newsletter.subscribers.actions.importing import claim_import
from newsletter.subscribers.enums import ImportState
from newsletter.subscribers.models import (
    ImportLine,
    SubscriberImport,
    Subscription,
)
from tests.factories.accounts import StaffFactory, sign_in_staff
from tests.factories.subscribers import NewsletterFactory
from tests.newsletter.subscribers.imports import bring_in, check, run, upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def author():
    return StaffFactory()


@pytest.fixture
def letter():
    return NewsletterFactory()


def _states(letter):
    rows = Subscription.objects.filter(newsletter=letter)
    return dict(rows.values_list("user__email", "state"))


def _outcomes(job):
    return {line.number: line.outcome for line in ImportLine.objects.filter(job=job)}


def _long_import(author, letter, monkeypatch, lines=40):
    """A list that is under way, in chunks of two, by a worker to whom each line takes a while."""
    monkeypatch.setattr(import_run, "CHUNK", 2)
    content = "".join(f"p{number}@example.org\n" for number in range(lines))
    job = check(author, upload(author, letter, f"email\n{content}"))
    actions.start_import(actor=author, job=job, statement="They asked.")
    job.refresh_from_db()
    return job


def test_a_resumed_run_holds_its_claim_while_it_reads_again_what_was_done(
    author, letter, monkeypatch
):
    """A million lines take longer than the lease: others would take the job from it, each anew."""
    job = _long_import(author, letter, monkeypatch)
    run(job, chunks=15)
    SubscriberImport.objects.filter(pk=job.pk).update(lease_until=None)
    monkeypatch.setattr(import_run, "READ_BETWEEN_SIGNS", 3)
    real, taken = import_run.read_line, []
    with time_machine.travel(timezone.now(), tick=False) as clock:

        def read_slowly(*args):
            clock.shift(timedelta(seconds=15))
            taken.append(claim_import(job_id=job.pk))
            return real(*args)

        claim = claim_import(job_id=job.pk)
        monkeypatch.setattr(import_run, "read_line", read_slowly)
        with import_run.ImportRun(job_id=job.pk, claim=claim) as resumed:
            assert resumed.advance()
    assert set(taken) == {None}
    job.refresh_from_db()
    assert (job.claim, job.done_lines) == (claim, 32)


def test_a_long_list_is_not_read_from_the_start_for_each_chunk(author, letter, monkeypatch):
    from newsletter.subscribers import tasks

    job = _long_import(author, letter, monkeypatch, lines=120)
    seconds = count()
    real = import_run.read_line

    def read_in_a_second(*args):
        next(seconds)
        return real(*args)

    monkeypatch.setattr(import_run, "read_line", read_in_a_second)
    monkeypatch.setattr(tasks, "RUN_SECONDS", 10.0)
    monkeypatch.setattr(tasks, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    runs = 0
    while job.state == ImportState.IMPORTING:
        tasks.run_import(job.pk)
        runs += 1
        job.refresh_from_db()
    assert (job.state, job.counts) == (ImportState.DONE, {"new": 120})
    assert runs < 10


@pytest.mark.parametrize(
    "date", ["0001-01-01T00:00:00Z", "0001-01-01 00:00:00+14:00", "0001-01-01"]
)
def test_a_date_that_stands_for_none_is_not_taken_for_one(client, author, letter, date):
    """Programs write the first day of all for "never"; no zone west of Greenwich can show it."""
    Publication.objects.create(pk=1, time_zone="America/New_York")
    job = bring_in(author, letter, f"email,created_at\na@x.org,{date}\n")
    (line,) = ImportLine.objects.filter(job=job)
    assert "was not read" in line.message
    assert Subscription.objects.get().created_at.year >= 2024
    sign_in_staff(client)
    assert client.get("/admin/newsletter/subscription/").status_code == 200


@pytest.mark.parametrize("address", ['"a@b"@example.com', "a@[192.0.2.1]", "a@localhost"])
def test_an_address_that_no_letter_can_be_sent_to_is_told(author, letter, address):
    job = bring_in(author, letter, f"{address}\nb@x.org\n")
    assert _states(letter) == {"b@x.org": "active"}
    assert _outcomes(job) == {1: "invalid"}
