"""Sending batches: claim, commit, then talk to the server, and write down what it said."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from newsletter.lib.addresses import is_plain_address
from newsletter.mailings import conf
from newsletter.mailings.actions import circuit
from newsletter.mailings.actions.claiming import (
    claim_batch,
    due_batches,
    release_batch,
    renew_claim,
)
from newsletter.mailings.actions.common import note
from newsletter.mailings.actions.decisions import finish_mailings
from newsletter.mailings.actions.settling import (
    Settled,
    settle,
    settle_and_take,
    untried,
    write_settled,
)
from newsletter.mailings.enums import BatchState, EventKind
from newsletter.mailings.letters import Letters
from newsletter.mailings.models import Batch, Mailing, MailingEvent, Variant
from newsletter.mailings.outcomes import STOPPING, Outcome, Phase, Result
from newsletter.mailings.recheck import Row, recheck_batch
from newsletter.mailings.transport import Transport, make_transport
from newsletter.subscribers.queries import unsubscribe_url

logger = logging.getLogger(__name__)


def send_batches(*, batch_id: int, should_stop: Callable[[], bool] = bool) -> int | None:
    """Send the given batch, then others that are due, until the task's time is used up.

    Returns the id of a batch that is due then, for the caller to nudge, or None. Does nothing
    when the given batch cannot be claimed: this task was delivered twice, or came too late (M3).
    `should_stop` is asked before every mail; on True everything is given back at once.
    """
    ends_at = time.monotonic() + conf.task_seconds()
    batch = claim_batch(batch_id=batch_id)
    if batch is None:
        return None
    transport = make_transport()
    try:
        with durable_commits():
            while batch is not None:
                BatchRun(batch, transport, ends_at, should_stop).run()
                goes_on = time.monotonic() < ends_at and not should_stop()
                batch = claim_batch() if goes_on else None
    finally:
        transport.close()
    finish_mailings()
    return due_batches(timezone.now()).values_list("pk", flat=True).first()


@contextmanager
def durable_commits() -> Iterator[None]:
    """Make commits survive a power cut, not only the end of the process.

    In WAL mode SQLite does not wait for the disk at every commit. Rows that were committed as
    `sending` and are `queued` again after the power comes back would be sent twice.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        # PostgreSQL waits for the disk anyway. (Only tests come here inside a transaction:
        # `settle_and_take` refuses to run in one.)
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous = FULL")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous = NORMAL")


@dataclass
class BatchRun:
    """One claim of one batch, from the second look at its people to giving it back."""

    batch: Batch
    transport: Transport
    ends_at: float
    should_stop: Callable[[], bool] = bool
    not_before: datetime | None = None
    _stopped: bool = False
    _accepted_any: bool = False
    _refusals: int = 0
    _breaks: int = 0
    _unknown: int = 0
    _renewed_at: float = field(default_factory=time.monotonic)

    def run(self) -> None:
        """Send what can be sent now and release the batch."""
        variants = list(Variant.objects.filter(mailing_id=self.batch.mailing_id))
        letters = Letters(self.batch.mailing, variants)
        if circuit.is_stopped(letters.sender):
            # It is tried out with one mail: whatever goes wrong again stops it again.
            self._refusals, self._breaks = conf.REFUSALS_IN_A_ROW - 1, conf.BREAKS_IN_A_ROW - 1
        waiting = deque(recheck_batch(self.batch, variants))
        if waiting and (fault := self.transport.open()):
            self._stop(fault)
            waiting.clear()
        settled: list[Settled] = []
        while waiting and not self._stopped:
            chunk = [waiting.popleft() for _n in range(min(conf.CHUNK_SIZE, len(waiting)))]
            # Built before they are taken: what cannot even be built is not in the server's hands.
            messages = {row.pk: self._message(letters, row) for row in chunk}
            taken = settle_and_take(self.batch, settled, chunk)
            settled = []
            if taken is None:
                break
            self._renewed_at = time.monotonic()
            settled = self._hand_over(letters.sender, taken, messages)
            # Asked after a chunk, so that even the slowest machine gets on by one each time.
            if time.monotonic() >= self.ends_at:
                break
        write_settled(self.batch, settled)
        self._tell()
        release_batch(self.batch, not_before=self.not_before)

    def _message(self, letters: Letters, row: Row) -> bytes | Outcome:
        """The row's mail, or why there is none. One that cannot be built stops no other (M11)."""
        if not is_plain_address(row.address):
            error = _("This is no address that mail can be sent to.")
            return Outcome(Result.REFUSED, error=error, phase=Phase.RCPT)
        try:
            return letters.build(
                variant_id=row.variant_id,
                user_id=row.user_id,
                leave=row.leave or unsubscribe_url(row.subscription_id or 0),
                address=row.address,
                name=row.name,
            )
        except Exception as error:
            logger.exception("The mail of delivery %s could not be built", row.pk)
            return Outcome(Result.REFUSED, error=f"{type(error).__name__}: {error}"[:500])

    def _hand_over(
        self, sender: str, rows: list[Row], messages: dict[int, bytes | Outcome]
    ) -> list[Settled]:
        settled: list[Settled] = []
        for row in rows:
            if self._stopped or self.should_stop() or not self._still_ours():
                self._stopped = True
                settled.append(untried(row))
                continue
            found = messages[row.pk]
            if isinstance(found, Outcome):
                outcome = found
            else:
                outcome = self.transport.send(found, sender, row.address)
            settled.append(settle(row, outcome))
            self._heed(row, outcome)
        return settled

    def _still_ours(self) -> bool:
        """Renew the lease in the middle of a chunk that a slow server draws out."""
        if time.monotonic() - self._renewed_at < conf.lease().total_seconds() / 3:
            return True
        self._renewed_at = time.monotonic()
        return renew_claim(self.batch)

    def _heed(self, row: Row, outcome: Outcome) -> None:
        """Draw conclusions from an outcome for the mails after it."""
        result = outcome.result
        # Unknown ones too: while a server is out of order each mail handed over is one whose fate
        # the author has to decide.
        is_break = result in {Result.NOT_SENT, Result.UNKNOWN}
        self._breaks = self._breaks + 1 if is_break else 0
        if result is Result.ACCEPTED:
            self._refusals = 0
            if not self._accepted_any:
                self._accepted_any = True
                circuit.close_circuit(mailing=self.batch.mailing)
                Mailing.objects.filter(pk=self.batch.mailing_id).update(active_at=timezone.now())
        elif result is Result.REFUSED and outcome.phase is Phase.BODY:
            self._refusals += 1
        elif result is Result.DEFERRED:
            wait = max(outcome.retry_after, conf.DEFER_SECONDS * 2**row.attempts)
            self._wait_until(timezone.now() + timedelta(seconds=wait))
        elif result is Result.UNKNOWN:
            self._unknown += 1
        if (
            result in STOPPING
            or self._refusals >= conf.REFUSALS_IN_A_ROW
            or self._breaks >= conf.BREAKS_IN_A_ROW
        ):
            self._stop(outcome)

    def _stop(self, outcome: Outcome) -> None:
        """Let nothing more out on this run, and say until when."""
        self._stopped = True
        mailing, now = self.batch.mailing, timezone.now()
        if outcome.result is not Result.THROTTLED:
            self.not_before = circuit.open_circuit(mailing=mailing, reason=outcome.error, now=now)
            return
        self.not_before = now + timedelta(seconds=outcome.retry_after)
        # The server speaks to the sender, not to this batch: the others wait as long.
        Batch.objects.filter(
            Q(not_before__isnull=True) | Q(not_before__lt=self.not_before),
            mailing_id=mailing.pk,
            state=BatchState.QUEUED,
        ).update(not_before=self.not_before)
        recent = MailingEvent.objects.filter(
            mailing=mailing, what=EventKind.THROTTLED, at__gt=now - timedelta(minutes=10)
        )
        if not recent.exists():
            note(mailing.pk, EventKind.THROTTLED, outcome.error)

    def _wait_until(self, moment: datetime) -> None:
        self.not_before = min(self.not_before, moment) if self.not_before else moment

    def _tell(self) -> None:
        if self._unknown:
            note(self.batch.mailing_id, EventKind.UNKNOWN, self._unknown)
