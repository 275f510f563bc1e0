"""Make anew what follows from the stored texts, after a release that renders differently."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import transaction
from django.utils import translation

from courses.actions.offering import record_course_uploads
from courses.actions.writing import DERIVED_FIELDS, record_lesson_uploads
from courses.content import derive_course, derive_lesson
from courses.models import Course, Lesson
from courses.search import index_course
from newsletter.articles.editor import sanitise_body
from newsletter.lib.page_cache import forget_pages
from newsletter.publication.queries import get_publication


def rebuild_courses() -> Iterator[str]:
    """Clean and render every course's and lesson's text again, and yield the title of each.

    For the command line alone. Each is a transaction of its own and is skipped where an author
    saves meanwhile: that save has rendered it already. There are no revisions.
    """
    for course_id in list(Course.objects.order_by("pk").values_list("pk", flat=True)):
        with translation.override(get_publication().language), transaction.atomic():
            course = Course.objects.get(pk=course_id)
            course.body = sanitise_body(course.body)
            derive_course(course)
            unchanged = Course.objects.filter(pk=course_id, version=course.version)
            if unchanged.update(body=course.body, body_html=course.body_html):
                record_course_uploads(course)
                index_course(course_id)
        yield course.title
    for lesson_id in list(Lesson.objects.order_by("pk").values_list("pk", flat=True)):
        with translation.override(get_publication().language), transaction.atomic():
            lesson = Lesson.objects.get(pk=lesson_id)
            lesson.body = sanitise_body(lesson.body)
            lesson.transcript = sanitise_body(lesson.transcript)
            derive_lesson(lesson)
            fields = {
                name: getattr(lesson, name) for name in ("body", "transcript", *DERIVED_FIELDS)
            }
            if Lesson.objects.filter(pk=lesson_id, version=lesson.version).update(**fields):
                record_lesson_uploads(lesson)
        yield lesson.title
    forget_pages()
