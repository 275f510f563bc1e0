"""What courses there are, and the page of each: an offer to strangers, home to its learners."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from courses.access import get_classrooms
from courses.actions.beginning import FREE
from courses.cards import card_of_catalogue, card_of_course, course_data
from courses.closed import why_out
from courses.forms import BeginForm
from courses.offers import CourseOffer, offers_for
from courses.queries import list_catalogue
from courses.screens import CourseScreen
from courses.views.common import Moved, Visit, lead_on, visit_course
from newsletter.accounts.queries import viewer
from newsletter.articles.content.addresses import host_of
from newsletter.lib.local_paths import sign_in_url
from newsletter.lib.opens_to import Opens, opens_to
from newsletter.lib.page_cache import keep_page
from newsletter.lib.players import allow_player, player_of
from newsletter.memberships.access import Decision
from newsletter.payments.offering import lines_of
from newsletter.publication.context import publication_of


@opens_to(Opens.EVERYONE)
@keep_page
@require_safe
def list_courses(request: HttpRequest) -> HttpResponse:
    """All courses on offer. The same page for every visitor; learners see how far they are."""
    courses = list(list_catalogue().prefetch_related("tiers", "products"))
    user = viewer(request)
    rooms = get_classrooms(courses, user, timezone.now()) if user else {}
    offers = offers_for(courses)
    context = {
        "entries": [(course, offers[course.pk], rooms.get(course.pk)) for course in courses],
        "card": card_of_catalogue(publication_of(request)),
    }
    return render(request, "courses/list.html", context)


@opens_to(Opens.EVERYONE)
@keep_page
@require_safe
def show_course(request: HttpRequest, course: str) -> HttpResponse:
    """The course: its learners' home, for everybody else what it is and how to get in.

    `?about` shows its learners what the others see.
    """
    try:
        visit = visit_course(request, course)
    except Moved as moved:
        return lead_on(moved)
    offer = offers_for([visit.course])[visit.course.pk]
    if visit.room.enrolment is not None and "about" not in request.GET:
        return _show_home(request, visit, offer)
    shown = render(request, "courses/about.html", about_context(request, visit, offer))
    return allow_player(shown, player_of(visit.course.trailer_url))


def about_context(request: HttpRequest, visit: Visit, offer: CourseOffer) -> dict[str, object]:
    """What the page shows on which a course is offered."""
    course, screen = visit.course, CourseScreen(visit.room)
    publication = publication_of(request)
    return {
        "course": course,
        "room": visit.room,
        "screen": screen,
        "offer": offer,
        "reader": visit.viewer,
        "for_whom": lines_of(course.for_whom),
        "outcomes": lines_of(course.outcomes),
        "trailer_host": host_of(course.trailer_url),
        "trailer": player_of(course.trailer_url),
        "form": None if visit.viewer or course.access not in FREE else BeginForm(course=course),
        "sign_in": sign_in_url(request.path),
        "card": card_of_course(course),
        "structured_data": course_data(course, offer, publication, minutes=screen.minutes),
    }


def _show_home(request: HttpRequest, visit: Visit, offer: CourseOffer) -> HttpResponse:
    room = visit.room
    is_open = room.entry.allowed
    context = {
        "course": visit.course,
        "room": room,
        "screen": CourseScreen(room),
        "enrolment": room.enrolment,
        "closed": None if is_open else why_out(room, offer, visit.viewer),
        "onward": room.lesson_to_continue if is_open else None,
        "onward_label": _onward_label(room.percent, room.entry),
        "card": card_of_course(visit.course),
    }
    return render(request, "courses/home.html", context)


def _onward_label(percent: int, entry: Decision) -> str:
    if not entry.allowed:
        return ""
    return _("Go on where you left") if percent < 100 else _("Look at it again")
