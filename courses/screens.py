"""What the pages of a course show, put together from a classroom. No query of its own.

A preview of the author's hands in an imagined classroom and gets the same page.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from courses.access import Classroom
from courses.addresses import lesson_path
from courses.enums import Drip, LessonState
from courses.models import Lesson, Module
from newsletter.memberships.enums import Reason


class Mark(StrEnum):
    """How a lesson stands in an outline."""

    DONE = "done"
    OPEN = "open"
    LATER = "later"
    WAITS = "waits"
    CLOSED = "closed"
    DRAFT = "draft"


@dataclass(frozen=True, slots=True)
class Row:
    """One lesson in an outline. `opens_at` where its time is known and has not come."""

    lesson: Lesson
    url: str
    mark: Mark
    opens_at: datetime | None = None
    is_current: bool = False

    @property
    def is_link(self) -> bool:
        """Whether there is more to see there than that it is closed."""
        return self.mark in {Mark.DONE, Mark.OPEN, Mark.DRAFT}


@dataclass(frozen=True, slots=True)
class Part:
    """A module in an outline."""

    module: Module
    number: int
    rows: tuple[Row, ...]

    @property
    def done(self) -> int:
        """How many of its lessons are done."""
        return sum(row.mark == Mark.DONE for row in self.rows)

    @property
    def minutes(self) -> int:
        """How long all of it takes."""
        return sum(row.lesson.minutes for row in self.rows)

    @property
    def holds_current(self) -> bool:
        """Whether the lesson that is read stands in it."""
        return any(row.is_current for row in self.rows)


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens at one moment, in the learner's calendar."""

    at: datetime
    lessons: tuple[Lesson, ...]
    # Where all of them stand in one.
    module: Module | None = None


@dataclass(frozen=True, slots=True)
class Following:
    """A lesson whose day follows from when a module is finished."""

    lesson: Lesson
    module: Module
    days: int


@dataclass
class CourseScreen:
    """A course as one viewer gets it: its outline, their progress, what opens when."""

    room: Classroom
    current: Lesson | None = None

    @cached_property
    def parts(self) -> list[Part]:
        """Modules that have something to show, in order. Drafts are shown to staff alone."""
        shown: list[Part] = []
        for chapter in self.room.outline.chapters:
            lessons = chapter.lessons if self.room.reader.is_staff else chapter.published
            if lessons:
                rows = tuple(self._row(lesson) for lesson in lessons)
                shown.append(Part(chapter.module, len(shown) + 1, rows))
        return shown

    def _row(self, lesson: Lesson) -> Row:
        mark, opens_at = self._mark(lesson)
        is_current = self.current is not None and self.current.pk == lesson.pk
        return Row(lesson, lesson_path(self.room.course, lesson), mark, opens_at, is_current)

    def _mark(self, lesson: Lesson) -> tuple[Mark, datetime | None]:
        if lesson.state != LessonState.PUBLISHED:
            return Mark.DRAFT, None
        decision = self.room.decide(lesson.pk)
        if decision.allowed:
            is_done = lesson.pk in self.room.learning.done
            return (Mark.DONE if is_done else Mark.OPEN), None
        if decision.reason == Reason.NOT_YET:
            is_blocked = bool(self.room.standings[lesson.pk].waits_for)
            return (Mark.WAITS if is_blocked else Mark.LATER), decision.unlocks_at
        return (Mark.WAITS if decision.reason == Reason.BLOCKED else Mark.CLOSED), None

    @cached_property
    def lesson_count(self) -> int:
        """How many lessons readers see."""
        return len(self.room.outline.published)

    @cached_property
    def minutes(self) -> int:
        """How long the whole course takes."""
        return sum(lesson.minutes for lesson in self.room.outline.published)

    @cached_property
    def done(self) -> int:
        """How many of the lessons that count are done."""
        return len(set(self.room.required) & self.room.learning.done.keys())

    @property
    def previews(self) -> list[Row]:
        """What anybody may look into."""
        return [row for row in self._rows() if row.lesson.is_preview and row.is_link]

    @cached_property
    def first(self) -> Row | None:
        """The first lesson that is open to them."""
        return next((row for row in self._rows() if row.is_link), None)

    def _rows(self) -> Iterator[Row]:
        for part in self.parts:
            yield from part.rows

    @cached_property
    def calendar(self) -> list[Opening]:
        """What opens when by time, the next first. What else it waits for says the outline."""
        by_moment: dict[datetime, list[Lesson]] = {}
        for lesson in self.room.outline.published:
            standing = self.room.standings[lesson.pk]
            opens_at = standing.opens_at
            if not standing.is_open and opens_at is not None and opens_at > self.room.now:
                by_moment.setdefault(opens_at, []).append(lesson)
        modules = {part.module.pk: part.module for part in self.room.outline.chapters}
        openings: list[Opening] = []
        for at in sorted(by_moment):
            lessons = tuple(by_moment[at])
            places = {lesson.module_id for lesson in lessons}
            module = modules[lessons[0].module_id] if len(places) == 1 else None
            openings.append(Opening(at, lessons, module))
        return openings

    @cached_property
    def following(self) -> list[Following]:
        """What opens some days after a module is finished that is not finished yet."""
        found: list[Following] = []
        before: Module | None = None
        for chapter in self.room.outline.chapters:
            for lesson in chapter.published:
                standing = self.room.standings[lesson.pk]
                follows = lesson.drip == Drip.AFTER_MODULE and standing.opens_at is None
                if follows and not standing.is_open and before is not None:
                    found.append(Following(lesson, before, lesson.drip_days))
            if any(lesson.is_required for lesson in chapter.published):
                before = chapter.module
        return found

    @property
    def neighbours(self) -> tuple[Lesson | None, Lesson | None]:
        """The lessons before and after the current one."""
        lessons = self.room.outline.published
        ids = [lesson.pk for lesson in lessons]
        if self.current is None or self.current.pk not in ids:
            return None, None
        at = ids.index(self.current.pk)
        before = lessons[at - 1] if at else None
        return before, (lessons[at + 1] if at + 1 < len(lessons) else None)
