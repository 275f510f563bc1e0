"""Build a course's outline: modules and lessons added, named, put in order, copied, deleted.

Positions count from 1 without gaps, whatever happens at once: the course is locked for each change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Case, F, IntegerField, QuerySet, Value, When
from django.utils.translation import gettext as _

from courses.actions.common import StaleError, record, require_author
from courses.actions.files import forget_files_of
from courses.actions.keeping import changing_curriculum
from courses.models import (
    AssignmentSubmission,
    Course,
    Lesson,
    LessonProgress,
    Module,
    QuizAttempt,
    ReleasedLesson,
)
from newsletter.accounts.models import User

# Further than any course is long: rows that are being put in order wait there.
_ASIDE = 1_000_000


def add_module(*, actor: User, course: Course, title: str, summary: str = "") -> Module:
    """Put an empty module at the end of a course."""
    require_author(actor)
    title = _tidy_title(title)
    with changing_curriculum(course) as locked:
        module = Module.objects.create(
            course=locked,
            title=title,
            summary=" ".join(summary.split()),
            position=locked.modules.count() + 1,
        )
        record(course=locked, what="module_added", actor=actor, detail=title)
    return module


@transaction.atomic
def rename_module(
    *,
    actor: User,
    module: Module,
    title: str,
    summary: str | None = None,
    expected_title: str | None = None,
) -> Module:
    """Give a module another title; another summary too, unless it is None.

    Raises StaleError where its title is not `expected_title` any more (W2).
    """
    require_author(actor)
    locked = Course.objects.select_for_update(no_key=True).get(pk=module.course_id)
    if (
        expected_title is not None
        and not locked.modules.filter(pk=module.pk, title=expected_title).exists()
    ):
        raise StaleError(refused=module.course, current=locked)
    module.title = _tidy_title(title)
    if summary is not None:
        module.summary = " ".join(summary.split())
    module.save(update_fields=["title", "summary"])
    record(course=locked, what="module_renamed", actor=actor, detail=module.title)
    return module


def set_prerequisite(
    *, actor: User, module: Module, prerequisite: Module | None, now: datetime | None = None
) -> Module:
    """Have a module's lessons wait for those of another one (None: for none).

    Raises ValidationError for a module of another course or one that waits for this one.
    """
    require_author(actor)
    if prerequisite is not None and prerequisite.course_id != module.course_id:
        raise ValidationError({"prerequisite": _("It is in another course.")})
    if prerequisite == module:
        raise ValidationError({"prerequisite": _("A module cannot wait for itself.")})
    with changing_curriculum(module.course, now) as locked:
        module.prerequisite = prerequisite
        module.save(update_fields=["prerequisite"])
        detail = f"{module.title} ← {prerequisite.title if prerequisite else ''}"
        record(course=locked, what="prerequisite_set", actor=actor, detail=detail)
    return module


def move_module(
    *, actor: User, module: Module, position: int, now: datetime | None = None
) -> Module:
    """Put a module at `position` (from 1; further than the end is the end)."""
    require_author(actor)
    with changing_curriculum(module.course, now) as locked:
        ids = list(locked.modules.order_by("position").values_list("pk", flat=True))
        _put_in_order(locked.modules.all(), _moved(ids, module.pk, position))
        record(course=locked, what="module_moved", actor=actor, detail=module.title)
    module.refresh_from_db()
    return module


def move_lesson(
    *,
    actor: User,
    lesson: Lesson,
    position: int,
    module: Module | None = None,
    now: datetime | None = None,
) -> Lesson:
    """Put a lesson at `position` of its module, or of another one of the same course."""
    require_author(actor)
    if module is not None and module.course_id != lesson.course_id:
        raise ValidationError({"module": _("It is in another course.")})
    with changing_curriculum(lesson.course, now) as locked:
        stored = Lesson.objects.only("module_id").get(pk=lesson.pk)
        target = module.pk if module is not None else stored.module_id
        if target != stored.module_id:
            _change_module(lesson.pk, target)
            _close_gaps(stored.module_id)
        ids = list(_in(target).values_list("pk", flat=True))
        _put_in_order(_in(target), _moved(ids, lesson.pk, position))
        record(course=locked, what="lesson_moved", actor=actor, lesson=lesson)
    lesson.refresh_from_db()
    return lesson


def reorder_outline(
    *,
    actor: User,
    course: Course,
    order: Sequence[tuple[int, Sequence[int]]],
    now: datetime | None = None,
) -> None:
    """Put a whole course in order at once: the ids of modules, each with those of its lessons.

    Raises ValidationError where that is not exactly what the course holds: somebody added or
    deleted something meanwhile, and nothing is changed.
    """
    require_author(actor)
    with changing_curriculum(course, now) as locked:
        modules = [module for module, _lessons in order]
        lessons = [lesson for _module, inside in order for lesson in inside]
        held_modules = set(locked.modules.values_list("pk", flat=True))
        held_lessons = set(locked.lessons.values_list("pk", flat=True))
        if not _is_all(modules, held_modules) or not _is_all(lessons, held_lessons):
            raise ValidationError(
                _("The course was changed meanwhile. Load the page again."), code="stale"
            )
        _put_in_order(locked.modules.all(), modules)
        _set_aside(Lesson.objects.filter(course=locked))
        for module, inside in order:
            Lesson.objects.filter(pk__in=inside).exclude(module=module).update(module=module)
            _put_in_order(_in(module), inside, is_aside=True)
        record(course=locked, what="reordered", actor=actor)


def delete_module(*, actor: User, module: Module, now: datetime | None = None) -> None:
    """Delete a module with its lessons. Raises what `delete_lesson` raises."""
    require_author(actor)
    with changing_curriculum(module.course, now) as locked:
        _require_untouched(module.lessons.all())
        forget_files_of(module.lessons.all())
        title = module.title
        module.delete()
        _put_in_order(
            locked.modules.all(), locked.modules.order_by("position").values_list("pk", flat=True)
        )
        record(course=locked, what="module_deleted", actor=actor, detail=title)


def delete_lesson(*, actor: User, lesson: Lesson, now: datetime | None = None) -> None:
    """Delete a lesson that nobody has begun. Its revisions stay.

    Raises ValidationError where somebody has: their notes, answers and progress would go with it.
    """
    require_author(actor)
    with changing_curriculum(lesson.course, now) as locked:
        itself = Lesson.objects.filter(pk=lesson.pk)
        _require_untouched(itself)
        forget_files_of(itself)
        title, module = lesson.title, lesson.module_id
        lesson._history_user = actor  # type: ignore[attr-defined]
        lesson._change_reason = _("Deleted")  # type: ignore[attr-defined]
        lesson.delete()
        _close_gaps(module)
        record(course=locked, what="lesson_deleted", actor=actor, detail=title)


def _require_untouched(lessons: QuerySet[Lesson]) -> None:
    begun = (
        LessonProgress.objects.filter(lesson__in=lessons),
        # Either can be sent without the lesson's page having been looked at.
        QuizAttempt.objects.filter(quiz__lesson__in=lessons),
        AssignmentSubmission.objects.filter(assignment__lesson__in=lessons),
    )
    if any(rows.exists() for rows in begun):
        raise ValidationError(
            _("Learners have begun this. Take it back to a draft instead."), code="begun"
        )
    ReleasedLesson.objects.filter(lesson__in=lessons).delete()


def make_room(module_id: int, position: int) -> int:
    """Free a place in a module for a lesson; returns it. Inside a change of the curriculum."""
    count = _in(module_id).count()
    place = max(1, min(position, count + 1))
    later = _in(module_id).filter(position__gte=place)
    later.update(position=F("position") + _ASIDE)
    _in(module_id).filter(position__gte=_ASIDE).update(position=F("position") - _ASIDE + 1)
    return place


def _in(module_id: int) -> QuerySet[Lesson]:
    return Lesson.objects.filter(module=module_id).order_by("position")


def _change_module(lesson_id: int, module_id: int) -> None:
    Lesson.objects.filter(pk=lesson_id).update(module=module_id, position=F("pk") + _ASIDE)


def _close_gaps(module_id: int) -> None:
    _put_in_order(_in(module_id), _in(module_id).values_list("pk", flat=True))


def _moved(ids: list[int], moving: int, position: int) -> list[int]:
    rest = [pk for pk in ids if pk != moving]
    place = max(1, min(position, len(rest) + 1)) - 1
    return [*rest[:place], moving, *rest[place:]]


def _is_all(given: list[int], held: set[int]) -> bool:
    return len(given) == len(held) and set(given) == held


def _set_aside(rows: QuerySet[Module] | QuerySet[Lesson]) -> None:
    # By id: lessons of several modules wait there at once, and change modules meanwhile.
    rows.filter(position__lt=_ASIDE).update(position=F("pk") + _ASIDE)


def _put_in_order(
    rows: QuerySet[Module] | QuerySet[Lesson], ids: Iterable[int], *, is_aside: bool = False
) -> None:
    """Number rows from 1 in the order of `ids`. Two statements: no place is ever held twice."""
    ordered = list(ids)
    if not ordered:
        return
    if not is_aside:
        _set_aside(rows)
    places = [When(pk=pk, then=Value(place)) for place, pk in enumerate(ordered, start=1)]
    rows.filter(pk__in=ordered).update(position=Case(*places, output_field=IntegerField()))


def _tidy_title(title: str) -> str:
    title = " ".join(title.split())
    if not title:
        raise ValidationError({"title": _("Give it a title.")})
    return title[:200]
