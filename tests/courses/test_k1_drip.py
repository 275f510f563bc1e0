"""K1: lessons open on the learner's own clock, whatever that clock does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.curriculum import Curriculum, Part, Rule, Step, find_unreachable, rules_of
from courses.drip import (
    Learning,
    at_local_hour,
    end_of_day,
    is_open,
    next_opening,
    standing_of,
    work_out,
)
from courses.enums import Drip
from newsletter.lib.time_zones import zone_names

ZONES = st.sampled_from(sorted(zone_names())).map(ZoneInfo)
DAYS = st.dates(date(2024, 1, 1), date(2029, 12, 31))


def learner(zone: str, enrolled_at: datetime, **facts: object) -> Learning:
    """Somebody who enrolled at a moment, in a zone."""
    day = enrolled_at.astimezone(ZoneInfo(zone)).date()
    return Learning(ZoneInfo(zone), day, enrolled_at, **facts)  # type: ignore[arg-type]


def opens(rule: Rule, who: Learning) -> datetime:
    """When a lesson opens for somebody who has done nothing yet."""
    moment = standing_of(1, rule, who, who.enrolled_at).opens_at
    assert moment is not None
    return moment


def local(moment: datetime, zone: str) -> str:
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M %Z")


@pytest.mark.parametrize(
    ("zone", "enrolled_at", "days", "hour", "expected", "in_utc"),
    [
        # Summer time begins on 29 March 2026 and ends on 25 October 2026 in Vienna.
        ("Europe/Vienna", "2026-03-28T12:00", 1, 8, "2026-03-29 08:00 CEST", "2026-03-29T06:00"),
        ("Europe/Vienna", "2026-03-27T12:00", 1, 8, "2026-03-28 08:00 CET", "2026-03-28T07:00"),
        ("Europe/Vienna", "2026-10-24T12:00", 1, 8, "2026-10-25 08:00 CET", "2026-10-25T07:00"),
        # The hour that is jumped over: the moment the clock jumps.
        ("Europe/Vienna", "2026-03-28T12:00", 1, 2, "2026-03-29 03:00 CEST", "2026-03-29T01:00"),
        # The hour that comes twice: the first.
        ("Europe/Vienna", "2026-10-24T12:00", 1, 2, "2026-10-25 02:00 CEST", "2026-10-25T00:00"),
        # Midnight is jumped over in Santiago on 6 September 2026.
        (
            "America/Santiago",
            "2026-09-05T12:00",
            1,
            0,
            "2026-09-06 01:00 -03",
            "2026-09-06T04:00",
        ),
        ("Asia/Kolkata", "2026-11-12T12:00", 3, 8, "2026-11-15 08:00 IST", "2026-11-15T02:30"),
        # It is already the 13th there.
        (
            "Pacific/Kiritimati",
            "2026-11-12T12:00",
            1,
            8,
            "2026-11-14 08:00 +14",
            "2026-11-13T18:00",
        ),
        # Enrolled at 23:59: the next day is one minute away, its hour eight hours.
        ("Europe/Vienna", "2026-11-12T22:59", 1, 8, "2026-11-13 08:00 CET", "2026-11-13T07:00"),
        ("Europe/Vienna", "2026-11-12T23:00", 1, 8, "2026-11-14 08:00 CET", "2026-11-14T07:00"),
        # 29 February, and the year after it.
        ("UTC", "2028-02-28T12:00", 1, 8, "2028-02-29 08:00 UTC", "2028-02-29T08:00"),
        ("UTC", "2028-02-29T12:00", 366, 8, "2029-03-01 08:00 UTC", "2029-03-01T08:00"),
    ],
)
def test_k1_days_after_enrolment(
    zone: str, enrolled_at: str, days: int, hour: int, expected: str, in_utc: str
) -> None:
    who = learner(zone, datetime.fromisoformat(enrolled_at).replace(tzinfo=UTC))
    moment = opens(Rule(drip=Drip.DAYS, days=days, hour=hour), who)
    assert local(moment, zone) == expected
    assert moment == datetime.fromisoformat(in_utc).replace(tzinfo=UTC)


def test_k1_a_date_is_each_learners_own() -> None:
    rule = Rule(drip=Drip.DATE, on=date(2028, 2, 29), hour=6)
    moments = [
        opens(rule, learner(zone, datetime(2028, 1, 1, tzinfo=UTC)))
        for zone in ("Pacific/Kiritimati", "Asia/Kolkata", "UTC", "America/Los_Angeles")
    ]
    assert moments == [
        datetime(2028, 2, 28, 16, tzinfo=UTC),
        datetime(2028, 2, 29, 0, 30, tzinfo=UTC),
        datetime(2028, 2, 29, 6, tzinfo=UTC),
        datetime(2028, 2, 29, 14, tzinfo=UTC),
    ]


def test_k1_a_day_that_a_zone_left_out() -> None:
    """Samoa had no 30 December 2011: what was to open then opens as the 31st comes to that hour."""
    moment = at_local_hour(date(2011, 12, 30), 8, ZoneInfo("Pacific/Apia"))
    assert local(moment, "Pacific/Apia") == "2011-12-31 08:00 +14"


def test_days_after_the_previous_module_count_from_the_day_it_was_finished() -> None:
    rule = Rule(drip=Drip.AFTER_MODULE, days=2, hour=8, follows=(5, 6))
    enrolled_at = datetime(2026, 11, 1, 12, tzinfo=UTC)
    half = learner("Asia/Kolkata", enrolled_at, done={5: enrolled_at})
    assert standing_of(9, rule, half, enrolled_at + timedelta(days=99)).opens_at is None
    # 19:00 UTC is after midnight in Kolkata.
    finished = datetime(2026, 11, 10, 19, tzinfo=UTC)
    both = learner("Asia/Kolkata", enrolled_at, done={5: enrolled_at, 6: finished})
    assert local(opens(rule, both), "Asia/Kolkata") == "2026-11-13 08:00 IST"
    at_once = Rule(drip=Drip.AFTER_MODULE, days=0, hour=8, follows=(5, 6))
    assert opens(at_once, both) == finished


def test_a_first_module_that_follows_nothing_counts_from_the_enrolment() -> None:
    rule = Rule(drip=Drip.AFTER_MODULE, days=1, hour=8)
    who = learner("UTC", datetime(2026, 11, 1, 12, tzinfo=UTC))
    assert opens(rule, who) == datetime(2026, 11, 2, 8, tzinfo=UTC)


def test_it_opens_at_the_very_moment() -> None:
    who = learner("UTC", datetime(2026, 11, 1, 12, tzinfo=UTC))
    rule, moment = Rule(drip=Drip.DAYS, days=1, hour=8), datetime(2026, 11, 2, 8, tzinfo=UTC)
    assert not standing_of(1, rule, who, moment - timedelta(microseconds=1)).is_open
    assert standing_of(1, rule, who, moment).is_open


def test_the_worker_is_told_when_to_look() -> None:
    rules = {
        1: Rule(),
        2: Rule(drip=Drip.DAYS, days=3, hour=8),
        3: Rule(drip=Drip.DAYS, days=1, hour=8),
        4: Rule(drip=Drip.DAYS, days=0, needs=frozenset({1})),
    }
    who = learner("UTC", datetime(2026, 11, 1, 12, tzinfo=UTC))
    assert next_opening(rules, who, who.enrolled_at) == datetime(2026, 11, 2, 8, tzinfo=UTC)
    assert next_opening(rules, who, datetime(2026, 11, 2, 8, tzinfo=UTC)) == datetime(
        2026, 11, 4, 8, tzinfo=UTC
    )
    assert next_opening(rules, who, datetime(2026, 11, 4, 8, tzinfo=UTC)) is None


@given(DAYS, st.integers(0, 23), ZONES)
def test_k1_the_hour_on_the_wall_is_the_hour_or_the_clock_jumps_over_it(
    day: date, hour: int, zone: ZoneInfo
) -> None:
    """Judged by looking at the clock, minute by minute, not by the arithmetic."""
    moment = at_local_hour(day, hour, zone)
    at_last, a_minute_before = (
        each.astimezone(zone).replace(tzinfo=None)
        for each in (moment, moment - timedelta(minutes=1))
    )
    wanted = datetime.combine(day, datetime.min.time()).replace(hour=hour)
    assert a_minute_before < wanted <= at_last
    assert at_last - wanted <= timedelta(hours=1)


@given(DAYS, st.integers(0, 23), st.integers(0, 23), st.integers(0, 400), ZONES)
def test_k1_a_later_day_never_opens_earlier(
    day: date, hour: int, other: int, more: int, zone: ZoneInfo
) -> None:
    first = at_local_hour(day, hour, zone)
    if more:
        assert first < at_local_hour(day + timedelta(days=more), hour, zone)
    else:
        assert (first < at_local_hour(day, other, zone)) or other <= hour


@given(DAYS, ZONES)
def test_a_day_ends_where_the_next_begins(day: date, zone: ZoneInfo) -> None:
    end = end_of_day(day, zone)
    assert (end - timedelta(microseconds=1)).astimezone(zone).date() <= day
    assert end.astimezone(zone).date() > day


SOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
IDS = st.frozensets(st.integers(1, 4), max_size=3)
RULES = st.builds(
    Rule,
    is_preview=st.booleans(),
    drip=st.sampled_from(Drip.values),
    days=st.integers(0, 3),
    on=st.none() | st.dates(date(2026, 10, 30), date(2026, 11, 5)),
    hour=st.integers(0, 23),
    follows=IDS.map(tuple),
    needs=IDS,
)
MOMENTS = st.datetimes(datetime(2026, 10, 30), datetime(2026, 11, 6), timezones=st.just(UTC))


@given(RULES, st.dictionaries(st.integers(1, 4), MOMENTS), IDS, IDS, MOMENTS)
def test_the_short_answer_is_the_long_ones(
    rule: Rule,
    done: dict[int, datetime],
    opened: frozenset[int],
    released: frozenset[int],
    now: datetime,
) -> None:
    facts = {"done": done, "opened": opened, "released": dict.fromkeys(released, SOON)}
    who = learner("Asia/Kolkata", SOON, **facts)
    for lesson in (1, 9):
        standing = standing_of(lesson, rule, who, now)
        assert is_open(lesson, rule, who, now) == standing.is_open
        if not standing.is_open:
            still_to_come = standing.opens_at is None or standing.opens_at > now
            assert still_to_come or standing.waits_for


# ── Order ─────────────────────────────────────────────────────────────────────────────────────


def curriculum(*parts: Part, **settings: object) -> Curriculum:
    return Curriculum(parts, **settings)  # type: ignore[arg-type]


def test_in_order_each_lesson_waits_for_the_required_ones_above_it() -> None:
    rules = rules_of(
        curriculum(
            Part(1, (Step(1), Step(2, is_required=False))),
            Part(2, (Step(3, is_published=False), Step(4), Step(5))),
            is_sequential=True,
        )
    )
    assert {pk: set(rule.needs) for pk, rule in rules.items()} == {
        1: set(),
        2: {1},
        4: {1},
        5: {1, 4},
    }
    who = learner("UTC", datetime(2026, 11, 1, tzinfo=UTC))
    at = who.enrolled_at
    assert [pk for pk, each in work_out(rules, who, at).items() if each.is_open] == [1]
    assert work_out(rules, who, at)[5].waits_for == {1, 4}


def test_a_module_with_a_prerequisite_waits_for_all_that_is_required_there() -> None:
    rules = rules_of(
        curriculum(
            Part(1, (Step(1), Step(2, is_required=False))),
            Part(2, (Step(3),)),
            Part(3, (Step(4),), prerequisite_id=1),
        )
    )
    assert {pk: set(rule.needs) for pk, rule in rules.items()} == {
        1: set(),
        2: set(),
        3: set(),
        4: {1},
    }


def test_a_module_with_nothing_required_is_passed_over() -> None:
    dripped = Step(9, drip=Drip.AFTER_MODULE, drip_days=1)
    rules = rules_of(
        curriculum(Part(1, (Step(1),)), Part(2, (Step(2, is_required=False),)), Part(3, (dripped,)))
    )
    assert rules[9].follows == (1,)


def test_lessons_that_wait_for_one_another_are_found() -> None:
    waiting = curriculum(
        Part(1, (Step(1),), prerequisite_id=2), Part(2, (Step(2),), prerequisite_id=1)
    )
    assert find_unreachable(rules_of(waiting)) == {1, 2}
    # In order, prerequisites say nothing more.
    assert not find_unreachable(rules_of(curriculum(*waiting.parts, is_sequential=True)))
    first = Step(1)
    after = Step(2, drip=Drip.AFTER_MODULE)
    crossed = curriculum(Part(1, (first,), prerequisite_id=2), Part(2, (after,)))
    assert find_unreachable(rules_of(crossed)) == {1, 2}
    opened = curriculum(Part(1, (Step(1, is_preview=True),), prerequisite_id=2), Part(2, (after,)))
    assert not find_unreachable(rules_of(opened))


@pytest.mark.parametrize("day", [date.min, date.max])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles"])
def test_the_ends_of_the_calendar_are_days_too(day: date, zone: str) -> None:
    is_last = day == date.max
    for moment in (at_local_hour(day, 23, ZoneInfo(zone)), end_of_day(day, ZoneInfo(zone))):
        assert (moment.year > 9990) is is_last
        # It can be said on anybody's clock.
        for other in ("Pacific/Kiritimati", "America/Los_Angeles"):
            assert moment.astimezone(ZoneInfo(other))
