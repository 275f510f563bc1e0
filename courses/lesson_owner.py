"""Lessons answer for the conversations under them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from courses.access import Classroom, get_classrooms
from courses.addresses import lesson_path
from courses.enums import CourseState, LessonState
from courses.models import Course, Lesson
from courses.outline import newcomer
from courses.terms import term_end, zone_of
from newsletter.accounts.models import User
from newsletter.comments.owners import Place
from newsletter.memberships.access import VISITOR

KIND = "lesson"


class LessonOwner:
    """In a fixed number of queries for all the lessons of all their courses."""

    def get_places(
        self, keys: Iterable[int], viewer: User | None, now: datetime
    ) -> dict[int, Place]:
        """The lessons among these that have a page and a conversation."""
        found = Lesson.objects.filter(
            pk__in=list(keys), state=LessonState.PUBLISHED, course__has_discussion=True
        )
        lessons = list(found.only("title", "slug", "course_id", "published_at"))
        if not lessons:
            return {}
        courses = Course.objects.filter(pk__in={lesson.course_id for lesson in lessons})
        prepared = courses.defer("body", "body_html").prefetch_related("instructors")
        rooms = get_classrooms(prepared, viewer, now)
        return {
            lesson.pk: _place_of(lesson, rooms[lesson.course_id])
            for lesson in lessons
            if lesson.course_id in rooms
        }


def _place_of(lesson: Lesson, room: Classroom) -> Place:
    course = room.course
    return Place(
        kind=KIND,
        key=lesson.pk,
        title=f"{course.title}: {lesson.title}",
        path=lesson_path(course, lesson),
        is_readable=room.decide(lesson.pk).allowed,
        is_public=course.state == CourseState.PUBLISHED
        and _for_everyone(room).decide(lesson.pk).allowed,
        opened_at=lesson.published_at,
        author_ids=frozenset(each.pk for each in course.instructors.all()),
        is_listed=course.is_listed,
        author_badge="instructor",
    )


def _for_everyone(room: Classroom) -> Classroom:
    """The same course as a visitor has it."""
    return replace(
        room,
        reader=VISITOR,
        learning=newcomer("", room.course, room.now),
        enrolment=None,
        closes_at=term_end(room.course, room.now, zone_of(room.course.time_zone)),
    )
