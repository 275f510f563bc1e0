"""When the demo's readers came, from where, and which of them left: a list with a past."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from newsletter.demo.names import people
from newsletter.subscribers.enums import ConsentSource, SubscriptionState

DAYS = 426
ACTIVE, PENDING, LEFT = 4_110, 33, 117
# Three times somebody well read mentioned the publication: (day, how many came on it).
_MENTIONS = ((96, 95), (233, 150), (341, 80))
# Monday to Sunday. The letter goes out on Tuesdays and is forwarded for a day or two.
_WEEK = (0.9, 1.9, 1.5, 1.1, 0.9, 0.6, 0.7)
_SECOND_SINCE = timedelta(days=270)
_WAYS = (
    (ConsentSource.FORM, "Form under an article", 58),
    (ConsentSource.FORM, "Form on the front page", 22),
    (ConsentSource.FORM, "Page “Subscribe”", 9),
    (ConsentSource.EMBED, "Form on example.org, a bookshop", 11),
)
_REASONS = (
    ("", 60),
    ("I get too much mail", 17),
    ("Not what I expected", 6),
    ("I read it on the site", 9),
    ("I have gone back to being employed, and am very happy", 1),
)


@dataclass(frozen=True, slots=True)
class Member:
    """One made-up reader. `left_at` and `confirmed_at` are None where it never happened."""

    name: str
    address: str
    state: SubscriptionState
    asked_at: datetime
    confirmed_at: datetime | None
    left_at: datetime | None
    reason: str
    source: ConsentSource
    detail: str
    ip: str
    reads_second: bool


def crowd(now: datetime) -> Iterator[Member]:
    """Yield ACTIVE + PENDING + LEFT readers in the order in which they came, up to `now`.

    Apart from the moments, which are counted back from `now`, every call yields the same.
    """
    rng = Random(14)  # noqa: S311 - made-up lives, not secrets
    total = ACTIVE + PENDING + LEFT
    arrivals = sorted(_arrivals(total, now, rng))
    # Those who have not confirmed came lately; those who left have been there for a while.
    pending = set(rng.sample(range(total - 300, total), PENDING))
    left = set(rng.sample(range(total - 500), LEFT))
    for i, ((name, address), asked_at) in enumerate(zip(people(total), arrivals, strict=True)):
        state = SubscriptionState.ACTIVE
        confirmed_at = min(asked_at + timedelta(minutes=rng.expovariate(1 / 9) + 0.4), now)
        left_at, reason = None, ""
        if i in pending:
            state = SubscriptionState.PENDING
        elif i in left:
            state = SubscriptionState.UNSUBSCRIBED
            left_at = confirmed_at + (now - confirmed_at) * rng.uniform(0.05, 0.98)
            reason = _one_of(_REASONS, rng)
        source, detail = _way(rng)
        yield Member(
            name=name if rng.random() < 0.83 else "",
            address=address,
            state=state,
            asked_at=asked_at,
            confirmed_at=None if state == SubscriptionState.PENDING else confirmed_at,
            left_at=left_at,
            reason=reason,
            source=source,
            detail=detail,
            # RFC 5737 and 3849: addresses that belong to nobody.
            ip=f"198.51.100.{rng.randrange(1, 255)}"
            if rng.random() < 0.7
            else f"2001:db8:{rng.randrange(1, 0xFFFF):x}::1",
            reads_second=asked_at > now - _SECOND_SINCE and rng.random() < 0.46,
        )


def _arrivals(count: int, now: datetime, rng: Random) -> Iterator[datetime]:
    mentions = dict(_MENTIONS)
    weights = []
    echo = 0.0
    for day in range(DAYS):
        date = now - timedelta(days=DAYS - day)
        echo = echo * 0.5 + mentions.get(day, 0)
        weights.append((4 + 7 * (day / DAYS) ** 1.4) * _WEEK[date.weekday()] + echo)
    for day in rng.choices(range(DAYS), weights, k=count):
        yield now - timedelta(days=DAYS - day - rng.random())


def _way(rng: Random) -> tuple[ConsentSource, str]:
    source, detail, _ = rng.choices(_WAYS, [weight for *_, weight in _WAYS])[0]
    return source, detail


def _one_of(choices: tuple[tuple[str, int], ...], rng: Random) -> str:
    return rng.choices([text for text, _ in choices], [weight for _, weight in choices])[0]
