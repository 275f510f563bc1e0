"""A course's modules and lessons as they are listed, and what is known of its learners.

Everything here takes a fixed number of queries, however many courses, lessons or learners there
are. No text is loaded: a lesson's body comes through `access` alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from courses.curriculum import Curriculum, Part, Step
from courses.drip import Learning
from courses.enums import LessonState
from courses.models import Course, Enrolment, Lesson, LessonProgress, Module, ReleasedLesson
from courses.terms import zone_of

# What a list shows of a lesson. Its texts are not among them.
LISTED = (
    "course_id",
    "module_id",
    "position",
    "kind",
    "title",
    "slug",
    "summary",
    "word_count",
    "media_seconds",
    "estimated_minutes",
    "state",
    "published_at",
    "is_required",
    "is_preview",
    "drip",
    "drip_days",
    "drip_date",
    "version",
)


@dataclass(frozen=True, slots=True)
class Chapter:
    """A module with its lessons in order, drafts too."""

    module: Module
    lessons: tuple[Lesson, ...]

    @property
    def published(self) -> tuple[Lesson, ...]:
        """Those that readers see."""
        return tuple(each for each in self.lessons if each.state == LessonState.PUBLISHED)


@dataclass(frozen=True, slots=True)
class Outline:
    """A course's modules in order."""

    course: Course
    chapters: tuple[Chapter, ...]

    def lessons(self) -> Iterator[Lesson]:
        """Every lesson in order, drafts too."""
        for chapter in self.chapters:
            yield from chapter.lessons

    @property
    def published(self) -> list[Lesson]:
        """What readers see, in order."""
        return [each for each in self.lessons() if each.state == LessonState.PUBLISHED]

    @property
    def curriculum(self) -> Curriculum:
        """The course as far as order and schedule are concerned."""
        return Curriculum(
            parts=tuple(_as_part(chapter) for chapter in self.chapters),
            release_hour=self.course.release_hour,
            is_sequential=self.course.is_sequential,
        )


def _as_part(chapter: Chapter) -> Part:
    steps = tuple(
        Step(
            id=lesson.pk,
            is_published=lesson.state == LessonState.PUBLISHED,
            is_required=lesson.is_required,
            is_preview=lesson.is_preview,
            drip=lesson.drip,
            drip_days=lesson.drip_days,
            drip_date=lesson.drip_date,
        )
        for lesson in chapter.lessons
    )
    return Part(chapter.module.pk, steps, chapter.module.prerequisite_id)


def load_outlines(courses: Iterable[Course]) -> dict[int, Outline]:
    """The outlines of courses by id. Two queries.

    The courses, which may have been loaded before a change, learn of it by `settling_version`.
    """
    known = {course.pk: course for course in courses}
    modules = list(Module.objects.filter(course__in=known).order_by("position"))
    lessons: defaultdict[int, list[Lesson]] = defaultdict(list)
    found = Lesson.objects.filter(course__in=known).order_by("position").only(*LISTED)
    for lesson in found.annotate(settling_version=F("course__settling_version")):
        lessons[lesson.module_id].append(lesson)
        known[lesson.course_id].settling_version = lesson.settling_version
    chapters: defaultdict[int, list[Chapter]] = defaultdict(list)
    for module in modules:
        chapters[module.course_id].append(Chapter(module, tuple(lessons[module.pk])))
    return {pk: Outline(course, tuple(chapters[pk])) for pk, course in known.items()}


def load_outline(course: Course) -> Outline:
    """The outline of one course. Two queries."""
    return load_outlines([course])[course.pk]


def load_learning(
    enrolments: Iterable[Enrolment], *, lessons: Collection[int] | None = None
) -> dict[int, Learning]:
    """What is known of learners, by the id of their enrolment. Two queries.

    With `lessons` of their progress with these alone.
    """
    known = {enrolment.pk: enrolment for enrolment in enrolments}
    done: defaultdict[int, dict[int, datetime]] = defaultdict(dict)
    opened: defaultdict[int, dict[int, datetime]] = defaultdict(dict)
    released: defaultdict[int, dict[int, datetime]] = defaultdict(dict)
    progress = LessonProgress.objects.filter(enrolment__in=known)
    if lessons is not None:
        progress = progress.filter(lesson__in=lessons)
    for enrolment_id, lesson_id, opened_at, completed_at in progress.values_list(
        "enrolment_id", "lesson_id", "opened_at", "completed_at"
    ):
        if opened_at is not None:
            opened[enrolment_id][lesson_id] = opened_at
        if completed_at is not None:
            done[enrolment_id][lesson_id] = completed_at
    kept = ReleasedLesson.objects.filter(enrolment__in=known)
    for enrolment_id, lesson_id, at in kept.values_list("enrolment_id", "lesson_id", "released_at"):
        released[enrolment_id][lesson_id] = at
    return {
        pk: Learning(
            zone=zone_of(enrolment.time_zone),
            anchor_date=enrolment.anchor_date,
            enrolled_at=enrolment.enrolled_at,
            done=done[pk],
            opened=opened[pk],
            released=released[pk],
        )
        for pk, enrolment in known.items()
    }


def newcomer(time_zone: str, course: Course, now: datetime) -> Learning:
    """Somebody who would enrol now."""
    zone = zone_of(time_zone, course.time_zone)
    return Learning(zone=zone, anchor_date=now.astimezone(zone).date(), enrolled_at=now)
