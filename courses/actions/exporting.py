"""Hand a course out as a folder of Markdown."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Model, QuerySet

from courses.actions.common import record, require_author
from courses.exchange.exporting import ExportedCourse, collect
from courses.models import Course, Question
from newsletter.accounts.models import User
from newsletter.lib.slugs import make_slug


def export_course(*, actor: User, course: Course) -> ExportedCourse:
    """The files of a course, to be written as a folder or a ZIP.

    Parts that were never exported or brought in get the id now by which an import will know them
    again, whatever they are called by then.
    """
    require_author(actor)
    with transaction.atomic():
        Course.objects.select_for_update(no_key=True).get(pk=course.pk)
        _name(course.modules.all(), "title")
        _name(course.lessons.all(), "slug")
        for quiz in course.lessons.filter(quiz__isnull=False).values_list("quiz", flat=True):
            _name(Question.objects.filter(quiz=quiz), "prompt")
        record(course=course, what="exported", actor=actor)
        course.refresh_from_db()
        return collect(course)


def _name(rows: QuerySet[Model], by: str) -> None:
    """Give each row that has none a key that no other has."""
    taken = set(rows.exclude(import_key="").values_list("import_key", flat=True))
    for row in rows.filter(import_key="").order_by("pk"):
        base = make_slug(getattr(row, by), max_length=60, fallback="part")
        key, number = base, 1
        while key in taken:
            number += 1
            key = f"{base}-{number}"
        taken.add(key)
        type(row)._default_manager.filter(pk=row.pk).update(import_key=key)
