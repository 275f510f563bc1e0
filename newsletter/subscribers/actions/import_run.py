"""One worker's run over one import: chunk by chunk, from wherever the last run came to."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import F, FilteredRelation, Q
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.subscribers.actions.bulk import StagedPerson, write_people
from newsletter.subscribers.actions.import_jobs import LEASE, renew_job
from newsletter.subscribers.enums import ImportState, LineOutcome
from newsletter.subscribers.importing.columns import Columns
from newsletter.subscribers.importing.lines import Line, read_line
from newsletter.subscribers.importing.records import read_records
from newsletter.subscribers.importing.verdicts import Known, Verdict, judge_line
from newsletter.subscribers.models import ImportLine, SubscriberImport
from newsletter.subscribers.queries import suppressed_addresses

CHUNK = 2_000
# Lines between two signs of life of a run that reads again what was done: about a second's worth.
READ_BETWEEN_SIGNS = 20_000


class ImportRun:
    """Holds the open file and which addresses the file has named so far.

    Use as a context manager; `advance` does one chunk and says whether there may be more.
    """

    def __init__(self, *, job_id: int, claim: str) -> None:
        self.claim = claim
        self.job = SubscriberImport.objects.select_related("newsletter").get(pk=job_id)
        self.columns = Columns(**self.job.mapping)
        self.is_dry = self.job.state == ImportState.CHECKING
        self.now = timezone.now()
        # A file of SQLite's own that is gone with the connection: memory stays flat.
        self.seen = sqlite3.connect("")
        self.seen.execute("CREATE TABLE seen (address TEXT PRIMARY KEY, line INT) WITHOUT ROWID")

    def __enter__(self) -> ImportRun:
        self.job.file.open("rb")
        self.records = self._records()
        return self

    def __exit__(self, *_: object) -> None:
        self.job.file.close()
        self.seen.close()

    def advance(self) -> bool:
        """Do one chunk. False at the end of the file, or when the job is not ours any more."""
        chunk = list(islice(self.records, CHUNK))
        if not chunk:
            return False
        lines = [line for line, _ in chunk if line is not None]
        with transaction.atomic():
            judged = self._judge(lines)
            if not self._move_on(chunk[-1][1], len(chunk), judged):
                return False
            if not self.is_dry:
                self._write(judged)
            self._report(judged)
        self.job.resume_offset = chunk[-1][1]
        self.job.done_lines += len(chunk)
        return True

    def _records(self) -> Iterator[tuple[Line | None, int]]:
        """Lines after the resume offset. Those before it are read again, for their addresses.

        Of a long list that takes longer than the lease, so it is renewed on the way; where the job
        is another's by then, there are no lines.
        """
        start = self.job.resume_offset
        header = 1 if self.columns.has_header else 0
        file = self.job.file.file
        for number, (cells, end) in enumerate(
            read_records(file, delimiter=self.job.dialect["delimiter"]), start=1
        ):
            if number <= header:
                continue
            if end <= start:
                if number % READ_BETWEEN_SIGNS == 0 and not self._is_still_ours():
                    return
                self._remember(read_line(number, cells, self.columns, self.now))
            elif not any(cell.strip() for cell in cells):
                yield None, end
            else:
                yield read_line(number, cells, self.columns, self.now), end

    def _is_still_ours(self) -> bool:
        return renew_job(SubscriberImport, job_id=self.job.pk, claim=self.claim)

    def _remember(self, line: Line) -> int | None:
        """Return the line on which the address stood first; None where this is it."""
        if line.problem:
            return None
        new = self.seen.execute(
            "INSERT OR IGNORE INTO seen VALUES (?, ?)", (line.address, line.number)
        )
        if new.rowcount:
            return None
        row = self.seen.execute("SELECT line FROM seen WHERE address = ?", (line.address,))
        return int(row.fetchone()[0])

    def _judge(self, lines: list[Line]) -> list[tuple[Line, Verdict]]:
        addresses = {line.address for line in lines if not line.problem}
        known = self._known(addresses)
        suppressed = suppressed_addresses(addresses, self.job.newsletter)
        return [
            (
                line,
                judge_line(
                    line,
                    known.get(line.address),
                    is_suppressed=line.address in suppressed,
                    first_seen=self._remember(line),
                ),
            )
            for line in lines
        ]

    def _known(self, addresses: set[str]) -> dict[str, Known]:
        """What we have of these addresses; one query."""
        rows = (
            User.objects.filter(email__in=addresses)
            .annotate(
                mine=FilteredRelation(
                    "subscriptions", condition=Q(subscriptions__newsletter=self.job.newsletter)
                )
            )
            .values_list("email", "name", "mine__state", "mine__consent_source")
        )
        return {email: Known(bool(name), state, source) for email, name, state, source in rows}

    def _move_on(self, offset: int, count: int, judged: list[tuple[Line, Verdict]]) -> bool:
        """Commit where we are, if the job is still ours and still wanted."""
        counts = Counter(self.job.counts)
        counts.update(str(verdict.outcome) for _, verdict in judged)
        self.job.counts = dict(counts)
        state = ImportState.CHECKING if self.is_dry else ImportState.IMPORTING
        moved = SubscriberImport.objects.filter(
            pk=self.job.pk,
            claim=self.claim,
            state=state,
            resume_offset=self.job.resume_offset,
        ).update(
            resume_offset=offset,
            done_lines=F("done_lines") + count,
            total_lines=F("done_lines") + count if self.is_dry else F("total_lines"),
            counts=self.job.counts,
            lease_until=timezone.now() + LEASE,
        )
        return bool(moved)

    def _write(self, judged: list[tuple[Line, Verdict]]) -> None:
        people: dict[str, StagedPerson] = {}
        for line, verdict in judged:
            if verdict.write is None:
                continue
            # A later line of the same address comes here only if it says that they left.
            people[line.address] = StagedPerson(
                address=line.address,
                name=line.name,
                subscribed_at=line.subscribed_at or self.now,
                state=verdict.write,
                detail=self._detail(line),
            )
        if people:
            write_people(list(people.values()), newsletter=self.job.newsletter, job=self.job)

    def _detail(self, line: Line) -> str:
        place = f"{self.job.original_name[:80]}, line {line.number}"
        return f"{place}: {self.job.consent_statement}"[:300]

    def _report(self, judged: list[tuple[Line, Verdict]]) -> None:
        """Keep a report of every line that is not simply a new subscriber."""
        ImportLine.objects.bulk_create(
            [
                ImportLine(
                    job=self.job,
                    number=line.number,
                    address=line.address[:320],
                    outcome=verdict.outcome,
                    message=verdict.message[:300],
                )
                for line, verdict in judged
                if verdict.outcome != LineOutcome.NEW or verdict.message
            ]
        )


def report_lines(job: SubscriberImport) -> Iterator[tuple[Any, ...]]:
    """Every line of the file with its outcome, in order, in flat memory, while the file is kept.

    Afterwards only the lines that were not simply new subscribers.
    """
    told = (
        ImportLine.objects.filter(job=job)
        .order_by("number")
        .values_list("number", "address", "outcome", "message")
        .iterator(chunk_size=CHUNK)
    )
    if not job.file or not job.mapping:
        yield from ((n, a, LineOutcome(o).label, m) for n, a, o, m in told)
        return
    columns = Columns(**job.mapping)
    now = datetime.now(tz=timezone.get_current_timezone())
    following = next(told, None)
    done = job.done_lines + (1 if columns.has_header else 0)
    with job.file.open("rb") as file:
        records = read_records(file.file, delimiter=job.dialect["delimiter"])
        for number, (cells, _end) in enumerate(records, start=1):
            if number > done:
                return
            if following and following[0] == number:
                _, address, outcome, message = following
                yield number, address, LineOutcome(outcome).label, message
                following = next(told, None)
            elif number > (1 if columns.has_header else 0) and any(map(str.strip, cells)):
                line = read_line(number, cells, columns, now)
                yield number, line.address, LineOutcome.NEW.label, ""
