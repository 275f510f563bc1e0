"""Workers that race, die, or come late: nobody gets a mail twice, and nothing is forgotten."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from newsletter.outbox import actions
from newsletter.outbox.actions import LEASE, deliver, release_abandoned
from newsletter.outbox.enums import EmailState
from newsletter.outbox.gateway import Outcome, Result
from newsletter.outbox.models import OutgoingEmail
from newsletter.outbox.tasks import deliver_email, prune_outbox, sweep_outbox
from tests.factories.outbox import OutgoingEmailFactory
from tests.newsletter.outbox.conftest import Answers

ROOT = Path(__file__).resolve().parents[3]
WORKER = """
import sys
import django
django.setup()
from django.conf import settings
from django.db import connections
connections["default"].settings_dict["NAME"] = sys.argv[1]
settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", int(sys.argv[2])
from newsletter.outbox.actions import deliver
deliver(email_id=int(sys.argv[3]))
"""


@pytest.mark.django_db(transaction=True)
def test_m4_many_workers_at_once_send_one_mail(smtp: Answers) -> None:
    mail = OutgoingEmailFactory()

    def work() -> None:
        deliver(email_id=mail.pk)
        connection.close()

    threads = [Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(smtp.accepted) == 1
    mail.refresh_from_db()
    assert (mail.state, mail.attempts) == (EmailState.SENT, 1)


@pytest.mark.django_db
def test_m3_a_task_that_is_delivered_again_does_nothing(smtp: Answers) -> None:
    mail = OutgoingEmailFactory()
    for _ in range(3):
        deliver_email(mail.pk)
    assert len(smtp.accepted) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("safe_to_repeat", "state"), [(False, EmailState.UNKNOWN), (True, EmailState.QUEUED)]
)
def test_m2_a_worker_killed_during_the_call_leaves_the_outcome_unknown(
    smtp: Answers, safe_to_repeat: bool, state: EmailState
) -> None:
    smtp.silence = 60
    mail = OutgoingEmailFactory(safe_to_repeat=safe_to_repeat)
    command = [str(connection.settings_dict["NAME"]), str(django_settings.EMAIL_PORT), str(mail.pk)]
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, *command],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "DEBUG": "true"},
    )
    try:
        assert smtp.arrived.wait(60)
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    mail.refresh_from_db()
    assert mail.state == EmailState.SENDING
    assert mail.lease_until is not None
    assert release_abandoned() == 0
    assert deliver(email_id=mail.pk) is None  # not ours while the lease runs
    OutgoingEmail.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert release_abandoned() == 1
    mail.refresh_from_db()
    assert mail.state == state
    assert "may have gone out" in mail.error
    assert mail.text


@pytest.mark.django_db
def test_m1_a_worker_killed_before_the_call_loses_nothing(smtp: Answers) -> None:
    """The nudge died with it; the row is still queued and the sweep finds it."""
    mail = OutgoingEmailFactory(next_attempt_at=timezone.now() - timedelta(minutes=1))
    assert mail.pk in actions_due()
    deliver(email_id=mail.pk)
    assert len(smtp.accepted) == 1


def actions_due() -> list[int]:
    from newsletter.outbox.queries import due_email_ids

    return due_email_ids(overdue_by=timedelta(seconds=5), limit=10)


@pytest.mark.django_db
def test_an_answer_that_comes_after_the_sweep_changes_nothing() -> None:
    mail = OutgoingEmailFactory(safe_to_repeat=True)
    late = actions._claim(mail.pk)
    assert late is not None
    OutgoingEmail.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    release_abandoned()
    current = actions._claim(mail.pk)
    assert current is not None
    assert actions._settle(late, Outcome(Result.REFUSED, "late")) is None
    mail.refresh_from_db()
    assert mail.state == EmailState.SENDING
    assert actions._settle(current, Outcome(Result.ACCEPTED)) == EmailState.SENT


@pytest.mark.django_db
@pytest.mark.parametrize("seconds", [30, 300])
def test_a_claim_lasts_longer_than_the_server_may_take(settings, seconds: int) -> None:
    settings.EMAIL_TIMEOUT = seconds
    mail = OutgoingEmailFactory()
    claimed = actions._claim(mail.pk)
    assert claimed is not None
    assert claimed.lease_until is not None
    # connect, greeting, MAIL, RCPT, DATA, message: each may take EMAIL_TIMEOUT
    patience = claimed.lease_until - timezone.now() + timedelta(seconds=5)
    assert timedelta(seconds=seconds) * 8 < patience
    assert patience >= LEASE


@pytest.mark.django_db
def test_the_sweep_nudges_what_waits_and_leaves_the_rest(monkeypatch) -> None:
    nudged: list[int] = []
    monkeypatch.setattr(deliver_email, "apply_async", lambda args, **_: nudged.append(args[0]))
    long_ago = timezone.now() - timedelta(minutes=1)
    lost = OutgoingEmailFactory(next_attempt_at=long_ago)
    OutgoingEmailFactory()  # just queued: its own nudge is under way
    OutgoingEmailFactory(next_attempt_at=timezone.now() + timedelta(minutes=1))
    OutgoingEmailFactory(state=EmailState.SENT, next_attempt_at=long_ago)
    too_late = OutgoingEmailFactory(next_attempt_at=long_ago, expires_at=long_ago)
    sweep_outbox()
    assert nudged == [lost.pk]
    too_late.refresh_from_db()
    assert too_late.state == EmailState.EXPIRED


@pytest.mark.django_db
def test_old_rows_are_forgotten_trouble_later() -> None:
    for state in EmailState:
        for days in (1, 31, 91):
            mail = OutgoingEmailFactory(state=state, subject=f"{state} {days}")
            OutgoingEmail.objects.filter(pk=mail.pk).update(
                created_at=timezone.now() - timedelta(days=days)
            )
    prune_outbox()
    left = set(OutgoingEmail.objects.values_list("subject", flat=True))
    gone = {f"{s} {d}" for s in ("sent", "expired") for d in (31, 91)}
    gone |= {"failed 91", "unknown 91"}
    assert left == {f"{s} {d}" for s in EmailState for d in (1, 31, 91)} - gone


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_down_fails_no_request(monkeypatch, caplog) -> None:
    def down(*_: object) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr(deliver_email, "delay", down)
    mail = OutgoingEmailFactory(next_attempt_at=timezone.now() - timedelta(minutes=1))
    deliver_email.delay_on_commit(mail.pk)
    assert "no broker" in caplog.text
    assert mail.pk in actions_due()


def test_mail_to_one_person_has_a_queue_of_its_own(settings) -> None:
    assert settings.CELERY_TASK_ROUTES["newsletter.outbox.tasks.*"] == {"queue": "urgent"}
    assert deliver_email.name == "newsletter.outbox.tasks.deliver_email"
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert {sweep_outbox.name, prune_outbox.name} <= scheduled
