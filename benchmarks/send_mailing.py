"""How fast one worker process sends an issue, one SMTP message per reader or into the mailbox.

    python -m benchmarks.send_mailing [readers] [runs]

Everything that the engine does is counted: claiming, looking at everybody once more, building
each reader's mail, committing before and after every ten. The server is a process of its own on
this machine that takes everything. For comparison the same server gets a mail of the same size as
many times from Django's own SMTP backend over one kept connection, without any database.

Works on a database of its own beside the one in DATABASE_URL / DATA_DIR: a fresh test database.
"""

from __future__ import annotations

import os
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import Process
from pathlib import Path

WORDS = "A first offer is a question, and most people answer it as if it were a verdict. "


def main(readers: int, runs: int) -> None:
    """Print the medians."""
    import django
    from django.db import connection

    django.setup()
    from django.test.utils import override_settings

    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            socket.create_server(("127.0.0.1", 0), backlog=16) as listener,
        ):
            sink = Process(target=run_sink, args=[listener], daemon=True)
            sink.start()
            smtp = {
                "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
                "EMAIL_HOST": "127.0.0.1",
                "EMAIL_PORT": listener.getsockname()[1],
            }
            mailbox = {
                "EMAIL_BACKEND": "newsletter.lib.mailbox.LocalMailboxBackend",
                "MAILBOX_DIR": Path(folder),
            }
            make_audience(readers)
            print(f"{readers:,} readers on {connection.vendor}, median of {runs}")
            with override_settings(MAILINGS_TASK_SECONDS=3600, **smtp):
                report("the engine over SMTP", readers, runs, send_issue)
                report("Django's SMTP backend alone", readers, runs, send_with_django)
            with override_settings(MAILINGS_TASK_SECONDS=3600, **mailbox):
                report("the engine into the mailbox", readers, runs, send_issue)
            sink.terminate()
    finally:
        connection.creation.destroy_test_db("", verbosity=0)


def report(what: str, readers: int, runs: int, work: Callable[[int], float]) -> None:
    """Run `work`, which returns the seconds that count, and print messages per second."""
    rates = [readers / work(readers) for _run in range(runs)]
    spread = f"{min(rates):,.0f}-{max(rates):,.0f}"
    print(f"{what:32} {statistics.median(rates):8,.0f} messages/s   ({spread})", flush=True)


def make_audience(readers: int) -> None:
    """Subscribe so many people to one newsletter."""
    from newsletter.accounts.models import User
    from newsletter.subscribers.models import Newsletter, Subscription

    newsletter = Newsletter.objects.create(
        name="Benchmark", slug="benchmark", sender_address="letters@example.com"
    )
    people = User.objects.bulk_create(
        [
            User(email=f"reader{n}@example.com", name=f"Reader {n}", password="!")
            for n in range(readers)
        ],
        batch_size=2_000,
    )
    Subscription.objects.bulk_create(
        [Subscription(user=each, newsletter=newsletter, state="active") for each in people],
        batch_size=2_000,
    )


def send_issue(readers: int) -> float:
    """Send one issue to everybody; return the seconds from the first claim to the last commit."""
    from django.utils import timezone

    from newsletter.mailings import actions
    from newsletter.mailings.models import Mailing
    from newsletter.mailings.queries import mailing_counts
    from newsletter.subscribers.models import Newsletter

    mailing = Mailing.objects.create(
        newsletter=Newsletter.objects.get(),
        subject="What a no is worth",
        body_html="".join(f"<h2>Part {n}</h2><p>{WORDS * 6}</p>" for n in range(12)),
        state="scheduled",
        scheduled_at=timezone.now(),
    )
    started = time.perf_counter()
    assert actions.prepare_mailing(mailing_id=mailing.pk)
    prepared = time.perf_counter()
    while due := actions.sweep():
        actions.send_batches(batch_id=due[0])
    ended = time.perf_counter()
    mailing.refresh_from_db()
    counts = mailing_counts(mailing)
    assert (mailing.state, counts.accepted) == ("sent", readers), (mailing.state, counts)
    print(f"    prepared in {prepared - started:.2f} s, sent in {ended - prepared:.2f} s")
    return ended - prepared


def send_with_django(readers: int) -> float:
    """Send a mail of the same size with Django's means; return the seconds."""
    from django.core.mail import EmailMultiAlternatives, get_connection

    from newsletter.mailings.models import Variant

    variant = Variant.objects.latest("pk")
    started = time.perf_counter()
    with get_connection() as connection:
        for n in range(readers):
            mail = EmailMultiAlternatives(
                variant.subject, variant.text, "letters@example.com", [f"reader{n}@example.com"]
            )
            mail.attach_alternative(variant.html, "text/html")
            connection.send_messages([mail])
    return time.perf_counter() - started


def run_sink(listener: socket.socket) -> None:
    """Take mail on `listener` and forget it, a thread for each connection."""
    while True:
        connection, _address = listener.accept()
        threading.Thread(target=take_mail, args=[connection], daemon=True).start()


def take_mail(connection: socket.socket) -> None:
    """Hold one SMTP conversation. Looks only at what ends a command and a message."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    reply = connection.sendall
    with suppress(OSError):
        reply(b"220 sink\r\n")
        while line := connection.recv(4096):
            if line[:4].upper() == b"DATA":
                reply(b"354 go on\r\n")
                end = b""
                while end != b"\r\n.\r\n":
                    end = (end + connection.recv(262_144))[-5:]
                reply(b"250 2.0.0 Ok: queued as 4F2A19C0\r\n")
            elif line[:4].upper() == b"QUIT":
                break
            else:
                reply(b"250 ok\r\n")
    connection.close()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    numbers = [int(argument) for argument in sys.argv[1:]]
    main(*(numbers + [10_000, 3][len(numbers) :]))
