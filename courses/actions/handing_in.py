"""Assignments: say what is wanted, hand it in, approve it or give it back.

What waits can be changed until the author has looked at it. A file is kept where lessons' files
are, under a random name.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.storage import Storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.actions.common import IllegalMoveError, record, require_author
from courses.actions.enrolling import lock_enrolment
from courses.actions.learning import Completed, enrolment_for, settle_completion
from courses.addresses import lesson_path
from courses.course_mail import absolute
from courses.enums import Accepts, CompletedBy, SubmissionState
from courses.files import public_name
from courses.models import Assignment, AssignmentSubmission, Enrolment, Lesson
from courses.queries import certificate_in_force, may_claim
from newsletter.accounts.models import User
from newsletter.outbox.actions import queue_email
from newsletter.outbox.models import OutgoingEmail

MAX_TEXT = 50_000
MAX_FEEDBACK = 20_000
# What people write, draw, record and count in. Nothing that runs, and no page of the web.
ALLOWED = frozenset(
    {
        *(".pdf", ".txt", ".md", ".rtf", ".odt", ".doc", ".docx", ".epub", ".zip"),
        *(".ods", ".xls", ".xlsx", ".csv", ".odp", ".ppt", ".pptx"),
        *(".png", ".jpg", ".jpeg", ".webp", ".gif", ".avif", ".heic"),
        *(".mp3", ".m4a", ".ogg", ".opus", ".wav", ".flac", ".mp4", ".mov", ".webm"),
    }
)


class NothingWantedError(Exception):
    """The lesson has no assignment, or this one was approved already."""


@transaction.atomic
def save_assignment(*, actor: User, assignment: Assignment) -> Assignment:
    """Store what is to be handed in for a lesson that has no other assignment."""
    require_author(actor)
    others = Assignment.objects.filter(lesson=assignment.lesson).exclude(pk=assignment.pk)
    if others.exists():
        raise ValidationError({"lesson": _("This lesson has an assignment already.")})
    assignment.full_clean()
    assignment.save()
    lesson = assignment.lesson
    record(course=lesson.course, what="assignment_saved", actor=actor, lesson=lesson)
    return assignment


def hand_in(
    *,
    user: User,
    lesson: Lesson,
    text: str = "",
    file: UploadedFile | None = None,
    now: datetime | None = None,
) -> AssignmentSubmission:
    """Hand in a text or a file, or change what still waits. A file that is kept needs no new one.

    Raises NotOpenError, NothingWantedError, and ValidationError with words for the learner.
    """
    now = now or timezone.now()
    with transaction.atomic():
        enrolment = lock_enrolment(enrolment_for(user, lesson, now))
        assignment = Assignment.objects.filter(lesson=lesson).first()
        if assignment is None:
            raise NothingWantedError
        tries = AssignmentSubmission.objects.filter(enrolment=enrolment, assignment=assignment)
        last = tries.order_by("-number").first()
        if last is not None and last.state == SubmissionState.APPROVED:
            raise NothingWantedError
        waiting = last if last and last.state == SubmissionState.SUBMITTED else None
        row = waiting or AssignmentSubmission(
            enrolment=enrolment, assignment=assignment, number=last.number + 1 if last else 1
        )
        before = str(row.file.name or "")
        try:
            _fill(row, assignment, text, file)
            row.submitted_at = now
            row.save()
            if assignment.completed_by == CompletedBy.HANDING_IN:
                settle_completion(enrolment=enrolment, lesson=lesson, now=now)
        except BaseException:
            # No row will name it.
            if row.file and str(row.file.name) != before:
                row.file.storage.delete(str(row.file.name))
            raise
    return row


def _fill(
    row: AssignmentSubmission, assignment: Assignment, text: str, file: UploadedFile | None
) -> None:
    """Put what was sent into the row, as far as the assignment takes it."""
    takes_text, takes_file = assignment.accepts != Accepts.FILE, assignment.accepts != Accepts.TEXT
    row.text = text.replace("\x00", "").replace("\r\n", "\n").strip() if takes_text else ""
    if len(row.text) > MAX_TEXT:
        most = _("That is longer than %(most)s characters.") % {"most": f"{MAX_TEXT:,}"}
        raise ValidationError({"text": most})
    if file is not None and takes_file:
        _check_file(file, assignment)
        if row.file:
            _forget_after_commit(row.file.storage, str(row.file.name))
        row.file_name = public_name(file.name or "file")[-200:]
        row.file_size = file.size
        # Its own name is kept in the row: what lies in the storage is called after nobody.
        ending = PurePosixPath(row.file_name).suffix.lower()
        row.file.save(f"handed-in{ending}", file, save=False)
    if not row.text and not row.file:
        field = "text" if takes_text else "file"
        said = _("Write something first.") if takes_text else _("Choose a file first.")
        raise ValidationError({field: said})


def _check_file(file: UploadedFile, assignment: Assignment) -> None:
    if not file.size:
        raise ValidationError({"file": _("The file is empty.")})
    if file.size > assignment.max_megabytes * 1024 * 1024:
        most = _("The file is larger than %(most)d MB.") % {"most": assignment.max_megabytes}
        raise ValidationError({"file": most})
    if PurePosixPath(file.name or "").suffix.lower() not in ALLOWED:
        raise ValidationError(
            {"file": _("Files of this kind cannot be handed in. Put it into a ZIP or a PDF.")}
        )


def _forget_after_commit(storage: Storage, path: str) -> None:
    """The file that another takes the place of; not before that is certain."""
    transaction.on_commit(lambda: storage.delete(path))


def approve_submission(
    *, actor: User, submission: AssignmentSubmission, words: str = "", now: datetime | None = None
) -> OutgoingEmail:
    """Say that it is good: the lesson is completed, and the learner told. Returns the mail.

    Raises IllegalMoveError where it does not wait any more.
    """
    now = now or timezone.now()
    with transaction.atomic():
        _move(actor, submission, SubmissionState.APPROVED, words, now)
        lesson = submission.assignment.lesson
        done = settle_completion(enrolment=submission.enrolment, lesson=lesson, now=now)
        return _tell(submission, done)


def return_submission(
    *, actor: User, submission: AssignmentSubmission, words: str, now: datetime | None = None
) -> OutgoingEmail:
    """Give it back for another try, with what is missing. Returns the mail to the learner.

    Raises IllegalMoveError where it does not wait any more, ValidationError without words.
    """
    if not words.strip():
        raise ValidationError({"feedback": _("Say what is missing; the learner reads it.")})
    with transaction.atomic():
        _move(actor, submission, SubmissionState.RETURNED, words, now or timezone.now())
        return _tell(submission)


def _move(
    actor: User, submission: AssignmentSubmission, to: str, words: str, now: datetime
) -> None:
    require_author(actor)
    # As handing in does, and before it: what is changed at this moment is not answered unread.
    learner = Enrolment.objects.filter(submissions=submission.pk).first()
    if learner is None:
        raise IllegalMoveError("it is gone")
    lock_enrolment(learner)
    said = words.replace("\x00", "").replace("\r\n", "\n").strip()
    if len(said) > MAX_FEEDBACK:
        most = _("That is longer than %(most)s characters.") % {"most": f"{MAX_FEEDBACK:,}"}
        raise ValidationError({"feedback": most})
    waiting = AssignmentSubmission.objects.filter(
        pk=submission.pk, state=SubmissionState.SUBMITTED, submitted_at=submission.submitted_at
    )
    if not waiting.update(state=to, feedback=said, feedback_by=actor, feedback_at=now):
        raise IllegalMoveError("not as it was when it was read")
    submission.refresh_from_db()
    lesson, enrolment = submission.assignment.lesson, submission.enrolment
    record(
        course=lesson.course,
        what=f"submission_{to}",
        actor=actor,
        user=enrolment.user,
        lesson=lesson,
    )


def _tell(submission: AssignmentSubmission, done: Completed | None = None) -> OutgoingEmail:
    """The mail with the author's words. It says, too, what is completed by them.

    Whoever is told here of their certificate is not told of it by a mail of its own: that is for
    those whom the sweep issues one.
    """
    enrolment: Enrolment = submission.enrolment
    lesson = submission.assignment.lesson
    context: dict[str, Any] = {
        "is_approved": submission.state == SubmissionState.APPROVED,
        "feedback": submission.feedback,
        "course": lesson.course.title,
        "lesson": lesson.title,
        "url": absolute(lesson_path(lesson.course, lesson)),
        "reader": enrolment.user,
    }
    if done is not None and done.is_course:
        context |= {"is_completed": True, **_certificate_of(enrolment)}
    return queue_email(
        kind="assignment_feedback",
        to=enrolment.user.email,
        template="assignment_feedback",
        context=context,
    )


def _certificate_of(enrolment: Enrolment) -> dict[str, str]:
    """The way to the certificate of somebody who has just completed a course, or to claim it."""
    enrolment.refresh_from_db(fields=["completed_at"])
    issued = certificate_in_force(enrolment)
    if issued is not None:
        path = reverse("courses:verify-certificate", args=[issued.serial])
        return {"certificate": absolute(path)}
    if may_claim(enrolment):
        path = reverse("courses:claim-certificate", args=[enrolment.course.slug])
        return {"claim": absolute(path)}
    return {}
