"""The outline: a whole course on one page, built with a mouse, by keys, or by plain buttons."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from courses.actions import StaleError
from courses.admin import outline_acts
from courses.admin.common import (
    CHANGE,
    DELETE,
    VIEW,
    find_course,
    may,
    nudge_settling,
    page_of,
    who_was_faster,
)
from courses.admin.moves import moves_for
from courses.admin_forms import AddLessonForm, LessonLineForm, ModuleForm
from courses.models import Course, Lesson, Module
from courses.outline import Outline, load_outline
from courses.words import opening_words


@dataclass
class LessonRow:
    """One lesson as a line. `form` is there where the line is open for changes."""

    lesson: Lesson
    number: int
    opens: str
    is_first: bool = False
    is_last: bool = False
    form: LessonLineForm | None = None

    @property
    def key(self) -> str:
        """What its parts on the page are called after."""
        return f"lesson-{self.lesson.pk}"


@dataclass
class ModuleRow:
    """One module with its lessons."""

    module: Module
    number: int
    rows: list[LessonRow] = field(default_factory=list)
    is_first: bool = False
    is_last: bool = False
    form: ModuleForm | None = None
    add_form: AddLessonForm | None = None
    waits_for: str = ""

    @property
    def key(self) -> str:
        """What its parts on the page are called after."""
        return f"module-{self.module.pk}"

    @property
    def minutes(self) -> int:
        """How long its lessons take together."""
        return sum(row.lesson.minutes for row in self.rows)


def show_outline(_model_admin: object, request: HttpRequest, pk: object) -> HttpResponse:
    """Show the course; do what one of its buttons says, and come back to that button."""
    if request.method != "POST":
        return _show(request, find_course(request, pk, VIEW))
    course = find_course(request, pk, CHANGE)
    try:
        done = outline_acts.do(request, course)
        nudge_settling(course.pk)
    except StaleError:
        problem = who_was_faster(course) + " " + _("Nothing was changed. This is how it is now.")
        course.refresh_from_db()
        return _show(request, course, problem=problem, status=409)
    except outline_acts.RefusedError as refused:
        return _show(
            request, course, problem=refused.problem, wrong=refused.form, status=refused.status
        )
    place = reverse("admin:courses_course_outline", args=[course.pk])
    query = urlencode({"at": done.at, **({"open": done.opens} if done.opens else {})})
    return redirect(f"{place}?{query}#{done.key}")


def _show(
    request: HttpRequest,
    course: Course,
    *,
    problem: str = "",
    wrong: Any = None,
    status: int = 200,
) -> HttpResponse:
    outline = load_outline(course)
    modules = _rows(outline, request.GET.get("open", ""), wrong)
    lessons = [row.lesson for module in modules for row in module.rows]
    context = page_of(
        request,
        course,
        "outline",
        title=course.title,
        modules=modules,
        lesson_number=len(lessons),
        draft_number=sum(lesson.state == "draft" for lesson in lessons),
        minutes=sum(lesson.minutes for lesson in lessons if lesson.state != "draft"),
        at=request.GET.get("at", ""),
        problem=problem,
        said=list(get_messages(request)),
        may_change=may(request, CHANGE),
        may_delete=may(request, DELETE),
        moves=moves_for(course),
    )
    return TemplateResponse(request, "admin/courses/outline.html", context, status=status)


def _rows(outline: Outline, opened: str, wrong: Any) -> list[ModuleRow]:
    modules = [chapter.module for chapter in outline.chapters]
    titles = {module.pk: module.title for module in modules}
    last = len(outline.chapters) - 1
    made: list[ModuleRow] = []
    # What has to be finished before a lesson that opens after the previous module.
    before = ""
    for at, chapter in enumerate(outline.chapters):
        module = ModuleRow(
            chapter.module,
            at + 1,
            is_first=at == 0,
            is_last=at == last,
            waits_for=titles.get(chapter.module.prerequisite_id or 0, ""),
        )
        module.form = _module_form(module, modules, opened, wrong)
        module.add_form = _add_form(module, wrong)
        count = len(chapter.lessons)
        for number, lesson in enumerate(chapter.lessons, start=1):
            row = LessonRow(
                lesson,
                number,
                opening_words(lesson, before),
                # It moves on into the module above or below.
                is_first=at == 0 and number == 1,
                is_last=at == last and number == count,
            )
            row.form = _lesson_form(row, opened, wrong)
            module.rows.append(row)
        if any(lesson.is_required for lesson in chapter.published):
            before = chapter.module.title
        made.append(module)
    return made


def _lesson_form(row: LessonRow, opened: str, wrong: Any) -> LessonLineForm | None:
    if isinstance(wrong, LessonLineForm) and wrong.instance.pk == row.lesson.pk:
        return wrong
    if opened != row.key:
        return None
    return LessonLineForm(instance=row.lesson, auto_id=f"{row.key}-%s")


def _module_form(
    row: ModuleRow, modules: list[Module], opened: str, wrong: Any
) -> ModuleForm | None:
    if isinstance(wrong, ModuleForm) and wrong.auto_id == f"{row.key}-%s":
        return wrong
    if opened != row.key:
        return None
    others = [each for each in modules if each.pk != row.module.pk]
    return ModuleForm(module=row.module, others=others, auto_id=f"{row.key}-%s")


def _add_form(row: ModuleRow, wrong: Any) -> AddLessonForm:
    auto_id = f"add-{row.key}-%s"
    if isinstance(wrong, AddLessonForm) and wrong.auto_id == auto_id:
        return wrong
    return AddLessonForm(auto_id=auto_id)
