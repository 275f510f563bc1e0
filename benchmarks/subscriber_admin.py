"""How fast the author's list of subscribers is when it is long.

    python benchmarks/subscriber_admin.py [people]

Makes a test database of its own beside the one in DATABASE_URL / DATA_DIR, fills it with so many
people (200,000) on two newsletters, and prints the median server time of each kind of page,
measured through the whole of Django with its test client.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("DEBUG", "true")

import django

django.setup()

from django.conf import settings
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.db import connection, transaction
from django.test import Client, override_settings
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.subscribers import queries
from newsletter.subscribers.actions.bulk import StagedPerson, write_people
from newsletter.subscribers.enums import SubscriptionState
from newsletter.subscribers.models import Newsletter, Subscription

FIRST = ["Anna", "Ben", "Chloë", "Dmitri", "Élise", "Farid", "Grace", "Inês", "Kemi", "Mei"]
LAST = ["Smith", "Nakamura", "García", "Öztürk", "Kowalska", "Dubois", "Haddad", "O'Neill"]
PATH = "/admin/newsletter/subscription/"
RUNS = 7


def fill(people: int) -> list[Newsletter]:
    """Everybody on the first newsletter, every twentieth on the second; some gone, some waiting."""
    random.seed(1)
    now = timezone.now()
    letters = [
        Newsletter.objects.create(name=name, slug=name.lower(), sender_address="b@example.com")
        for name in ("Main", "Rare")
    ]
    for start in range(0, people, 20_000):
        staged = []
        for number in range(start, min(start + 20_000, people)):
            first, last = random.choice(FIRST), random.choice(LAST)
            state = "unsubscribed" if number % 12 == 0 else "active"
            staged.append(
                StagedPerson(
                    f"{first.lower()}.{number}@mail{number % 50}.example.com",
                    f"{first} {last}",
                    now - timedelta(seconds=number * 60),
                    SubscriptionState(state),
                    "bench",
                )
            )
        with transaction.atomic():
            write_people(staged, newsletter=letters[0], job=None)
            write_people(staged[::20], newsletter=letters[1], job=None)
    some = Subscription.objects.filter(pk__in=range(1, people, 997))
    some.update(state="pending", consent_source="form", consent_at=None)
    with connection.cursor() as cursor:
        # What autovacuum and SQLite's own upkeep do in a running installation.
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    return letters


def measure(name: str, act: Callable[[], object]) -> float:
    """Print and return the median of RUNS, in milliseconds; one run before to warm up."""
    act()
    taken, busy = [], []
    for _ in range(RUNS):
        start, cpu = time.perf_counter(), time.process_time()
        act()
        taken.append((time.perf_counter() - start) * 1000)
        busy.append((time.process_time() - cpu) * 1000)
    middle = statistics.median(taken)
    print(
        f"  {name:<44} {middle:6.0f} ms  (slowest {max(taken):.0f};"
        f" {statistics.median(busy):.0f} ms of it this process's own work)",
        flush=True,
    )
    return middle


def staff_client() -> Client:
    """Somebody who may see everything."""
    client = Client(SERVER_NAME="localhost")
    user = User.objects.create_superuser("bench@example.org", None)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def measure_pages(letters: list[Newsletter], people: int) -> None:
    """Each kind of list page."""
    client = staff_client()
    main, rare = letters
    day = (timezone.localdate() - timedelta(days=30)).isoformat()
    address = User.objects.filter(email__contains="@mail").order_by("pk")[people // 2].email
    deep = people // 50 - 5
    pages = {
        "first page": "",
        "one newsletter": f"?newsletter={main.pk}",
        "a small newsletter": f"?newsletter={rare.pk}",
        "active of one newsletter": f"?newsletter={main.pk}&state=active",
        "waiting (rare state)": "?state=pending",
        "waiting, signed up by a form": "?state=pending&source=form",
        "signed up on one day": f"?created_at_from={day}&created_at_to={day}",
        "left, of a small newsletter, imported": (
            f"?newsletter={rare.pk}&state=unsubscribed&source=import"
        ),
        f"page {deep} of all": f"?p={deep}",
        "search: whole address": f"?q={address}",
        "search: start of an address": f"?q={address.partition('mail')[0]}",
        "search: piece of a name": "?q=nakamura",
        "search: two words": "?q=élise+dubois",
        "search: piece of an address, rare": "?q=777@mail27",
        "search: nothing fits": "?q=zzzzzz",
        "search: in waiting of a small newsletter": f"?q=smith&state=pending&newsletter={rare.pk}",
    }

    def get(query: str) -> None:
        response = client.get(PATH + query)
        assert response.status_code == 200, (response.status_code, response.get("Location"))
        assert response.content

    for name, query in pages.items():
        measure(name, lambda query=query: get(query))


def measure_counts() -> None:
    """Counts as the one process a minute makes them, without the cache."""
    measure("counts by newsletter and state, uncached", queries._count_subscriptions)
    measure("readers of any newsletter, uncached", queries._count_readers)
    measure("the same from the cache", queries.count_active)


def main(people: int) -> None:
    """Fill, measure, throw away."""
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        start = time.perf_counter()
        letters = fill(people)
        print(
            f"{connection.vendor}, {people:,} people (made in {time.perf_counter() - start:.0f} s)"
        )
        measure_pages(letters, people)
        measure_counts()
    finally:
        connection.creation.destroy_test_db(settings.DATABASES["default"]["NAME"], verbosity=0)


if __name__ == "__main__":
    plain = {"staticfiles": {"BACKEND": f"{StaticFilesStorage.__module__}.StaticFilesStorage"}}
    # With DEBUG Django keeps the text of every query, which is not what is measured here.
    with override_settings(
        DEBUG=False,
        STAFF_SECOND_FACTOR=False,
        SECURE_SSL_REDIRECT=False,
        ALLOWED_HOSTS=["*"],
        STORAGES={**settings.STORAGES, **plain},
    ):
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
