"""An assignment as its learner sees it."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from courses.enums import Accepts, SubmissionState
from courses.files import public_name
from courses.models import Assignment, AssignmentSubmission, Enrolment, Lesson


@dataclass(frozen=True, slots=True)
class Task:
    """An assignment, and what one learner has handed in for it, the newest first."""

    assignment: Assignment
    submissions: tuple[AssignmentSubmission, ...] = ()

    @property
    def last(self) -> AssignmentSubmission | None:
        """What was handed in last."""
        return self.submissions[0] if self.submissions else None

    @property
    def waiting(self) -> AssignmentSubmission | None:
        """What the author has not looked at yet: it can still be changed."""
        last = self.last
        return last if last and last.state == SubmissionState.SUBMITTED else None

    @property
    def is_open(self) -> bool:
        """Whether anything can be handed in."""
        return self.last is None or self.last.state != SubmissionState.APPROVED

    @property
    def takes_text(self) -> bool:
        """Whether a text is taken."""
        return self.assignment.accepts != Accepts.FILE

    @property
    def takes_file(self) -> bool:
        """Whether a file is taken."""
        return self.assignment.accepts != Accepts.TEXT


def look_at_task(lesson: Lesson, enrolment: Enrolment | None) -> Task | None:
    """The assignment of a lesson as one learner has it; None where it has none. Two queries."""
    assignment = Assignment.objects.filter(lesson=lesson).first()
    if assignment is None:
        return None
    mine = AssignmentSubmission.objects.filter(assignment=assignment, enrolment=enrolment)
    return Task(assignment, tuple(mine.order_by("-number")) if enrolment else ())


def submitted_file_url(submission: AssignmentSubmission) -> str:
    """Where whoever handed it in and the author get the file; "" where there is none."""
    if not submission.file:
        return ""
    name = public_name(submission.file_name)
    return reverse("courses:send-submission", args=[submission.pk, name])
