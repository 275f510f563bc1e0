"""Courses in the site's search: what is public about those in the catalogue, and nothing else.

The index holds title, promise, the text of the sales page and the titles of free previews, so the
answer is the same for every viewer and no question finds out a word of a lesson (P2). It changes
in the transaction that changes the course.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from courses.addresses import course_path
from courses.content import sales_text
from courses.enums import LessonState
from courses.models import Course, Lesson
from courses.queries import listed
from newsletter.articles.search.index import Index
from newsletter.articles.search.others import Group, OtherHit
from newsletter.articles.search.terms import Entry, Query
from newsletter.payments.offering import lines_of

NAME = "courses"
# No author has so many that speak of the same thing; the catalogue has all.
_MOST = 50
_COURSES = Index("courses_course_search", "course_id")


class CourseFinder:
    """See newsletter.articles.search.others.Finder."""

    def find(self, asked: Query) -> Group | None:
        """One query for what matches, one for the courses."""
        rows = _COURSES.search(asked, listed(), limit=_MOST)
        if not rows:
            return None
        lessons = Count("lessons", filter=Q(lessons__state=LessonState.PUBLISHED))
        found = listed().filter(pk__in=[key for key, _snippet in rows])
        found = found.only("title", "slug", "promise").annotate(lesson_count=lessons)
        courses = {course.pk: course for course in found}
        hits = [_hit(courses[key], snippet) for key, snippet in rows if key in courses]
        words = ngettext("%d course", "%d courses", len(hits)) % len(hits)
        return Group(words, hits) if hits else None

    def is_current(self) -> bool:
        """A course that is listed must have an entry: whatever was there before there was this."""
        keys = set(listed().values_list("pk", flat=True))
        return not keys or (_COURSES.keys_among(keys) == keys and _COURSES.is_current())

    @transaction.atomic
    def rebuild(self) -> int:
        """See Finder."""
        _COURSES.clear()
        keys = list(listed().order_by("pk").values_list("pk", flat=True))
        for key in keys:
            index_course(key)
        return len(keys)


def index_course(course_id: int) -> None:
    """Bring the index up to date with the stored course, whatever its state."""
    course = listed().filter(pk=course_id).first()
    if course is None:
        _COURSES.forget(course_id)
        return
    previews = Lesson.objects.filter(course=course, state=LessonState.PUBLISHED, is_preview=True)
    _COURSES.store(course_id, _entry(course, previews.values_list("title", flat=True)))


def forget_course(course_id: int) -> None:
    """Take a course out of the index."""
    _COURSES.forget(course_id)


def _entry(course: Course, previews: Iterable[str]) -> Entry:
    asked = [f"{each['question']}\n{each['answer']}" for each in course.faq]
    told = [*lines_of(course.outcomes), *lines_of(course.for_whom), *asked]
    return Entry.of(
        title=course.title,
        dek=course.promise,
        tags=" ".join(previews),
        body="\n\n".join([sales_text(course), *told]),
    )


def _hit(course: Course, snippet: str) -> OtherHit:
    number: int = course.lesson_count  # type: ignore[attr-defined]
    counted = ngettext("%d lesson", "%d lessons", number) % number
    return OtherHit(
        course.title, course_path(course), snippet or course.promise, (_("Course"), counted)
    )
