"""What readers and moderators did with comments, and what the classifier learnt from it."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from newsletter.comments.enums import (
    CommentState,
    EventKind,
    Label,
    NewComments,
    ReportReason,
    ReportState,
)
from newsletter.comments.models.said import Comment, Thread


class Like(models.Model):
    """One person's like. An erased person's stays as nobody's, so that counts stay right (C8)."""

    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="likes")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["comment", "user"], name="one_like_per_person"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} likes {self.comment_id}"


class Report(models.Model):
    """One person's word that a comment should not stand there."""

    comment = models.ForeignKey(
        Comment, on_delete=models.CASCADE, related_name="reports", verbose_name=_("comment")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="comment_reports",
        verbose_name=_("person"),
    )
    reason = models.CharField(_("reason"), max_length=9, choices=ReportReason.choices)
    note = models.CharField(_("in their words"), max_length=500, blank=True)
    # Whether it counted towards hiding when it was made.
    is_trusted = models.BooleanField(_("trusted"), default=False)
    state = models.CharField(
        _("state"), max_length=9, choices=ReportState.choices, default=ReportState.OPEN
    )
    created_at = models.DateTimeField(_("reported"), default=timezone.now)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        constraints = [
            models.UniqueConstraint(fields=["comment", "user"], name="one_report_per_person"),
        ]
        indexes = [
            models.Index(fields=["user", "state"], name="report_of_person"),
            models.Index(
                fields=["comment"], condition=Q(state=ReportState.OPEN), name="report_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} on {self.comment_id}"


class BanQuerySet(models.QuerySet["Ban"]):
    """The one place that says when somebody is barred."""

    def in_force(self, now: datetime) -> BanQuerySet:
        """Those that have neither ended (the end is exclusive) nor been lifted."""
        return self.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=now), lifted_at__isnull=True)


class Ban(models.Model):
    """Somebody may read, but not comment. They are told so, and why."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="comment_bans",
        verbose_name=_("person"),
    )
    reason = models.CharField(_("reason"), max_length=300, help_text=_("The person reads this."))
    note = models.CharField(
        _("note"),
        max_length=500,
        blank=True,
        help_text=_("For the desk, and in the copy of their data that anybody may ask for."),
    )
    starts_at = models.DateTimeField(_("from"), default=timezone.now)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    objects = BanQuerySet.as_manager()

    class Meta:
        verbose_name = _("bar")
        verbose_name_plural = _("bars")
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(lifted_at__isnull=True), name="one_ban_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.reason}"

    @property
    def is_in_force(self) -> bool:
        """Whether it bars them now."""
        ended = self.ends_at is not None and self.ends_at <= timezone.now()
        return self.lifted_at is None and not ended


class ThreadMute(models.Model):
    """Somebody wants no more notices of one conversation."""

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="mutes")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["thread", "user"], name="one_mute_per_person"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} mutes {self.thread_id}"


class NoticeChoice(models.Model):
    """Which mails about comments somebody wants. Without a row: what the defaults say."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="comment_notices"
    )
    replies = models.BooleanField(_("answers to my comments"), default=True)
    # These two are for whoever looks after comments.
    waiting = models.BooleanField(_("comments that wait for a decision"), default=True)
    new_comments = models.CharField(
        _("new comments"), max_length=5, choices=NewComments.choices, default=NewComments.NONE
    )
    # Up to when the daily mail has told of new comments.
    told_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["told_until"], condition=Q(new_comments="daily"), name="notices_daily"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.new_comments}"


class ModerationEvent(models.Model):
    """One line of the audit trail. Never changed; `data` holds what taking it back needs."""

    at = models.DateTimeField(_("when"), default=timezone.now)
    # Empty: the pipeline, or a reader (then `user` says who).
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("by"),
    )
    kind = models.CharField(_("what"), max_length=13, choices=EventKind.choices)
    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, null=True, related_name="events")
    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, null=True, related_name="events")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    before = models.CharField(max_length=11, choices=CommentState.choices, blank=True)
    after = models.CharField(max_length=11, choices=CommentState.choices, blank=True)
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["comment", "-id"], name="moderation_of_comment"),
            models.Index(
                fields=["thread", "-id"],
                condition=Q(comment__isnull=True),
                name="moderation_of_rules",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.comment_id or self.thread_id or self.user_id}"

    @property
    def reason_words(self) -> str:
        """Why, as whoever did it said: a moderator in words, a reader by one of our reasons."""
        reason = str(self.data.get("reason", ""))
        if self.kind == EventKind.REPORTED and reason in ReportReason.values:
            return str(ReportReason(reason).label)
        return reason


class LearntText(models.Model):
    """What one decision taught, with its words: so that taking it back unlearns exactly that."""

    comment = models.OneToOneField(Comment, on_delete=models.CASCADE, related_name="learnt")
    label = models.CharField(max_length=4, choices=Label.choices)
    tokens = models.JSONField()
    at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.label} #{self.comment_id}"


class WordCount(models.Model):
    """In how many texts of each kind a token was seen. The empty token counts the texts."""

    token = models.CharField(max_length=64, unique=True)
    ham = models.PositiveIntegerField(default=0)
    spam = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.token}: {self.ham}/{self.spam}"
