"""The courses that a product opens, for the mail to whoever has bought it."""

from __future__ import annotations

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from courses.addresses import course_path
from courses.course_mail import absolute
from courses.enums import CourseState
from courses.models import Course
from newsletter.memberships.models import Product
from newsletter.payments.opened import Opened

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
