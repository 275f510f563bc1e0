"""What becomes of a whole course: public, a draft, archived, copied, deleted. Each asks once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from courses.actions import (
    IllegalMoveError,
    archive_course,
    delete_course,
    duplicate_course,
    publish_course,
    unpublish_course,
)
from courses.admin.common import ADD, CHANGE, DELETE, actor_of, find_course, page_of, reason_of
from courses.enums import CourseState
from courses.models import Course

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class Move:
    """One thing that can be done: the question, the button, what is said afterwards."""

    act: Callable[..., Any]
    title: StrOrPromise
    says: StrOrPromise
    button: StrOrPromise
    done: StrOrPromise
    permission: str = CHANGE
    # In which states it is offered; empty: in all.
    states: frozenset[str] = frozenset()
    is_bad: bool = False


_DRAFT, _PUBLIC, _ARCHIVED = CourseState.DRAFT, CourseState.PUBLISHED, CourseState.ARCHIVED
MOVES: dict[str, Move] = {
    "publish": Move(
        publish_course,
        _("Publish the course"),
        _(
            "Its page is public at once, and those who may get in can begin. Lessons that are "
            "drafts stay hidden."
        ),
        _("Publish the course"),
        _("The course is public."),
        states=frozenset({_DRAFT, _ARCHIVED}),
    ),
    "unpublish": Move(
        unpublish_course,
        _("Make it a draft again"),
        _(
            "Its page and its lessons close to everyone at once, to learners too. What they did "
            "is kept."
        ),
        _("Make it a draft"),
        _("The course is a draft. Nobody but you can open it."),
        states=frozenset({_PUBLIC, _ARCHIVED}),
    ),
    "archive": Move(
        archive_course,
        _("Archive the course"),
        _(
            "It leaves the catalogue and takes nobody in any more. Those who are in it, or bought "
            "it, go on."
        ),
        _("Archive it"),
        _("The course is archived."),
        states=frozenset({_DRAFT, _PUBLIC}),
    ),
    "duplicate": Move(
        duplicate_course,
        _("Copy the course"),
        _(
            "A draft with the same page, rules, modules and lessons, and nobody in it. It is not "
            "sold by the same products."
        ),
        _("Make a copy"),
        _("This is the copy."),
        permission=ADD,
    ),
    "delete": Move(
        delete_course,
        _("Delete the course"),
        _(
            "With its modules, lessons and files. Nothing brings it back. A course that people "
            "are in cannot be deleted."
        ),
        _("Delete it for good"),
        _("The course is deleted."),
        permission=DELETE,
        is_bad=True,
    ),
}


def act(_model_admin: object, request: HttpRequest, pk: object, what: str) -> HttpResponse:
    """Ask on GET, do it on POST."""
    move = MOVES.get(what)
    if move is None:
        raise Http404
    course = find_course(request, pk, move.permission)
    problem = ""
    if request.method == "POST":
        try:
            made = move.act(actor=actor_of(request), course=course)
        except (IllegalMoveError, ValidationError) as error:
            problem = reason_of(error)
        else:
            messages.success(request, str(move.done))
            return _go_on(what, course, made)
    context = page_of(request, course, "", title=move.title, move=move, problem=problem)
    status = 409 if problem else 200
    return TemplateResponse(request, "admin/courses/move.html", context, status=status)


def _go_on(what: str, course: Course, made: Any) -> HttpResponse:
    if what == "delete":
        return redirect("admin:courses_course_changelist")
    shown = made if what == "duplicate" else course
    return redirect("admin:courses_course_outline", shown.pk)


def moves_for(course: Course) -> list[tuple[str, Move]]:
    """What can be done with a course as it stands, beside publishing, which has its own button."""
    return [
        (name, move)
        for name, move in MOVES.items()
        if name != "publish" and (not move.states or course.state in move.states)
    ]
