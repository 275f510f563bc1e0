"""Quizzes, assignments, files and certificates on pages that are about something else."""

from __future__ import annotations

from typing import Any

from django import template

from courses.addresses import lesson_path
from courses.certificates.looks import has_pdf
from courses.enums import FileRole
from courses.exam_forms import HandInForm
from courses.files import file_link
from courses.lesson_page import LessonPage
from courses.models import AssignmentSubmission, Enrolment, Lesson
from courses.queries import certificate_in_force, may_claim
from courses.quizzes import find_quiz, look_at_quiz
from courses.submitting import look_at_task, submitted_file_url
from newsletter.accounts.queries import viewer
from newsletter.lib.stored_files import content_type_of

register = template.Library()


@register.inclusion_tag("courses/_quiz.html", takes_context=True)
def quiz_of(context: Any, lesson: Lesson, enrolment: Enrolment | None = None) -> dict[str, Any]:
    """The quiz of a lesson that the viewer may open; nothing where it has none. Three queries."""
    quiz = find_quiz(lesson)
    return {
        **context.flatten(),
        "course": lesson.course,
        "lesson": lesson,
        "lesson_url": lesson_path(lesson.course, lesson),
        "facts": look_at_quiz(quiz, enrolment) if quiz else None,
    }


@register.inclusion_tag("courses/_assignment.html", takes_context=True)
def assignment_of(
    context: Any, lesson: Lesson, enrolment: Enrolment | None = None
) -> dict[str, Any]:
    """What is to be handed in for a lesson that the viewer may open. Two queries."""
    task = look_at_task(lesson, enrolment)
    return {
        **context.flatten(),
        "course": lesson.course,
        "lesson": lesson,
        "task": task,
        "form": HandInForm(task=task) if task else None,
    }


@register.inclusion_tag("courses/_certificate.html", takes_context=True)
def certificate_of(context: Any, enrolment: Enrolment | None) -> dict[str, Any]:
    """Somebody's certificate of a course, or that it waits for a name. At most three queries.

    An enrolment that is not stored (the author's preview) has none.
    """
    if enrolment is not None and enrolment._state.adding:
        enrolment = None
    there = certificate_in_force(enrolment) if enrolment else None
    return {
        **context.flatten(),
        "certificate": there,
        "has_pdf": there is not None and has_pdf(there),
        "may_claim": enrolment is not None and there is None and may_claim(enrolment),
        "course": enrolment.course if enrolment else None,
    }


@register.inclusion_tag("courses/_files.html", takes_context=True)
def files_of(context: Any, lesson: Lesson) -> dict[str, Any]:
    """The files of a lesson that the viewer may open, to take away. One query."""
    found = lesson.files.filter(role=FileRole.DOWNLOAD)
    person = viewer(context["request"])
    return {"files": [(each, file_link(each, person)) for each in found]}


@register.simple_tag(takes_context=True)
def recording_of(context: Any, page: LessonPage) -> dict[str, Any]:
    """A lesson's own recording with its captions, for a player; empty where it has none."""
    reader = viewer(context["request"])
    found = page.played
    media = next((each for each in found if each.role == FileRole.MEDIA), None)
    if media is None:
        return {}
    captions = [each for each in found if each.role == FileRole.CAPTIONS]
    return {
        "file": media,
        "url": file_link(media, reader),
        "tag": "audio" if content_type_of(media.name).startswith("audio/") else "video",
        "captions": [(each, file_link(each, reader)) for each in captions],
    }


@register.filter
def handed_in_url(submission: AssignmentSubmission) -> str:
    """Where the file of a submission is; "" where there is none."""
    return submitted_file_url(submission)
