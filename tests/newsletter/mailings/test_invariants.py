"""Whatever happens in whatever order, the numbers add up and nobody is mailed twice unasked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from newsletter.accounts.models import User
from newsletter.mailings import actions
from newsletter.mailings.actions import sending
from newsletter.mailings.actions.claiming import renew_claim
from newsletter.mailings.actions.settling import (
    settle,
    settle_and_take,
    untried,
    write_settled,
)
from newsletter.mailings.enums import ACCEPTED_STATES, BatchState, DeliveryState, MailingState
from newsletter.mailings.models import Batch, Delivery, Mailing, SenderCircuit
from newsletter.mailings.outcomes import Outcome, Phase, Result
from newsletter.mailings.queries import mailing_counts
from newsletter.mailings.recheck import recheck_batch
from newsletter.subscribers.enums import SubscriptionState
from newsletter.subscribers.models import Subscription
from tests.factories.accounts import StaffFactory
from tests.factories.mailings import prepared_mailing

READERS = 9
TROUBLE = [result for result in Result if result is not Result.ACCEPTED]
OUTCOMES = st.sampled_from([*TROUBLE, Result.ACCEPTED])
# What the runs together went through; the test fails where it is too little to prove anything.
SEEN: Counter[str] = Counter()


class Killed(BaseException):
    """The process ends here; nothing after it runs."""


class World:
    """A mail server as the engine meets it: says what hypothesis chose, remembers who got what."""

    def __init__(self, plan: list[Result], *, dies_after: int | None) -> None:
        self.plan, self.dies_after = plan, dies_after
        self.calls = 0

    def open(self) -> Outcome | None:
        return None

    def close(self) -> None:
        pass

    def send(self, message: bytes, sender: str, recipient: str) -> Outcome:
        if self.calls == self.dies_after:
            SEEN["killed"] += 1
            raise Killed
        result = self.plan[self.calls] if self.calls < len(self.plan) else Result.ACCEPTED
        self.calls += 1
        SEEN[result.value] += 1
        RECEIVED.count(recipient, result)
        return Outcome(result, error=result.value, retry_after=60, phase=Phase.RCPT)


class Received:
    """Who surely has it, and who perhaps has, by address."""

    def __init__(self) -> None:
        self.surely: Counter[str] = Counter()
        self.perhaps: Counter[str] = Counter()
        # How often the author allowed it to be sent again.
        self.allowed: Counter[str] = Counter()

    def count(self, address: str, result: Result) -> None:
        self.surely[address] += result is Result.ACCEPTED
        self.perhaps[address] += result is Result.UNKNOWN


RECEIVED = Received()


class Engine(RuleBasedStateMachine):
    """One mailing to nine people, its workers, its author, and the clock."""

    @initialize()
    def prepare(self) -> None:
        global RECEIVED
        RECEIVED = Received()
        self.author: User = StaffFactory()
        self.mailing = prepared_mailing(readers=READERS)
        # Claims of workers that are slow or dead, with the rows they took.
        self.stalled: list[tuple[Batch, list]] = []

    # ── Workers ───────────────────────────────────────────────────────────────────────────────

    @rule()
    def work(self) -> None:
        """A task sends a chunk of three, and all goes well."""
        self.go(World([], dies_after=None))

    @rule(result=st.sampled_from(TROUBLE), at=st.sampled_from([0, 1, 2]))
    def work_with_trouble(self, result: Result, at: int) -> None:
        """A task sends a chunk, and the server says something else than yes for one mail."""
        self.go(World([Result.ACCEPTED] * at + [result], dies_after=None))

    @rule(result=st.sampled_from([Result.UNKNOWN, Result.DEFERRED, Result.NOT_SENT]))
    def work_with_nothing_but_trouble(self, result: Result) -> None:
        self.go(World([result] * 3, dies_after=None))

    @rule(accepted=st.sampled_from([2, 1, 0]))
    def die(self, accepted: int) -> None:
        """A task is killed with so many mails of its chunk accepted."""
        self.go(World([], dies_after=accepted))

    def go(self, world: World) -> None:
        with transport(world), suppress(Killed):
            for batch_id in actions.sweep():
                actions.send_batches(batch_id=batch_id)

    @rule()
    def stall(self) -> None:
        """A worker takes a chunk and is not heard of for a while."""
        batch = actions.claim_batch()
        if batch is None:
            return
        rows = recheck_batch(batch, batch.mailing.variants.all())[:2]
        taken = settle_and_take(batch, [], rows)
        if taken:
            self.stalled.append((batch, taken))

    @precondition(lambda self: self.stalled)
    @rule(result=OUTCOMES)
    def wake(self, result: Result) -> None:
        """It comes back, hands over the rest of its chunk unless its claim is gone, and ends."""
        batch, rows = self.stalled.pop()
        done = []
        for row in rows:
            if not renew_claim(batch):
                done.append(untried(row))
                continue
            RECEIVED.count(row.address, result)
            done.append(settle(row, Outcome(result, error="late", retry_after=60)))
        write_settled(batch, done)
        actions.release_batch(batch)

    # ── Time ──────────────────────────────────────────────────────────────────────────────────

    @rule()
    def a_while_goes_by(self) -> None:
        self.leases_run_out()
        self.waits_end()

    @rule()
    def leases_run_out(self) -> None:
        Batch.objects.filter(state=BatchState.CLAIMED).update(lease_until=timezone.now())
        actions.sweep()

    def waits_end(self) -> None:
        past = timezone.now() - timedelta(seconds=1)
        Batch.objects.filter(not_before__isnull=False).update(not_before=past)
        SenderCircuit.objects.filter(retry_at__isnull=False).update(retry_at=past)

    @rule(number=st.integers(1, 6))
    def a_day_goes_by(self, number: int) -> None:
        if number != 4:
            return
        Mailing.objects.update(active_at=timezone.now() - timedelta(days=2))
        actions.ask_about_overdue()

    # ── People ────────────────────────────────────────────────────────────────────────────────

    @rule(number=st.integers(1, 6))
    def pause(self, number: int) -> None:
        if number == 4:
            self.act("pause")

    @rule()
    def go_on(self) -> None:
        self.act("resume")
        self.act("start")

    def act(self, act: str) -> None:
        with suppress(actions.IllegalMove):
            getattr(actions, f"{act}_mailing")(actor=self.author, mailing=self.fresh())

    @rule(number=st.integers(1, 6))
    def cancel(self, number: int) -> None:
        if number != 4:  # rarely, for nothing happens afterwards
            return
        with suppress(actions.IllegalMove):
            actions.cancel_mailing(actor=self.author, mailing=self.fresh())

    @rule()
    def retry_failed(self) -> None:
        actions.retry_failed(actor=self.author, mailing=self.fresh())

    @rule(send_again=st.booleans())
    def decide(self, send_again: bool) -> None:
        unknown = Delivery.objects.filter(state=DeliveryState.UNKNOWN)
        addresses = list(unknown.values_list("address", flat=True))
        if actions.decide_unknown(actor=self.author, mailing=self.fresh(), send_again=send_again):
            RECEIVED.allowed.update(addresses if send_again else [])

    @rule(number=st.integers(0, READERS - 1))
    def leave(self, number: int) -> None:
        subscription = Subscription.objects.order_by("pk")[number]
        Subscription.objects.filter(pk=subscription.pk).update(state=SubscriptionState.UNSUBSCRIBED)

    def fresh(self) -> Mailing:
        return Mailing.objects.get(pk=self.mailing.pk)

    # ── What must always be true ──────────────────────────────────────────────────────────────

    @invariant()
    def numbers_add_up(self) -> None:
        counts = mailing_counts(self.fresh())
        assert counts.total == counts.audience == READERS

    @invariant()
    def nobody_twice_unless_the_author_said_so(self) -> None:
        for address, times in (RECEIVED.surely + RECEIVED.perhaps).items():
            assert times <= 1 + RECEIVED.allowed[address]

    @invariant()
    def nobody_counts_as_sent_who_surely_has_nothing(self) -> None:
        accepted = Delivery.objects.filter(state__in=ACCEPTED_STATES)
        for address, error in accepted.values_list("address", "error"):
            by_decision = "decision" in error
            assert by_decision or RECEIVED.surely[address]

    @invariant()
    def an_end_is_an_end(self) -> None:
        mailing = self.fresh()
        counts = mailing_counts(mailing)
        if mailing.state == MailingState.SENT:
            assert counts.accepted
            assert not counts.queued + counts.sending + counts.unknown

    def teardown(self) -> None:
        """However it went: left alone, it comes to rest, and nothing is stuck."""
        if not hasattr(self, "mailing"):
            return
        self.go_on()
        with transport(World([], dies_after=None)):
            for _round in range(2 * READERS):
                self.leases_run_out()
                self.waits_end()
                for batch_id in actions.sweep():
                    actions.send_batches(batch_id=batch_id)
        actions.sweep()
        mailing = self.fresh()
        counts = mailing_counts(mailing)
        assert counts.total == READERS
        assert counts.queued == counts.sending == 0, (mailing.state, counts)
        self.nobody_twice_unless_the_author_said_so()
        if not counts.unknown and mailing.state != MailingState.CANCELLED:
            assert mailing.state in {MailingState.SENT, MailingState.FAILED}
        assert not Batch.objects.exclude(state=BatchState.DONE).exists()


@contextmanager
def transport(world: World) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sending, "make_transport", lambda: world)
        patch.setattr(sending.conf, "CHUNK_SIZE", 3)
        patch.setattr(sending.conf, "task_seconds", lambda: 0)
        yield


class IsolatedEngine(Engine):
    """Each run in a transaction of its own that is rolled back."""

    def __init__(self) -> None:
        super().__init__()
        self._atomic = transaction.atomic()
        # As Django's TestCase does: the engine refuses to hand over mail inside a transaction.
        self._atomic._from_testcase = True
        self._atomic.__enter__()

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            transaction.set_rollback(True)
            self._atomic.__exit__(None, None, None)


@pytest.mark.django_db
def test_engine_in_any_order() -> None:
    run_state_machine_as_test(
        IsolatedEngine,
        settings=settings(
            max_examples=50,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert min(SEEN["killed"], SEEN[Result.UNKNOWN], SEEN[Result.DEFERRED]) >= 3, SEEN
