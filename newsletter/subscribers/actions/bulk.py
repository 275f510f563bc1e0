"""Writing thousands of subscribers at once: one staging table, then the same SQL everywhere.

Only how rows come into the staging table differs: COPY on PostgreSQL, one prepared INSERT on
SQLite. Call inside a transaction.
"""

# ruff: noqa: S608 - the names of our own tables and columns; every value is a parameter

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import connection, models
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.subscribers.enums import ConsentSource, SubscriptionState
from newsletter.subscribers.models import Newsletter, SubscriberImport, Subscription

STAGE = "masthead_import_stage"
STAGE_COLUMNS = "address, name, subscribed_at, state, detail"


@dataclass(frozen=True, slots=True)
class StagedPerson:
    """One person to be written. `state` is active or unsubscribed; the address is normalised."""

    address: str
    name: str
    subscribed_at: datetime
    state: SubscriptionState
    detail: str


def write_people(
    people: Sequence[StagedPerson], *, newsletter: Newsletter, job: SubscriberImport | None
) -> None:
    """Make people and subscriptions that are missing; no address may come twice.

    Of what exists, pending becomes active, an empty name is filled, and what was itself imported
    may become unsubscribed. Nothing else moves: never does an unsubscribed one come back (M24).
    """
    _stage(people)
    now = _moment(timezone.now())
    users, rows = User._meta.db_table, Subscription._meta.db_table
    with connection.cursor() as cursor:
        columns, values = _defaults_of_new_users()
        cursor.execute(
            f"INSERT INTO {users} (email, name, created_at, {columns})"
            f" SELECT address, name, subscribed_at, {', '.join(['%s'] * len(values))}"
            f" FROM {STAGE} WHERE true ON CONFLICT DO NOTHING",
            values,
        )
        cursor.execute(
            f"UPDATE {users} SET name = (SELECT s.name FROM {STAGE} s WHERE s.address = email)"
            f" WHERE name = '' AND email IN (SELECT address FROM {STAGE} WHERE name <> '')"
        )
        cursor.execute(
            f"INSERT INTO {rows} AS old (user_id, newsletter_id, state, created_at, consent_at,"
            " consent_source, consent_detail, imported_by_id, unsubscribed_at, unsubscribe_reason)"
            " SELECT u.id, %s, s.state, s.subscribed_at,"
            "  CASE WHEN s.state = %s THEN s.subscribed_at END, %s, s.detail, %s,"
            "  CASE WHEN s.state = %s THEN %s END, ''"
            f" FROM {STAGE} s JOIN {users} u ON u.email = s.address WHERE true"
            " ON CONFLICT (user_id, newsletter_id) DO UPDATE SET state = excluded.state,"
            "  consent_at = excluded.consent_at, consent_source = excluded.consent_source,"
            "  consent_detail = excluded.consent_detail, imported_by_id = excluded.imported_by_id"
            " WHERE old.state = %s AND excluded.state = %s",
            [
                newsletter.pk,
                SubscriptionState.ACTIVE,
                ConsentSource.IMPORT,
                job.pk if job else None,
                SubscriptionState.UNSUBSCRIBED,
                now,
                SubscriptionState.PENDING,
                SubscriptionState.ACTIVE,
            ],
        )
        _end_imported(cursor, newsletter)


def _end_imported(cursor: Any, newsletter: Newsletter) -> None:
    """Of those who are staged as unsubscribed, end what was itself imported.

    Their ids are asked for first: joined into the UPDATE, PostgreSQL reads the whole newsletter.
    """
    cursor.execute(
        f"SELECT u.id FROM {STAGE} s JOIN {User._meta.db_table} u ON u.email = s.address"
        " WHERE s.state = %s",
        [SubscriptionState.UNSUBSCRIBED],
    )
    left = [pk for (pk,) in cursor.fetchall()]
    if left:
        Subscription.objects.filter(
            user__in=left,
            newsletter=newsletter,
            state=SubscriptionState.ACTIVE,
            consent_source=ConsentSource.IMPORT,
        ).update(state=SubscriptionState.UNSUBSCRIBED, unsubscribed_at=timezone.now())


def _stage(people: Sequence[StagedPerson]) -> None:
    """Fill the staging table, which is private to this connection."""
    is_postgres = connection.vendor == "postgresql"
    time_type = "timestamptz" if is_postgres else "text"
    rows = [
        (row.address, row.name, _moment(row.subscribed_at), str(row.state), row.detail)
        for row in people
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMP TABLE IF NOT EXISTS {STAGE} (address text PRIMARY KEY, name text,"
            f" subscribed_at {time_type}, state text, detail text)"
        )
        cursor.execute(f"DELETE FROM {STAGE}")
        if is_postgres:
            with cursor.copy(f"COPY {STAGE} ({STAGE_COLUMNS}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            # Autovacuum never sees a temporary table; without this the planner guesses its size.
            cursor.execute(f"ANALYZE {STAGE}")
        else:
            cursor.executemany(
                f"INSERT INTO {STAGE} ({STAGE_COLUMNS}) VALUES (%s, %s, %s, %s, %s)", rows
            )


def _defaults_of_new_users() -> tuple[str, list[Any]]:
    """Columns of the user table that the staging table does not give, with what they start as.

    Taken from the model, so that a field added there is filled here.
    """
    given = {"email", "name", "created_at"}
    columns, values = [], []
    for field in User._meta.concrete_fields:
        if field.primary_key or field.name in given:
            continue
        default = make_password(None) if field.name == "password" else field.get_default()
        if isinstance(field, models.FileField):
            default = ""
        columns.append(connection.ops.quote_name(field.column))
        values.append(field.get_db_prep_save(default, connection))
    return ", ".join(columns), values


def _moment(value: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(value)
