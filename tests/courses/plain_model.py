"""A plain model of a course and its learners: the rules as one would say them to an author.

It shares no code with what it judges. It looks at the clock on the learner's wall instead of
working out moments, and remembers what was open instead of working that out anew.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass
class PlainLesson:
    """A lesson. `opens` is (kind, number of days, day)."""

    published: bool = True
    required: bool = True
    preview: bool = False
    opens: tuple[str, int, object] = ("none", 0, None)


@dataclass
class PlainPerson:
    """Somebody, what they hold, and how far they are."""

    zone: str
    # [from, until (None: for good), whether it was taken away] by what it came from.
    tier: list[list[object]] = field(default_factory=list)
    product: list[list[object]] = field(default_factory=list)
    enrolled_at: datetime | None = None
    first_day: object = None
    # When the days began to be counted.
    began_at: datetime | None = None
    is_out: bool = False
    done: dict[int, datetime] = field(default_factory=dict)
    was_open: set[int] = field(default_factory=set)
    completed_at: datetime | None = None

    def wall(self, moment: datetime) -> datetime:
        """What their clock shows."""
        return moment.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)

    def begin(self, now: datetime) -> None:
        """Count the days from now."""
        self.began_at, self.first_day = now, self.wall(now).date()

    def travel(self, zone: str) -> None:
        """The same moment, on the calendar there."""
        assert self.began_at is not None
        self.zone = zone
        self.begin(self.began_at)

    def holds(self, grants: list[list[object]], now: datetime) -> bool:
        return any(
            start <= now and (end is None or now < end) and not gone  # type: ignore[operator]
            for start, end, gone in grants
        )


@dataclass
class PlainCourse:
    """Modules in order, each a list of lessons; what a module waits for; who is in it."""

    modules: list[tuple[int, list[int]]] = field(default_factory=list)
    lessons: dict[int, PlainLesson] = field(default_factory=dict)
    waits: dict[int, int | None] = field(default_factory=dict)
    in_order: bool = False
    hour: int = 8
    is_archived: bool = False
    people: dict[int, PlainPerson] = field(default_factory=dict)

    # ── What is open ──────────────────────────────────────────────────────────────────────────

    def may_enter(self, who: PlainPerson, now: datetime) -> bool:
        bought, member = who.holds(who.product, now), who.holds(who.tier, now)
        if self.is_archived and who.enrolled_at is None and not bought:
            return False
        return (bought or member) and not who.is_out

    def sees(self, who: PlainPerson, now: datetime) -> bool:
        """Whether the course is there for them at all."""
        if not self.is_archived:
            return True
        return who.enrolled_at is not None or who.holds(who.product, now)

    def is_open(self, lesson: int, who: PlainPerson, now: datetime) -> bool:
        """Whether a lesson's time has come for them, access aside."""
        it = self.lessons[lesson]
        if not it.published:
            return False
        if lesson in who.was_open or it.preview:
            return True
        return self.time_has_come(lesson, who, now) and not self.what_comes_first(lesson, who)

    def time_has_come(self, lesson: int, who: PlainPerson, now: datetime) -> bool:
        kind, days, day = self.lessons[lesson].opens
        assert who.enrolled_at is not None
        if kind == "days":
            return days == 0 or self.wall_shows(who.first_day, days, who, now)
        if kind == "date":
            return self.wall_shows(day, 0, who, now)
        if kind == "after":
            before = self.module_above(lesson)
            if before is None:
                return days == 0 or self.wall_shows(who.first_day, days, who, now)
            if any(each not in who.done for each in before):
                return False
            last = max(who.done[each] for each in before)
            return now >= last and (
                days == 0 or self.wall_shows(who.wall(last).date(), days, who, now)
            )
        return True

    def wall_shows(self, day: object, days: int, who: PlainPerson, now: datetime) -> bool:
        """Whether the clock on the wall is past the hour of that day, so many days on."""
        wanted = datetime.combine(day, datetime.min.time())  # type: ignore[arg-type]
        return who.wall(now) >= wanted + timedelta(days=days, hours=self.hour)

    def what_comes_first(self, lesson: int, who: PlainPerson) -> set[int]:
        """The lessons that are to be finished before it, and are not."""
        if self.in_order:
            above = []
            for _module, inside in self.modules:
                for each in inside:
                    if each == lesson:
                        return {one for one in above if one not in who.done}
                    if self.counts(each):
                        above.append(each)
        (module,) = [module for module, inside in self.modules if lesson in inside]
        first = self.waits.get(module)
        inside = dict(self.modules).get(first, []) if first else []
        return {each for each in inside if self.counts(each) and each not in who.done}

    def module_above(self, lesson: int) -> list[int] | None:
        """What finishes the nearest module above that has anything to finish."""
        found = None
        for _module, inside in self.modules:
            if lesson in inside:
                return found
            found = [each for each in inside if self.counts(each)] or found
        raise AssertionError

    def counts(self, lesson: int) -> bool:
        return self.lessons[lesson].published and self.lessons[lesson].required

    # ── How far they are ──────────────────────────────────────────────────────────────────────

    def everything_required(self) -> set[int]:
        return {each for each in self.lessons if self.counts(each)}

    def percent(self, who: PlainPerson) -> int:
        wanted = self.everything_required()
        return int(100 * len(wanted & set(who.done)) / len(wanted)) if wanted else 0

    # ── What happens ──────────────────────────────────────────────────────────────────────────

    def remember(self, now: datetime) -> None:
        """Before anything changes: what is open to those who are in it stays so."""
        for who in self.people.values():
            if who.enrolled_at is not None:
                who.was_open |= {each for each in self.lessons if self.is_open(each, who, now)}

    def settle(self, now: datetime) -> None:
        """After anything changed: whoever has done everything has completed the course."""
        wanted = self.everything_required()
        for who in self.people.values():
            is_done = who.enrolled_at is not None and wanted and wanted <= set(who.done)
            if is_done and who.completed_at is None:
                who.completed_at = now

    def nobody_could_ever_open(self, now: datetime) -> set[int]:
        """Lessons that stay closed to somebody who does all they can for fifty years."""
        who = PlainPerson("UTC", enrolled_at=now, first_day=now.date())
        later = now + timedelta(days=365 * 50)
        published = {each for each, it in self.lessons.items() if it.published}
        while new := {
            each for each in published if self.is_open(each, who, later) and each not in who.done
        }:
            who.done |= dict.fromkeys(new, now)
        return published - set(who.done)

    def copy(self) -> PlainCourse:
        return deepcopy(self)
