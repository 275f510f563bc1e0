"""The broker of files: nothing lost under concurrency, nothing stops it."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection

from newsletter.lib import file_broker

QUEUE = "urgent"
PER_WRITER = 300
WRITERS = 4
READERS = 3


def connection(folder: Path) -> Connection:
    file_broker.register()
    return Connection("filesystem://", transport_options=file_broker.transport_options(folder))


def write(folder: Path, writer: int) -> None:
    with connection(folder) as broker:
        queue = broker.SimpleQueue(QUEUE)
        for number in range(PER_WRITER):
            queue.put(f"{writer}-{number}")


def read(folder: Path, found: Any, stop: Any) -> None:
    with connection(folder) as broker:
        queue = broker.SimpleQueue(QUEUE)
        while True:
            try:
                message = queue.get(block=False)
            except queue.Empty:
                if stop.is_set():
                    return
                continue
            message.ack()
            found.put(message.payload)


def test_nothing_is_lost_or_doubled_between_many_processes(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    found, stop = context.Queue(), context.Event()
    readers = [context.Process(target=read, args=(tmp_path, found, stop)) for _ in range(READERS)]
    writers = [context.Process(target=write, args=(tmp_path, n)) for n in range(WRITERS)]
    for process in readers + writers:
        process.start()
    received = [found.get(timeout=60) for _ in range(WRITERS * PER_WRITER)]
    for process in writers:
        process.join(60)
    stop.set()
    for process in readers:
        process.join(60)
    assert found.empty()
    assert sorted(received) == sorted(f"{w}-{n}" for w in range(WRITERS) for n in range(PER_WRITER))


def test_messages_come_in_the_order_they_were_sent(tmp_path: Path) -> None:
    with connection(tmp_path) as broker:
        queue = broker.SimpleQueue(QUEUE)
        for number in range(20):
            queue.put(number)
        assert [queue.get(block=False).payload for _ in range(20)] == list(range(20))


@pytest.mark.parametrize("content", ["", "{", "\x00\x01", '"text'])
def test_an_unreadable_message_is_put_aside_and_the_next_one_comes(
    tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    with connection(tmp_path) as broker:
        queue = broker.SimpleQueue(QUEUE)
        (tmp_path / "queue" / f"00000_bad.{QUEUE}.msg").write_text(content)
        queue.put("good")
        assert queue.get(block=False).payload == "good"
    assert "Unreadable message" in caplog.text
    assert list((tmp_path / "taken").glob("*.unreadable"))


def test_a_half_written_message_is_not_seen(tmp_path: Path) -> None:
    with connection(tmp_path) as broker:
        queue = broker.SimpleQueue(QUEUE)
        (tmp_path / "queue" / ".abc.part").write_text('{"body"')
        with pytest.raises(queue.Empty):
            queue.get(block=False)


def test_a_broken_exchange_table_is_written_anew(tmp_path: Path) -> None:
    with connection(tmp_path) as broker:
        (tmp_path / "control" / "urgent.exchange").write_text("")
        broker.SimpleQueue(QUEUE)
        assert json.loads((tmp_path / "control" / "urgent.exchange").read_text())
