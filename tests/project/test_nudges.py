"""Nudges: short-lived messages between hosts whose clocks differ."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
from celery.worker.request import Request
from kombu import Connection, Consumer, Queue

from config.celery import app
from newsletter.mailings.tasks import sweep_batches

BEAT = sorted(app.conf.beat_schedule.items())


def is_dropped(expires: float | None, *, ahead: timedelta) -> bool:
    """Whether a worker whose clock is `ahead` takes a nudge sent now for one that ran out."""
    taken: list[object] = []
    with Connection("memory://") as connection:
        queue = Queue("nudges", channel=connection)
        sweep_batches.apply_async(
            connection=connection, queue=queue, exchange="", routing_key="nudges", expires=expires
        )
        with Consumer(connection, queue, on_message=taken.append, accept=["json"]):
            connection.drain_events(timeout=1)
    request = Request(taken[0], app=app, task=sweep_batches)
    with mock.patch("celery.worker.request.datetime") as clock:
        clock.now.side_effect = lambda zone=UTC: datetime.now(zone) + ahead
        return bool(request.maybe_expire())


@pytest.mark.parametrize(("name", "entry"), BEAT, ids=[name for name, _entry in BEAT])
def test_w3_a_worker_whose_clock_is_two_minutes_ahead_takes_what_beat_sends(
    name: str, entry: dict[str, dict[str, float]]
) -> None:
    expires = entry.get("options", {}).get("expires")
    assert not is_dropped(expires, ahead=timedelta(minutes=2))


def test_a_nudge_from_yesterday_is_not_taken() -> None:
    assert is_dropped(300, ahead=timedelta(days=1))
    assert not is_dropped(300, ahead=timedelta(0))
