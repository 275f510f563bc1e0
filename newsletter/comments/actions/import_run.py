"""One worker's run over one export: chunk by chunk, from wherever the last run came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from newsletter.articles.models import Article
from newsletter.comments.actions.common import ensure_thread
from newsletter.comments.actions.importing import (
    Imported,
    find_article,
    judge,
    known_keys,
    store,
)
from newsletter.comments.article_owner import place_of
from newsletter.comments.enums import ImportOutcome
from newsletter.comments.importing.items import Item, Piece, read_items
from newsletter.comments.importing.stream import read_records
from newsletter.comments.kept import forget_conversation
from newsletter.comments.models import CommentImport, CommentImportLine, ImportedPiece, Thread
from newsletter.comments.text import clean_name, clean_text
from newsletter.subscribers.actions.import_jobs import LEASE
from newsletter.subscribers.enums import ImportState

CHUNK = 100
_WORDS = 100

Numbered = tuple[int, Item]


class CommentImportRun:
    """Holds the open export. `advance` does one chunk and says whether there may be more.

    Use as a context manager. A file of XML can only be read from its beginning: what earlier runs
    did is read again and passed over.
    """

    def __init__(self, *, job_id: int, claim: str) -> None:
        self.claim = claim
        self.job = CommentImport.objects.select_related("created_by").get(pk=job_id)
        self.is_dry = self.job.state == ImportState.CHECKING
        pieces = ImportedPiece.objects.filter(job=self.job).select_related("article")
        self.articles: dict[str, Article | None] = {row.place: row.article for row in pieces}

    def __enter__(self) -> CommentImportRun:
        self.job.file.open("rb")
        items = enumerate(read_items(read_records(self.job.file.file)), start=1)
        self.items: Iterator[Numbered] = islice(items, self.job.done_lines, None)
        return self

    def __exit__(self, *_: object) -> None:
        self.job.file.close()

    def advance(self) -> bool:
        """Do one chunk. False at the end of the file, or when the job is not ours any more."""
        chunk = list(islice(self.items, CHUNK))
        if not chunk:
            return False
        with transaction.atomic():
            self._find_pieces([item for _number, item in chunk])
            threads = {} if self.is_dry else self._lock_threads(chunk)
            judged = self._judge(chunk)
            if not self._move_on(judged):
                # Whatever was made for it is another worker's to make.
                transaction.set_rollback(True)
                return False
            if self.is_dry:
                self._count_pieces(judged)
            else:
                self._store(judged, threads)
            self._report(judged)
        self.job.done_lines += len(chunk)
        return True

    def _find_pieces(self, items: list[Item]) -> None:
        """Note pages that were not seen before, with the articles that have their slugs."""
        seen: dict[str, Piece] = {item.piece.place: item.piece for item in items}
        new = [piece for place, piece in seen.items() if place not in self.articles]
        for piece in new:
            self.articles[piece.place] = find_article(piece.slug)
        ImportedPiece.objects.bulk_create(
            [
                ImportedPiece(
                    job=self.job,
                    place=piece.place,
                    title=piece.title,
                    article=self.articles[piece.place],
                )
                for piece in new
            ],
            ignore_conflicts=True,
        )

    def _lock_threads(self, chunk: list[Numbered]) -> dict[int, Thread]:
        """The conversations that may get something, by article; in one order, against deadlocks."""
        articles = {found.pk: found for _, item in chunk if (found := self._article(item))}
        ids = [ensure_thread(place_of(each, is_readable=True)).pk for each in articles.values()]
        rows = Thread.objects.select_for_update().filter(pk__in=ids).order_by("pk")
        return {thread.key: thread for thread in rows}

    def _article(self, item: Item) -> Article | None:
        return self.articles[item.piece.place]

    def _judge(self, chunk: list[Numbered]) -> list[tuple[int, Imported]]:
        known = known_keys(item for _number, item in chunk)
        judged = []
        for number, item in chunk:
            found = judge(item, self._article(item), known)
            judged.append((number, found))
            if found.outcome == ImportOutcome.IMPORTED:
                # Should it come once more in this very chunk.
                known.add(item.key)
        return judged

    def _move_on(self, judged: list[tuple[int, Imported]]) -> bool:
        """Commit where we are, if the job is still ours and still wanted."""
        counts = Counter(self.job.counts)
        counts.update(str(each.outcome) for _number, each in judged)
        self.job.counts = dict(counts)
        ours = CommentImport.objects.filter(
            pk=self.job.pk,
            claim=self.claim,
            state=ImportState.CHECKING if self.is_dry else ImportState.IMPORTING,
            done_lines=self.job.done_lines,
        )
        done = F("done_lines") + len(judged)
        return bool(
            ours.update(
                done_lines=done,
                total_lines=done if self.is_dry else F("total_lines"),
                # How far the file is read: for the progress alone.
                resume_offset=self.job.file.file.tell(),
                counts=self.job.counts,
                lease_until=timezone.now() + LEASE,
            )
        )

    def _count_pieces(self, judged: list[tuple[int, Imported]]) -> None:
        places = Counter(
            each.item.piece.place
            for _number, each in judged
            if each.outcome in {ImportOutcome.IMPORTED, ImportOutcome.NO_ARTICLE}
        )
        for place, number in places.items():
            row = ImportedPiece.objects.filter(job=self.job, place=place)
            row.update(number=F("number") + number)

    def _store(self, judged: list[tuple[int, Imported]], threads: dict[int, Thread]) -> None:
        touched: dict[int, Thread] = {}
        for _number, each in judged:
            article = self._article(each.item)
            if each.outcome == ImportOutcome.IMPORTED and article is not None:
                thread = touched[article.pk] = threads[article.pk]
                store(each.item, thread, actor=self.job.created_by)
        for thread in touched.values():
            forget_conversation(thread)

    def _report(self, judged: list[tuple[int, Imported]]) -> None:
        """Keep a report of every comment that is not simply brought in."""
        CommentImportLine.objects.bulk_create(
            [
                CommentImportLine(
                    job=self.job,
                    number=number,
                    name=clean_name(each.item.name)[:120],
                    words=beginning(each.item),
                    place=each.item.piece.place,
                    outcome=each.outcome,
                    message=each.why[:300],
                )
                for number, each in judged
                if each.outcome != ImportOutcome.IMPORTED
            ]
        )


def beginning(item: Item) -> str:
    """The first words of a comment, on one line."""
    words = " ".join(clean_text(item.body[:1_000]).split())
    return words if len(words) <= _WORDS else words[: _WORDS - 1].rstrip() + "…"


def report_lines(job: CommentImport) -> Iterator[tuple[object, ...]]:
    """Every comment of the file with its outcome, in order, in flat memory, while it is kept.

    Afterwards only those that were not simply brought in.
    """
    names = ("number", "name", "place", "words", "outcome", "message")
    lines = CommentImportLine.objects.filter(job=job).order_by("number").values_list(*names)
    told = ((*line[:4], ImportOutcome(line[4]).label, line[5]) for line in lines.iterator())
    if not job.file:
        yield from told
        return
    following = next(told, None)
    with job.file.open("rb") as file:
        items = read_items(read_records(file.file))
        for number, item in enumerate(islice(items, job.done_lines), start=1):
            if following and following[0] == number:
                yield following
                following = next(told, None)
            else:
                label = ImportOutcome.IMPORTED.label
                name = clean_name(item.name)
                yield number, name, item.piece.place, beginning(item), label, ""
