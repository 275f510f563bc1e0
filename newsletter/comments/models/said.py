"""A conversation and what is said in it."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from newsletter.articles.models import Article
from newsletter.comments.enums import LEGAL_MOVES, CommentState, Moderation

# Width of one step of a path: an id in base 36, zeros in front, so that text order is id order.
PATH_STEP = 8


class Thread(models.Model):
    """The conversation on one thing: an article, or whatever registers itself (owners.py).

    `kind` and `key` name that thing; an article's thread points down to it as well, so that it
    goes with it. Made with the first comment or the first rule of its own, never by reading.
    Empty rules are the site's (`CommentSettings`).
    """

    kind = models.CharField(max_length=20, default="article")
    key = models.PositiveBigIntegerField()
    article = models.OneToOneField(
        Article,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="thread",
        verbose_name=_("article"),
    )
    moderation = models.CharField(
        _("looked at"), max_length=6, choices=Moderation.choices, blank=True
    )
    hold_first_timers = models.BooleanField(_("hold first comments"), null=True, blank=True)
    max_links = models.PositiveSmallIntegerField(_("links without a look"), null=True, blank=True)
    close_after_days = models.PositiveSmallIntegerField(
        _("close after days"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    held_words = models.TextField(_("further words that hold"), blank=True)
    refused_words = models.TextField(_("further words that refuse"), blank=True)
    is_open_to_all = models.BooleanField(
        _("everyone may read the comments"),
        default=False,
        help_text=_("Otherwise they are read by those who may read the piece itself."),
    )
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    pinned = models.ForeignKey(
        "newsletter.Comment", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # Kept by `actions.moves` alone, in the transaction that moves a comment.
    approved_count = models.PositiveIntegerField(_("comments"), default=0, editable=False)
    pending_count = models.PositiveIntegerField(_("waiting"), default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        constraints = [
            models.UniqueConstraint(fields=["kind", "key"], name="one_thread_per_thing"),
            models.CheckConstraint(
                condition=Q(kind="article", article__isnull=False, key=F("article"))
                | (~Q(kind="article") & Q(article__isnull=True)),
                name="thread_of_an_article_points_to_it",
            ),
        ]

    def __str__(self) -> str:
        return str(self.article) if self.article_id else f"{self.kind} {self.key}"


class CommentQuerySet(models.QuerySet["Comment"]):
    """The one place that says which comments a conversation shows."""

    def shown(self) -> CommentQuerySet:
        """Those that are read, and those that hold up some that are."""
        # Not `is_shown=True`: of that Django makes a bare column, for which SQLite has no index.
        return self.filter(is_shown__in=[True])


class Comment(models.Model):
    """One comment. `html` is `body` rendered and sanitised; templates show that alone."""

    thread = models.ForeignKey(
        Thread, on_delete=models.CASCADE, related_name="comments", verbose_name=_("conversation")
    )
    # Empty: an erased reader, or somebody imported without an address.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="comments",
        verbose_name=_("person"),
    )
    # As it is shown. A visitor may type any, so it is the comment's, not the person's.
    name = models.CharField(_("name"), max_length=120, blank=True)
    # The address that a visitor typed, until they confirm it: before that, the comment is nobody's,
    # whoever that address belongs to (C4).
    guest_email = models.EmailField(_("address, not confirmed"), blank=True)
    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="replies"
    )
    # The comment of the first level under which this one is shown; empty on the first level.
    root = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    # The ids of its ancestors and itself, in fixed width: a place that nothing ever renumbers.
    path = models.CharField(max_length=PATH_STEP * 40, blank=True, editable=False)

    body = models.TextField(_("text"), blank=True)
    html = models.TextField(editable=False, blank=True)
    # A change that waits for a decision; until then `body` stays what others read (C1).
    pending_body = models.TextField(_("changed text"), blank=True)
    # Grows with every change of a text: a decision can say which one it was made on.
    version = models.PositiveIntegerField(default=1, editable=False)
    state = models.CharField(_("state"), max_length=11, choices=CommentState.choices)
    # [{"check": "links", "words": "It has 4 links.", "verdict": "hold", "data": {…}}]
    reasons = models.JSONField(_("reasons"), default=list, blank=True)

    like_count = models.PositiveIntegerField(_("likes"), default=0, editable=False)
    # Approved comments somewhere below this one: what keeps its tombstone standing.
    visible_below = models.PositiveIntegerField(default=0, editable=False)
    is_shown = models.GeneratedField(
        # Q is an expression to Django, though not to its type stubs.
        expression=Q(state=CommentState.APPROVED) | Q(visible_below__gt=0),  # type: ignore[arg-type]
        output_field=models.BooleanField(),
        db_persist=True,
    )
    # Keyed hash of the network (/24, /48) it came from: tells floods, and nobody's address.
    network = models.CharField(max_length=40, blank=True, editable=False)
    # What the form called this comment, so that a form sent twice is one comment.
    client_id = models.CharField(max_length=64, blank=True, editable=False)
    # Where it came from, so that an import can run twice.
    import_key = models.CharField(max_length=120, blank=True, editable=False)
    submitted_at = models.DateTimeField(_("written"), default=timezone.now)
    edited_at = models.DateTimeField(_("changed"), null=True, blank=True)
    # When others were first told of it: approving it once more tells nobody twice.
    announced_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = CommentQuerySet.as_manager()

    class Meta:
        verbose_name = _("comment")
        verbose_name_plural = _("comments")
        constraints = [
            models.UniqueConstraint(
                fields=["thread", "user", "client_id"],
                condition=~Q(client_id=""),
                name="one_comment_per_form",
            ),
            models.UniqueConstraint(
                fields=["import_key"], condition=~Q(import_key=""), name="one_comment_per_import"
            ),
        ]
        indexes = [
            models.Index(
                fields=["thread", "is_shown", "submitted_at", "id"],
                condition=Q(root__isnull=True),
                name="comment_in_time",
            ),
            models.Index(
                fields=["thread", "is_shown", "-like_count", "-submitted_at", "-id"],
                condition=Q(root__isnull=True),
                name="comment_by_likes",
            ),
            models.Index(fields=["root", "is_shown", "submitted_at", "id"], name="comment_replies"),
            models.Index(
                fields=["thread", "-submitted_at", "-id"],
                condition=Q(state=CommentState.APPROVED),
                name="comment_newest",
            ),
            models.Index(fields=["user", "state"], name="comment_of_person"),
            # With the network, so that passing over a flood reads no rows.
            models.Index(fields=["state", "-submitted_at", "network"], name="comment_queue"),
            models.Index(fields=["network", "-submitted_at"], name="comment_of_network"),
            models.Index(fields=["state", "network"], name="comment_floods"),
            models.Index(
                fields=["state"], condition=~Q(pending_body=""), name="comment_changed_text"
            ),
            models.Index(
                fields=["guest_email"], condition=~Q(guest_email=""), name="comment_unconfirmed"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name or 'nobody'} #{self.pk}"

    @property
    def shown_name(self) -> str:
        """The name under which it stands; an erased reader has none."""
        return self.name or gettext("Deleted reader")

    @property
    def is_visible(self) -> bool:
        """Whether others read it."""
        return self.state == CommentState.APPROVED

    @property
    def waits(self) -> bool:
        """Whether somebody has to decide on it, or on its changed text."""
        return self.state == CommentState.PENDING or (self.is_visible and bool(self.pending_body))

    @property
    def waits_for_akismet(self) -> bool:
        """Whether Akismet is yet to say something about the text that waits."""
        return any(reason.get("data", {}).get("is_asked") for reason in self.reasons)

    @property
    def is_gone(self) -> bool:
        """Whether its text no longer exists: nothing brings it back."""
        return self.state == CommentState.REMOVED and not self.body

    def may_move_to(self, state: str) -> bool:
        """Whether `state` is a legal next state."""
        return not self.is_gone and state in LEGAL_MOVES[self.state]

    def ancestor_ids(self) -> list[int]:
        """The ids of what it answers, the first level first. No query."""
        steps = range(0, max(len(self.path) - PATH_STEP, 0), PATH_STEP)
        return [int(self.path[start : start + PATH_STEP], 36) for start in steps]
