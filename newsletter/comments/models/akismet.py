"""What Akismet is asked about comments, and told of them."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from newsletter.comments.enums import AkismetState, CommentState, Label
from newsletter.comments.models.said import Comment

MAX_TRIES = 4


class AkismetCaseQuerySet(models.QuerySet["AkismetCase"]):
    """What there is to do. Nothing tells the cases of a decision: they are looked for."""

    def to_ask(self) -> AkismetCaseQuerySet:
        """Those whose comment, or its changed text, waits for an answer."""
        changed = Q(comment__state=CommentState.APPROVED) & ~Q(comment__pending_body="")
        waits = Q(comment__state=CommentState.PENDING) | changed
        return self.filter(waits, state=AkismetState.WAITING, due_at__lte=timezone.now())

    def to_tell(self) -> AkismetCaseQuerySet:
        """Those about which somebody has decided otherwise than Akismet."""
        missed = Q(believes=Label.HAM, comment__state=CommentState.SPAM)
        wronged = Q(believes=Label.SPAM, comment__state=CommentState.APPROVED)
        return self.filter(
            missed | wronged,
            state=AkismetState.ANSWERED,
            tries__lt=MAX_TRIES,
            due_at__lte=timezone.now(),
        )


class AkismetCase(models.Model):
    """One comment that Akismet is asked about. Only while the author has a key, and for a month.

    Akismet judges by where a comment came from, so the address is kept here, and here alone.
    """

    comment = models.OneToOneField(Comment, on_delete=models.CASCADE, related_name="akismet_case")
    ip = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=300, blank=True)
    state = models.CharField(
        max_length=8, choices=AkismetState.choices, default=AkismetState.WAITING
    )
    # What it said, or was told last.
    believes = models.CharField(max_length=4, choices=Label.choices, blank=True)
    # When there is something to do, not before this. Moved on by whoever takes it.
    due_at = models.DateTimeField(default=timezone.now)
    tries = models.PositiveSmallIntegerField(default=0)
    # Why the last try came to nothing.
    problem = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = AkismetCaseQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["state", "due_at"], name="akismet_due"),
            models.Index(fields=["created_at"], name="akismet_age"),
        ]

    def __str__(self) -> str:
        return f"{self.state} #{self.comment_id}"

    def take(self, *, until: datetime) -> bool:
        """Whether it is ours to work on until then: of two workers one takes it."""
        ours = AkismetCase.objects.filter(pk=self.pk, due_at=self.due_at)
        return bool(ours.update(due_at=until, tries=F("tries") + 1))
