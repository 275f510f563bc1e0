"""The whole site as `make run` starts it: web server and worker as processes, data of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEMO_PASSWORD = "negotiate-well"


def free_port() -> int:
    """Return a port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_site(folder: Path, *arguments: str) -> Iterator[str]:
    """Run `manage.py run_site` on `folder`; yield its address; end it as Ctrl-C does."""
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "DEBUG": "true",
        "DATA_DIR": str(folder),
        "PORT": str(port),
        "DATABASE_URL": "",
        "DEMO_PASSWORD": DEMO_PASSWORD,
        "STAFF_SECOND_FACTOR": "false",
    }
    log = folder / "log"
    folder.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "run_site", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    address = f"http://localhost:{port}"
    try:
        _wait(process, address, log)
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(90)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/robots.txt", timeout=10).close()
            return
        except OSError:
            time.sleep(0.3)
    raise RuntimeError(f"The site did not start:\n{log.read_text()}")
