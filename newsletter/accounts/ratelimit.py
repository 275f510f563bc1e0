"""How often something may be done, counted in one table that all processes share.

Fixed windows: at worst twice the limit passes around the border of two windows, for which one
needs one row and one statement per hit instead of a log of hits.
"""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from newsletter.accounts.models import RateWindow

LONGEST_WINDOW = timedelta(days=1)


def hit(key: str, *, limit: int, per: timedelta) -> bool:
    """Count one use of `key`; True while no more than `limit` fall into the current window.

    `key` reads "scope:detail". The detail (an address, a network) is stored as a keyed hash, so
    that the table says nothing about anybody. Atomic: one statement, on both databases. `per` is
    at most a day.
    """
    if not timedelta(seconds=1) <= per <= LONGEST_WINDOW:
        raise ValueError("per must be between a second and a day")
    seconds = int(per.total_seconds())
    start = int(timezone.now().timestamp()) // seconds * seconds
    window = datetime.fromtimestamp(start, UTC)
    return _count(_stored_key(key, seconds), window) <= limit


def _stored_key(key: str, seconds: int) -> str:
    scope, _, detail = key.partition(":")
    digest = salted_hmac("masthead.rate", detail, algorithm="sha256").hexdigest()[:40]
    return f"{scope[:60]}:{digest}:{seconds}"


def _count(key: str, window: datetime) -> int:
    """Add one to the row of this key and window, making it where needed; returns the new count."""
    table = connection.ops.quote_name(RateWindow._meta.db_table)
    moment = connection.ops.adapt_datetimefield_value(window)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (key, window_start, count) VALUES (%s, %s, 1)"  # noqa: S608
            f" ON CONFLICT (key, window_start) DO UPDATE SET count = {table}.count + 1"
            " RETURNING count",
            [key, moment],
        )
        # All rows: SQLite finishes the statement (and commits) when it has given its last.
        rows = cursor.fetchall()
    return int(rows[0][0])


def prune_rate_windows() -> int:
    """Delete the windows that no limit looks at any more; returns how many."""
    deleted, _ = RateWindow.objects.filter(
        window_start__lt=timezone.now() - 2 * LONGEST_WINDOW
    ).delete()
    return deleted


def client_ip(request: HttpRequest) -> str:
    """The address that the request came from; empty where it is not known.

    Behind a proxy (settings.TRUSTED_PROXIES of them) it is the entry that the outermost of ours
    added to X-Forwarded-For: entries further left are whatever the client wrote.
    """
    remote = str(request.META.get("REMOTE_ADDR", ""))
    hops = settings.TRUSTED_PROXIES
    if hops:
        forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
        if len(forwarded) >= hops and forwarded[-hops]:
            remote = forwarded[-hops]
    # "[2001:db8::1]:443" and "198.51.100.1:443" as well, and no name of an interface.
    if remote.startswith("["):
        remote = remote[1:].partition("]")[0]
    elif remote.count(":") == 1:
        remote = remote.partition(":")[0]
    try:
        return str(ipaddress.ip_address(remote.partition("%")[0]))
    except ValueError:
        return ""


def network_of(ip: str) -> str:
    """The network that one subscriber line usually has: /24 of IPv4, /48 of IPv6."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    prefix = 24 if address.version == 4 else 48
    return str(ipaddress.ip_network((address, prefix), strict=False))
