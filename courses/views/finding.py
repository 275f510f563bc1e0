"""Finding the lesson whose quiz or assignment an address names, as the viewer has it.

Former addresses are as good as the present one: what was typed into a form is not lost because the
author renamed a lesson meanwhile.
"""

from __future__ import annotations

from typing import cast

from django.http import Http404, HttpRequest
from django.utils import timezone

from courses.access import Classroom, get_classroom
from courses.models import Lesson
from courses.queries import find_course, find_moved_course, find_moved_lesson
from newsletter.accounts.models import User
from newsletter.accounts.queries import viewer


def room_or_404(request: HttpRequest, course: str) -> Classroom:
    """The course at an address, as the viewer has it now; 404 where it is not there for them."""
    found = find_course(course) or find_moved_course(course)
    room = get_classroom(found, viewer(request), timezone.now()) if found else None
    if room is None:
        raise Http404
    return room


def lesson_or_404(room: Classroom, slug: str) -> Lesson:
    """A lesson of the course by its address, without its texts; drafts for staff alone."""
    lessons = list(room.outline.lessons()) if room.reader.is_staff else room.outline.published
    found = next((each for each in lessons if each.slug == slug), None)
    if found is None:
        moved = find_moved_lesson(room.course, slug)
        found = next((each for each in lessons if moved and each.pk == moved.pk), None)
    if found is None:
        raise Http404
    found.course = room.course
    return found


def learner_of(request: HttpRequest) -> User:
    """Who learns: the view lets only the signed-in come so far."""
    return cast(User, request.user)
