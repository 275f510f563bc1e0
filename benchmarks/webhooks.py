"""How fast Stripe's webhook is answered at 100 requests a second, with bad ones among them.

    DATABASE_URL=postgres://… python -m benchmarks.webhooks [seconds] [requests a second]

Starts the real server (granian, two workers) on this machine with a database of its own beside
the one in DATABASE_URL, and sends at fixed moments, whatever the answers take: a slow answer
delays no later request, so that waiting in line counts. Of the requests four in five are new
events; the others are events sent twice, forged ones, and bodies that are too large. Bounded to
two minutes. Exit code 1 where an answer was wrong, something else than the new events was stored,
or 99 of 100 answers took longer than the aim.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("SECRET_KEY", "only-for-a-benchmark")

import django

django.setup()

from django.conf import settings
from django.db import connection

from newsletter.payments.models import StripeEvent

SECRET = "whsec_only_for_a_benchmark"
MAX_SECONDS, MAX_RATE = 120, 500
CONNECTIONS = 32
AIM_MS = 50.0
ROOT = Path(__file__).resolve().parent.parent
EXPECTED = {"new": 200, "twice": 200, "forged": 400, "too large": 413}


@dataclass(frozen=True)
class Shot:
    """One request, and when it is to be sent, in seconds from the start."""

    at: float
    kind: str
    body: bytes
    header: str


def event(number: int) -> bytes:
    """An event as large as most of Stripe's."""
    about = {
        "id": f"sub_{number}",
        "object": "subscription",
        "status": "active",
        "metadata": {"note": "x" * 3000},
    }
    body = {
        "id": f"evt_bench_{number}",
        "object": "event",
        "type": "customer.subscription.updated",
        "created": int(time.time()),
        "livemode": False,
        "data": {"object": about},
    }
    return json.dumps(body).encode()


def sign(body: bytes, secret: str = SECRET) -> str:
    """Stripe's signature header."""
    now = int(time.time())
    signed = hmac.new(secret.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={now},v1={signed}"


def plan(seconds: int, rate: int) -> list[Shot]:
    """The requests of one run, the same ones each time."""
    chance = random.Random(1)
    large = json.dumps({"x": "y" * 600_000}).encode()
    shots: list[Shot] = []
    for number in range(seconds * rate):
        kind = chance.choices(["new", "twice", "forged", "too large"], [80, 5, 10, 5])[0]
        if number == 0:
            kind = "new"
        body = event(0 if kind == "twice" else number)
        header = sign(body, "whsec_of_somebody_else" if kind == "forged" else SECRET)
        if kind == "too large":
            body, header = large, sign(large)
        shots.append(Shot(number / rate, kind, body, header))
    return shots


class Shooter:
    """Sends each request at its moment and writes down the answer and how long it took."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.local = threading.local()
        self.lock = threading.Lock()
        self.taken: dict[str, list[float]] = defaultdict(list)
        self.wrong: list[str] = []

    def send(self, shot: Shot, start: float) -> None:
        """Wait for the shot's moment, send it, and count from that moment."""
        due = start + shot.at
        time.sleep(max(0.0, due - time.perf_counter()))
        answer = self._post(shot)
        taken = (time.perf_counter() - due) * 1000
        with self.lock:
            self.taken[shot.kind].append(taken)
            if answer != EXPECTED[shot.kind]:
                self.wrong.append(f"{shot.kind}: {answer}")

    def _post(self, shot: Shot) -> int | str:
        if shot.kind == "too large":
            # The server hangs up on it, so it gets a line of its own.
            return self._ask(self._connect(), shot)
        if getattr(self.local, "connection", None) is None:
            self.local.connection = self._connect()
        answer = self._ask(self.local.connection, shot)
        if isinstance(answer, str):
            self.local.connection = None
        return answer

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def _ask(self, client: http.client.HTTPConnection, shot: Shot) -> int | str:
        headers = {"Stripe-Signature": shot.header, "Content-Type": "application/json"}
        try:
            # The answer to what is too large may come before all of it is sent.
            with suppress(BrokenPipeError, ConnectionResetError):
                client.request("POST", "/stripe/webhook/", shot.body, headers)
            answer = client.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException) as error:
            return repr(error)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def serve(port: int, database: str) -> subprocess.Popen[bytes]:
    """Start the site as in production; returns once it answers."""
    url = os.environ.get("DATABASE_URL", "")
    environment = {
        **os.environ,
        "DATABASE_URL": url.rpartition("/")[0] + "/" + database if url else f"sqlite:///{database}",
        "DEBUG": "false",
        "SITE_URL": f"http://127.0.0.1:{port}",
        "STRIPE_SECRET_KEY": "sk_test_only_for_a_benchmark",
        "STRIPE_WEBHOOK_SECRET": SECRET,
        "EMAIL_URL": "smtp://127.0.0.1:9",
        "LOG_LEVEL": "ERROR",
    }
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "2",
        "--blocking-threads", "4", "--host", "127.0.0.1", "--port", str(port),
        "--log-level", "error", "config.wsgi:application",
    ]  # fmt: skip
    server = subprocess.Popen(command, cwd=ROOT, env=environment)
    for _try in range(150):
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return server
        time.sleep(0.2)
    server.kill()
    raise RuntimeError("The server did not start.")


def shoot(port: int, shots: list[Shot]) -> Shooter:
    """Send all of them."""
    warm = Shooter(port)
    for _each in range(20):
        warm._post(Shot(0, "forged", b"{}", "t=1,v1=0"))
    shooter = Shooter(port)
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        start = time.perf_counter() + 0.5
        for shot in shots:
            pool.submit(shooter.send, shot, start)
    return shooter


def centile(values: list[float], share: float) -> float:
    """The value that `share` of all are not above."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def report(shooter: Shooter, shots: list[Shot], rate: int) -> bool:
    """Print what was measured; whether all of it is as it should be."""
    every = [each for values in shooter.taken.values() for each in values]
    print(f"{connection.vendor}, {len(shots):,} requests at {rate} a second, milliseconds")
    for kind, values in [*sorted(shooter.taken.items()), ("all", every)]:
        print(
            f"  {kind:>9}: {len(values):5} · p50 {statistics.median(values):6.1f}"
            f" · p99 {centile(values, 0.99):6.1f} · most {max(values):6.1f}"
        )
    new = sum(shot.kind == "new" for shot in shots)
    stored = StripeEvent.objects.count()
    print(f"  stored: {stored} of {new} new events; wrong answers: {len(shooter.wrong)}")
    for line in shooter.wrong[:5]:
        print(f"    {line}")
    fast = centile(every, 0.99) <= AIM_MS
    print(f"  aim: p99 within {AIM_MS:.0f} ms: {'reached' if fast else 'missed'}")
    return fast and not shooter.wrong and stored == new


def main(seconds: int, rate: int) -> int:
    """Run once; 0 if all answers were right and fast."""
    seconds, rate = min(seconds, MAX_SECONDS), min(rate, MAX_RATE)
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    port = free_port()
    server = serve(port, str(connection.settings_dict["NAME"]))
    try:
        shots = plan(seconds, rate)
        return 0 if report(shoot(port, shots), shots, rate) else 1
    finally:
        server.terminate()
        server.wait(timeout=15)
        connection.creation.destroy_test_db(settings.DATABASES["default"]["NAME"], verbosity=0)


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]]
    sys.exit(main(*(arguments + [20, 100][len(arguments) :])))
