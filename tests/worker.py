"""A real `celery worker` process with beat, on the test's database and a broker of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent


class Worker:
    """Starts, kills and restarts one worker. Use it as a context manager: it leaves no orphan."""

    def __init__(self, folder: Path, *, concurrency: int = 2, **environment: str) -> None:
        self.folder = folder
        self.log = folder / "worker.log"
        self._concurrency = concurrency
        self._environment = {**_environment(folder), **environment}
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start a process group of its own: main process, beat, and the pool's children."""
        command = [sys.executable, "-m", "celery", "--app", "config", "worker", "--beat"]
        command += ["--schedule", str(self.folder / "beat"), "--loglevel", "INFO"]
        command += ["--concurrency", str(self._concurrency), "--without-mingle"]
        with self.log.open("ab") as log:
            self._processes.append(
                subprocess.Popen(
                    command,
                    cwd=ROOT,
                    env=self._environment,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )

    def kill(self) -> None:
        """End every process of the worker at once, as a power cut would."""
        os.killpg(self._processes[-1].pid, signal.SIGKILL)
        self._processes[-1].wait()

    def stop(self, *, seconds: float = 10) -> None:
        """Ask it to end, as systemd or Docker do, and wait. Fails when it takes too long."""
        self._processes[-1].terminate()
        self._processes[-1].wait(timeout=seconds)

    def kill_main_process(self) -> None:
        """End the main process alone; a child with a task in hand goes on as an orphan."""
        os.kill(self._processes[-1].pid, signal.SIGKILL)
        self._processes[-1].wait()

    def __enter__(self) -> Worker:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            process.wait()


def wait_until(
    condition: Callable[[], object], worker: Worker, *, seconds: float = 60, every: float = 0.05
) -> None:
    """Wait for something to become true. Fails with the worker's log."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            tail = worker.log.read_text(errors="replace")[-6000:] if worker.log.exists() else ""
            raise AssertionError(f"It did not happen within {seconds} s. The worker's log:\n{tail}")
        time.sleep(every)


def _environment(folder: Path) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}},
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DEBUG": "true",
        "SECRET_KEY": settings.SECRET_KEY,
        "SITE_URL": settings.SITE_URL,
        "DATA_DIR": str(folder),
        "DATABASE_URL": database_url(),
    }


def database_url() -> str:
    """The URL of the database that this test uses."""
    database = connection.settings_dict
    name = str(database["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    user, password = quote(database["USER"] or ""), quote(database["PASSWORD"] or "")
    host = str(database["HOST"] or database["OPTIONS"].get("host") or "localhost")
    if host.startswith("/"):
        # The folder of a unix socket, as the wheel's server names it.
        return f"postgres://{user}:{password}@/{name}?host={quote(host)}"
    port = f":{database['PORT']}" if database["PORT"] else ""
    return f"postgres://{user}:{password}@{host}{port}/{name}"
