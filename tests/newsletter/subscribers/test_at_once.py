"""Two of the same at the same moment, and a worker that is killed: real threads and processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connections
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.outbox.models import OutgoingEmail
from newsletter.subscribers import actions
from newsletter.subscribers.enums import SuppressionReason
from newsletter.subscribers.models import (
    ConsentEvent,
    SubscriberImport,
    Subscription,
    SubscriptionRequest,
    Suppression,
)
from tests.factories.accounts import StaffFactory
from tests.factories.subscribers import NewsletterFactory, SubscriptionFactory
from tests.newsletter.subscribers.imports import check, run, upload
from tests.worker import database_url

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """Run all of them, each in a thread with a connection of its own, started by one signal."""
    barrier = threading.Barrier(len(jobs))
    results: list[Any] = [None] * len(jobs)

    def work(number: int, job: Callable[[], Any]) -> None:
        try:
            barrier.wait(timeout=10)
            results[number] = job()
        except Exception as error:
            results[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    for result in results:
        if isinstance(result, Exception):
            raise result
    return results


def test_one_request_answered_by_two_workers_is_one_mail():
    letter = NewsletterFactory()
    asked = actions.request_subscription(email="anna@example.com", newsletters=[letter])
    made = at_once(*[lambda: actions.answer_request(request_id=asked.pk)] * 4)
    assert sum(email is not None for email in made) == 1
    assert OutgoingEmail.objects.count() == 1


def test_m5_two_requests_of_one_new_person_at_once_make_one_person():
    letters = NewsletterFactory.create_batch(2)
    asked = [
        actions.request_subscription(email=spelling, newsletters=[letter])
        for spelling, letter in zip(["Anna@example.com", "anna@EXAMPLE.com"], letters, strict=True)
    ]
    at_once(*[lambda pk=row.pk: actions.answer_request(request_id=pk) for row in asked])
    assert User.objects.count() == 1
    assert Subscription.objects.filter(state="pending").count() == 2
    assert OutgoingEmail.objects.count() == 2


def test_two_confirmations_at_once_are_one():
    letter = NewsletterFactory()
    asked = actions.request_subscription(email="anna@example.com", newsletters=[letter])
    actions.answer_request(request_id=asked.pk)
    asked.refresh_from_db()

    def confirm() -> actions.Confirmation:
        mine = SubscriptionRequest.objects.select_related("user").get(pk=asked.pk)
        return actions.confirm_request(request=mine, ip="203.0.113.9")

    done = at_once(*[confirm] * 4)
    assert sum(outcome.repeated for outcome in done) == 3
    assert Subscription.objects.get().state == "active"
    assert ConsentEvent.objects.filter(what="confirmed").count() == 1


def test_two_links_of_one_person_confirmed_at_once():
    letter = NewsletterFactory()
    both = [
        actions.request_subscription(email="anna@example.com", newsletters=[letter])
        for _ in range(2)
    ]
    for row in both:
        actions.answer_request(request_id=row.pk)

    def confirm(pk: int) -> actions.Confirmation:
        mine = SubscriptionRequest.objects.select_related("user").get(pk=pk)
        return actions.confirm_request(request=mine, ip=None)

    done = at_once(*[lambda pk=row.pk: confirm(pk) for row in both])
    assert sum(len(outcome.joined) for outcome in done) == 1
    assert Subscription.objects.get().state == "active"
    assert ConsentEvent.objects.filter(what="confirmed").count() == 1


def test_two_unsubscribes_at_once_are_one():
    row = SubscriptionFactory()
    moments = at_once(*[lambda: actions.unsubscribe(subscription=row)] * 4)
    assert sum(moment is not None for moment in moments) == 1
    assert ConsentEvent.objects.count() == 1


def test_two_suppressions_at_once_are_one():
    at_once(
        *[lambda: actions.suppress(address="a@example.com", reason=SuppressionReason.MANUAL)] * 4
    )
    assert Suppression.objects.count() == 1


def test_an_import_and_sign_ups_at_once_lose_nobody():
    author, letter = StaffFactory(), NewsletterFactory()
    content = "email\n" + "".join(f"p{number}@example.com\n" for number in range(300))
    job = check(author, upload(author, letter, content))
    actions.start_import(actor=author, job=job, statement="They asked.")
    asked = [
        actions.request_subscription(email=f"p{number}@example.com", newsletters=[letter])
        for number in range(280, 320)
    ]

    def answer() -> None:
        for row in asked:
            actions.answer_request(request_id=row.pk)

    at_once(lambda: run(job), answer)
    people = Subscription.objects.filter(newsletter=letter)
    assert people.count() == User.objects.exclude(pk=author.pk).count() == 320
    assert people.filter(state="active").count() == 300


def test_m24_a_killed_import_goes_on_and_is_whole(settings, tmp_path: Path):
    author, letter = StaffFactory(), NewsletterFactory()
    count = 6_000
    lines = "".join(
        f"p{number}@example.com,{'unsubscribed' if number % 10 == 0 else 'active'}\n"
        for number in range(count)
    )
    gone = SubscriptionFactory(user__email="p5@example.com", newsletter=letter, left=True)
    job = check(author, upload(author, letter, f"email,status\n{lines}"))
    actions.start_import(actor=author, job=job, statement="They asked.")
    kills = 0
    for _ in range(3):
        before = SubscriberImport.objects.get(pk=job.pk).resume_offset
        worker = _start_worker(job, settings)
        try:
            _wait_until_moved(job, before, worker)
        finally:
            os.kill(worker.pid, signal.SIGKILL)
            worker.wait()
        kills += 1
        SubscriberImport.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    job.refresh_from_db()
    assert job.resume_offset > 0
    assert run(job)
    assert kills == 3
    assert job.state == "done"
    assert (job.done_lines, sum(job.counts.values())) == (count, count)
    assert job.counts == {"new": 5_399, "left": 600, "kept_unsubscribed": 1}
    assert Subscription.objects.filter(newsletter=letter).count() == count
    assert Subscription.objects.filter(newsletter=letter, state="active").count() == 5_399
    gone.refresh_from_db()
    assert gone.state == "unsubscribed"
    assert not OutgoingEmail.objects.exists()


def _start_worker(job: SubscriberImport, settings: Any) -> subprocess.Popen[bytes]:
    """A process of its own that imports in small chunks, to be killed in the middle of them."""
    script = f"""
        import django
        django.setup()
        from django.conf import settings
        settings.MEDIA_ROOT = {str(settings.MEDIA_ROOT)!r}
        from newsletter.subscribers.actions import import_run
        import_run.CHUNK = 50
        from newsletter.subscribers.tasks import run_import
        run_import({job.pk})
    """
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": database_url(),
        "SECRET_KEY": django_settings.SECRET_KEY,
    }
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=django_settings.BASE_DIR,
        env=environment,
        stderr=subprocess.PIPE,
    )


def _wait_until_moved(job: SubscriberImport, before: int, worker: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if SubscriberImport.objects.get(pk=job.pk).resume_offset > before:
            return
        if worker.poll() is not None:
            assert worker.stderr
            raise AssertionError(worker.stderr.read().decode())
        time.sleep(0.01)
    raise AssertionError("the worker did not begin")
