"""What learners set for themselves: their clock, their mail, their schedule; their calendar."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from courses import actions
from courses.addresses import course_path
from courses.calendar_file import CONTENT_TYPE, calendar_text
from courses.forms import SettingsForm
from courses.models import Enrolment
from courses.screens import CourseScreen
from courses.views.common import Moved, Visit, lead_on, visit_course
from newsletter.accounts.models import User
from newsletter.lib.opens_to import Opens, opens_to


@opens_to(Opens.SIGNED_IN)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def change_settings(request: HttpRequest, course: str) -> HttpResponse:
    """By which clock lessons open, and what comes by mail when they do."""
    try:
        visit, enrolment = _own(request, course)
    except Moved as moved:
        return lead_on(moved)
    form = SettingsForm(request.POST or None, enrolment=enrolment)
    if request.method == "POST" and form.is_valid():
        user = cast(User, request.user)
        zone, choice = form.cleaned_data["time_zone"], form.cleaned_data["mail_choice"]
        if zone != enrolment.time_zone:
            actions.set_time_zone(user=user, course=visit.course, time_zone=zone)
        actions.set_mail_choice(user=user, course=visit.course, choice=choice)
        messages.success(request, _("Saved."))
        return redirect(course_path(visit.course))
    context = {
        "course": visit.course,
        "form": form,
        "room": visit.room,
        "has_schedule": bool(CourseScreen(visit.room).calendar),
    }
    status = 422 if form.errors else 200
    return render(request, "courses/settings.html", context, status=status)


@opens_to(Opens.SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def restart_schedule(request: HttpRequest, course: str) -> HttpResponse:
    """Count the days anew from today; what has opened stays open."""
    try:
        visit, enrolment = _own(request, course)
    except Moved as moved:
        return lead_on(moved)
    if request.method == "POST" and visit.room.entry.allowed:
        actions.restart_schedule(actor=cast(User, request.user), enrolment=enrolment)
        messages.success(request, _("Your schedule begins anew today."))
    return redirect(course_path(visit.course))


@opens_to(Opens.SIGNED_IN)
@never_cache
@require_safe
def download_calendar(request: HttpRequest, course: str) -> HttpResponse:
    """What opens when, for their own calendar."""
    try:
        visit, _enrolment = _own(request, course)
    except Moved as moved:
        return lead_on(moved)
    response = HttpResponse(calendar_text(CourseScreen(visit.room)), content_type=CONTENT_TYPE)
    response.headers["Content-Disposition"] = 'attachment; filename="course.ics"'
    return response


def _own(request: HttpRequest, course: str) -> tuple[Visit, Enrolment]:
    """The course with the enrolment of whoever is signed in. Raises Http404 where there is none."""
    visit = visit_course(request, course)
    if visit.room.enrolment is None:
        raise Http404
    return visit, visit.room.enrolment
