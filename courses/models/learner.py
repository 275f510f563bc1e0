"""Who learns: enrolments, how far they are, what has opened for them and what they were told."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courses.enums import EnrolmentSource, MailChoice, NoticeState
from courses.models.course import Course
from courses.models.lesson import Lesson
from newsletter.mailings.models import Mailing
from newsletter.outbox.models import OutgoingEmail


class Enrolment(models.Model):
    """One person in one course. It opens nothing by itself: grants do, this only ends sooner.

    Money never deletes it. `anchor_date` is the learner's local day from which days are counted.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="enrolments",
        verbose_name=_("learner"),
    )
    course = models.ForeignKey(
        Course, on_delete=models.CASCADE, related_name="enrolments", verbose_name=_("course")
    )
    source = models.CharField(
        _("came"), max_length=6, choices=EnrolmentSource.choices, default=EnrolmentSource.SELF
    )
    time_zone = models.CharField(_("time zone"), max_length=64)
    anchor_date = models.DateField(_("schedule begins"))
    enrolled_at = models.DateTimeField(_("enrolled"), default=timezone.now)
    # When the schedule was begun anew; empty: it began with the enrolment.
    restarted_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    completed_at = models.DateTimeField(_("completed"), null=True, blank=True)
    last_activity_at = models.DateTimeField(_("last active"), null=True, blank=True)
    last_lesson = models.ForeignKey(
        Lesson, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # What was promised when they enrolled, and lengthened since; empty: as long as grants last.
    expires_at = models.DateTimeField(_("access until"), null=True, blank=True)
    expiry_told_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    revoked_reason = models.CharField(_("why"), max_length=300, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    mail_choice = models.CharField(
        _("by mail"), max_length=7, choices=MailChoice.choices, default=MailChoice.LESSONS
    )
    # When the worker should look next; decides nothing. Empty: nothing opens by time alone.
    next_release_at = models.DateTimeField(editable=False, null=True, blank=True)
    # Up to which version of the curriculum it is written down what stays open to them.
    settled_version = models.PositiveIntegerField(editable=False, default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        ordering = ["-enrolled_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "course"], name="one_enrolment_per_course"),
        ]
        indexes = [
            models.Index(fields=["course", "-last_activity_at"], name="enrolment_activity"),
            models.Index(fields=["course", "-enrolled_at"], name="enrolment_newest"),
            models.Index(
                fields=["next_release_at"],
                name="enrolment_release_due",
                condition=models.Q(next_release_at__isnull=False),
            ),
            models.Index(
                fields=["expires_at"],
                name="enrolment_expiry",
                condition=models.Q(expires_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.course_id}"


class LessonProgress(models.Model):
    """How far one learner is with one lesson, and what they noted there."""

    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="progress")
    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE, related_name="progress")
    opened_at = models.DateTimeField(_("first opened"), null=True, blank=True)
    last_opened_at = models.DateTimeField(_("last opened"), null=True, blank=True)
    completed_at = models.DateTimeField(_("completed"), null=True, blank=True)
    # Where the recording was left, in seconds.
    media_position = models.PositiveIntegerField(_("left at"), default=0)
    notes = models.TextField(_("notes"), blank=True)
    notes_changed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("progress")
        verbose_name_plural = _("progress")
        constraints = [
            models.UniqueConstraint(fields=["enrolment", "lesson"], name="one_progress_per_lesson"),
        ]
        indexes = [
            models.Index(
                fields=["lesson", "completed_at"],
                name="progress_completed",
                condition=models.Q(completed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.enrolment_id}: {self.lesson_id}"


class ReleasedLesson(models.Model):
    """That a lesson was open to a learner when a change would have closed it: it stays open (K2).

    Written by the change, and for the lessons alone that it would close. Everything else about
    when a lesson opens is worked out when it is asked for (drip.py).
    """

    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="released")
    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE, related_name="released")
    # When it had opened.
    released_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["enrolment", "lesson"], name="released_once"),
        ]

    def __str__(self) -> str:
        return f"{self.enrolment_id}: {self.lesson_id}"


class ReleaseNotice(models.Model):
    """That a learner is told of a lesson that opened: by a notice or the lesson itself, once."""

    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="notices")
    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE, related_name="notices")
    state = models.CharField(max_length=7, choices=NoticeState.choices, default=NoticeState.CLAIMED)
    reason = models.CharField(max_length=60, blank=True)
    released_at = models.DateTimeField()
    created_at = models.DateTimeField(default=timezone.now)
    # One mail tells of several lessons: each of their rows names it.
    email = models.ForeignKey(
        OutgoingEmail, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    mailing = models.ForeignKey(
        Mailing, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["enrolment", "lesson"], name="one_notice_per_lesson"),
        ]
        indexes = [
            models.Index(
                fields=["created_at"],
                name="notice_claimed",
                condition=models.Q(state="claimed"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.enrolment_id}: {self.lesson_id}"
