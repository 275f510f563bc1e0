"""Writes the demo's readers into the database, a thousand rows at a time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.db import connection

from newsletter.accounts.models import User
from newsletter.demo.crowd import Member, crowd
from newsletter.subscribers.enums import ConsentEventKind, ConsentSource, SubscriptionState
from newsletter.subscribers.models import ConsentEvent, Newsletter, Subscription

_ROWS = 1_000
# Where and how somebody agreed and left, as the columns of a subscription (or SQL) say it.
_AGREED = ("consent_source", "consent_detail")
_LEFT = (f"'{ConsentSource.LINK.value}'", "unsubscribe_reason")


def write_audience(main: Newsletter, second: Newsletter, now: datetime) -> int:
    """Make the readers and their subscriptions; return how many there are.

    Straight into the tables: the actions send each reader a mail and live in the present, and
    these have a past of fourteen months.
    """
    members = list(crowd(now))
    # One for all, for none of them opens anything.
    password = make_password(None)
    users = User.objects.bulk_create(
        (_user(member, password) for member in members), batch_size=_ROWS
    )
    subscriptions: list[Subscription] = []
    for user, member in zip(users, members, strict=True):
        subscriptions.append(_subscription(user, member, main))
        if member.reads_second:
            subscriptions.append(_subscription(user, member, second))
    Subscription.objects.bulk_create(subscriptions, batch_size=_ROWS)
    return len(users)


def subscribe(user: User, newsletters: Iterable[Newsletter], at: datetime) -> None:
    """Make one person an active reader since `at`."""
    rows = [
        Subscription(
            user=user,
            newsletter=newsletter,
            state=SubscriptionState.ACTIVE,
            created_at=at,
            consent_at=at,
            consent_source=ConsentSource.FORM,
            consent_detail="Form on the front page",
        )
        for newsletter in newsletters
    ]
    Subscription.objects.bulk_create(rows)


def _user(member: Member, password: str) -> User:
    return User(
        email=member.address,
        name=member.name,
        password=password,
        email_confirmed_at=member.confirmed_at,
        created_at=member.asked_at,
    )


def _subscription(user: User, member: Member, newsletter: Newsletter) -> Subscription:
    return Subscription(
        user=user,
        newsletter=newsletter,
        state=member.state,
        created_at=member.asked_at,
        consent_at=member.confirmed_at,
        consent_source=member.source,
        consent_detail=member.detail,
        request_ip=member.ip,
        consent_ip=member.ip if member.confirmed_at else None,
        unsubscribed_at=member.left_at,
        unsubscribe_reason=member.reason,
    )


def write_consent() -> None:
    """Write the consent record that the subscriptions must have left behind, by three statements.

    Seventeen thousand objects would take longer than all the rest of the demo.
    """
    table = connection.ops.quote_name(ConsentEvent._meta.db_table)
    source = connection.ops.quote_name(Subscription._meta.db_table)
    with connection.cursor() as cursor:
        for what, at, where, how, ip in (
            (ConsentEventKind.REQUESTED, "created_at", *_AGREED, "request_ip"),
            (ConsentEventKind.CONFIRMED, "consent_at", *_AGREED, "consent_ip"),
            (ConsentEventKind.LEFT, "unsubscribed_at", *_LEFT, "NULL"),
        ):
            cursor.execute(
                f"INSERT INTO {table}"  # noqa: S608 - our own names
                " (user_id, address_hash, newsletter_id, what, source, detail, ip, at)"
                f" SELECT user_id, '', newsletter_id, %s, {where}, {how}, {ip}, {at}"
                f" FROM {source} WHERE {at} IS NOT NULL ORDER BY id",
                [what],
            )
