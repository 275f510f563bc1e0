"""What there is to do in a course, in order, and what each lesson waits for. Pure: no query.

A `Curriculum` is the course as it stands; `rules_of` turns it into one `Rule` for each lesson, and
everything about when a lesson opens for somebody is asked of its rule alone (drip.py). Two
curricula whose rules agree on a lesson therefore treat it alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from courses.enums import Drip


@dataclass(frozen=True, slots=True)
class Step:
    """One lesson, as far as order and schedule are concerned."""

    id: int
    is_published: bool = True
    is_required: bool = True
    is_preview: bool = False
    drip: str = Drip.NONE
    drip_days: int = 0
    drip_date: date | None = None

    @property
    def counts(self) -> bool:
        """Whether it counts towards completion."""
        return self.is_published and self.is_required


@dataclass(frozen=True, slots=True)
class Part:
    """One module. `prerequisite_id` names the module whose required lessons come first."""

    id: int
    steps: tuple[Step, ...] = ()
    prerequisite_id: int | None = None

    @property
    def required(self) -> tuple[int, ...]:
        """The lessons that finish it."""
        return tuple(step.id for step in self.steps if step.counts)


@dataclass(frozen=True, slots=True)
class Curriculum:
    """A course's modules in order. `release_hour` is local to each learner."""

    parts: tuple[Part, ...] = ()
    release_hour: int = 8
    is_sequential: bool = False

    def steps(self) -> Iterator[Step]:
        """Every lesson in order, drafts too."""
        for part in self.parts:
            yield from part.steps

    @property
    def required(self) -> tuple[int, ...]:
        """What it takes to complete the course."""
        return tuple(step.id for step in self.steps() if step.counts)


@dataclass(frozen=True, slots=True)
class Rule:
    """What one published lesson waits for: a time, and other lessons.

    `follows` holds the lessons whose completion starts the count of a drip after a module (empty:
    it counts from the enrolment); `needs` those that must be completed whatever the time.
    """

    is_preview: bool = False
    drip: str = Drip.NONE
    days: int = 0
    on: date | None = None
    hour: int = 8
    follows: tuple[int, ...] = ()
    needs: frozenset[int] = frozenset()


def rules_of(curriculum: Curriculum) -> dict[int, Rule]:
    """The rule of every published lesson, by its id."""
    finishing = {part.id: frozenset(part.required) for part in curriculum.parts}
    rules: dict[int, Rule] = {}
    # What finishes the nearest earlier module that has anything to finish.
    before: tuple[int, ...] = ()
    so_far: frozenset[int] = frozenset()
    for part in curriculum.parts:
        # In order, a module is never reached before those above it; one that is to wait for a
        # module below it could never open.
        prerequisite = None if curriculum.is_sequential else part.prerequisite_id
        needs = finishing.get(prerequisite, frozenset()) if prerequisite else frozenset()
        for step in part.steps:
            if not step.is_published:
                continue
            rules[step.id] = _rule_of(
                step,
                hour=curriculum.release_hour,
                follows=before,
                needs=so_far if curriculum.is_sequential else needs,
            )
            if step.is_required and curriculum.is_sequential:
                so_far |= {step.id}
        before = part.required or before
    return rules


def _rule_of(step: Step, *, hour: int, follows: tuple[int, ...], needs: frozenset[int]) -> Rule:
    """The same rule for whatever has the same effect, so that comparing two says something."""
    is_dated = step.drip == Drip.DATE and step.drip_date is not None
    if step.drip == Drip.NONE or (step.drip == Drip.DATE and not is_dated):
        return Rule(is_preview=step.is_preview, needs=needs)
    return Rule(
        is_preview=step.is_preview,
        drip=step.drip,
        days=0 if is_dated else step.drip_days,
        on=step.drip_date if is_dated else None,
        hour=hour,
        follows=follows if step.drip == Drip.AFTER_MODULE else (),
        needs=needs,
    )


def find_unreachable(rules: Mapping[int, Rule]) -> set[int]:
    """Lessons that nobody can ever open, however diligent: they wait for one another."""
    reached: set[int] = set()
    left = dict(rules)
    while opened := {
        lesson
        for lesson, rule in left.items()
        if rule.is_preview or (rule.needs <= reached and reached.issuperset(rule.follows))
    }:
        reached |= opened
        for lesson in opened:
            del left[lesson]
    return set(left)


def percent_done(required: Iterable[int], done: Iterable[int]) -> int:
    """How much of what is required is done, in whole percent: 100 only when all of it is."""
    wanted, finished = set(required), set(done)
    return 100 * len(wanted & finished) // len(wanted) if wanted else 0
