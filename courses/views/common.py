"""Finding the course and the lesson of an address, for whoever asks."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.utils import timezone

from courses.access import Classroom, get_classroom
from courses.addresses import course_path, lesson_path
from courses.enums import LessonState
from courses.models import Course, Lesson
from courses.queries import find_course, find_moved_course, find_moved_lesson
from newsletter.accounts.models import User
from newsletter.accounts.queries import viewer


class Moved(Exception):
    """What was asked for lives elsewhere now: at `path`."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


@dataclass(frozen=True, slots=True)
class Visit:
    """A course as whoever asks has it."""

    course: Course
    viewer: User | None
    room: Classroom


def visit_course(request: HttpRequest, slug: str) -> Visit:
    """The course at an address. Raises Http404 where it is not there for them, and Moved."""
    course = find_course(slug)
    if course is None:
        moved = find_moved_course(slug)
        room = get_classroom(moved, viewer(request), timezone.now()) if moved else None
        if room is None:
            raise Http404
        raise Moved(course_path(room.course))
    user = viewer(request)
    found = get_classroom(course, user, timezone.now())
    if found is None:
        raise Http404
    return Visit(course, user, found)


def find_listed_lesson(visit: Visit, slug: str) -> Lesson:
    """A lesson of the outline, without its texts. Raises Http404 for a draft (P7), and Moved."""
    for lesson in visit.room.outline.lessons():
        if lesson.slug == slug:
            return _if_there(visit, lesson)
    moved = find_moved_lesson(visit.course, slug)
    if moved is None:
        raise Http404
    raise Moved(lesson_path(visit.course, _if_there(visit, moved)))


def _if_there(visit: Visit, lesson: Lesson) -> Lesson:
    if lesson.state != LessonState.PUBLISHED and not visit.room.reader.is_staff:
        raise Http404
    return lesson


def lead_on(moved: Moved, rest: str = "") -> HttpResponse:
    """To where it lives now."""
    response = HttpResponsePermanentRedirect(moved.path + rest)
    # A browser keeps a permanent redirect for ever, and two of them make a loop once the author
    # has gone back to the old address (edge case W1).
    response.headers["Cache-Control"] = "no-cache"
    return response
