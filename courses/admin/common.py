"""What the desk's pages of courses have in common: who may open them, what stands on each."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from courses import tasks
from courses.actions import IllegalMoveError, NotOpenError
from courses.models import Course, CourseEvent, CurriculumChange, Lesson
from courses.settling import settling_of
from newsletter.accounts.models import User
from newsletter.lib.moments import IN_FULL

# A course's outline and lessons are its author's; learners are a right of their own.
VIEW, CHANGE, ADD, DELETE = (f"courses.{act}_course" for act in ("view", "change", "add", "delete"))
VIEW_LEARNERS, CHANGE_LEARNERS = "courses.view_enrolment", "courses.change_enrolment"


def may(request: HttpRequest, *permissions: str) -> bool:
    """Whether whoever asks has one of these rights; who may change may look."""
    user = request.user
    if not user.is_active or not user.is_staff:
        return False
    implied = {permission.replace(".view_", ".change_") for permission in permissions}
    return any(user.has_perm(each) for each in {*permissions, *implied})


def require(request: HttpRequest, *permissions: str) -> None:
    """Raise PermissionDenied for whoever has none of these rights."""
    if not may(request, *permissions):
        raise PermissionDenied


def number_of(given: object) -> int:
    """A primary key out of an address or a form. Raises Http404."""
    text = str(given)
    if not (text.isascii() and text.isdecimal()) or len(text) > 18:
        raise Http404
    return int(text)


def find_course(request: HttpRequest, pk: object, permission: str = VIEW) -> Course:
    """The course, for whoever has that right. Raises PermissionDenied and Http404."""
    require(request, permission)
    course = Course.objects.defer("body", "body_html").filter(pk=number_of(pk)).first()
    if course is None:
        raise Http404
    return course


def find_lesson(request: HttpRequest, pk: object, permission: str = VIEW) -> Lesson:
    """The lesson with its course, for whoever has that right to courses."""
    require(request, permission)
    found = Lesson.objects.select_related("course", "module", "poster")
    lesson = found.filter(pk=number_of(pk)).first()
    if lesson is None:
        raise Http404
    return lesson


def page_of(request: HttpRequest, course: Course | None, tab: str, **more: Any) -> dict[str, Any]:
    """What every page of a course needs: the admin's frame, the course and the way to the rest."""
    return {
        **admin.site.each_context(request),
        "opts": Course._meta,
        "course": course,
        "tabs": _tabs(request, course, tab) if course is not None and course.pk else [],
        "settling": settling_of(course) if course is not None and course.pk else None,
        **more,
    }


def nudge_settling(course_pk: int) -> None:
    """Have the worker begin at once where a change of the curriculum was left to it."""
    if CurriculumChange.objects.filter(course=course_pk, finished_at__isnull=True).exists():
        tasks.settle_curricula.delay_on_commit()


def _tabs(request: HttpRequest, course: Course, tab: str) -> list[dict[str, Any]]:
    tabs = [
        ("outline", _("Outline"), reverse("admin:courses_course_outline", args=[course.pk]), VIEW),
        (
            "page",
            _("Page and rules"),
            reverse("admin:courses_course_change", args=[course.pk]),
            VIEW,
        ),
        (
            "calendar",
            _("Calendar"),
            reverse("admin:courses_course_calendar", args=[course.pk]),
            VIEW,
        ),
        (
            "learners",
            _("Learners"),
            f"{reverse('admin:courses_enrolment_changelist')}?course={course.pk}",
            VIEW_LEARNERS,
        ),
        (
            "figures",
            _("Figures"),
            reverse("admin:courses_course_figures", args=[course.pk]),
            VIEW_LEARNERS,
        ),
    ]
    return [
        {"label": label, "url": url, "is_here": name == tab}
        for name, label, url, permission in tabs
        if may(request, permission)
    ]


def reason_of(error: Exception) -> str:
    """Why an action refused, in words for the author."""
    if isinstance(error, ValidationError):
        return " ".join(error.messages)
    if isinstance(error, IllegalMoveError):
        return _("That is not possible any more: somebody was faster.")
    if isinstance(error, NotOpenError):
        return _("The course is a draft. Publish it first.")
    raise TypeError(f"no words for {error!r}")


def who_was_faster(course: Course, lesson: Lesson | None = None) -> str:
    """A sentence that names who changed it last, and when."""
    events = CourseEvent.objects.filter(course=course, actor__isnull=False)
    if lesson is not None:
        events = events.filter(lesson=lesson)
    last = events.select_related("actor").order_by("-at", "-pk").first()
    name = last.actor.get_full_name() if last and last.actor else _("Somebody")
    at = last.at if last else timezone.now()
    words = {"name": name, "when": short_moment(at)}
    if lesson is not None:
        return _("%(name)s saved this lesson at %(when)s, while you were writing.") % words
    return _("%(name)s changed this course at %(when)s, while you had it open.") % words


def short_moment(at: Any) -> str:
    """The time today, else the day too, in the author's zone."""
    local = timezone.localtime(at)
    shape = "H:i" if local.date() == timezone.localdate() else IN_FULL
    return formats.date_format(local, shape)


def actor_of(request: HttpRequest) -> User:
    """Who acts; the admin lets only signed-in staff come so far."""
    return cast(User, request.user)
