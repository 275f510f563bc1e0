"""What search engines may list of courses: their pages, free previews, no other lesson (P6)."""

from __future__ import annotations

from django.urls import reverse

from courses.addresses import course_path, lesson_path
from courses.enums import LessonState
from courses.models import Course, Lesson
from courses.queries import listed
from newsletter.articles.cards import absolute
from newsletter.articles.sitemaps import Place


def course_places() -> list[Place]:
    """The catalogue, the courses in it and their previews. Two queries."""
    courses: dict[int, Course] = {each.pk: each for each in listed().only("slug", "updated_at")}
    if not courses:
        return []
    previews = Lesson.objects.filter(
        course__in=courses, state=LessonState.PUBLISHED, is_preview=True
    )
    lessons = previews.only("slug", "updated_at", "course_id").order_by("pk")
    return [
        Place(absolute(reverse("courses:list-courses"))),
        *(Place(absolute(course_path(each)), each.updated_at) for each in courses.values()),
        *(
            Place(absolute(lesson_path(courses[each.course_id], each)), each.updated_at)
            for each in lessons
        ),
    ]
