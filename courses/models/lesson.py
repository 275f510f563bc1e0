"""What a course is made of: modules, lessons and their files."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_prose_editor.fields import ProseEditorField
from simple_history.models import HistoricalRecords

from courses.enums import Drip, FileRole, LessonKind, LessonMail, LessonState
from courses.models.course import Course
from courses.storage import course_storage, lesson_file_path
from newsletter.articles.editor import EDITOR_EXTENSIONS, sanitise_body
from newsletter.articles.models import ArticleImage
from newsletter.lib.slugs import AnyScriptSlugField


class Module(models.Model):
    """A part of a course. `position` counts from 1 without gaps."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="modules")
    position = models.PositiveIntegerField(_("order"))
    title = models.CharField(_("title"), max_length=200)
    summary = models.CharField(_("what it is about"), max_length=300, blank=True)
    # Its required lessons come first, whatever the order.
    prerequisite = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("only after"),
    )
    # Its folder in the archive that it came from.
    import_key = models.CharField(max_length=200, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("module")
        verbose_name_plural = _("modules")
        ordering = ["course", "position"]
        constraints = [
            models.UniqueConstraint(fields=["course", "position"], name="one_module_per_place"),
            models.UniqueConstraint(
                fields=["course", "import_key"],
                condition=~models.Q(import_key=""),
                name="one_module_per_import_key",
            ),
            models.CheckConstraint(
                condition=models.Q(prerequisite__isnull=True)
                | ~models.Q(prerequisite=models.F("id")),
                name="module_after_another",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Lesson(models.Model):
    """One step of a course. `position` counts within its module from 1 without gaps.

    `body` is the author's text and no template reads it; `body_html` is derived from it when it is
    saved, and is fetched through `courses.access` alone. Title, summary, kind and time are public
    with the course.
    """

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="lessons")
    module = models.ForeignKey(Module, on_delete=models.CASCADE, related_name="lessons")
    position = models.PositiveIntegerField(_("order"))
    kind = models.CharField(
        _("kind"), max_length=10, choices=LessonKind.choices, default=LessonKind.TEXT
    )
    title = models.CharField(_("title"), max_length=200)
    slug = AnyScriptSlugField(_("address"), max_length=200)
    summary = models.CharField(
        _("what it is about"), max_length=300, blank=True, help_text=_("Everyone may read this.")
    )
    body = ProseEditorField(
        _("text"), extensions=EDITOR_EXTENSIONS, sanitize=sanitise_body, blank=True
    )
    body_html = models.TextField(editable=False, blank=True)
    word_count = models.PositiveIntegerField(editable=False, default=0)

    # Media: an address elsewhere, or the file of this lesson with the role MEDIA.
    media_url = models.URLField(_("address of the recording"), max_length=500, blank=True)
    media_seconds = models.PositiveIntegerField(
        _("length"), null=True, blank=True, help_text=_("In seconds.")
    )
    poster = models.ForeignKey(
        ArticleImage,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("still picture"),
    )
    transcript = ProseEditorField(
        _("transcript"), extensions=EDITOR_EXTENSIONS, sanitize=sanitise_body, blank=True
    )
    transcript_html = models.TextField(editable=False, blank=True)
    # Empty: worked out from the words and the recording (`minutes`).
    estimated_minutes = models.PositiveSmallIntegerField(
        _("minutes"), null=True, blank=True, validators=[MinValueValidator(1)]
    )

    state = models.CharField(
        _("state"), max_length=9, choices=LessonState.choices, default=LessonState.DRAFT
    )
    published_at = models.DateTimeField(_("published"), null=True, blank=True)
    is_required = models.BooleanField(_("counts towards completion"), default=True)
    is_preview = models.BooleanField(_("free preview"), default=False)

    drip = models.CharField(_("opens"), max_length=5, choices=Drip.choices, default=Drip.NONE)
    drip_days = models.PositiveSmallIntegerField(_("after days"), default=0)
    drip_date = models.DateField(_("on"), null=True, blank=True)

    mail = models.CharField(
        _("in the mail"), max_length=4, choices=LessonMail.choices, default=LessonMail.FULL
    )
    mail_subject = models.CharField(_("subject of the mail"), max_length=200, blank=True)
    mail_preheader = models.CharField(_("preview line of the mail"), max_length=200, blank=True)

    # Its file in the archive that it came from.
    import_key = models.CharField(max_length=300, blank=True, editable=False)
    version = models.PositiveIntegerField(editable=False, default=1)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    history = HistoricalRecords(
        app="courses",
        excluded_fields=["body_html", "transcript_html", "word_count"],
    )

    class Meta:
        verbose_name = _("lesson")
        verbose_name_plural = _("lessons")
        ordering = ["module", "position"]
        constraints = [
            models.UniqueConstraint(fields=["course", "slug"], name="one_lesson_per_address"),
            models.UniqueConstraint(fields=["module", "position"], name="one_lesson_per_place"),
            models.UniqueConstraint(
                fields=["course", "import_key"],
                condition=~models.Q(import_key=""),
                name="one_lesson_per_import_key",
            ),
            models.CheckConstraint(
                condition=~models.Q(drip="date") | models.Q(drip_date__isnull=False),
                name="lesson_opens_on_a_date",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def minutes(self) -> int:
        """How long it takes: as the author says, else by its words (200 a minute) and recording."""
        if self.estimated_minutes:
            return self.estimated_minutes
        seconds = (self.media_seconds or 0) + self.word_count * 60 // 200
        return max(1, -(-seconds // 60))


class LessonSlug(models.Model):
    """An address that a lesson once had in its course."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="lesson_redirects")
    old_slug = AnyScriptSlugField(max_length=200)
    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE, related_name="redirects")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["course", "old_slug"], name="one_lesson_per_former_address"
            ),
        ]

    def __str__(self) -> str:
        return str(self.old_slug)


class LessonFile(models.Model):
    """A file of a lesson. It lies outside everything public and is served after a decision."""

    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE, related_name="files")
    role = models.CharField(
        _("what for"), max_length=8, choices=FileRole.choices, default=FileRole.DOWNLOAD
    )
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    title = models.CharField(_("title"), max_length=200, blank=True)
    file = models.FileField(
        _("file"), storage=course_storage, upload_to=lesson_file_path, max_length=300
    )
    # As it is called when it is saved to disk, whatever it is called in the storage.
    name = models.CharField(_("name"), max_length=200)
    size = models.PositiveBigIntegerField(_("size"), help_text=_("In bytes."))
    content_type = models.CharField(_("type"), max_length=100)
    # Hexadecimal SHA-256 of the content: an import that runs again knows what it has brought.
    sha256 = models.CharField(max_length=64, blank=True, editable=False)
    # Of captions: a BCP 47 tag.
    language = models.CharField(_("language"), max_length=20, blank=True)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("uploaded"), auto_now_add=True)

    class Meta:
        verbose_name = _("lesson's file")
        verbose_name_plural = _("lessons' files")
        ordering = ["lesson", "role", "position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["lesson"], condition=models.Q(role="media"), name="one_recording_per_lesson"
            ),
            models.UniqueConstraint(
                fields=["lesson", "language"],
                condition=models.Q(role="captions"),
                name="one_captions_per_language",
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.name


class UploadUse(models.Model):
    """That a course's page or a lesson's text shows a picture or file of the library.

    `folder` is as in articles' FileUse. Without a lesson it stands on the course's own page, which
    everyone sees; with one, the lesson's decision is the upload's.
    """

    folder = models.CharField(max_length=60)
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="upload_uses")
    lesson = models.ForeignKey(
        Lesson, on_delete=models.CASCADE, null=True, blank=True, related_name="upload_uses"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["folder", "lesson"],
                condition=models.Q(lesson__isnull=False),
                name="one_upload_use_per_lesson",
            ),
            models.UniqueConstraint(
                fields=["folder", "course"],
                condition=models.Q(lesson__isnull=True),
                name="one_upload_use_per_course",
            ),
        ]

    def __str__(self) -> str:
        return self.folder
