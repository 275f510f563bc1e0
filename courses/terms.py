"""Until when somebody has access to a course, as far as the course itself limits it. Pure.

Whoever enrols keeps what was said then: a course that is made shorter takes nothing from them.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from courses.drip import end_of_day
from courses.enums import AccessLength
from courses.models import Course
from newsletter.lib.moments import add_months
from newsletter.lib.time_zones import UTC as UTC_NAME
from newsletter.lib.time_zones import find_zone


def zone_of(*names: str) -> tzinfo:
    """The first of these time zones that there is."""
    return find_zone(*names, UTC_NAME) or UTC


def term_end(course: Course, start: datetime, zone: tzinfo) -> datetime | None:
    """When access ends that begins at `start`; None where it lasts.

    Months are counted on the calendar of `zone`, the learner's; a date is the course's own.
    """
    if course.access_length == AccessLength.MONTHS and course.access_months:
        return add_months(start.astimezone(zone), course.access_months).astimezone(UTC)
    if course.access_length == AccessLength.UNTIL and course.access_until:
        return end_of_day(course.access_until, zone_of(course.time_zone))
    return None
