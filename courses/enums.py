"""States and kinds of everything in a course."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class CourseState(models.TextChoices):
    """Legal moves are in `COURSE_MOVES`. An archived course is closed to newcomers alone."""

    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("Published")
    ARCHIVED = "archived", _("Archived")


COURSE_MOVES: dict[str, frozenset[str]] = {
    CourseState.DRAFT: frozenset({CourseState.PUBLISHED, CourseState.ARCHIVED}),
    CourseState.PUBLISHED: frozenset({CourseState.DRAFT, CourseState.ARCHIVED}),
    CourseState.ARCHIVED: frozenset({CourseState.DRAFT, CourseState.PUBLISHED}),
}


class CourseAccess(models.TextChoices):
    """Who gets into a course. With PAID and TIERS, whoever owns one of its products does too."""

    FREE = "free", _("Everyone")
    ADDRESS = "address", _("Whoever confirms an address")
    PAID = "paid", _("Any paying member")
    TIERS = "tiers", _("Members of certain tiers")
    PRODUCTS = "products", _("Buyers of certain products")


class AccessLength(models.TextChoices):
    """How long somebody who enrolled has access, as far as their grants last."""

    LIFETIME = "lifetime", _("For good")
    MONTHS = "months", _("For a number of months")
    UNTIL = "until", _("Until a date")


class CertificateStyle(models.TextChoices):
    """The look of a course's certificates."""

    CLASSIC = "classic", _("Classic: a frame and centred lines")
    PLAIN = "plain", _("Plain: left-aligned, a rule and white space")
    LETTER = "letter", _("Letter: the publication's head and a signature")


class LessonKind(models.TextChoices):
    """What a lesson is above all; each can have a text."""

    TEXT = "text", _("Text")
    VIDEO = "video", _("Video")
    AUDIO = "audio", _("Audio")
    DOWNLOAD = "download", _("Download")
    QUIZ = "quiz", _("Quiz")
    ASSIGNMENT = "assignment", _("Assignment")


class LessonState(models.TextChoices):
    """draft <-> published."""

    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("Published")


class Drip(models.TextChoices):
    """When a lesson opens, at the course's hour in the learner's time zone."""

    NONE = "none", _("At once")
    DAYS = "days", _("Days after enrolment")
    DATE = "date", _("On a date")
    AFTER_MODULE = "after", _("Days after the previous module was finished")


class LessonMail(models.TextChoices):
    """What of a lesson a course that is delivered as mail puts into the mail."""

    FULL = "full", _("The whole lesson")
    LINK = "link", _("A link to it")
    NONE = "none", _("Nothing")


class FileRole(models.TextChoices):
    """What a lesson's file is for."""

    DOWNLOAD = "download", _("To take away")
    MEDIA = "media", _("To play")
    CAPTIONS = "captions", _("Captions")


class EnrolmentSource(models.TextChoices):
    """How somebody came into a course."""

    SELF = "self", _("By themselves")
    AUTHOR = "author", _("By the author")
    IMPORT = "import", _("Imported")


class MailChoice(models.TextChoices):
    """What a learner wants by mail when a lesson opens."""

    LESSONS = "lessons", _("The lessons, where the course is sent as mail; else a notice")
    NOTICES = "notices", _("A notice")
    NONE = "none", _("Nothing")


class NoticeState(models.TextChoices):
    """claimed -> sent | skipped. The row itself says that nobody else tells of it again."""

    CLAIMED = "claimed", _("Being sent")
    SENT = "sent", _("Sent")
    SKIPPED = "skipped", _("Not sent")


class QuestionKind(models.TextChoices):
    """How a question is answered."""

    SINGLE = "single", _("One choice")
    MULTIPLE = "multiple", _("Several choices")
    TEXT = "text", _("A word or a line")
    ORDERING = "ordering", _("Putting in order")


class Feedback(models.TextChoices):
    """When a learner sees what was right."""

    AT_ONCE = "at_once", _("After each answer")
    AT_END = "at_end", _("At the end")
    WHEN_PASSED = "when_passed", _("Once it is passed")
    NEVER = "never", _("Never")


class AttemptState(models.TextChoices):
    """open -> submitted | abandoned."""

    OPEN = "open", _("Under way")
    SUBMITTED = "submitted", _("Handed in")
    ABANDONED = "abandoned", _("Given up")


class Accepts(models.TextChoices):
    """What is handed in for an assignment."""

    TEXT = "text", _("A text")
    FILE = "file", _("A file")
    EITHER = "either", _("A text or a file")


class CompletedBy(models.TextChoices):
    """What completes an assignment's lesson."""

    HANDING_IN = "handing_in", _("Handing something in")
    APPROVAL = "approval", _("The author's approval")


class SubmissionState(models.TextChoices):
    """submitted -> approved | returned."""

    SUBMITTED = "submitted", _("Waiting for feedback")
    APPROVED = "approved", _("Approved")
    RETURNED = "returned", _("Given back for another try")


class ImportState(models.TextChoices):
    """uploaded -> checked -> running -> done; any -> failed."""

    UPLOADED = "uploaded", _("Uploaded")
    CHECKED = "checked", _("Looked through")
    RUNNING = "running", _("Being brought in")
    DONE = "done", _("Brought in")
    FAILED = "failed", _("Failed")
