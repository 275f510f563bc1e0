"""Limits are counted for all processes together, exactly."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.db import connection
from django.test import RequestFactory
from django.utils import timezone

from newsletter.accounts.models import RateWindow
from newsletter.accounts.ratelimit import client_ip, hit, network_of, prune_rate_windows

MINUTE = timedelta(minutes=1)
ROOT = Path(__file__).resolve().parents[3]

# Each process waits for the starting gun, then hits as fast as it can.
PROCESS = """
import sys, time
from pathlib import Path
import django
from django.conf import settings
django.setup()
settings.DATABASES["default"]["NAME"] = sys.argv[1]
from django.db import connections
connections["default"].settings_dict["NAME"] = sys.argv[1]
from datetime import timedelta
from newsletter.accounts.ratelimit import hit
Path(sys.argv[2]).touch()
while not Path(sys.argv[3]).exists():
    time.sleep(0.002)
allowed = sum(hit("race:one", limit=70, per=timedelta(days=1)) for _ in range(50))
print(allowed)
"""


@pytest.mark.django_db
def test_so_many_and_no_more() -> None:
    with time_machine.travel("2026-11-12T09:00:00Z", tick=False):
        assert [hit("t:a", limit=3, per=MINUTE) for _ in range(5)] == [True] * 3 + [False] * 2


@pytest.mark.django_db
def test_keys_and_spans_are_counted_apart() -> None:
    with time_machine.travel("2026-11-12T00:00:00Z", tick=False):
        assert hit("t:a", limit=1, per=MINUTE)
        assert hit("t:b", limit=1, per=MINUTE)
        assert hit("u:a", limit=1, per=MINUTE)
        assert hit("t:a", limit=1, per=timedelta(days=1))
        assert not hit("t:a", limit=1, per=MINUTE)


@pytest.mark.django_db
def test_the_next_window_begins_at_nought() -> None:
    with time_machine.travel("2026-11-12T09:00:59Z", tick=False) as clock:
        assert hit("t:a", limit=1, per=MINUTE)
        assert not hit("t:a", limit=1, per=MINUTE)
        clock.shift(1)
        assert hit("t:a", limit=1, per=MINUTE)


@pytest.mark.django_db
def test_the_table_says_nothing_about_anybody() -> None:
    hit("sign-in:ada@example.com", limit=1, per=MINUTE)
    hit("x" * 500 + ":" + "y" * 5000, limit=1, per=MINUTE)
    keys = list(RateWindow.objects.values_list("key", flat=True))
    assert not any("ada" in key for key in keys)
    assert any(key.startswith("sign-in:") for key in keys)
    assert max(map(len, keys)) <= 120


@pytest.mark.django_db
def test_one_hit_is_one_statement(django_assert_num_queries) -> None:
    with django_assert_num_queries(1):
        hit("t:a", limit=1, per=MINUTE)


@pytest.mark.parametrize("span", [timedelta(0), timedelta(days=1, seconds=1), -MINUTE])
def test_a_span_that_pruning_would_cut_is_refused(span: timedelta) -> None:
    with pytest.raises(ValueError, match="day"):
        hit("t:a", limit=1, per=span)


@pytest.mark.django_db
def test_old_windows_are_deleted_and_current_ones_are_not() -> None:
    now = timezone.now()
    with time_machine.travel(now - timedelta(days=3), tick=False):
        hit("t:old", limit=1, per=timedelta(days=1))
    with time_machine.travel(now - timedelta(hours=23), tick=False):
        hit("t:current", limit=1, per=timedelta(days=1))
    assert prune_rate_windows() == 1
    assert RateWindow.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_four_processes_at_once_share_one_limit(tmp_path: Path) -> None:
    gun = tmp_path / "gun"
    ready = [tmp_path / f"ready{n}" for n in range(4)]
    name = str(connection.settings_dict["NAME"])
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, name, str(mark), str(gun)],
            cwd=ROOT,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "DEBUG": "true"},
            stdout=subprocess.PIPE,
            text=True,
        )
        for mark in ready
    ]
    try:
        _wait_for(ready, runs)
        gun.touch()
        allowed = [int(run.communicate(timeout=120)[0]) for run in runs]
    finally:
        for run in runs:
            run.kill()
    assert sum(allowed) == 70
    assert RateWindow.objects.get().count == 200


def _wait_for(marks: list[Path], runs: list[subprocess.Popen[str]]) -> None:
    import time

    deadline = time.monotonic() + 120
    while not all(mark.exists() for mark in marks):
        assert time.monotonic() < deadline
        assert all(run.poll() is None for run in runs)
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("", "unknown"),
        ("nonsense", "unknown"),
    ],
)
def test_networks(ip: str, network: str) -> None:
    assert network_of(ip) == network


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "198.51.100.1", "192.0.2.1"),  # nobody asked us to believe it
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "203.0.113.9, 198.51.100.1", "198.51.100.1"),  # the left one is the client's claim
        (2, "203.0.113.9, 198.51.100.1", "203.0.113.9"),
        (2, "198.51.100.1", "192.0.2.1"),
        (1, "", "192.0.2.1"),
        (1, "rubbish", ""),
        (1, "198.51.100.1:50312", "198.51.100.1"),  # some proxies name the port
        (1, "[2001:db8::1]:443", "2001:db8::1"),
        (1, "[2001:db8::1]", "2001:db8::1"),
        (1, "fe80::1%eth0", "fe80::1"),
    ],
)
def test_whose_address_it_is(settings, proxies: int, forwarded: str, expected: str) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get(
        "/", REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": forwarded}
    )
    assert client_ip(request) == expected


@pytest.mark.django_db
def test_password_tries_are_limited_per_address_whatever_the_network(client) -> None:
    answers = [
        client.post(
            "/account/login/password/",
            {"login": "author@example.com", "password": "guess"},
            REMOTE_ADDR=f"198.51.{n}.1",
        ).status_code
        for n in range(12)
    ]
    assert answers[9:] == [200, 429, 429]


@pytest.mark.django_db
def test_one_network_cannot_try_many_mailboxes(client) -> None:
    with time_machine.travel("2026-11-12T09:00:00Z", tick=False):
        answers = [
            client.post(
                "/account/login/", {"email": f"a{n}@example.com"}, REMOTE_ADDR=f"198.51.100.{n}"
            ).status_code
            for n in range(31)
        ]
    assert answers == [302] * 30 + [429]
