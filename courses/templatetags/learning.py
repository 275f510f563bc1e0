"""Courses on pages of slices that lie below, and what the pages of courses share."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Any

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from courses.access import get_classrooms
from courses.queries import enrolments_of, listed
from newsletter.accounts.models import User

register = template.Library()


@register.simple_tag(takes_context=True)
def courses_url(context: template.Context) -> str:
    """Where the courses are, for head and foot of pages; "" where there are none.

    One query for each request, however often it is asked.
    """
    request = context.get("request")
    known: str | None = getattr(request, "_courses_url", None)
    if known is None:
        known = reverse("courses:list-courses") if listed().exists() else ""
        if request is not None:
            request._courses_url = known
    return known


@register.inclusion_tag("courses/_own.html")
def own_courses(user: User) -> dict[str, Any]:
    """What somebody is in, with how far they are. A fixed number of queries."""
    enrolments = list(enrolments_of(user))
    courses = [enrolment.course for enrolment in enrolments]
    rooms = get_classrooms(courses, user, timezone.now()) if courses else {}
    return {"rooms": [rooms[course.pk] for course in courses if course.pk in rooms]}


@register.simple_tag
def clock(at: datetime | None, zone: tzinfo, shape: str = "") -> SafeString:
    """`<time>` as a learner's own clock shows it, which need not be that of their account."""
    if at is None:
        return SafeString("")
    local = at.astimezone(zone)
    # Translators: an exact time; see Django's date formats.
    words = date_format(local.replace(tzinfo=None), shape or _("j F Y, H:i"))
    stamp = local.isoformat(timespec="minutes")
    return format_html('<time datetime="{}">{}</time>', stamp, words)


@register.filter
def zone_name(zone: tzinfo) -> str:
    """A time zone as people read it."""
    return str(zone).replace("_", " ")


@register.filter
def as_length(minutes: int) -> str:
    """`25 min`, `3 hours`, `3 hours 20 min`."""
    if minutes < 60:
        return _("%(minutes)s min") % {"minutes": minutes}
    # Nobody counts the minutes of a whole course.
    hours, rest = divmod(minutes if minutes < 300 else round(minutes / 60) * 60, 60)
    words = ngettext("%(hours)s hour", "%(hours)s hours", hours) % {"hours": hours}
    return f"{words} {_('%(minutes)s min') % {'minutes': rest}}" if rest else words
