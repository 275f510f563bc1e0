"""Who has a batch: one at a time, for as long as there are signs of life."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from newsletter.mailings import actions
from newsletter.mailings.actions.claiming import free_slots, renew_claim
from newsletter.mailings.actions.settling import Settled, settle_and_take, write_settled
from newsletter.mailings.enums import BatchState, DeliveryState, MailingState
from newsletter.mailings.models import Batch, Delivery, Mailing
from newsletter.mailings.recheck import Row, recheck_batch
from tests.factories.accounts import StaffFactory
from tests.factories.mailings import MailingFactory, prepared_mailing, send_all, subscribe


def rows_of(batch: Batch) -> list[Row]:
    return recheck_batch(batch, batch.mailing.variants.all())


def states(mailing: Mailing) -> dict[str, int]:
    found: dict[str, int] = {}
    for state in Delivery.objects.filter(mailing=mailing).values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


@pytest.mark.django_db
def test_m3_batch_that_is_claimed_or_done_is_not_claimed_again(settings) -> None:
    settings.MAILINGS_PARALLEL_BATCHES = 5
    mailing = prepared_mailing()
    batch = actions.claim_batch(batch_id=mailing.batches.get().pk)
    assert batch is not None
    assert actions.claim_batch(batch_id=batch.pk) is None
    assert actions.send_batches(batch_id=batch.pk) is None
    Delivery.objects.update(state=DeliveryState.ACCEPTED)
    assert actions.release_batch(batch)
    assert mailing.batches.get().state == BatchState.DONE
    assert actions.claim_batch(batch_id=batch.pk) is None


@pytest.mark.django_db
def test_claims_take_slots_and_one_process_stays_free(settings) -> None:
    settings.MAILINGS_BATCH_SIZE = 1
    settings.MAILINGS_PARALLEL_BATCHES = 2
    prepared_mailing(readers=4)
    assert len(actions.sweep()) == 2
    first, second = actions.claim_batch(), actions.claim_batch()
    assert (first.number, second.number) == (1, 2)
    assert actions.claim_batch() is None
    assert actions.sweep() == []
    # A dead worker's claim takes no slot once it has run out.
    Batch.objects.filter(pk=first.pk).update(lease_until=timezone.now())
    assert free_slots(timezone.now()) == 1


@pytest.mark.django_db
def test_a_short_mailing_does_not_wait_for_a_long_one_that_was_there_before(settings) -> None:
    settings.MAILINGS_BATCH_SIZE = 1
    settings.MAILINGS_PARALLEL_BATCHES = 10
    long = prepared_mailing(readers=4)
    begun = [actions.claim_batch(), actions.claim_batch()]
    settings.MAILINGS_BATCH_SIZE = 100
    short = prepared_mailing(readers=1)
    then = [actions.claim_batch(), actions.claim_batch(), actions.claim_batch()]
    assert [batch.mailing for batch in [*begun, *then]] == [long, long, short, long, long]
    assert [batch.number for batch in begun + then] == [1, 2, 1, 3, 4]


@pytest.mark.django_db
@pytest.mark.parametrize("state", [s for s in MailingState if s != MailingState.SENDING])
def test_nothing_is_claimed_unless_the_mailing_is_sending(state: MailingState) -> None:
    mailing = prepared_mailing()
    Mailing.objects.update(state=state)
    assert actions.claim_batch() is None
    assert actions.send_batches(batch_id=mailing.batches.get().pk) is None


@pytest.mark.django_db
def test_batch_that_must_wait_is_not_claimed() -> None:
    mailing = prepared_mailing()
    Batch.objects.update(not_before=timezone.now() + timedelta(seconds=5))
    assert actions.claim_batch() is None
    Batch.objects.update(not_before=timezone.now())
    assert actions.claim_batch().mailing == mailing


@pytest.mark.django_db
def test_m1_m2_after_the_lease_what_was_in_hand_is_unknown_and_the_rest_goes_on() -> None:
    mailing = prepared_mailing(readers=25)
    batch = actions.claim_batch()
    rows = rows_of(batch)
    assert len(settle_and_take(batch, [], rows[:10])) == 10
    # The worker is killed here. Nothing happens before the lease has run out.
    assert actions.expire_claims() == 0
    Batch.objects.update(lease_until=timezone.now())
    assert actions.expire_claims() == 1
    assert actions.expire_claims() == 0
    assert states(mailing) == {"unknown": 10, "queued": 15}
    assert mailing.events.first().what == "unknown"
    send_all()
    assert states(mailing) == {"unknown": 10, "accepted": 15}
    mailing.refresh_from_db()
    # Ten are open: it is not sent.
    assert mailing.state == MailingState.SENDING


@pytest.mark.django_db
def test_worker_thought_dead_takes_nothing_more() -> None:
    prepared_mailing(readers=20)
    slow = actions.claim_batch()
    rows = rows_of(slow)
    settle_and_take(slow, [], rows[:10])
    Batch.objects.update(lease_until=timezone.now())
    actions.expire_claims()
    quick = actions.claim_batch()
    assert quick.pk == slow.pk
    assert not renew_claim(slow)
    assert settle_and_take(slow, [], rows[10:]) is None
    assert not actions.release_batch(slow)
    assert len(rows_of(quick)) == 10


@pytest.mark.django_db
def test_worker_thought_dead_may_say_what_became_of_its_own_rows() -> None:
    mailing = prepared_mailing(readers=3)
    slow = actions.claim_batch()
    first, second, third = settle_and_take(slow, [], rows_of(slow))
    Batch.objects.update(lease_until=timezone.now())
    actions.expire_claims()
    assert states(mailing) == {"unknown": 3}
    written = write_settled(
        slow,
        [
            Settled(first.pk, DeliveryState.ACCEPTED, "id-1"),
            Settled(second.pk, DeliveryState.FAILED, error="550 no"),
        ],
    )
    assert written == 2
    assert states(mailing) == {"accepted": 1, "failed": 1, "unknown": 1}
    # A row that was never handed over after all is queued, and the sweep opens its batch again.
    write_settled(slow, [Settled(third.pk, DeliveryState.QUEUED, unburnt=1)])
    assert mailing.batches.get().state == BatchState.DONE
    send_all()
    assert states(mailing) == {"accepted": 2, "failed": 1}


@pytest.mark.django_db
def test_worker_thought_dead_writes_nothing_to_rows_that_others_took(author) -> None:
    mailing = prepared_mailing(readers=2)
    slow = actions.claim_batch()
    rows = settle_and_take(slow, [], rows_of(slow))
    Batch.objects.update(lease_until=timezone.now())
    actions.expire_claims()
    actions.decide_unknown(actor=author, mailing=mailing, send_again=True)
    quick = actions.claim_batch()
    assert len(settle_and_take(quick, [], rows_of(quick))) == 2
    assert write_settled(slow, [Settled(row.pk, DeliveryState.FAILED) for row in rows]) == 0
    assert states(mailing) == {"sending": 2}


@pytest.mark.django_db
def test_expired_batch_of_a_cancelled_mailing_is_closed(author) -> None:
    mailing = prepared_mailing(readers=12)
    batch = actions.claim_batch()
    settle_and_take(batch, [], rows_of(batch)[:10])
    actions.cancel_mailing(actor=author, mailing=mailing)
    assert states(mailing) == {"sending": 10, "cancelled": 2}
    Batch.objects.update(lease_until=timezone.now())
    actions.sweep()
    assert states(mailing) == {"unknown": 10, "cancelled": 2}
    assert mailing.batches.get().state == BatchState.DONE


@pytest.mark.django_db
def test_row_in_hand_of_nobody_becomes_unknown() -> None:
    mailing = prepared_mailing(readers=2)
    Delivery.objects.filter(pk=Delivery.objects.first().pk).update(state=DeliveryState.SENDING)
    actions.sweep()
    assert states(mailing) == {"unknown": 1, "queued": 1}


# ── At the same time, with real connections ───────────────────────────────────────────────────


def at_once(count: int, work: Callable[[], object]) -> list[object]:
    """Run `work` in `count` threads that start together; return what each returned."""
    barrier = threading.Barrier(count)
    results: list[object] = []

    def run() -> None:
        try:
            barrier.wait()
            results.append(work())
        except BaseException as error:
            results.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
def test_m4_of_eight_workers_one_gets_the_batch(settings) -> None:
    settings.MAILINGS_PARALLEL_BATCHES = 8
    batch_id = prepared_mailing().batches.get().pk
    claims = at_once(8, lambda: actions.claim_batch(batch_id=batch_id))
    assert sorted(claim is None for claim in claims) == [False] + [True] * 7


@pytest.mark.django_db(transaction=True)
def test_eight_workers_take_different_batches_and_no_more_than_there_are_slots(settings) -> None:
    settings.MAILINGS_BATCH_SIZE = 1
    settings.MAILINGS_PARALLEL_BATCHES = 3
    prepared_mailing(readers=8)
    claims = [claim for claim in at_once(8, actions.claim_batch) if claim is not None]
    assert all(isinstance(claim, Batch) for claim in claims), claims
    assert 1 <= len({claim.pk for claim in claims}) == len(claims) <= 3
    if connection.vendor == "postgresql":
        assert len(claims) == 3


@pytest.mark.django_db(transaction=True)
def test_m4_of_four_beats_one_prepares() -> None:
    mailing = MailingFactory()
    subscribe(mailing.newsletter, 5)
    done = at_once(4, lambda: actions.prepare_mailing(mailing_id=mailing.pk))
    assert sorted(map(str, done)) == ["False", "False", "False", "True"]
    assert Delivery.objects.count() == 5


@pytest.mark.django_db(transaction=True)
def test_a_mailing_does_not_end_while_its_author_has_the_failed_ones_tried_again() -> None:
    """Queued under a mailing that has ended, they would wait for ever and add up to nothing."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time.")
    mailing, author = prepared_mailing(readers=2), StaffFactory(is_superuser=True)
    Delivery.objects.update(state=DeliveryState.FAILED)
    mailing.batches.update(state=BatchState.DONE)
    sweep = threading.Thread(target=at_once, args=(1, actions.sweep))
    with transaction.atomic():
        assert actions.retry_failed(actor=author, mailing=mailing) == 2
        sweep.start()
        sweep.join(1)
    sweep.join()
    mailing.refresh_from_db()
    assert mailing.state == MailingState.SENDING
    assert states(mailing) == {"queued": 2}
