"""Courses of every access and state, with lessons of every kind, each with words of its own.

Who may come across a word is written here, not asked of the code under audit.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from courses.enums import CourseAccess, CourseState
from newsletter.audit.marks import Mark, Medium, Where
from newsletter.audit.people import Persona
from newsletter.audit.registry import Stage

OPEN, PREVIEW, LOCKED, DRAFT, QUIZ = "open", "preview", "locked", "draft", "quiz"
LESSONS = (OPEN, PREVIEW, LOCKED, DRAFT, QUIZ)
TEXT, TRANSCRIPT, FILE, TALK = "text", "transcript", "file", "comment"
RIGHT, SAID_RIGHT, SAID_WRONG = "right answer", "said to right", "said to wrong"
SUMMARY = "summary"
PROMISE = "promise"
# What is known of a quiz only by whoever has answered; nobody here has.
ANSWERS = frozenset({RIGHT, SAID_RIGHT, SAID_WRONG})
# The personas that are enrolled, where they have access.
LEARNERS = ("both-tiers", "first-tier", "second-tier", "buyer", "free", "lapsed", "revoked")


@dataclass(frozen=True, slots=True)
class Course:
    """One sentinel. `mailed`: its first lesson goes to its learners by mail."""

    key: str
    access: str = CourseAccess.FREE
    state: str = CourseState.PUBLISHED
    is_listed: bool = True
    is_mailed: bool = False
    # Who was in it before it was archived.
    had: tuple[str, ...] = ()

    @property
    def slug(self) -> str:
        """Its address."""
        return f"audit-course-{self.key}"

    @property
    def is_named(self) -> bool:
        """Whether lists, the sitemap and search may name it."""
        return self.state == CourseState.PUBLISHED and self.is_listed

    def opens_to(self, persona: Persona) -> bool:
        """Whether this persona may learn in it, drip aside."""
        if persona.is_staff:
            return True
        if self.state == CourseState.DRAFT:
            return False
        if self.state == CourseState.ARCHIVED and persona.key not in self.had:
            return False
        match self.access:
            case CourseAccess.FREE:
                return True
            case CourseAccess.ADDRESS:
                return persona.is_known
            case CourseAccess.PAID:
                return bool(persona.tiers) or self._has_bought(persona)
            case CourseAccess.TIERS:
                return "first" in persona.tiers or self._has_bought(persona)
        return self._has_bought(persona)

    def _has_bought(self, persona: Persona) -> bool:
        return self.access == CourseAccess.PRODUCTS and persona.key == "buyer"

    def is_there_for(self, persona: Persona) -> bool:
        """Whether there is such a course for them at all (P7)."""
        if persona.is_staff or self.state == CourseState.PUBLISHED:
            return True
        return self.state == CourseState.ARCHIVED and persona.key in self.had


COURSES = (
    Course("free"),
    Course("address", CourseAccess.ADDRESS),
    Course("paid", CourseAccess.PAID),
    Course("tier", CourseAccess.TIERS),
    Course("product", CourseAccess.PRODUCTS),
    Course("unlisted", CourseAccess.PAID, is_listed=False),
    Course("draft", state=CourseState.DRAFT),
    Course("archived", CourseAccess.ADDRESS, CourseState.ARCHIVED, had=("free", "first-tier")),
    Course("series", CourseAccess.TIERS, is_mailed=True),
)


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may come across one part of one lesson, and where."""

    course: Course
    lesson: str
    part: str

    def __call__(self, persona: Persona, where: Where) -> bool:
        if where.medium == Medium.DESK:
            return persona.is_staff
        if where.medium == Medium.WEB:
            return self._on_the_web(persona)
        if where.medium == Medium.MAIL:
            return self._in_mail(persona)
        return False

    def may_open(self, persona: Persona) -> bool:
        """Whether they may open the lesson."""
        if persona.is_staff:
            return True
        if self.lesson in {DRAFT, LOCKED} or not self.course.is_there_for(persona):
            return False
        return self.lesson == PREVIEW or self.course.opens_to(persona)

    def _on_the_web(self, persona: Persona) -> bool:
        if self.part in ANSWERS:
            return persona.is_staff
        if self.part == SUMMARY:
            return self.course.is_there_for(persona) and (persona.is_staff or self.lesson != DRAFT)
        return self.may_open(persona)

    def _in_mail(self, persona: Persona) -> bool:
        is_sent = self.course.is_mailed and self.lesson == OPEN and self.part in {TEXT, SUMMARY}
        return is_sent and persona.key in LEARNERS and self.course.opens_to(persona)


@dataclass(frozen=True, slots=True)
class PageRule:
    """Who may come across what stands on a course's own page, and where.

    Elsewhere than at its own address only courses of the catalogue are named, whoever asks.
    """

    course: Course

    def __call__(self, persona: Persona, where: Where) -> bool:
        if where.medium == Medium.DESK:
            return persona.is_staff
        if where.medium != Medium.WEB:
            return False
        if f"/{self.course.slug}/" in where.path:
            return self.course.is_there_for(persona)
        return self.course.is_named


@dataclass
class Made:
    """What stands in the database of one sentinel."""

    spec: Course
    pk: int
    lessons: dict[str, int] = field(default_factory=dict)
    files: dict[str, int] = field(default_factory=dict)


def owner_of(course: Course, lesson: str) -> str:
    """What reports call a lesson."""
    return f"course {course.key}: {lesson} lesson"


def page_of(course: Course) -> str:
    """What reports call a course's own page."""
    return f"course {course.key}: its page"


def promise_of(stage: Stage, course: Course) -> Mark:
    """The mark in a course's promise."""
    return next(mark for mark in stage.marks if mark.owner == page_of(course))


def marks_of(stage: Stage, course: Course, lesson: str) -> dict[str, Mark]:
    """The marks of one lesson by their part."""
    owner = owner_of(course, lesson)
    return {mark.part: mark for mark in stage.marks if mark.owner == owner}
