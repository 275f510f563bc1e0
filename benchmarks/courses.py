"""How fast a large course is: for its learners, for its author, and when its schedule changes.

    python -m benchmarks.courses [learners]
    DATABASE_URL=postgres://… python -m benchmarks.courses [learners]

Makes a test database of its own beside the one in DATABASE_URL / DATA_DIR, with two courses of 200
lessons that open day by day, one of a hundred learners and one of so many (10,000; they came over a
hundred days and have completed up to sixty lessons each). Prints medians of the process's own
seconds and of those on the wall, through the whole of Django with its test client. Then the whole
schedule is moved a month away, which would close thousands of lessons to their learners: how long
the author waits for it, and how long the worker then takes to write down what stays open.
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
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone

from courses.actions import publish_course, save_course
from courses.actions.keeping import changing_curriculum, settle_chunk
from courses.enums import CourseAccess, Drip, LessonState
from courses.models import Course, Enrolment, Lesson, LessonProgress, Module, ReleasedLesson
from newsletter.accounts.models import User

RUNS, MODULES, LESSONS, MOST_DONE, FEW = 9, 10, 200, 60, 100
ZONES = ("UTC", "Europe/Vienna", "America/New_York", "Asia/Kolkata")


def course_with(author: User, name: str, count: int) -> Course:
    """A published course with so many learners, in the middle of their way."""
    course = Course(title=name, promise="Learn it.", access=CourseAccess.FREE)
    save_course(actor=author, course=course)
    now = timezone.now()
    modules = Module.objects.bulk_create(
        Module(course=course, title=f"Module {number}", position=number)
        for number in range(1, MODULES + 1)
    )
    lessons = Lesson.objects.bulk_create(
        Lesson(
            course=course, module=module, position=number, state=LessonState.PUBLISHED,
            title=f"Lesson {module.position}.{number}", slug=f"lesson-{module.position}-{number}",
            body="<p>Text.</p>", body_html="<p>Text.</p>", published_at=now,
            drip=Drip.DAYS, drip_days=LESSONS // MODULES * (module.position - 1) + number - 1,
        )
        for module in modules
        for number in range(1, LESSONS // MODULES + 1)
    )  # fmt: skip
    publish_course(actor=author, course=course)
    people = User.objects.bulk_create(
        User(email=f"{course.pk}-{number}@example.com", name=f"Reader {number}")
        for number in range(count)
    )
    came = [now - timedelta(days=number % 100, minutes=number) for number in range(count)]
    learners = Enrolment.objects.bulk_create(
        Enrolment(
            user=person, course=course, time_zone=ZONES[number % len(ZONES)],
            enrolled_at=came[number], anchor_date=came[number].date(),
            started_at=came[number], last_activity_at=came[number] + (now - came[number]) / 2,

        )
        for number, person in enumerate(people)
    )  # fmt: skip
    LessonProgress.objects.bulk_create(
        (
            LessonProgress(
                enrolment=learner, lesson=lesson,
                opened_at=came[number], completed_at=came[number] + timedelta(hours=place),
            )
            for number, learner in enumerate(learners)
            for place, lesson in enumerate(lessons[: min(number % 100, number % MOST_DONE)])
        ),
        batch_size=5_000,
    )  # fmt: skip
    return course


class Bench:
    """Measures and prints."""

    def __init__(self) -> None:
        self.client = Client()

    def pages(self, paths: dict[str, str]) -> list[int]:
        """The medians of each page; returns how many queries they take."""
        return [self._page(name, path) for name, path in paths.items()]

    def _page(self, name: str, path: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            answer = self.client.get(path)
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code}")
        # Counted here: the next request forgets the queries of this one.
        count = len(queries)
        self.time(f"{name} ({count} queries)", lambda: self.client.get(path))
        return count

    def time(self, name: str, act: Callable[[], object], runs: int = RUNS) -> None:
        """Print the medians of an act."""
        own, wall = [], []
        for _run in range(runs):
            start, begun = time.process_time(), time.perf_counter()
            act()
            own.append((time.process_time() - start) * 1000)
            wall.append((time.perf_counter() - begun) * 1000)
        medians = statistics.median(own), statistics.median(wall)
        print(f"  {name}: {medians[0]:.1f} ms process, {medians[1]:.1f} ms wall")


def for_learners(course: Course) -> dict[str, str]:
    """What a learner opens."""
    return {
        "catalogue": "/courses/",
        "course home": f"/courses/{course.slug}/",
        "lesson": f"/courses/{course.slug}/lesson-1-3/",
        "calendar": f"/courses/{course.slug}/-/calendar.ics",
    }


def for_author(course: Course) -> dict[str, str]:
    """What an author opens."""
    desk, roster = "/admin/courses/course/", f"/admin/courses/enrolment/?course={course.pk}"
    module = course.modules.order_by("position")[1]
    return {
        "courses": desk,
        "outline": f"{desk}{course.pk}/outline/",
        "figures": f"{desk}{course.pk}/figures/",
        "calendar at the desk": f"{desk}{course.pk}/calendar/",
        "roster": roster,
        "roster, last page": f"{roster}&page=last",
        "roster, stuck for 14 days": f"{roster}&state=stuck&days=14",
        "roster, finished the second module": f"{roster}&finished={module.pk}",
        "roster, a piece of an address": f"{roster}&q=99@exam",
    }


def reschedule(course: Course) -> None:
    """Everything a month later: the author's wait, and the worker's work."""
    begun = time.perf_counter()
    with changing_curriculum(course):
        Lesson.objects.filter(course=course).update(drip_days=F("drip_days") + 30)
    waited, begun = time.perf_counter() - begun, time.perf_counter()
    chunks = 1
    while settle_chunk(course_id=course.pk):
        chunks += 1
    took = time.perf_counter() - begun
    kept = ReleasedLesson.objects.filter(enrolment__course=course).count()
    learners = course.enrolments.count()
    print(f"  {learners:,} learners: the author waits {waited * 1000:.0f} ms, the worker takes")
    print(f"    {took:.1f} s in {chunks} steps and keeps {kept:,} lessons open to somebody")


def main(count: int) -> int:
    """Run once; 0 if the large course takes no more queries than the small one."""
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        author = User.objects.create_superuser("author@example.com", name="Author")
        small, large = course_with(author, "Small", FEW), course_with(author, "Large", count)
        with connection.cursor() as cursor:
            # What autovacuum and SQLite's own upkeep do in a running installation.
            cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
        print(f"{connection.vendor}, load {os.getloadavg()[0]:.1f}")
        found = []
        for course in (small, large):
            bench, learners = Bench(), course.enrolments.order_by("enrolled_at")
            print(f"{learners.count():,} learners, a learner in the middle of it")
            bench.client.force_login(learners[learners.count() // 2].user)
            counts = bench.pages(for_learners(course))
            print(f"{learners.count():,} learners, the author")
            bench.client.force_login(author)
            found.append(counts + bench.pages(for_author(course)))
        print("the whole schedule is moved")
        for course in (small, large):
            reschedule(course)
        is_same = all(many <= few for few, many in zip(*found, strict=True))
        print(f"  queries: {'the same' if is_same else f'more, {found}'}")
        return 0 if is_same else 1
    finally:
        connection.creation.destroy_test_db(settings.DATABASES["default"]["NAME"], verbosity=0)


if __name__ == "__main__":
    plain = {"staticfiles": {"BACKEND": f"{StaticFilesStorage.__module__}.StaticFilesStorage"}}
    with override_settings(
        PAGE_CACHE_SECONDS=0,
        SSL_REDIRECT=False,
        SECURE_SSL_REDIRECT=False,
        STAFF_SECOND_FACTOR=False,
        ALLOWED_HOSTS=["*"],
        STORAGES={**settings.STORAGES, **plain},
    ):
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
