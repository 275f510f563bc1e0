"""How fast a long conversation is: pages of it, a link into it, and answering in it.

    python -m benchmarks.comments [comments]
    DATABASE_URL=postgres://… python -m benchmarks.comments [comments]

Makes a test database of its own beside the one in DATABASE_URL / DATA_DIR, with one conversation
of ten comments and one of so many (10,000; four of five of them answers, so that a page shows a
hundred). Prints medians of the process's own seconds and of those on the wall, through the whole
of Django with its test client and without the cache of pages; on PostgreSQL the server's own
seconds are in those on the wall alone. Exit code 1 where a page takes more than 50 ms of the
process, or the long conversation takes more queries than the short one.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("SECRET_KEY", "only-for-a-benchmark")

import django

django.setup()

from django.conf import settings
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.articles.actions import publish_article, save_article
from newsletter.articles.enums import SendChoice
from newsletter.articles.models import Article
from newsletter.comments.actions import Written, submit_comment
from newsletter.comments.actions.common import ensure_thread, insert_comment, lock_thread
from newsletter.comments.enums import CommentState
from newsletter.comments.models import Comment
from newsletter.comments.owners import get_place
from newsletter.comments.reading import position_of
from newsletter.comments.text import render_comment

RUNS, AIM_MS, PEOPLE = 15, 50.0, 200
WORDS = "I asked for a week to think it over, and *got two*. It cost me nothing at all, number {}."


def article_with(author: User, name: str, count: int) -> Article:
    """A published article with so many comments: each first one has four answers, two deeper."""
    article = Article(title=name, author=author, body="<p>What was written.</p>")
    save_article(actor=author, article=article)
    publish_article(actor=author, article=article, send=SendChoice.NO, now=timezone.now())
    place = get_place("article", article.pk, author, timezone.now())
    assert place is not None
    people = list(User.objects.exclude(pk=author.pk)[:PEOPLE])
    first = timezone.now() - timedelta(minutes=20 * count)
    above: list[Comment] = []
    with transaction.atomic():
        thread = lock_thread(ensure_thread(place).pk)
        for number in range(count):
            above = above if number % 5 else []
            body = WORDS.format(number)
            comment = Comment(
                thread=thread, user=people[number % PEOPLE], name="A reader", body=body,
                html=render_comment(body), state=CommentState.APPROVED,
                parent=above[number % 3 % len(above)] if above else None,
                like_count=number % 11, submitted_at=first + timedelta(minutes=20 * number),
            )  # fmt: skip
            insert_comment(comment)
            comment.refresh_from_db(fields=["path"])
            above.append(comment)
    return article


class Bench:
    """Measures, prints and remembers whether all was well."""

    def __init__(self) -> None:
        self.client, self.is_good = Client(), True

    def page(self, name: str, path: str) -> int:
        """The medians of one page; returns how many queries it takes."""
        with CaptureQueriesContext(connection) as queries:
            answer = self.client.get(path)
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code}")
        # Counted here: the next request forgets the queries of this one.
        count = len(queries)
        own = self.time(f"{name} ({count} queries)", lambda: self.client.get(path))
        self.is_good = self.is_good and own <= AIM_MS
        return count

    def time(self, name: str, act: Callable[[], object]) -> float:
        """Print the medians of an act in ms; returns the process's own."""
        own, wall = [], []
        for _run in range(RUNS):
            start, begun = time.process_time(), time.perf_counter()
            act()
            own.append((time.process_time() - start) * 1000)
            wall.append((time.perf_counter() - begun) * 1000)
        median = statistics.median(own)
        print(f"  {name}: {median:.1f} ms process, {statistics.median(wall):.1f} ms wall")
        return median

    def conversation(self, article: Article, size: int) -> list[int]:
        """Every way into one conversation; returns the numbers of queries."""
        print(f"{size:,} comments")
        talk, page = f"/conversations/article/{article.pk}/", f"/articles/{article.slug}/"
        roots = Comment.objects.filter(thread__article=article, root=None)
        deep = roots.order_by("submitted_at")[roots.count() * 9 // 10]
        liked = roots.order_by("-like_count", "-submitted_at")[roots.count() * 9 // 10]
        middle = Comment.objects.filter(thread__article=article).exclude(root=None)
        answer = middle.order_by("pk")[middle.count() // 2]
        return [
            self.page("first page", talk),
            self.page("deep page", f"{talk}?cursor={position_of(deep)}"),
            self.page("most liked", f"{talk}?order=liked"),
            self.page(
                "most liked, deep",
                f"{talk}?order=liked&cursor={liked.like_count}-{position_of(liked)}",
            ),
            self.page("link to an answer in the middle", f"/comments/{answer.pk}/"),
            self.page("the article's own page", page),
            self.page("its feed", f"{talk}feed.atom"),
        ]

    def answering(self, article: Article, author: User, size: int) -> None:
        """Posting an answer through the action."""
        place = get_place("article", article.pk, author, timezone.now())
        assert place is not None
        first = Comment.objects.filter(thread__article=article).order_by("pk")[0].pk
        numbers = iter(range(10_000))

        def answer() -> None:
            written = Written(f"Answer {next(numbers)}", "Author", parent_id=first)
            submit_comment(place=place, viewer=author, written=written)

        self.time(f"an answer at {size:,}", answer)


def main(count: int) -> int:
    """Run once; 0 if all of it was quick enough and took the same queries."""
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        author = User.objects.create_superuser("author@example.com", name="Author")
        people = [User(email=f"r{n}@example.com", name=f"R{n}") for n in range(PEOPLE)]
        User.objects.bulk_create(people)
        short, long = article_with(author, "Short", 10), article_with(author, "Long", count)
        with connection.cursor() as cursor:
            # What autovacuum and SQLite's own upkeep do in a running installation.
            cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
        bench = Bench()
        print(f"{connection.vendor}, load {os.getloadavg()[0]:.1f}")
        few, many = bench.conversation(short, 10), bench.conversation(long, count)
        bench.client.force_login(User.objects.get(email="r1@example.com"))
        print("a reader who is signed in")
        few += bench.conversation(short, 10)
        many += bench.conversation(long, count)
        if any(b > a for a, b in zip(few, many, strict=True)):
            print("  the long conversation takes more queries")
            bench.is_good = False
        bench.answering(short, author, 10)
        bench.answering(long, author, count)
        print(f"  aim: {AIM_MS:.0f} ms of the process: {'reached' if bench.is_good else 'missed'}")
        return 0 if bench.is_good else 1
    finally:
        connection.creation.destroy_test_db(settings.DATABASES["default"]["NAME"], verbosity=0)


if __name__ == "__main__":
    plain = {"staticfiles": {"BACKEND": f"{StaticFilesStorage.__module__}.StaticFilesStorage"}}
    with override_settings(
        PAGE_CACHE_SECONDS=0,
        SSL_REDIRECT=False,
        SECURE_SSL_REDIRECT=False,
        ALLOWED_HOSTS=["*"],
        STORAGES={**settings.STORAGES, **plain},
    ):
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
