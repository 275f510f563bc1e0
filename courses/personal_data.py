"""What courses hold on a person: what of it a copy shows, and what an erasure does with it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from courses.actions.erasing import (
    erase_learning_of,
    export_learning_of,
    submitted_files_of,
)
from courses.models import AssignmentSubmission, Certificate, Enrolment, LessonProgress
from newsletter.accounts.models import User
from newsletter.members.personal_data import DataPart, by_staff, cut, deleted


def what_goes(user: User) -> list[str]:
    """What an erasure takes of somebody's courses, with its numbers. Four queries."""
    courses = Enrolment.objects.filter(user=user).count()
    if not courses:
        return []
    notes = LessonProgress.objects.filter(enrolment__user=user).exclude(notes="").count()
    handed_in = AssignmentSubmission.objects.filter(enrolment__user=user).count()
    certificates = Certificate.objects.filter(enrolment__user=user).count()
    phrases = (
        (
            courses,
            ngettext(
                "progress and quiz answers in one course",
                "progress and quiz answers in %d courses",
                courses,
            ),
        ),
        (notes, ngettext("notes under one lesson", "notes under %d lessons", notes)),
        (
            handed_in,
            ngettext(
                "one piece of work that was handed in",
                "%d pieces of work that were handed in",
                handed_in,
            ),
        ),
        (
            certificates,
            ngettext(
                "one certificate (whoever looks it up finds none)",
                "%d certificates (whoever looks them up finds none)",
                certificates,
            ),
        ),
    )
    return [words % count if "%d" in words else words for count, words in phrases if count]


COURSES = DataPart(
    name="courses",
    title=_("Courses"),
    files={
        "courses": _("The courses that you are or were in, and until when."),
        "lessons": _("Lessons that you opened: how far you are, and your notes."),
        "lessons_kept_open": _("Lessons that stayed open to you when the schedule changed."),
        "lessons_announced": _("Lessons that you were told of when they opened."),
        "quiz_attempts": _("Quizzes that you began, and how they were counted."),
        "quiz_answers": _("What you answered in them."),
        "handed_in": _(
            "What you handed in, and what was said to it. The files lie beside, where file_in_copy "
            "says."
        ),
        "certificates": _("Your certificates."),
        "course_record": _("The record of what was done about you in courses."),
    },
    export=export_learning_of,
    erase=erase_learning_of,
    held=(
        *deleted("courses.Enrolment.user", file="courses"),
        *cut("courses.CourseEvent.user", file="course_record"),
        *by_staff(
            "courses.AssignmentSubmission.feedback_by",
            "courses.Certificate.revoked_by",
            "courses.Course.created_by",
            "courses.Course_instructors.user",
            "courses.CourseEvent.actor",
            "courses.CourseImport.created_by",
            "courses.CourseLetter.created_by",
            "courses.Enrolment.revoked_by",
            "courses.HistoricalCourse.created_by",
            "courses.HistoricalCourse.history_user",
            "courses.HistoricalLesson.history_user",
            "courses.LessonFile.uploaded_by",
        ),
    ),
    goes=what_goes,
    attached=submitted_files_of,
    position=45,
)
