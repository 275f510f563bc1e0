"""`make run`'s command: starts everything, ends everything, and says clearly what stops it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.running_site import ROOT, free_port


def surroundings(folder: Path, port: int | str = 8000) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "DEBUG": "true",
        "DATA_DIR": str(folder),
        "PORT": str(port),
        "DATABASE_URL": "",
    }


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose database is up to date. Making one takes longer than most else here."""
    folder = tmp_path_factory.mktemp("migrated") / "data"
    command = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
    subprocess.run(command, cwd=ROOT, env=surroundings(folder), check=True, timeout=150)
    return folder


@pytest.fixture
def second_start(migrated: Path, tmp_path: Path) -> Path:
    """The data folder of a site that was started before."""
    return shutil.copytree(migrated, tmp_path / "data")


def start(folder: Path, port: int | str, command: list[str] | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command or [sys.executable, "manage.py", "run_site", "--no-demo"],
        cwd=ROOT,
        env=surroundings(folder, port),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # Tests that run in the background of a shell inherit that SIGINT is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def wait_until_it_answers(port: int) -> int:
    deadline = time.monotonic() + 150
    while time.monotonic() < deadline:
        try:
            address = f"http://127.0.0.1:{port}/static/masthead/site.css"
            with urllib.request.urlopen(address, timeout=5) as page:
                return int(page.status)
        except OSError:
            time.sleep(0.2)
    pytest.fail("The site did not answer in time.")


def wait_until_it_says(process: subprocess.Popen[str], words: str) -> str:
    """Read what it prints up to `words`: it answers a moment before it says so."""
    assert process.stdout is not None
    said = ""
    while words not in said:
        line = process.stdout.readline()
        assert line, said
        said += line
    return said


def family(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


@pytest.mark.worker
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_it_serves_and_leaves_no_orphan(
    tmp_path: Path, migrated: Path, ending: signal.Signals
) -> None:
    port = free_port()
    # The first of them starts with nothing.
    folder = tmp_path / "data"
    if ending is not signal.SIGINT:
        shutil.copytree(migrated, folder)
    process = start(folder, port)
    try:
        assert wait_until_it_answers(port) == 200
        announced = wait_until_it_says(process, "Ctrl-C ends everything")
        children = family(process)
        commands = " ".join(" ".join(child.cmdline()) for child in children)
        assert "granian" in commands
        assert "celery" in commands
        process.send_signal(ending)
        output, _ = process.communicate(timeout=120)
        _, alive = psutil.wait_procs(children, timeout=60)
        assert not alive
        if ending is not signal.SIGKILL:
            assert process.returncode == 0, output
            assert f"http://localhost:{port}/" in announced
            assert "Stopped." in output
    finally:
        process.kill()


@pytest.mark.worker
@pytest.mark.skipif(
    shutil.which("make") is None or not Path("/proc").is_dir(), reason="needs make on Linux"
)
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_a_signal_for_make_alone_ends_all(
    tmp_path: Path, second_start: Path, ending: signal.Signals
) -> None:
    port = free_port()
    makefile = tmp_path / "Makefile"
    makefile.write_text(f"run:\n\t@exec {sys.executable} manage.py run_site --no-demo\n")
    process = start(second_start, port, ["make", "--file", str(makefile), "run"])
    children: list[psutil.Process] = []
    try:
        assert wait_until_it_answers(port) == 200
        children = family(process)
        process.send_signal(ending)
        _, alive = psutil.wait_procs(children, timeout=60)
        assert not alive
        process.wait(timeout=10)
    finally:
        process.kill()
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        output, _ = start(tmp_path, port).communicate(timeout=60)
    assert f"Port {port} is taken" in output
    assert f"PORT={port + 1}" in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("port", "line"),
    [
        ("80o1", "PORT must be a whole number, not '80o1'."),
        ("80000", "PORT must be between 1 and 65535, not 80000."),
        ("0", "PORT must be between 1 and 65535, not 0."),
    ],
)
def test_a_port_that_is_none_is_one_clear_line(tmp_path: Path, port: str, line: str) -> None:
    output, _ = start(tmp_path, port).communicate(timeout=60)
    assert line in output
    assert "Traceback" not in output


def test_an_unwritable_folder_is_one_clear_line(tmp_path: Path) -> None:
    file = tmp_path / "a-file"
    file.touch()
    output, _ = start(file / "data", free_port()).communicate(timeout=60)
    assert "Cannot write to" in output
    assert "DATA_DIR" in output
    assert "Traceback" not in output


def test_a_child_that_dies_ends_the_rest(second_start: Path) -> None:
    port = free_port()
    process = start(second_start, port)
    try:
        wait_until_it_answers(port)
        children = family(process)
        worker = next(c for c in children if "celery" in " ".join(c.cmdline()))
        worker.kill()
        output, _ = process.communicate(timeout=120)
        assert process.returncode != 0
        assert "worker stopped" in output
        assert not psutil.wait_procs(children, timeout=60)[1]
    finally:
        process.kill()
