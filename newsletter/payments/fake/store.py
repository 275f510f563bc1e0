"""Where the stand-in keeps its objects: one SQLite file that web and worker processes share."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS objects_of_kind ON objects (kind, seq);
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, request TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL,
    at INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class Store:
    """Objects by id. Every use happens in a transaction, which may be nested."""

    def __init__(self, path: Path | None) -> None:
        """`path` None: in memory, for tests of one process."""
        self._path = path
        self._lock = threading.RLock()
        self._depth = 0
        self._open: sqlite3.Connection | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        with self.transaction():
            pass

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; other processes wait. Reads need it too."""
        with self._lock:
            if self._depth:
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1
                return
            connection = self._connect()
            self._depth = 1
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            finally:
                self._depth = 0
                # A connection of a file must not outlive a fork; opening one takes 0.2 ms.
                if self._path is not None:
                    connection.close()
                    self._open = None

    def _connect(self) -> sqlite3.Connection:
        if self._open is None:
            self._open = sqlite3.connect(
                str(self._path or ":memory:"),
                timeout=30,
                isolation_level=None,
                check_same_thread=False,
            )
            self._open.execute("PRAGMA synchronous=OFF")
            # Not executescript: that would commit the transaction of another process's making.
            for statement in SCHEMA.split(";"):
                self._open.execute(statement)
        return self._open

    @property
    def _db(self) -> sqlite3.Connection:
        if self._open is None:
            raise RuntimeError("Use the store inside a transaction.")
        return self._open

    def get(self, object_id: str) -> Json | None:
        row = self._db.execute("SELECT body FROM objects WHERE id = ?", [object_id]).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, body: Json) -> Json:
        """Save an object under its id; a new one counts as the newest of its kind."""
        self._db.execute(
            "INSERT INTO objects (id, kind, body) VALUES (?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            [body["id"], body["object"], json.dumps(body)],
        )
        return body

    def find(self, kind: str, **where: str | int | bool | None) -> list[Json]:
        """Return the objects of a kind, newest first, whose top-level fields are as given."""
        query = "SELECT body FROM objects WHERE kind = ?"
        query += " AND json_extract(body, ?) IS ?" * len(where) + " ORDER BY seq DESC"
        fields = [part for name, value in where.items() for part in (f"$.{name}", value)]
        rows = self._db.execute(query, [kind, *fields]).fetchall()
        return [json.loads(row[0]) for row in rows]

    def newest(self, kind: str) -> Json | None:
        row = self._db.execute(
            "SELECT body FROM objects WHERE kind = ? ORDER BY seq DESC LIMIT 1", [kind]
        ).fetchone()
        return None if row is None else json.loads(row[0])

    def fact(self, name: str, default: str = "") -> str:
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", [name]).fetchone()
        return default if row is None else str(row[0])

    def set_fact(self, name: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", [name, value])

    def answer(self, key: str, since: int) -> tuple[str, int, str] | None:
        """Return (request, status, body) of what was answered to an idempotency key."""
        self._db.execute("DELETE FROM answers WHERE at < ?", [since])
        row = self._db.execute(
            "SELECT request, status, body FROM answers WHERE key = ?", [key]
        ).fetchone()
        return None if row is None else (row[0], row[1], row[2])

    def remember(self, key: str, request: str, status: int, body: str, at: int) -> None:
        self._db.execute(
            "INSERT INTO answers (key, request, status, body, at) VALUES (?, ?, ?, ?, ?)",
            [key, request, status, body, at],
        )

    def queue_event(self, event_id: str) -> None:
        self._db.execute("INSERT INTO outbox (event_id) VALUES (?)", [event_id])

    def take_events(self) -> list[Json]:
        """Empty the outbox and return its events, oldest first."""
        rows = self._db.execute(
            "SELECT o.body FROM outbox x JOIN objects o ON o.id = x.event_id ORDER BY x.seq"
        ).fetchall()
        self._db.execute("DELETE FROM outbox")
        return [json.loads(row[0]) for row in rows]
