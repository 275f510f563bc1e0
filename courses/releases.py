"""What has opened for a learner since they were last told. Pure: asks a classroom alone.

A lesson opens by itself when its time comes or its author publishes it; it opens by the learner's
own act when that is what it waited for. Nobody needs a notice of the second: they sit before it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from courses.access import Classroom
from courses.enums import Drip
from courses.models import Lesson


@dataclass(frozen=True, slots=True)
class Opening:
    """A lesson that is open to a learner, not looked into yet, and since when."""

    lesson: Lesson
    at: datetime
    is_by_itself: bool
    # Open from the moment they came in.
    is_from_start: bool


def find_openings(room: Classroom, told: Collection[int]) -> Iterator[Opening]:
    """What is open to a learner whom nobody told of it, in the order of the course.

    What they have looked into or completed they know of. What they may not read now is left out,
    and whoever is no longer in the course is told of nothing, not even of what is free for all.
    """
    learning = room.learning
    if not room.entry.allowed:
        return
    for lesson in room.outline.published:
        if lesson.pk in told or lesson.pk in learning.opened or lesson.pk in learning.done:
            continue
        standing = room.standings[lesson.pk]
        if not standing.is_open or not room.decide(lesson.pk).allowed:
            continue
        yield _opening(room, lesson, standing.opens_at)


def _opening(room: Classroom, lesson: Lesson, opens_at: datetime | None) -> Opening:
    rule, learning = room.rules[lesson.pk], room.learning
    begun = learning.enrolled_at
    by_time = max(filter(None, (opens_at, lesson.published_at, begun)))
    waited_for = set(rule.needs)
    if rule.drip == Drip.AFTER_MODULE and not rule.days:
        waited_for |= set(rule.follows)
    acts = [learning.done[each] for each in waited_for if each in learning.done]
    at = max([by_time, *acts])
    return Opening(
        lesson=lesson,
        at=at,
        is_by_itself=at > begun and at not in acts,
        is_from_start=at == begun,
    )
