"""Changes of a curriculum that are yet to be written down for some of its learners (K2).

A change that would close something to many people is a row (`CurriculumChange`) which the worker
carries from one learner to the next. Whoever it has not come to is asked about here: what it will
write down is worked out from the same facts, as they were when the change was made. So it makes no
difference to anybody how far the worker is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from courses.curriculum import Rule
from courses.drip import Learning, find_closing
from courses.models import Course, CurriculumChange, Enrolment


@dataclass(frozen=True, slots=True)
class Change:
    """What a change did. `before` and `after` hold the rules that it touched.

    Without those of what was deleted: of that nothing can be kept. `required` is what it takes to
    complete the course since then, None where that is as it was; `reopens`, whether something may
    open by it.
    """

    version: int
    at: datetime
    before: Mapping[int, Rule] = field(default_factory=dict)
    after: Mapping[int, Rule] = field(default_factory=dict)
    required: Collection[int] | None = None
    reopens: bool = False

    @property
    def asks_for_learners(self) -> bool:
        """Whether anything is to be written down for anybody."""
        return bool(self.before) or bool(self.required)


def keep_through(
    learning: Learning, changes: Iterable[Change], *, is_late: bool = True
) -> dict[int, datetime]:
    """What these changes would have closed to a learner, one after the other, and since when.

    `is_late`: facts that came after a change are not held against it.
    """
    kept: dict[int, datetime] = {}
    for change in changes:
        then = replace(learning, released={**learning.released, **kept})
        if is_late:
            then = _as_of(then, change.at)
        kept |= find_closing(change.before, change.after, then, change.at)
    return kept


def _as_of(learning: Learning, at: datetime) -> Learning:
    done = {lesson: moment for lesson, moment in learning.done.items() if moment <= at}
    opened = {lesson: moment for lesson, moment in learning.opened.items() if moment <= at}
    return replace(learning, done=done, opened=opened)


def behind(enrolment: Enrolment, changes: Iterable[Change]) -> list[Change]:
    """Those that have not come to a learner yet, in their order."""
    return [change for change in changes if change.version > enrolment.settled_version]


# ── Rows ──────────────────────────────────────────────────────────────────────────────────────


def load_changes(
    courses: Mapping[int, Course], learners: Iterable[Enrolment]
) -> dict[int, list[Change]]:
    """What is unfinished of the courses of those learners who are behind, by the course's id.

    Load the outlines first: a change that came in between would else be in them and not in here.
    No query where nobody is behind, which is always but for the minutes after a great change.
    """
    late = {
        each.course_id
        for each in learners
        if each.settled_version < courses[each.course_id].settling_version
    }
    found: dict[int, list[Change]] = {pk: [] for pk in late}
    if late:
        rows = CurriculumChange.objects.filter(course__in=late, finished_at__isnull=True)
        for row in rows.order_by("version"):
            found[row.course_id].append(change_of(row))
    return found


def hold_open(
    learning: Mapping[int, Learning],
    learners: Iterable[Enrolment],
    changes: Mapping[int, list[Change]],
) -> dict[int, Learning]:
    """What is known of learners, with what is still to be written down for them.

    Load the changes first: what is written down in between would else be in neither.
    """
    held = dict(learning)
    for each in learners:
        waiting = behind(each, changes.get(each.course_id, ()))
        if waiting:
            known = held[each.pk]
            kept = keep_through(known, waiting)
            held[each.pk] = replace(known, released={**known.released, **kept})
    return held


def row_of(course: Course, change: Change, learners: int) -> CurriculumChange:
    """A change to be stored."""
    return CurriculumChange(
        course=course,
        version=change.version,
        at=change.at,
        learners=learners,
        what={
            "before": _as_json(change.before),
            "after": _as_json(change.after),
            "required": None if change.required is None else sorted(change.required),
            "reopens": change.reopens,
        },
    )


def change_of(row: CurriculumChange) -> Change:
    """A change as it was stored."""
    what = row.what
    return Change(
        version=row.version,
        at=row.at,
        before=_from_json(what["before"]),
        after=_from_json(what["after"]),
        required=None if what["required"] is None else frozenset(what["required"]),
        reopens=what["reopens"],
    )


def _as_json(rules: Mapping[int, Rule]) -> dict[str, list[Any]]:
    return {
        str(lesson): [
            rule.is_preview,
            str(rule.drip),
            rule.days,
            rule.on.isoformat() if rule.on is not None else None,
            rule.hour,
            list(rule.follows),
            sorted(rule.needs),
        ]
        for lesson, rule in rules.items()
    }


def _from_json(stored: Mapping[str, list[Any]]) -> dict[int, Rule]:
    return {
        int(lesson): Rule(
            is_preview=is_preview,
            drip=drip,
            days=days,
            on=date.fromisoformat(on) if on is not None else None,
            hour=hour,
            follows=tuple(follows),
            needs=frozenset(needs),
        )
        for lesson, (is_preview, drip, days, on, hour, follows, needs) in stored.items()
    }


# ── For the author ────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Settling:
    """How far the worker is with a course's changes."""

    done: int
    learners: int
    has_failed: bool

    @property
    def percent(self) -> int:
        """How far, in whole percent."""
        return 100 * self.done // self.learners if self.learners else 100


def settling_of(course: Course) -> Settling | None:
    """What is unfinished of a course; None where nothing is. At most two queries."""
    if not course.settling_version:
        return None
    rows = list(course.changes.filter(finished_at__isnull=True).order_by("version").defer("what"))
    if not rows:
        return None
    learners = max(row.learners for row in rows)
    left = course.enrolments.filter(settled_version__lt=rows[-1].version).count()
    return Settling(max(0, learners - left), learners, any(row.error for row in rows))
