"""What is kept: certificates, what was done to whom, letters to learners, imports."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courses.enums import ImportState
from courses.models.course import Course
from courses.models.learner import Enrolment
from courses.models.lesson import Lesson
from courses.storage import course_import_path, course_storage
from newsletter.mailings.models import Mailing


class Certificate(models.Model):
    """That somebody completed a course. It says what was true at issue, whatever changes later."""

    # Random: who does not have it cannot find the page that vouches for it.
    serial = models.CharField(_("number"), max_length=32, unique=True)
    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="certificates")
    name = models.CharField(_("name"), max_length=120)
    course_title = models.CharField(_("course"), max_length=200)
    completed_at = models.DateTimeField(_("completed"))
    issued_at = models.DateTimeField(_("issued"), default=timezone.now)
    # Heading, text, style, signatory and the like, as they were.
    look = models.JSONField(default=dict, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    revoked_reason = models.CharField(_("why"), max_length=300, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("certificate")
        verbose_name_plural = _("certificates")
        ordering = ["-issued_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment"],
                condition=models.Q(revoked_at__isnull=True),
                name="one_certificate_in_force",
            ),
        ]

    def __str__(self) -> str:
        return self.serial


class CourseEvent(models.Model):
    """What was done to a course, a lesson or a learner, and by whom. `actor` null: by itself."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="events")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="course_events",
        verbose_name=_("learner"),
    )
    lesson = models.ForeignKey(
        Lesson, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField(_("when"), default=timezone.now)
    what = models.CharField(_("what"), max_length=60)
    detail = models.TextField(_("detail"), blank=True)

    class Meta:
        verbose_name = _("course event")
        verbose_name_plural = _("course events")
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["course", "-at"], name="course_event_of_course"),
            models.Index(fields=["user", "-at"], name="course_event_of_person"),
        ]

    def __str__(self) -> str:
        return f"{self.course_id}: {self.what}"


class CurriculumChange(models.Model):
    """A change of a curriculum that the worker writes down for one learner after the other (K2).

    Until it has come to somebody, what it would close is worked out whenever it is asked for. Who
    is behind says `Enrolment.settled_version`.
    """

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="changes")
    # That of the curriculum that it made.
    version = models.PositiveIntegerField()
    at = models.DateTimeField()
    # The rules of what it touched, before and after; what it takes to complete the course where
    # that is something else now (settling.py).
    what = models.JSONField(default=dict)
    learners = models.PositiveIntegerField()
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["course", "version"]
        constraints = [
            models.UniqueConstraint(fields=["course", "version"], name="one_change_per_version"),
        ]
        indexes = [
            models.Index(
                fields=["course", "version"],
                name="change_unfinished",
                condition=models.Q(finished_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.course_id}: {self.version}"


class CourseLetter(models.Model):
    """A mail from the author to some of a course's learners."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="letters")
    # The roster's filters as they were chosen, and how many people that was.
    segment = models.JSONField(default=dict, blank=True)
    recipients = models.PositiveIntegerField(_("recipients"), default=0)
    subject = models.CharField(_("subject"), max_length=200)
    body = models.TextField(_("text"))
    mailing = models.ForeignKey(
        Mailing, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("written"), default=timezone.now)

    class Meta:
        verbose_name = _("letter to learners")
        verbose_name_plural = _("letters to learners")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.subject


class CourseImport(models.Model):
    """An archive of a course that is looked through and then brought in."""

    # Empty where a folder was read by the command.
    file = models.FileField(
        _("file"), storage=course_storage, upload_to=course_import_path, max_length=300, blank=True
    )
    name = models.CharField(_("name"), max_length=200)
    state = models.CharField(
        _("state"), max_length=8, choices=ImportState.choices, default=ImportState.UPLOADED
    )
    course = models.ForeignKey(
        Course, on_delete=models.SET_NULL, null=True, blank=True, related_name="imports"
    )
    # What it holds, what would become of each part, what became of it.
    report = models.JSONField(default=dict, blank=True)
    error = models.TextField(_("error"), blank=True)
    # Folders that are its own, named before anything is written into them: what a run leaves
    # there that comes to nothing is found by them. Empty once it is over.
    folders = models.JSONField(default=list, blank=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("uploaded"), default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("import of a course")
        verbose_name_plural = _("imports of courses")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.name
