"""Reading courses. What may appear is said once, in `published`; texts come through `access`."""

from __future__ import annotations

from django.db.models import Count, Q, QuerySet

from courses.enums import CourseState, LessonState
from courses.models import (
    AssignmentSubmission,
    Certificate,
    Course,
    CourseEvent,
    CourseSlug,
    Enrolment,
    Lesson,
    LessonSlug,
)
from newsletter.accounts.models import User

_TEXTS = ("body", "body_html")


def published() -> QuerySet[Course]:
    """Courses with a page for everyone."""
    return Course.objects.filter(state=CourseState.PUBLISHED)


def listed() -> QuerySet[Course]:
    """What lists, the sitemap and search may name (P6)."""
    return published().filter(is_listed=True)


def list_catalogue() -> QuerySet[Course]:
    """What the catalogue shows, each with `lesson_count`; two queries for any number of courses."""
    lessons = Count("lessons", filter=Q(lessons__state=LessonState.PUBLISHED))
    return (
        listed()
        .defer(*_TEXTS)
        .select_related("cover")
        .prefetch_related("instructors")
        .annotate(lesson_count=lessons)
        .order_by("position", "pk")
    )


def find_course(slug: str) -> Course | None:
    """The course at an address in any state; whether it is there for somebody says `access`."""
    found = Course.objects.select_related("cover", "newsletter").prefetch_related("instructors")
    return found.filter(slug=slug).first()


def find_moved_course(slug: str) -> Course | None:
    """The course that had this address once."""
    moved = CourseSlug.objects.select_related("course").filter(old_slug=slug).first()
    return moved.course if moved else None


def find_moved_lesson(course: Course, slug: str) -> Lesson | None:
    """The lesson of a course that had this address once."""
    moved = LessonSlug.objects.select_related("lesson").filter(course=course, old_slug=slug).first()
    return moved.lesson if moved else None


def enrolments_of(user: User) -> QuerySet[Enrolment]:
    """Everything somebody is in, the latest activity first."""
    return (
        Enrolment.objects.filter(user=user)
        .select_related("course", "course__cover", "last_lesson")
        .defer("course__body", "course__body_html", "last_lesson__body", "last_lesson__body_html")
        .order_by("-last_activity_at", "-pk")
    )


def count_learners(course: Course) -> int:
    """How many people are in a course."""
    return course.enrolments.filter(revoked_at__isnull=True).count()


def events_of(course: Course) -> QuerySet[CourseEvent]:
    """What was done to a course and its learners, the newest first."""
    return CourseEvent.objects.filter(course=course).select_related("actor", "user", "lesson")


def find_submission_for(person: User, pk: int) -> AssignmentSubmission | None:
    """Something handed in, for whoever did it and for staff; None for everybody else (K5)."""
    found = AssignmentSubmission.objects.filter(pk=pk)
    if not person.is_staff:
        found = found.filter(enrolment__user=person)
    return found.first()


def find_certificate(serial: str) -> Certificate | None:
    """The certificate with this number, revoked or not, as people type it."""
    found = Certificate.objects.select_related("enrolment")
    return found.filter(serial=serial.replace("\x00", "").strip().upper()).first()


def certificate_in_force(enrolment: Enrolment) -> Certificate | None:
    """What somebody has for a course now."""
    return Certificate.objects.filter(enrolment=enrolment, revoked_at__isnull=True).first()


def may_claim(enrolment: Enrolment) -> bool:
    """Whether a certificate waits for nothing but a name."""
    return (
        enrolment.completed_at is not None
        and enrolment.course.has_certificate
        and not enrolment.certificates.exists()
    )
