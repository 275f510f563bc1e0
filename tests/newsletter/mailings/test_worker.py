"""The whole thing for real: a Celery worker process, a file broker, an SMTP server, SIGKILL.

What is proved: however often the worker is killed, nobody gets an issue twice, nobody is left
out, at most ten for each kill are shown to the author as unknown, and the numbers add up.
"""

from __future__ import annotations

import random
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.mailings import actions
from newsletter.mailings.conf import CHUNK_SIZE
from newsletter.mailings.enums import BatchState, DeliveryState, MailingState
from newsletter.mailings.models import Batch, Delivery, Mailing
from newsletter.mailings.queries import Counts, mailing_counts
from newsletter.subscribers.enums import SubscriptionState
from newsletter.subscribers.models import Newsletter, Subscription
from tests.factories.accounts import StaffFactory
from tests.factories.mailings import SentArticleFactory
from tests.worker import Worker, wait_until

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]

READERS = 500


class Inbox:
    """An aiosmtpd handler: remembers who got what, and does something at a chosen point."""

    def __init__(self) -> None:
        self.port = 0
        self.recipients: list[str] = []
        self.message_ids: set[str] = set()
        self.at: dict[tuple[str, int], Callable[[], None]] = {}
        self._seen: Counter[str] = Counter()

    def _point(self, name: str) -> None:
        self._seen[name] += 1
        if act := self.at.pop((name, self._seen[name]), None):
            act()

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, lines: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self._point("EHLO")
        return lines

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self._point("RCPT")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self.recipients.extend(envelope.rcpt_tos)
        head = bytes(envelope.content or b"").partition(b"\r\n\r\n")[0].decode()
        self.message_ids.add(head.partition("Message-ID: ")[2].partition("\r\n")[0])
        self._point("DATA")
        return "250 2.0.0 queued"


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    handler = Inbox()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        handler.port = probe.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=handler.port)
    controller.start()
    try:
        yield handler
    finally:
        controller.stop(no_assert=True)


@pytest.fixture
def worker(inbox: Inbox, tmp_path: Path) -> Worker:
    return Worker(
        tmp_path,
        EMAIL_URL=f"smtp://127.0.0.1:{inbox.port}",
        MAILINGS_BATCH_SIZE="60",
        MAILINGS_LEASE_SECONDS="2",
        MAILINGS_SWEEP_SECONDS="0.5",
    )


@pytest.fixture
def readers() -> list[str]:
    """Addresses of 500 subscribers to an article whose author has just said "publish and send"."""
    article = SentArticleFactory(send_requested_at=None)
    people = User.objects.bulk_create(
        User(email=f"reader{n}@example.com", name=f"Reader {n}", password="!")
        for n in range(READERS)
    )
    subscribe(people, article.newsletter)
    type(article).objects.update(send_requested_at=timezone.now())
    return [person.email for person in people]


def subscribe(people: list[User], newsletter: Newsletter) -> None:
    Subscription.objects.bulk_create(
        Subscription(user=person, newsletter=newsletter, state=SubscriptionState.ACTIVE)
        for person in people
    )


def settled() -> Mailing | None:
    """The one mailing, once nothing of it is queued or in hand."""
    mailing = Mailing.objects.first()
    if mailing is None or mailing.prepared_at is None:
        return None
    counts = mailing_counts(mailing)
    assert counts.total == counts.audience == READERS
    return mailing if not counts.queued and not counts.sending else None


def check(inbox: Inbox, readers: list[str], *, kills: int) -> Counts:
    """Everything that must be true once the worker has come to rest; returns the counts."""
    mailing = Mailing.objects.get()
    counts = mailing_counts(mailing)
    assert counts.accepted + counts.unknown == counts.audience == READERS
    assert counts.unknown <= CHUNK_SIZE * kills
    # Nobody twice, whatever happened.
    assert max(Counter(inbox.recipients).values()) == 1
    # Whoever counts as accepted has it, and of the unknown ones nobody is promised anything.
    accepted = Delivery.objects.filter(state=DeliveryState.ACCEPTED)
    assert set(accepted.values_list("address", flat=True)) <= set(inbox.recipients)
    unknown = Delivery.objects.filter(state=DeliveryState.UNKNOWN)
    left_out = set(readers) - set(inbox.recipients)
    assert left_out <= set(unknown.values_list("address", flat=True))
    return counts


def test_five_hundred_get_it_exactly_once(inbox: Inbox, readers: list[str], worker: Worker) -> None:
    with worker:
        wait_until(lambda: Mailing.objects.filter(state=MailingState.SENT).exists(), worker)
    counts = check(inbox, readers, kills=0)
    assert (counts.accepted, counts.unknown) == (READERS, 0)
    assert sorted(inbox.recipients) == sorted(readers)
    assert len(inbox.message_ids) == READERS
    assert set(Delivery.objects.values_list("attempts", flat=True)) == {1}


def test_m1_m2_killed_three_times_at_random_nobody_twice_nobody_lost(
    inbox: Inbox, readers: list[str], worker: Worker
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails, to run it again
    chance = random.Random(seed)
    with worker:
        for lowest in (20, 170, 320):
            wanted = lowest + chance.randrange(100)
            wait_until(lambda wanted=wanted: len(inbox.recipients) >= wanted, worker, every=0.001)
            worker.kill()
            worker.start()
        wait_until(settled, worker)
    counts = check(inbox, readers, kills=3)
    mailing = Mailing.objects.get()
    if counts.unknown:
        assert mailing.state == MailingState.SENDING
        assert mailing.events.filter(what="unknown").exists()
        decided = actions.decide_unknown(actor=StaffFactory(), mailing=mailing, send_again=False)
        assert decided == counts.unknown
        mailing.refresh_from_db()
    else:
        wait_until(actions.finish_mailings, worker, seconds=1)
    mailing.refresh_from_db()
    assert mailing.state == MailingState.SENT
    assert mailing_counts(mailing).accepted == READERS


# Where the worker dies, and how many are in doubt for it. Numbers count over all its lives.
POINTS = [
    # Connected, no row taken yet.
    (("EHLO", 1), 0),
    # Nine of a chunk handed over, the tenth half-way: the whole chunk is in doubt.
    (("RCPT", 40), 10),
    # The server has taken the first of a chunk, and the worker dies before it hears so.
    (("DATA", 50), 10),
]


def test_m1_m2_killed_at_named_points(inbox: Inbox, readers: list[str], worker: Worker) -> None:
    deaths: list[object] = []
    expected = 0
    with worker:
        for point, in_doubt in POINTS:

            def die(point: object = point) -> None:
                worker.kill()
                deaths.append(point)

            inbox.at[point] = die
            wait_until(lambda point=point: point in deaths, worker)
            worker.start()
            expected += in_doubt
        wait_until(settled, worker)
    assert check(inbox, readers, kills=len(POINTS)).unknown == expected


def test_worker_that_is_asked_to_end_leaves_nothing_unknown(
    inbox: Inbox, readers: list[str], worker: Worker
) -> None:
    with worker:
        wait_until(lambda: len(inbox.recipients) >= 100, worker, every=0.001)
        worker.stop()
        got = len(inbox.recipients)
        assert got < READERS
        assert not Delivery.objects.filter(state=DeliveryState.SENDING).exists()
        assert not Batch.objects.filter(state=BatchState.CLAIMED).exists()
        worker.start()
        wait_until(settled, worker)
    counts = check(inbox, readers, kills=0)
    assert counts.accepted == READERS


def test_m4_orphan_of_a_killed_worker_and_its_successor_do_not_mail_anybody_twice(
    inbox: Inbox, readers: list[str], worker: Worker
) -> None:
    with worker:
        wait_until(lambda: len(inbox.recipients) >= 50, worker, every=0.001)
        worker.kill_main_process()
        worker.start()
        wait_until(settled, worker)
    check(inbox, readers, kills=1)
