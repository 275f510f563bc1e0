"""`manage.py run_site`: the whole site under one foreground command (what `make run` calls)."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import OperationalError

from newsletter.demo.pictures import has_unfinished_pictures
from newsletter.lib.child_process import die_with_parent
from newsletter.lib.under_make import Maker

SECONDS_TO_START = 60
SECONDS_TO_STOP = 20


class Command(BaseCommand):
    help = "Migrate, load the demo into an empty database, and run web server and worker."
    # Run below, once the data folder is known to be of use: some checks write to it.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--no-demo", action="store_true", help="leave an empty database empty")

    def handle(self, *args: Any, **options: Any) -> None:
        self._check_folder()
        self._check_port(options["host"])
        self.check()
        try:
            call_command("migrate", verbosity=0, interactive=False)
        except OperationalError as error:
            raise CommandError(f"The database cannot be used: {error}") from error
        if not options["no_demo"] and settings.DEBUG and not get_user_model().objects.exists():
            self.stdout.write("Filling the empty database with the demo publication …")
            call_command("load_demo", pictures_later=True, verbosity=0)
        self._run(options["host"])

    def _check_folder(self) -> None:
        try:
            settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
            probe = settings.DATA_DIR / f".probe-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise CommandError(
                f"Cannot write to {settings.DATA_DIR} ({error.strerror}). "
                "Change its owner, or set DATA_DIR to a folder of yours."
            ) from error

    def _check_port(self, host: str) -> None:
        if not 0 < settings.PORT < 65536:
            raise CommandError(f"PORT must be between 1 and 65535, not {settings.PORT}.")
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, settings.PORT))
            except OSError as error:
                raise CommandError(
                    f"Port {settings.PORT} is taken ({error.strerror}). "
                    f"Stop what uses it, or choose another: make run PORT={settings.PORT + 1}"
                ) from error

    def _run(self, host: str) -> None:
        stopping = False

        def stop(*_: Any) -> None:
            nonlocal stopping
            stopping = True

        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, stop)
        children = {"web server": self._start(_web(host)), "worker": self._start(_worker())}
        if has_unfinished_pictures():
            # Half a minute of work that nobody needs to wait for, nor should; it ends by itself.
            children["pictures"] = self._start(["nice", *_pictures()])
        guard = _guard(children)
        failed = ""
        announced = False
        maker = Maker()
        started = time.monotonic()
        try:
            while not stopping and not failed and not maker.is_ending():
                failed = next((n for n, c in children.items() if _has_failed(n, c)), "")
                if not announced and _answers(host):
                    announced = True
                    self._announce()
                elif not announced and time.monotonic() - started > SECONDS_TO_START:
                    failed = "web server"
                time.sleep(0.1)
        finally:
            self._stop(children)
            guard.kill()
            guard.wait()
        if failed:
            raise CommandError(f"The {failed} stopped by itself; its last lines are above.")
        self.stdout.write("Stopped.")

    @staticmethod
    def _start(command: list[str]) -> subprocess.Popen[bytes]:
        # A session of its own: Ctrl-C reaches this process alone, which then ends the children in
        # order, each with all that it started.
        return subprocess.Popen(  # noqa: S603 - our own command lines
            command,
            start_new_session=True,
            preexec_fn=die_with_parent,
            cwd=settings.BASE_DIR,
            # In a container everybody is root; Celery says so over six lines at every start.
            env={**os.environ, "PYTHONWARNINGS": "ignore:You're running the worker"},
        )

    @staticmethod
    def _stop(children: dict[str, subprocess.Popen[bytes]]) -> None:
        for child in children.values():
            if child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + SECONDS_TO_STOP
        for child in children.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(max(0.1, deadline - time.monotonic()))
            # Whatever is left of the group, the child itself included.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()

    def _announce(self) -> None:
        base = f"http://localhost:{settings.PORT}"
        lines = ["", f"  Site     {base}/", f"  Admin    {base}/admin/"]
        if settings.DEBUG:
            lines.append(f"  Mailbox  {base}/dev/mail/  (all mail that the site sends)")
        if settings.DEBUG and settings.DEMO_PASSWORD:
            lines += [
                "",
                f"  Author   author@example.com, password {settings.DEMO_PASSWORD}",
                "  Readers  member@example.com (reads all), reader@example.com (free):",
                "           they sign in by a code that arrives in the mailbox",
            ]
        lines += ["", "  Ctrl-C ends everything.", ""]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()


def _guard(children: dict[str, subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    """A shell that outlives a kill -9 of this process, and then ends what is left.

    The children are told to end by the kernel; a server that was just starting its own children
    may miss it. The shell reads from a pipe that closes with this process.
    """
    script = f'read _; sleep {SECONDS_TO_STOP}; kill -s KILL -- "$@"'
    groups = [f"-{child.pid}" for child in children.values()]
    return subprocess.Popen(  # noqa: S603 - our own command line
        ["/bin/sh", "-c", script, "guard", *groups],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _has_failed(name: str, child: subprocess.Popen[bytes]) -> bool:
    return child.poll() is not None and name != "pictures"


def _answers(host: str) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((host, settings.PORT)) == 0


def _web(host: str) -> list[str]:
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host]
    command += ["--port", str(settings.PORT), "--workers", "2", "--blocking-threads", "4"]
    return [*command, "--no-ws", "--log-level", "warning", "config.wsgi:application"]


def _worker() -> list[str]:
    command = [sys.executable, "-m", "celery", "--app", "config", "--quiet", "worker", "--beat"]
    command += ["--schedule", str(settings.DATA_DIR / "beat-schedule"), "--concurrency", "2"]
    command += ["--queues", "urgent,default,mailings", "--loglevel", "WARNING"]
    return [*command, "--without-gossip", "--without-mingle", "--without-heartbeat"]


def _pictures() -> list[str]:
    return [sys.executable, "manage.py", "load_demo", "--finish-pictures"]
