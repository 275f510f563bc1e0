"""Copy lessons, modules and whole courses, with all that belongs to them."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from courses.actions import offering
from courses.actions.common import record, require_author
from courses.actions.keeping import changing_curriculum
from courses.actions.writing import WRITTEN_FIELDS, insert_lesson
from courses.models import Course, Lesson, Module
from newsletter.accounts.models import User
from newsletter.articles.actions.common import record_revision


def duplicate_lesson(*, actor: User, lesson: Lesson) -> Lesson:
    """A draft like `lesson`, right after it: texts, settings, files, questions, assignment.

    Files are named twice, not stored twice.
    """
    require_author(actor)
    with changing_curriculum(lesson.course) as locked:
        original = Lesson.objects.get(pk=lesson.pk)
        title = _("%(title)s (copy)") % {"title": original.title[:190]}
        copy = _copy(actor, original, original.module, original.position + 1, title)
        record(course=locked, what="lesson_added", actor=actor, lesson=copy, detail=copy.title)
    return copy


def duplicate_module(*, actor: User, module: Module) -> Module:
    """A module like `module`, at the end, with drafts like its lessons."""
    require_author(actor)
    with changing_curriculum(module.course) as locked:
        copy = Module.objects.create(
            course=locked,
            position=locked.modules.count() + 1,
            title=_("%(title)s (copy)") % {"title": module.title[:190]},
            summary=module.summary,
        )
        for lesson in module.lessons.order_by("position"):
            _copy(actor, lesson, copy, None, lesson.title)
        record(course=locked, what="module_added", actor=actor, detail=copy.title)
    return copy


def duplicate_course(*, actor: User, course: Course) -> Course:
    """A draft like `course`, with drafts like its lessons and nobody in it.

    It is not sold by the same products: whoever bought the one would have the other too.
    """
    require_author(actor)
    with transaction.atomic():
        # What is copied stays as it is meanwhile: its files are named, not stored anew.
        original = Course.objects.select_for_update(no_key=True).get(pk=course.pk)
        written = {name: getattr(original, name) for name in offering.WRITTEN_FIELDS}
        title = _("%(title)s (copy)") % {"title": original.title[:190]}
        copy = offering.save_course(
            actor=actor,
            course=Course(**{**written, "title": title, "slug": ""}),
            tiers=original.tiers.all(),
            instructors=original.instructors.all(),
            reason=_("Copied"),
        )
        modules: dict[int, Module] = {}
        with changing_curriculum(copy) as locked:
            for module in original.modules.order_by("position"):
                modules[module.pk] = made = Module.objects.create(
                    course=locked,
                    position=module.position,
                    title=module.title,
                    summary=module.summary,
                )
                for lesson in module.lessons.order_by("position"):
                    _copy(actor, lesson, made, None, lesson.title)
            for module in original.modules.filter(prerequisite__isnull=False):
                modules[module.pk].prerequisite = modules[module.prerequisite_id or 0]
                modules[module.pk].save(update_fields=["prerequisite"])
        record(course=copy, what="copied", actor=actor, detail=original.title)
    copy.refresh_from_db()
    return copy


def _copy(
    actor: User, original: Lesson, module: Module, position: int | None, title: str
) -> Lesson:
    written = {name: getattr(original, name) for name in WRITTEN_FIELDS}
    copy = Lesson(course=module.course, **{**written, "title": title, "slug": ""})
    insert_lesson(copy, module, position)
    record_revision(copy, actor=actor, reason=_("Copied"))
    for file in original.files.all():
        file.pk, file.lesson, file._state.adding = None, copy, True
        file.save()
    if hasattr(original, "quiz"):
        _copy_quiz(original, copy)
    if hasattr(original, "assignment"):
        assignment = original.assignment
        assignment.pk, assignment.lesson, assignment._state.adding = None, copy, True
        assignment.save()
    return copy


def _copy_quiz(original: Lesson, copy: Lesson) -> None:
    quiz = original.quiz
    questions = list(quiz.questions.filter(is_archived=False).prefetch_related("choices"))
    quiz.pk, quiz.lesson, quiz._state.adding = None, copy, True
    quiz.save()
    for question in questions:
        choices = list(question.choices.all())
        question.pk, question.quiz, question._state.adding = None, quiz, True
        question.import_key = ""
        question.save()
        for choice in choices:
            choice.pk, choice.question, choice._state.adding = None, question, True
            choice.save()
