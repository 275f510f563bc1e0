"""Rows on their way out: taken in chunks before the server is spoken to, settled afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from newsletter.mailings import conf
from newsletter.mailings.actions.claiming import renew_claim
from newsletter.mailings.enums import DeliveryState
from newsletter.mailings.models import Batch, Delivery
from newsletter.mailings.outcomes import Outcome, Result
from newsletter.mailings.recheck import Row

# Only the worker that took a row may write to it. One thought dead may still say what became of
# a row that was set to unknown meanwhile: what is known for sure beats what is not.
# Both databases name the columns of a bare VALUES so: id, state, provider_id, error, unburnt.
_SETTLE = """
UPDATE {delivery} SET
    state = outcome.column2,
    claim = CASE WHEN outcome.column2 = 'queued' THEN '' ELSE {delivery}.claim END,
    provider_id = outcome.column3,
    error = outcome.column4,
    attempts = {delivery}.attempts - outcome.column5,
    changed_at = %s
FROM (VALUES {rows}) AS outcome
WHERE {delivery}.id = outcome.column1
  AND {delivery}.claim = %s
  AND {delivery}.state IN ('sending', 'unknown')
"""


@dataclass(frozen=True, slots=True)
class Settled:
    """What to write to one row. `unburnt` gives an attempt back that was none."""

    pk: int
    state: DeliveryState
    provider_id: str = ""
    error: str = ""
    unburnt: int = 0


def settle(row: Row, outcome: Outcome) -> Settled:
    """Translate an outcome into the row's next state. `row.attempts` are those before this one."""
    is_last = row.attempts + 1 >= conf.MAX_ATTEMPTS
    match outcome.result:
        case Result.ACCEPTED:
            return Settled(row.pk, DeliveryState.ACCEPTED, outcome.provider_id)
        case Result.REFUSED:
            return Settled(row.pk, DeliveryState.FAILED, error=outcome.error)
        case Result.UNKNOWN:
            return Settled(row.pk, DeliveryState.UNKNOWN, error=outcome.error)
        case Result.DEFERRED | Result.NOT_SENT:
            state = DeliveryState.FAILED if is_last else DeliveryState.QUEUED
            return Settled(row.pk, state, error=outcome.error)
    return untried(row, outcome.error)


def untried(row: Row, error: str = "") -> Settled:
    """A row that was taken and not handed over after all."""
    return Settled(row.pk, DeliveryState.QUEUED, error=error, unburnt=1)


def settle_and_take(
    batch: Batch, settled: Sequence[Settled], chunk: Sequence[Row]
) -> list[Row] | None:
    """Write what became of the last chunk and take the next one, in one transaction.

    Returns the rows taken; None when the batch is no longer ours or its mailing not sending, and
    then nothing may be handed over. When this returns, the rows are committed as `sending`.
    """
    # Durable: were this inside another transaction, nothing would be committed before the server
    # is spoken to, so Django refuses.
    with transaction.atomic(durable=True):
        write_settled(batch, settled)
        if not renew_claim(batch):
            return None
        return _take(batch, chunk, timezone.now())


def _take(batch: Batch, chunk: Sequence[Row], now: datetime) -> list[Row]:
    if not chunk:
        return []
    pks = [row.pk for row in chunk]
    taken = Delivery.objects.filter(
        pk__in=pks, batch_id=batch.pk, state=DeliveryState.QUEUED
    ).update(
        state=DeliveryState.SENDING,
        claim=batch.claim,
        attempts=F("attempts") + 1,
        changed_at=now,
    )
    if taken == len(chunk):
        return list(chunk)
    ours = set(
        Delivery.objects.filter(
            pk__in=pks, claim=batch.claim, state=DeliveryState.SENDING
        ).values_list("pk", flat=True)
    )
    return [row for row in chunk if row.pk in ours]


def write_settled(batch: Batch, settled: Sequence[Settled]) -> int:
    """Write outcomes to the rows that are still this claim's, in one statement; return how many."""
    if not settled:
        return 0
    statement = _SETTLE.format(
        rows=", ".join(["(%s, %s, %s, %s, %s)"] * len(settled)),
        delivery=connection.ops.quote_name(Delivery._meta.db_table),
    )
    values: list[str | int] = []
    for each in settled:
        values += [each.pk, each.state.value, each.provider_id, each.error[:500], each.unburnt]
    moment = connection.ops.adapt_datetimefield_value(timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(statement, [str(moment), *values, batch.claim])
        return int(cursor.rowcount)
