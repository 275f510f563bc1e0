"""When a lesson opens for one learner. Pure: no query, no clock, no settings.

Worked out whenever it is asked for, so nothing that unlocks lessons can be late or fail. Days are
those of the learner's calendar, and a lesson opens at the course's hour on their clock: where the
clock is put forward over that hour, at the moment it is; where it strikes it twice, at the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from courses.curriculum import Rule
from courses.enums import Drip

# The longest that a lesson waits for its day, and that anything else is counted in days here.
MOST_DAYS = 3650
# Further days have no moment in every time zone: "for ever" is written as 9999-12-31.
_FIRST, _LAST = date(2, 1, 1), date(9998, 12, 30)


@dataclass(frozen=True, slots=True)
class Learning:
    """What is known of one learner in one course. A visitor's is that of somebody who comes now.

    `done`, `opened` and `released` are facts that nothing takes back: what was completed and when,
    which lessons were looked into first when, and what a change would have closed had it not been
    written down (models.ReleasedLesson).
    """

    zone: tzinfo
    anchor_date: date
    enrolled_at: datetime
    done: Mapping[int, datetime] = field(default_factory=dict)
    opened: Mapping[int, datetime] = field(default_factory=dict)
    released: Mapping[int, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """How one lesson stands for one learner.

    `opens_at` is when its time comes or came, None where that follows from lessons not finished
    yet. `waits_for` are the lessons that must be completed first.
    """

    is_open: bool
    opens_at: datetime | None
    waits_for: frozenset[int] = frozenset()
    completed_at: datetime | None = None


@lru_cache(maxsize=4096)
def at_local_hour(day: date, hour: int, zone: tzinfo) -> datetime:
    """The moment at which clocks in `zone` first show `hour` on `day`, or jump over it."""
    known = min(max(day, _FIRST), _LAST)
    return datetime.combine(known, time(hour), tzinfo=zone).astimezone(UTC)


def end_of_day(day: date, zone: tzinfo) -> datetime:
    """The first moment that is no longer `day` in `zone`."""
    return at_local_hour(min(day, _LAST) + timedelta(days=1), 0, zone)


def _days_after(day: date, days: int) -> date:
    """So many days later, or the last day that there is a moment for."""
    known = min(day, _LAST)
    return known + timedelta(days=min(days, (_LAST - known).days))


def time_of(rule: Rule, learning: Learning) -> datetime | None:
    """When the time of a lesson comes by its schedule; None while that cannot be known yet."""
    match rule.drip:
        case Drip.DAYS if rule.days:
            day = _days_after(learning.anchor_date, rule.days)
            return at_local_hour(day, rule.hour, learning.zone)
        case Drip.DATE if rule.on is not None:
            return at_local_hour(rule.on, rule.hour, learning.zone)
        case Drip.AFTER_MODULE:
            return _after_module(rule, learning)
    return learning.enrolled_at


def _after_module(rule: Rule, learning: Learning) -> datetime | None:
    if not rule.follows:
        finished, day = learning.enrolled_at, learning.anchor_date
    else:
        moments = [learning.done.get(lesson) for lesson in rule.follows]
        known = [moment for moment in moments if moment is not None]
        if len(known) < len(moments):
            return None
        finished = max(known)
        day = finished.astimezone(learning.zone).date()
    if not rule.days:
        return finished
    return at_local_hour(_days_after(day, rule.days), rule.hour, learning.zone)


def is_open(lesson: int, rule: Rule, learning: Learning, now: datetime) -> bool:
    """Whether a published lesson is open, and no more: for many learners at once.

    What was completed, looked into or open before a change stays open, whatever its rule says.
    """
    if (
        rule.is_preview
        or lesson in learning.done
        or lesson in learning.opened
        or lesson in learning.released
    ):
        return True
    # First what costs least: most of what is not open waits for another lesson.
    if not learning.done.keys() >= rule.needs:
        return False
    by_time = time_of(rule, learning)
    return by_time is not None and by_time <= now


def standing_of(lesson: int, rule: Rule, learning: Learning, now: datetime) -> Standing:
    """How a published lesson stands at `now`: `is_open`, with all that a page says of it."""
    completed_at = learning.done.get(lesson)
    by_time = time_of(rule, learning)
    kept_since = learning.released.get(lesson)
    if completed_at is not None or kept_since is not None or lesson in learning.opened:
        known = [moment for moment in (by_time, kept_since, completed_at) if moment is not None]
        return Standing(True, min(known, default=None), completed_at=completed_at)
    if rule.is_preview:
        return Standing(True, learning.enrolled_at)
    waits_for = rule.needs - learning.done.keys()
    is_open = not waits_for and by_time is not None and by_time <= now
    return Standing(is_open, by_time, frozenset(waits_for))


def work_out(rules: Mapping[int, Rule], learning: Learning, now: datetime) -> dict[int, Standing]:
    """How every published lesson stands at `now`, by its id."""
    return {lesson: standing_of(lesson, rule, learning, now) for lesson, rule in rules.items()}


def next_opening(rules: Mapping[int, Rule], learning: Learning, now: datetime) -> datetime | None:
    """When the next lesson opens by time alone; None where none does."""
    coming = [
        standing.opens_at
        for standing in work_out(rules, learning, now).values()
        if not standing.is_open and not standing.waits_for and standing.opens_at is not None
    ]
    return min(coming, default=None)


def what_matters(rules: Mapping[int, Rule]) -> set[int]:
    """The lessons whose progress says how those with these rules stand."""
    return {lesson for each, rule in rules.items() for lesson in (each, *rule.needs, *rule.follows)}


def find_closing(
    before: Mapping[int, Rule],
    after: Mapping[int, Rule],
    learning: Learning,
    now: datetime,
    *,
    learning_after: Learning | None = None,
) -> dict[int, datetime]:
    """What is open to a learner and would not be after a change, with when it had opened.

    The change is of the rules (`after`) or of what is known of the learner (`learning_after`). A
    lesson that is no longer published counts as closed: it was open, and will be when it comes
    back.
    """
    closing: dict[int, datetime] = {}
    kept = learning_after or learning
    for lesson, rule in before.items():
        if lesson in kept.done or lesson in kept.opened or lesson in kept.released:
            continue
        if not is_open(lesson, rule, learning, now):
            continue
        new_rule = after.get(lesson)
        if new_rule is None or not is_open(lesson, new_rule, kept, now):
            opened_at = standing_of(lesson, rule, learning, now).opens_at
            closing[lesson] = min(opened_at or now, now)
    return closing
