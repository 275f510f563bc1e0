"""The addresses of courses and lessons, for what has no request at hand."""

from __future__ import annotations

from urllib.parse import quote

from courses.models import Course, Lesson


def course_path(course: Course) -> str:
    """The page of a course: what is offered to strangers, home to its learners."""
    return f"/courses/{quote(course.slug)}/"


def lesson_path(course: Course, lesson: Lesson) -> str:
    """The page of one of its lessons."""
    return f"{course_path(course)}{quote(lesson.slug)}/"
