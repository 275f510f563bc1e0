"""What the outline's buttons do. Each posts `act` as "what:kind:id".

An act that depends on the order takes the outline as it was seen, or nothing is done (W2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from courses import actions
from courses.actions import IllegalMoveError, StaleError, as_seen
from courses.admin.common import DELETE, actor_of, number_of, reason_of, require, who_was_faster
from courses.admin_forms import AddLessonForm, LessonLineForm, ModuleForm
from courses.models import Course, Lesson, Module
from courses.outline import load_outline


@dataclass(frozen=True)
class Done:
    """Where the author goes on: the line and, on it, what has the focus; a line left open."""

    key: str
    at: str = ""
    opens: str = ""


class RefusedError(Exception):
    """It was not done; what was typed is in `form`, if anything was."""

    def __init__(self, problem: str, form: Any = None, status: int = 422) -> None:
        super().__init__(problem)
        self.problem = problem
        self.form = form
        self.status = status


Act = Callable[[HttpRequest, Course, int], Done]


def do(request: HttpRequest, course: Course) -> Done:
    """Do what the pressed button says. Raises StaleError, RefusedError, Http404."""
    what, _colon, number = request.POST.get("act", "").rpartition(":")
    act = _ACTS.get(what)
    if act is None:
        raise Http404
    try:
        return act(request, course, number_of(number))
    except (ValidationError, IllegalMoveError) as error:
        raise RefusedError(reason_of(error), status=409) from error


def _version(request: HttpRequest) -> int:
    return number_of(request.POST.get("version", ""))


def _lesson(course: Course, pk: int) -> Lesson:
    return get_object_or_404(
        Lesson.objects.select_related("course", "module"), pk=pk, course=course
    )


def _module(course: Course, pk: int) -> Module:
    return get_object_or_404(Module.objects.select_related("course"), pk=pk, course=course)


# ── Order ─────────────────────────────────────────────────────────────────────────────────────


def _say_place(request: HttpRequest, lesson: Lesson) -> None:
    words = {
        "title": lesson.title,
        "place": lesson.position,
        "all": lesson.module.lessons.count(),
        "module": lesson.module.title,
    }
    said = _("“%(title)s” is lesson %(place)s of %(all)s in “%(module)s” now.")
    messages.success(request, said % words)


def _step_lesson(by: int) -> Act:
    def act(request: HttpRequest, course: Course, pk: int) -> Done:
        with as_seen(course, _version(request)):
            lesson = _lesson(course, pk)
            module, position = _next_place(course, lesson, by)
            moved = actions.move_lesson(
                actor=actor_of(request), lesson=lesson, module=module, position=position
            )
        _say_place(request, moved)
        return Done(f"lesson-{pk}", f"{'up' if by < 0 else 'down'}-lesson-{pk}")

    return act


def _next_place(course: Course, lesson: Lesson, by: int) -> tuple[Module, int]:
    """One up or down; beyond the end of a module it is the next module's near end."""
    chapters = load_outline(course).chapters
    at = next(n for n, each in enumerate(chapters) if each.module.pk == lesson.module_id)
    position, count = lesson.position + by, len(chapters[at].lessons)
    if position < 1 and at > 0:
        return chapters[at - 1].module, len(chapters[at - 1].lessons) + 1
    if position > count and at + 1 < len(chapters):
        return chapters[at + 1].module, 1
    return lesson.module, min(max(position, 1), count)


def _place_lesson(request: HttpRequest, course: Course, pk: int) -> Done:
    """To a place of a module, by dragging or from the list of modules (no place: at its end)."""
    with as_seen(course, _version(request)):
        lesson, module = _lesson(course, pk), _module(course, number_of(request.POST.get("to")))
        position = number_of(request.POST.get("position") or module.lessons.count() + 1)
        moved = actions.move_lesson(
            actor=actor_of(request), lesson=lesson, module=module, position=position
        )
    _say_place(request, moved)
    return Done(f"lesson-{pk}", f"title-lesson-{pk}")


def _step_module(by: int) -> Act:
    def act(request: HttpRequest, course: Course, pk: int) -> Done:
        with as_seen(course, _version(request)):
            module = _module(course, pk)
            position = max(1, module.position + by)
            _put_module(request, module, position)
        return Done(f"module-{pk}", f"{'up' if by < 0 else 'down'}-module-{pk}")

    return act


def _place_module(request: HttpRequest, course: Course, pk: int) -> Done:
    with as_seen(course, _version(request)):
        _put_module(request, _module(course, pk), number_of(request.POST.get("position")))
    return Done(f"module-{pk}", f"edit-module-{pk}")


def _put_module(request: HttpRequest, module: Module, position: int) -> None:
    moved = actions.move_module(actor=actor_of(request), module=module, position=position)
    words = {"title": moved.title, "place": moved.position}
    messages.success(request, _("“%(title)s” is module %(place)s now.") % words)


# ── Adding, copying, deleting ─────────────────────────────────────────────────────────────────


def _add_module(request: HttpRequest, course: Course, _pk: int) -> Done:
    module = actions.add_module(
        actor=actor_of(request), course=course, title=request.POST.get("title", "")
    )
    messages.success(request, _("The module “%(title)s” was added.") % {"title": module.title})
    return Done(f"module-{module.pk}", f"add-module-{module.pk}-title")


def _add_lesson(request: HttpRequest, course: Course, pk: int) -> Done:
    module = _module(course, pk)
    form = AddLessonForm(request.POST, auto_id=f"add-module-{pk}-%s")
    if not form.is_valid():
        raise RefusedError(_("Give the lesson a title first."), form)
    lesson = actions.add_lesson(actor=actor_of(request), module=module, **form.cleaned_data)
    messages.success(request, _("The lesson “%(title)s” was added.") % {"title": lesson.title})
    # Whoever writes an outline types the next title.
    return Done(f"lesson-{lesson.pk}", f"add-module-{pk}-title")


def _duplicate_lesson(request: HttpRequest, course: Course, pk: int) -> Done:
    copy = actions.duplicate_lesson(actor=actor_of(request), lesson=_lesson(course, pk))
    messages.success(request, _("This is the copy. It is a draft."))
    return Done(f"lesson-{copy.pk}", f"title-lesson-{copy.pk}")


def _duplicate_module(request: HttpRequest, course: Course, pk: int) -> Done:
    copy = actions.duplicate_module(actor=actor_of(request), module=_module(course, pk))
    messages.success(request, _("This is the copy. Its lessons are drafts."))
    return Done(f"module-{copy.pk}", f"edit-module-{copy.pk}")


def _delete_lesson(request: HttpRequest, course: Course, pk: int) -> Done:
    require(request, DELETE)
    with as_seen(course, _version(request)):
        lesson = _lesson(course, pk)
        module = lesson.module_id
        actions.delete_lesson(actor=actor_of(request), lesson=lesson)
    messages.success(request, _("The lesson was deleted."))
    return Done(f"module-{module}", f"edit-module-{module}")


def _delete_module(request: HttpRequest, course: Course, pk: int) -> Done:
    require(request, DELETE)
    with as_seen(course, _version(request)):
        actions.delete_module(actor=actor_of(request), module=_module(course, pk))
    messages.success(request, _("The module was deleted."))
    return Done("outline", "add-module-title")


# ── What stands on a line ─────────────────────────────────────────────────────────────────────


def _publish_lesson(request: HttpRequest, course: Course, pk: int) -> Done:
    lesson = actions.publish_lesson(actor=actor_of(request), lesson=_lesson(course, pk))
    messages.success(request, _("“%(title)s” is published.") % {"title": lesson.title})
    return Done(f"lesson-{pk}", f"edit-lesson-{pk}")


def _unpublish_lesson(request: HttpRequest, course: Course, pk: int) -> Done:
    lesson = actions.unpublish_lesson(actor=actor_of(request), lesson=_lesson(course, pk))
    messages.success(request, _("“%(title)s” is a draft.") % {"title": lesson.title})
    return Done(f"lesson-{pk}", f"publish-lesson-{pk}")


def _publish_module(request: HttpRequest, course: Course, pk: int) -> Done:
    """Every draft that has something to show; the others are named."""
    drafts = _module(course, pk).lessons.filter(state="draft").order_by("position")
    done, refused = 0, []
    for lesson in drafts:
        try:
            actions.publish_lesson(actor=actor_of(request), lesson=lesson)
            done += 1
        except (ValidationError, IllegalMoveError) as error:
            refused.append(f"“{lesson.title}”: {reason_of(error)}")
    said = ngettext("%(n)d lesson is published.", "%(n)d lessons are published.", done)
    messages.success(request, said % {"n": done})
    for line in refused:
        messages.warning(request, line)
    return Done(f"module-{pk}", f"edit-module-{pk}")


def _save_lesson(request: HttpRequest, course: Course, pk: int) -> Done:
    lesson = _lesson(course, pk)
    form = LessonLineForm(request.POST, instance=lesson, auto_id=f"lesson-{pk}-%s")
    if not form.is_valid():
        raise RefusedError(_("That cannot be saved yet."), form)
    try:
        actions.save_lesson(
            actor=actor_of(request),
            lesson=form.instance,
            expected_version=form.cleaned_data["version"],
        )
    except StaleError as stale:
        # What was typed stays in the fields; saving again is a decision.
        problem = who_was_faster(course, lesson) + " " + _differences(form, stale.current)
        form.data = {**request.POST.dict(), "version": str(stale.current.version)}
        raise RefusedError(problem, form, 409) from stale
    except ValidationError as error:
        raise RefusedError(reason_of(error), form) from error
    messages.success(request, _("“%(title)s” is saved.") % {"title": form.instance.title})
    return Done(f"lesson-{pk}", f"edit-lesson-{pk}")


def _differences(form: LessonLineForm, current: Any) -> str:
    """What stands there now where something else was typed."""
    theirs = [
        f"{form.fields[name].label}: {getattr(current, name)}"
        for name in form.fields
        if name != "version" and getattr(current, name) != form.cleaned_data.get(name)
    ]
    stored = _("Yours is in the fields and not stored yet; save again to put it in place.")
    return (_("Now it says: %s.") % "; ".join(theirs) + " " if theirs else "") + stored


def _save_module(request: HttpRequest, course: Course, pk: int) -> Done:
    module = _module(course, pk)
    others = list(course.modules.exclude(pk=pk).order_by("position"))
    form = ModuleForm(request.POST, module=module, others=others, auto_id=f"module-{pk}-%s")
    if not form.is_valid():
        raise RefusedError(_("That cannot be saved yet."), form)
    said, actor = form.cleaned_data, actor_of(request)
    try:
        with transaction.atomic():
            actions.rename_module(
                actor=actor,
                module=module,
                title=said["title"],
                summary=said["summary"],
                expected_title=said["expected"] or None,
            )
            if said["prerequisite"] != module.prerequisite:
                actions.set_prerequisite(
                    actor=actor, module=module, prerequisite=said["prerequisite"]
                )
    except StaleError as stale:
        now = Module.objects.get(pk=pk).title
        problem = who_was_faster(course) + " " + _("Now it is called “%s”.") % now
        form.data = {**request.POST.dict(), "expected": now}
        raise RefusedError(problem, form, 409) from stale
    except ValidationError as error:
        raise RefusedError(reason_of(error), form) from error
    messages.success(request, _("“%(title)s” is saved.") % {"title": said["title"]})
    return Done(f"module-{pk}", f"edit-module-{pk}")


_ACTS: dict[str, Act] = {
    "up:lesson": _step_lesson(-1),
    "down:lesson": _step_lesson(1),
    "place:lesson": _place_lesson,
    "up:module": _step_module(-1),
    "down:module": _step_module(1),
    "place:module": _place_module,
    "add:module": _add_module,
    "add:lesson": _add_lesson,
    "duplicate:lesson": _duplicate_lesson,
    "duplicate:module": _duplicate_module,
    "delete:lesson": _delete_lesson,
    "delete:module": _delete_module,
    "publish:lesson": _publish_lesson,
    "publish:module": _publish_module,
    "unpublish:lesson": _unpublish_lesson,
    "save:lesson": _save_lesson,
    "save:module": _save_module,
}
