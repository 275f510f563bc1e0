"""The readers' pages of a course as somebody would have them. Writes nothing, for nobody."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.access import Classroom, get_lesson_for, imagine_classroom, requirement_for
from courses.admin.common import VIEW, find_course, number_of
from courses.cards import card_of_course, card_of_lesson
from courses.closed import why_closed, why_out
from courses.content import derive_course, derive_lesson
from courses.drip import MOST_DAYS, Learning
from courses.enums import LessonState
from courses.forms import BeginForm
from courses.lesson_page import LessonPage
from courses.models import Course, Enrolment, Lesson
from courses.offers import offers_for
from courses.outline import LISTED
from courses.screens import CourseScreen
from courses.terms import term_end, zone_of
from newsletter.accounts.models import User
from newsletter.articles.content.addresses import host_of
from newsletter.articles.editor import sanitise_body
from newsletter.lib.players import allow_player, player_of
from newsletter.memberships.access import VISITOR, Reader
from newsletter.memberships.models import Tier
from newsletter.payments.offering import lines_of

# Nobody has this id: a preview is of a kind of reader, not of a person.
_SOMEBODY = 0


@dataclass(frozen=True)
class Persona:
    """Whose eyes: a kind of reader and, of a learner, the day and how many modules are finished."""

    name: str
    label: str
    reader: Reader
    day: int | None = None
    finished: int = 0


def preview_course(_model_admin: object, request: HttpRequest, pk: object) -> HttpResponse:
    """The course's page, or with `?lesson=` one of its lessons."""
    course = find_course(request, pk, VIEW)
    number = request.GET.get("lesson", "")
    if not number:
        return _show(request, _load(course), None)
    lessons = Lesson.objects.select_related("course")
    lesson = get_object_or_404(lessons, pk=number_of(number), course=course)
    return preview_lesson(request, course, lesson)


def preview_lesson(
    request: HttpRequest, course: Course, lesson: Lesson, posted: Lesson | None = None
) -> HttpResponse:
    """A lesson as stored, or as it stands in a form that was posted."""
    if posted is not None:
        # What the form found wrong is shown as it was typed; nothing of it is stored.
        posted.body = sanitise_body(str(request.POST.get("body", "")))
        posted.transcript = sanitise_body(str(request.POST.get("transcript", "")))
        derive_lesson(posted)
    return _show(request, _load(course), lesson, posted)


def _load(course: Course) -> Course:
    found = Course.objects.select_related("cover").prefetch_related("instructors")
    loaded = found.get(pk=course.pk)
    # The conversation under a lesson is its learners', not part of what is looked at.
    loaded.has_discussion = False
    return loaded


def personas_for(course: Course) -> list[tuple[str, str]]:
    """Who may be looked through: name and label."""
    tiers = [(f"tier-{tier.pk}", _("A member of %s") % tier) for tier in Tier.objects.all()]
    return [
        ("visitor", _("A visitor")),
        ("reader", _("A free reader")),
        *tiers,
        ("buyer", _("Somebody who bought it")),
        ("learner", _("A learner")),
    ]


def read_persona(given: Any, course: Course) -> Persona:
    """Out of a query or a form; a visitor where it says nothing that we know."""
    labels = dict(personas_for(course))
    name = given.get("as", "visitor")
    name = name if name in labels else "visitor"
    day = min(_number(given.get("day")), MOST_DAYS) if name == "learner" else None
    return Persona(name, labels[name], _reader(name, course), day, _number(given.get("finished")))


def _number(given: Any) -> int:
    text = str(given or "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0


def _reader(name: str, course: Course) -> Reader:
    wants = requirement_for(course)
    if name == "visitor":
        return VISITOR
    if name == "buyer":
        return Reader(_SOMEBODY, product_ids=wants.product_ids)
    if name == "learner":
        tiers = wants.tier_ids or frozenset({_SOMEBODY})
        return Reader(_SOMEBODY, tiers, product_ids=wants.product_ids)
    if name.startswith("tier-"):
        return Reader(_SOMEBODY, frozenset({int(name.removeprefix("tier-"))}))
    return Reader(_SOMEBODY)


def classroom_of(course: Course, persona: Persona, posted: Lesson | None = None) -> Classroom:
    """The course as the persona has it, every draft in it taken for published."""
    now, zone = timezone.now(), zone_of(course.time_zone)
    since = now - timedelta(days=persona.day or 0)
    day = since.astimezone(zone).date()
    learning = Learning(zone=zone, anchor_date=day, enrolled_at=since)
    room = imagine_classroom(course, persona.reader, learning, now)
    for lesson in room.outline.lessons():
        lesson.state = LessonState.PUBLISHED
        if posted is not None and lesson.pk == posted.pk:
            for name in LISTED:
                if name not in {"state", "version", "position", "course_id", "module_id"}:
                    setattr(lesson, name, getattr(posted, name))
    if persona.name != "learner":
        return room
    done = {
        lesson.pk: now
        for chapter in room.outline.chapters[: persona.finished]
        for lesson in chapter.published
    }
    # Not stored, and nobody's.
    enrolment = Enrolment(
        course=course, time_zone=str(zone), anchor_date=day, enrolled_at=since, started_at=since
    )
    return replace(
        room,
        learning=replace(learning, done=done),
        enrolment=enrolment,
        closes_at=term_end(course, since, zone),
    )


def _show(
    request: HttpRequest, course: Course, lesson: Lesson | None, posted: Lesson | None = None
) -> HttpResponse:
    given = request.POST if request.method == "POST" else request.GET
    persona = read_persona(given, course)
    room = classroom_of(course, persona, posted)
    reader = None if persona.name == "visitor" else User()
    page = (
        _lesson_page(room, lesson, posted, reader)
        if lesson is not None
        else _course_page(room, reader)
    )
    action = (
        reverse("admin:courses_lesson_preview", args=[lesson.pk])
        if posted is not None and lesson is not None
        else reverse("admin:courses_course_preview", args=[course.pk])
    )
    context = {
        **page,
        "course": course,
        "room": room,
        "reader": reader,
        "persona": persona,
        "personas": personas_for(course),
        "preview_action": action,
        "preview_lesson": lesson,
        "preview_lessons": list(room.outline.lessons()),
        "preview_modules": [chapter.module for chapter in room.outline.chapters],
        "posted": _posted(request),
        "is_posted": posted is not None,
    }
    response = TemplateResponse(request, "admin/courses/preview.html", context)
    response["X-Robots-Tag"] = "noindex"
    response["Cache-Control"] = "no-store"
    # It shows a reader's page, so it is held to the readers' policy. That page's own buttons would
    # do what they say to whoever looks at it: no form but the bar's can be sent from here.
    only_the_bar = [request.build_absolute_uri(action)]
    response._csp_replace = {"form-action": only_the_bar}  # type: ignore[attr-defined]
    return allow_player(response, page["page"].player if "page" in page else page.get("trailer"))


def _course_page(room: Classroom, reader: User | None) -> dict[str, Any]:
    course = room.course
    derive_course(course)
    offer = offers_for([course])[course.pk]
    screen = CourseScreen(room)
    common = {"screen": screen, "offer": offer, "card": card_of_course(course)}
    if room.enrolment is not None:
        return common | {
            "page_template": "courses/home.html",
            # What belongs to a stored one (a certificate) is nobody's here.
            "enrolment": None,
            "closed": None if room.entry.allowed else why_out(room, offer, None),
            "onward": room.lesson_to_continue if room.entry.allowed else None,
            "onward_label": _("Go on where you left"),
        }
    is_free = room.course.access in {"free", "address"}
    return common | {
        "page_template": "courses/about.html",
        "for_whom": lines_of(course.for_whom),
        "outcomes": lines_of(course.outcomes),
        "trailer_host": host_of(course.trailer_url),
        "trailer": player_of(course.trailer_url),
        "form": BeginForm(course=course) if reader is None and is_free else None,
        "sign_in": "",
    }


def _lesson_page(
    room: Classroom, lesson: Lesson, posted: Lesson | None, reader: User | None
) -> dict[str, Any]:
    listed = next(each for each in room.outline.lessons() if each.pk == lesson.pk)
    screen = CourseScreen(room, current=listed)
    before, after = screen.neighbours
    module = next((part.module for part in screen.parts if part.holds_current), None)
    shown = get_lesson_for(room, lesson.pk)
    if shown is not None:
        shown = posted or shown
        shown.state = LessonState.PUBLISHED
    page: dict[str, Any] = {
        "screen": screen,
        "lesson": shown or listed,
        "module": module,
        "previous": before,
        "next": after,
        "card": card_of_lesson(room.course, listed),
    }
    if shown is None:
        offer = offers_for([room.course])[room.course.pk]
        closed = why_closed(room, listed, offer, None)
        return page | {"page_template": "courses/closed.html", "closed": closed}
    return page | {
        "page_template": "courses/lesson.html",
        # Without an enrolment that is stored: nothing is kept, so nothing is offered to be kept.
        "page": LessonPage(room, shown, None, reader),
        "enrolment": None,
        "is_done": listed.pk in room.learning.done,
    }


def _posted(request: HttpRequest) -> list[tuple[str, Any]]:
    """The form again, so that other eyes are one press away."""
    return [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name not in {"as", "day", "finished", "csrfmiddlewaretoken"}
    ]
