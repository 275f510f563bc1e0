"""The courses that a product opens: for the mail to its buyers, and for whether it is sold."""

from __future__ import annotations

from datetime import datetime

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from courses.access import Classroom, get_classrooms
from courses.addresses import course_path
from courses.course_mail import absolute
from courses.enums import AccessLength, CourseState
from courses.models import Course
from newsletter.accounts.models import User
from newsletter.memberships.enums import Reason
from newsletter.memberships.models import Product
from newsletter.payments.opened import Opened, Sale

NAME = "courses"


def opened_courses(product: Product) -> list[Opened]:
    """Those with a page, as the catalogue orders them: an archived one goes on for its buyers."""
    found = Course.objects.filter(products=product).exclude(state=CourseState.DRAFT)
    return [
        Opened(
            course.title,
            format_lazy(_("The course “{title}” is open to you."), title=course.title),
            _("Begin the course"),
            absolute(course_path(course)),
        )
        for course in found.only("title", "slug").order_by("position", "pk")
    ]


def judge_sale(user: User, product: Product, now: datetime) -> Sale:
    """Once more to whose months in one of its courses are over; never where all are closed to them.

    An enrolment that the author revoked stays so, whatever somebody buys.
    """
    courses = Course.objects.filter(products=product).exclude(state=CourseState.DRAFT)
    rooms = list(get_classrooms(courses.defer("body", "body_html"), user, now).values())
    if any(_begins_anew(room) for room in rooms):
        return Sale.AGAIN
    is_closed = bool(rooms) and all(_is_revoked(room) for room in rooms)
    return Sale.NEVER if is_closed else Sale.AS_USUAL


def _is_revoked(room: Classroom) -> bool:
    return room.enrolment is not None and room.enrolment.revoked_at is not None


def _begins_anew(room: Classroom) -> bool:
    """Whether their time is over, and is counted anew for whoever gets the course again."""
    return (
        room.enrolment is not None
        and not _is_revoked(room)
        and room.course.access_length == AccessLength.MONTHS
        and room.entry.reason == Reason.ENDED
    )
