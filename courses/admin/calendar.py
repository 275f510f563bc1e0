"""What opens when, for people who enrolled on one day: as `drip` works it out for each of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.access import imagine_classroom
from courses.admin.common import VIEW, find_course, page_of
from courses.curriculum import find_unreachable
from courses.drip import Learning, at_local_hour
from courses.learner_forms import CohortForm
from courses.models import Course, Lesson
from courses.terms import zone_of
from courses.words import opening_words
from newsletter.memberships.access import VISITOR

SHOWN_COHORTS = 12


@dataclass(frozen=True)
class Day:
    """One day of the learners' calendar: the hour at which lessons open, and which."""

    day: date
    openings: list[tuple[str, list[Lesson]]]


def show_calendar(_model_admin: object, request: HttpRequest, pk: object) -> HttpResponse:
    """The calendar of one day's learners in one time zone: today and the course's, unless asked."""
    course = find_course(request, pk, VIEW)
    start: dict[str, Any] = {"day": timezone.localdate(), "zone": course.time_zone}
    form = CohortForm({**start, **request.GET.dict()} if request.GET else start, initial=start)
    chosen = form.cleaned_data if form.is_valid() else start
    days, later, unreachable = _plan(course, chosen["day"], zone_of(chosen["zone"]))
    context = page_of(
        request,
        course,
        "calendar",
        title=_("What opens when"),
        form=form,
        chosen=chosen,
        days=days,
        later=later,
        unreachable=unreachable,
        cohorts=_cohorts(course),
    )
    status = 422 if form.errors else 200
    return TemplateResponse(request, "admin/courses/calendar.html", context, status=status)


def _plan(
    course: Course, day: date, zone: tzinfo
) -> tuple[list[Day], list[tuple[Lesson, str]], list[Lesson]]:
    """By day what opens by time; what follows from finishing something; what nobody ever opens."""
    # Whoever enrols on a day does so when its lessons open, or later.
    enrolled_at = at_local_hour(day, course.release_hour, zone)
    learning = Learning(zone=zone, anchor_date=day, enrolled_at=enrolled_at)
    room = imagine_classroom(course, VISITOR, learning, enrolled_at)
    stuck = find_unreachable(room.rules)
    by_day: defaultdict[date, defaultdict[datetime, list[Lesson]]]
    by_day = defaultdict(lambda: defaultdict(list))
    later: list[tuple[Lesson, str]] = []
    unreachable: list[Lesson] = []
    before = ""
    for chapter in room.outline.chapters:
        for lesson in chapter.published:
            standing = room.standings[lesson.pk]
            if lesson.pk in stuck:
                unreachable.append(lesson)
            elif standing.opens_at is None:
                later.append((lesson, opening_words(lesson, before)))
            else:
                local = max(standing.opens_at, enrolled_at).astimezone(zone)
                by_day[local.date()][local].append(lesson)
        if any(lesson.is_required for lesson in chapter.published):
            before = chapter.module.title
    days = [
        Day(each, [(f"{at:%H:%M}", lessons) for at, lessons in sorted(by_day[each].items())])
        for each in sorted(by_day)
    ]
    return days, later, unreachable


def _cohorts(course: Course) -> list[dict[str, Any]]:
    """The latest days on which schedules began, and how many learners each has. One query."""
    rows = course.enrolments.order_by("-anchor_date").values("anchor_date", "time_zone")
    found = rows.annotate(learners=Count("pk")).order_by("-anchor_date", "time_zone")
    return list(found[:SHOWN_COHORTS])
