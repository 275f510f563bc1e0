"""Reading a lesson, and what its reader does there. Who they are comes from the session (K5)."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from courses import actions
from courses.access import get_lesson_for
from courses.actions import NotDoneError, NotOpenError
from courses.addresses import course_path, lesson_path
from courses.cards import card_of_lesson
from courses.closed import why_closed
from courses.forms import NotesForm
from courses.lesson_page import LessonPage
from courses.models import Enrolment, Lesson
from courses.offers import offers_for
from courses.queries import find_course, find_moved_course, find_moved_lesson
from courses.screens import CourseScreen
from courses.views.common import Moved, Visit, find_listed_lesson, lead_on, visit_course
from newsletter.accounts.models import User
from newsletter.lib.opens_to import Opens, opens_to
from newsletter.lib.players import allow_player


@opens_to(Opens.EVERYONE)
@never_cache
@require_safe
def read_lesson(request: HttpRequest, course: str, lesson: str) -> HttpResponse:
    """A lesson for whoever may open it; for everybody else why not, and when."""
    try:
        visit = visit_course(request, course)
    except Moved as moved:
        return lead_on(moved, f"{lesson}/")
    try:
        listed = find_listed_lesson(visit, lesson)
    except Moved as moved:
        return lead_on(moved)
    return _show(request, visit, listed)


def _show(
    request: HttpRequest, visit: Visit, listed: Lesson, form: NotesForm | None = None
) -> HttpResponse:
    room = visit.room
    lesson = get_lesson_for(room, listed.pk)
    screen = CourseScreen(room, current=listed)
    previous, following = screen.neighbours
    context: dict[str, Any] = {
        "course": visit.course,
        "room": room,
        "screen": screen,
        "lesson": lesson or listed,
        "module": next((part.module for part in screen.parts if part.holds_current), None),
        "previous": previous,
        "next": following,
        "reader": visit.viewer,
        "card": card_of_lesson(visit.course, listed),
    }
    if lesson is None:
        offer = offers_for([visit.course])[visit.course.pk]
        context["closed"] = why_closed(room, listed, offer, visit.viewer)
        return render(request, "courses/closed.html", context)
    enrolment = _note_opening(request, visit, lesson)
    page = LessonPage(room, lesson, enrolment, visit.viewer)
    context |= {
        "page": page,
        "enrolment": enrolment,
        "is_done": lesson.pk in room.learning.done,
        "notes": form or NotesForm(initial={"notes": page.notes}),
    }
    shown = render(request, "courses/lesson.html", context, status=422 if form else 200)
    return allow_player(shown, page.player)


def _note_opening(request: HttpRequest, visit: Visit, lesson: Lesson) -> Enrolment | None:
    """Bookmark the lesson for its reader; not for the author's eyes, nor for a browser's guess."""
    is_ahead = request.headers.get("Sec-Purpose", "").startswith("prefetch")
    is_look = request.method != "GET" or is_ahead or hasattr(request, "support_visit")
    if visit.viewer is None or is_look:
        return visit.room.enrolment
    return actions.open_lesson(user=visit.viewer, room=visit.room, lesson=lesson)


@opens_to(Opens.SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def complete_lesson(request: HttpRequest, course: str, lesson: str) -> HttpResponse:
    """Mark a lesson as done and go on; with `undo`, take that back."""
    here = _page_of(course, lesson)
    if request.method != "POST":
        return redirect(here)
    found = _lesson_at(course, lesson)
    user = cast(User, request.user)
    try:
        if "undo" in request.POST:
            actions.uncomplete_lesson(user=user, lesson=found)
            return redirect(here)
        completed = actions.complete_lesson(user=user, lesson=found)
    except NotOpenError as error:
        return _say_why(error, here)
    except NotDoneError:
        # Its page has what completes it.
        return redirect(here)
    if completed.is_course:
        messages.success(request, _("That was the last one: you have completed the course."))
        return redirect(course_path(found.course))
    return redirect(_next_path(request, found))


def _next_path(request: HttpRequest, lesson: Lesson) -> str:
    """The lesson after this one, open or not: its page says when it opens."""
    visit = visit_course(request, lesson.course.slug)
    _before, following = CourseScreen(visit.room, current=lesson).neighbours
    return lesson_path(lesson.course, following) if following else course_path(lesson.course)


@opens_to(Opens.SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def save_notes(request: HttpRequest, course: str, lesson: str) -> HttpResponse:
    """Keep somebody's notes on a lesson."""
    here = _page_of(course, lesson)
    if request.method != "POST":
        return redirect(f"{here}#notes")
    found = _lesson_at(course, lesson)
    form = NotesForm(request.POST)
    if form.is_valid():
        try:
            text = form.cleaned_data["notes"]
            actions.save_notes(user=cast(User, request.user), lesson=found, text=text)
        except NotOpenError as error:
            return _say_why(error, here)
        except ValidationError as error:
            form.add_error(None, error)
    if form.errors:
        visit = visit_course(request, found.course.slug)
        return _show(request, visit, find_listed_lesson(visit, found.slug), form)
    messages.success(request, _("Your notes are kept."))
    return redirect(f"{here}#notes")


@opens_to(Opens.SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def record_position(request: HttpRequest, course: str, lesson: str) -> HttpResponse:
    """Where the recording is, told by the player (courses.js) now and then."""
    if request.method != "POST":
        return redirect(_page_of(course, lesson))
    found = _lesson_at(course, lesson)
    seconds = request.POST.get("seconds", "")
    if not (seconds.isdecimal() and seconds.isascii() and len(seconds) <= 9):
        return HttpResponse(status=400)
    try:
        user = cast(User, request.user)
        actions.record_position(user=user, lesson=found, seconds=int(seconds))
    except NotOpenError as error:
        return HttpResponse(status=403 if error.decision else 404)
    return HttpResponse(status=204)


def _page_of(course: str, lesson: str) -> str:
    """Whether there is such a lesson says the page itself, to those who may know (P7)."""
    return reverse("courses:read-lesson", args=[course, lesson])


def _say_why(error: NotOpenError, here: str) -> HttpResponse:
    """A closed lesson's page says why; of one that is not there nothing is said."""
    if error.decision is None:
        raise Http404
    return redirect(here)


def _lesson_at(course: str, lesson: str) -> Lesson:
    """The lesson of an address, for an action that asks for access itself.

    A former address will do: what was written is not lost because the author moved the page.
    """
    there = find_course(course) or find_moved_course(course)
    if there is None:
        raise Http404
    rows = Lesson.objects.filter(course=there, slug=lesson)
    row = rows.defer("body", "body_html", "transcript", "transcript_html").first()
    row = row or find_moved_lesson(there, lesson)
    if row is None:
        raise Http404
    row.course = there
    return row
