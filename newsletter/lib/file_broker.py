"""Celery's broker made of files, for a site that runs without any server beside it.

kombu's own `filesystem://` opens a message file and locks it afterwards; a reader that comes
between the two takes an empty message (kombu issue 1551: about 0.4 % lost under concurrency).
Here a message is written under another name and renamed, which the file system does at once. The
exchange tables, which several processes rewrite at start, are treated the same way. A message that
cannot be read is put aside and logged; it never stops the worker.

A worker killed with a message in hand loses that message. That is accepted: messages are nudges,
and a beat sweep finds every row that is due (docs/architecture.md).
"""

from __future__ import annotations

import fcntl
import logging
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem, virtual
from kombu.utils.json import dumps, loads

logger = logging.getLogger(__name__)
LEFTOVER_SECONDS = 24 * 60 * 60


def register() -> None:
    """Let every `filesystem://` URL of this process use this transport."""
    TRANSPORT_ALIASES["filesystem"] = "newsletter.lib.file_broker:Transport"


def transport_options(folder: Path) -> dict[str, Any]:
    """Return Celery's `broker_transport_options` for a broker in `folder`, making its folders.

    Raises OSError when the folder cannot be written.
    """
    queue, control, taken = folder / "queue", folder / "control", folder / "taken"
    for part in (queue, control, taken):
        part.mkdir(parents=True, exist_ok=True)
    # What a process killed between taking and reading left behind; rows, not it, are the truth.
    for leftover in taken.glob("*.msg"):
        with suppress(FileNotFoundError):
            if time.time() - leftover.stat().st_mtime > LEFTOVER_SECONDS:
                leftover.unlink()
    return {
        "data_folder_in": str(queue),
        "data_folder_out": str(queue),
        "processed_folder": str(taken),
        "control_folder": str(control),
        # Seconds between two looks into an empty folder: the longest a nudge waits.
        "polling_interval": 0.2,
    }


def _write_whole(path: Path, content: str) -> None:
    """Make `path` appear with all of its content, or not at all."""
    partial = path.with_name(f".{uuid.uuid4().hex}.part")
    partial.write_text(content)
    partial.rename(path)


class Channel(filesystem.Channel):
    """The part of kombu's channel that writes and takes files, made safe for many processes."""

    @property
    def _queue_folder(self) -> Path:
        return Path(self.data_folder_in)

    def _table_file(self, exchange: str) -> Path:
        return Path(self._exchange_file(exchange))  # type: ignore[attr-defined]  # stubs are older

    @contextmanager
    def _locked_table(self, exchange: str) -> Iterator[Path]:
        file = self._table_file(exchange)
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield file

    def get_table(self, exchange: str) -> list[Any]:
        """Return the bindings of an exchange; none where the file is missing or unreadable."""
        try:
            rows = loads(self._table_file(exchange).read_text())
        except (OSError, ValueError):
            return []
        return [filesystem.exchange_queue_t(*row) for row in rows]

    def _queue_bind(
        self, exchange: str, routing_key: str | None, pattern: str | None, queue: str | None
    ) -> None:
        row = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        with self._locked_table(exchange) as file:
            rows = self.get_table(exchange)
            if row not in rows:
                _write_whole(file, dumps([row, *rows]))

    def _delete(
        self, queue: str, exchange: str, routing_key: str, pattern: str, *args: Any, **kwargs: Any
    ) -> None:
        row = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        with self._locked_table(exchange) as file:
            rows = self.get_table(exchange)
            if row in rows:
                _write_whole(file, dumps([other for other in rows if other != row]))

    # The stubs' two parents disagree on the name of the message.
    def _put(  # type: ignore[override]
        self, queue: str, payload: dict[str, Any], **kwargs: Any
    ) -> None:
        # Wall clock, zero-padded: names sort by age also after a restart of the machine.
        name = f"{time.time_ns():020d}_{uuid.uuid4().hex}.{queue}.msg"
        _write_whole(self._queue_folder / name, dumps(payload))

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        ending = f".{queue}.msg"
        for name in sorted(path.name for path in self._queue_folder.iterdir()):
            if name.startswith(".") or name.partition(".")[2] != ending[1:]:
                continue
            taken = Path(self.processed_folder) / name
            try:
                # Of several takers exactly one succeeds in moving a name.
                (self._queue_folder / name).rename(taken)
            except FileNotFoundError:
                continue
            try:
                payload = loads(taken.read_text())
            except (OSError, ValueError) as error:
                aside = taken.with_suffix(".unreadable")
                logger.error("Unreadable message put aside as %s: %s", aside, error)
                taken.rename(aside)
                continue
            taken.unlink()
            return payload
        raise Empty


class Transport(filesystem.Transport):
    """The transport behind `filesystem://`."""

    Channel = Channel

    def __init__(self, client: Any, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)
        # kombu keeps what is bound per process; the files are per folder.
        self.state = virtual.BrokerState()
