"""Quizzes and assignments: what is asked, what was answered, what was said to it."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courses.enums import (
    Accepts,
    AttemptState,
    CompletedBy,
    Feedback,
    QuestionKind,
    SubmissionState,
)
from courses.models.learner import Enrolment
from courses.models.lesson import Lesson
from courses.storage import course_storage, submission_path


class Quiz(models.Model):
    """The questions of one lesson and how they are asked. Passing it completes the lesson."""

    lesson = models.OneToOneField(Lesson, on_delete=models.CASCADE, related_name="quiz")
    pass_percent = models.PositiveSmallIntegerField(
        _("percent needed to pass"), default=70, validators=[MaxValueValidator(100)]
    )
    max_attempts = models.PositiveSmallIntegerField(
        _("attempts"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    shuffles_questions = models.BooleanField(_("questions in random order"), default=False)
    shuffles_choices = models.BooleanField(_("choices in random order"), default=True)
    # Of the pool of questions; empty: all of them.
    sample_size = models.PositiveSmallIntegerField(
        _("questions in each attempt"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    feedback = models.CharField(
        _("what was right is shown"),
        max_length=11,
        choices=Feedback.choices,
        default=Feedback.AT_END,
    )
    version = models.PositiveIntegerField(editable=False, default=1)

    class Meta:
        verbose_name = _("quiz")
        verbose_name_plural = _("quizzes")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(pass_percent__lte=100), name="quiz_pass_percent"
            ),
        ]

    def __str__(self) -> str:
        return str(self.lesson)


class Question(models.Model):
    """One question of a quiz. One that was ever asked is archived, not deleted."""

    quiz = models.ForeignKey(Quiz, on_delete=models.CASCADE, related_name="questions")
    position = models.PositiveIntegerField(_("order"), default=0)
    kind = models.CharField(
        _("kind"), max_length=8, choices=QuestionKind.choices, default=QuestionKind.SINGLE
    )
    prompt = models.TextField(_("question"), max_length=2000)
    # Of a question to be answered in words: spellings that count as right.
    accepted = models.JSONField(_("right answers"), default=list, blank=True)
    is_case_sensitive = models.BooleanField(_("capitals matter"), default=False)
    points = models.PositiveSmallIntegerField(
        _("points"), default=1, validators=[MinValueValidator(1)]
    )
    feedback_right = models.TextField(_("said to a right answer"), max_length=2000, blank=True)
    feedback_wrong = models.TextField(_("said to a wrong answer"), max_length=2000, blank=True)
    is_archived = models.BooleanField(_("no longer asked"), default=False)
    import_key = models.CharField(max_length=200, blank=True, editable=False)

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ["quiz", "position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["quiz", "import_key"],
                condition=~models.Q(import_key=""),
                name="one_question_per_import_key",
            ),
        ]

    def __str__(self) -> str:
        return self.prompt[:80]


class Choice(models.Model):
    """One possible answer. In a question of ordering, `position` is the right order."""

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="choices")
    position = models.PositiveIntegerField(_("order"), default=0)
    text = models.CharField(_("text"), max_length=500)
    is_correct = models.BooleanField(_("right"), default=False)
    feedback = models.CharField(_("said to it"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("choice")
        verbose_name_plural = _("choices")
        ordering = ["question", "position", "pk"]

    def __str__(self) -> str:
        return self.text


class QuizAttempt(models.Model):
    """One go at a quiz. What is asked, and in which order, is settled when it begins."""

    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="attempts")
    quiz = models.ForeignKey(Quiz, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField(_("attempt"))
    state = models.CharField(max_length=9, choices=AttemptState.choices, default=AttemptState.OPEN)
    # [{"question": id, "choices": [ids in the order shown]}]
    asked = models.JSONField(default=list)
    score = models.PositiveIntegerField(_("points"), default=0)
    max_score = models.PositiveIntegerField(_("of"), default=0)
    percent = models.PositiveSmallIntegerField(_("percent"), null=True, blank=True)
    passed = models.BooleanField(_("passed"), null=True, blank=True)
    started_at = models.DateTimeField(_("begun"), default=timezone.now)
    submitted_at = models.DateTimeField(_("handed in"), null=True, blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment", "quiz", "number"], name="one_attempt_per_number"
            ),
            models.UniqueConstraint(
                fields=["enrolment", "quiz"],
                condition=models.Q(state="open"),
                name="one_open_attempt",
            ),
            models.CheckConstraint(
                condition=models.Q(percent__isnull=True) | models.Q(percent__lte=100),
                name="attempt_percent",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.enrolment_id}: {self.quiz_id} #{self.number}"


class Answer(models.Model):
    """What was answered to one question in one attempt, and how that was judged then."""

    attempt = models.ForeignKey(QuizAttempt, on_delete=models.CASCADE, related_name="answers")
    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="answers")
    # Ids of choices; in a question of ordering, in the order given.
    chosen = models.JSONField(default=list)
    text = models.CharField(max_length=500, blank=True)
    is_correct = models.BooleanField(default=False)
    points = models.PositiveSmallIntegerField(default=0)
    answered_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["attempt", "question"], name="one_answer_per_question"),
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id}: {self.question_id}"


class Assignment(models.Model):
    """What is to be handed in for one lesson; what to do is said in the lesson's text."""

    lesson = models.OneToOneField(Lesson, on_delete=models.CASCADE, related_name="assignment")
    accepts = models.CharField(
        _("handed in as"), max_length=6, choices=Accepts.choices, default=Accepts.EITHER
    )
    completed_by = models.CharField(
        _("completed by"),
        max_length=10,
        choices=CompletedBy.choices,
        default=CompletedBy.HANDING_IN,
    )
    max_megabytes = models.PositiveSmallIntegerField(_("largest file in MB"), default=20)

    class Meta:
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")

    def __str__(self) -> str:
        return str(self.lesson)


class AssignmentSubmission(models.Model):
    """What a learner handed in, and what the author said to it. Another try is another row."""

    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="submissions")
    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="submissions")
    number = models.PositiveSmallIntegerField(_("try"))
    text = models.TextField(_("text"), blank=True)
    file = models.FileField(
        _("file"), storage=course_storage, upload_to=submission_path, max_length=300, blank=True
    )
    file_name = models.CharField(_("name of the file"), max_length=200, blank=True)
    file_size = models.PositiveBigIntegerField(null=True, blank=True)
    state = models.CharField(
        _("state"),
        max_length=9,
        choices=SubmissionState.choices,
        default=SubmissionState.SUBMITTED,
    )
    submitted_at = models.DateTimeField(_("handed in"), default=timezone.now)
    feedback = models.TextField(_("feedback"), blank=True)
    feedback_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    feedback_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("submission")
        verbose_name_plural = _("submissions")
        ordering = ["-submitted_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment", "assignment", "number"], name="one_submission_per_number"
            ),
            # Nobody hands in again what is still waiting; it is changed instead.
            models.UniqueConstraint(
                fields=["enrolment", "assignment"],
                condition=models.Q(state="submitted"),
                name="one_submission_waiting",
            ),
        ]
        indexes = [
            models.Index(
                fields=["submitted_at"],
                name="submission_waiting",
                condition=models.Q(state="submitted"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.enrolment_id}: {self.assignment_id} #{self.number}"
