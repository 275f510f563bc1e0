"""States of a comment, who may write, what a check can say, and what is written down of it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class CommentState(models.TextChoices):
    """Only approved ones are read by anybody else. Legal moves are in `LEGAL_MOVES`."""

    UNCONFIRMED = "unconfirmed", _("Waits for its writer to confirm their address")
    PENDING = "pending", _("Waits for a decision")
    APPROVED = "approved", _("Approved")
    SPAM = "spam", _("Spam")
    REJECTED = "rejected", _("Rejected")
    REMOVED = "removed", _("Removed")


_UNDECIDED = frozenset({CommentState.UNCONFIRMED, CommentState.PENDING})
_DECIDED = frozenset(
    {CommentState.APPROVED, CommentState.SPAM, CommentState.REJECTED, CommentState.REMOVED}
)
# A comment goes back to "pending" when readers report it, and to where it came from when a decision
# is taken back.
LEGAL_MOVES: dict[str, frozenset[str]] = {
    CommentState.UNCONFIRMED: frozenset({CommentState.PENDING}) | _DECIDED,
    CommentState.PENDING: _DECIDED,
    CommentState.APPROVED: (_DECIDED - {CommentState.APPROVED}) | {CommentState.PENDING},
    CommentState.SPAM: (_DECIDED - {CommentState.SPAM}) | _UNDECIDED,
    CommentState.REJECTED: (_DECIDED - {CommentState.REJECTED}) | _UNDECIDED,
    CommentState.REMOVED: (_DECIDED - {CommentState.REMOVED}) | _UNDECIDED,
}


class WhoWrites(models.TextChoices):
    """Who may comment. The values are those of `articles.enums.CommentPolicy`."""

    EVERYONE = "everyone", _("Everyone")
    MEMBERS = "members", _("Members")
    PAID = "paid", _("Paying members")
    OFF = "off", _("Nobody")


class Moderation(models.TextChoices):
    """When somebody looks at a comment that nothing speaks against."""

    BEFORE = "before", _("Before it appears")
    AFTER = "after", _("After it appeared")


class Verdict(models.TextChoices):
    """What the pipeline says, from mild to severe."""

    PASS = "pass", _("Nothing speaks against it")
    HOLD = "hold", _("Held for a decision")
    SPAM = "spam", _("Spam")
    REFUSE = "refuse", _("Not taken")


class ReportReason(models.TextChoices):
    """Why a reader reports a comment."""

    SPAM = "spam", _("It advertises something")
    RUDE = "rude", _("It attacks somebody")
    PRIVATE = "private", _("It says something private about somebody")
    OFF_TOPIC = "off_topic", _("It has nothing to do with the piece")
    OTHER = "other", _("Something else")


class ReportState(models.TextChoices):
    """What became of a report."""

    OPEN = "open", _("Open")
    UPHELD = "upheld", _("Right")
    DISMISSED = "dismissed", _("Not shared")


class EventKind(models.TextChoices):
    """What was done, for the audit trail."""

    SUBMITTED = "submitted", _("Written")
    CONFIRMED = "confirmed", _("Address confirmed")
    EDITED = "edited", _("Changed by its writer")
    EDIT_APPROVED = "edit_approved", _("Change approved")
    EDIT_REJECTED = "edit_rejected", _("Change rejected")
    DELETED = "deleted", _("Deleted by its writer")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    SPAM = "spam", _("Marked as spam")
    NOT_SPAM = "not_spam", _("Not spam after all; address asked for")
    REMOVED = "removed", _("Removed")
    UNDONE = "undone", _("Decision taken back")
    REPORTED = "reported", _("Reported")
    HIDDEN = "hidden", _("Hidden after reports")
    PINNED = "pinned", _("Pinned")
    UNPINNED = "unpinned", _("Unpinned")
    BANNED = "banned", _("Barred from commenting")
    UNBANNED = "unbanned", _("Bar lifted")
    CLOSED = "closed", _("Conversation closed")
    REOPENED = "reopened", _("Conversation opened again")
    RULES = "rules", _("Rules changed")
    ERASED = "erased", _("Writer erased")
    JUDGED = "judged", _("Judged by Akismet")


class AkismetState(models.TextChoices):
    """How far a question to Akismet has come."""

    WAITING = "waiting", _("To be asked")
    ANSWERED = "answered", _("Answered")
    FAILED = "failed", _("Could not be asked")


class Label(models.TextChoices):
    """What the classifier was taught that a text is."""

    HAM = "ham", _("A comment")
    SPAM = "spam", _("Spam")


class Order(models.TextChoices):
    """In which order a conversation is read. The values stand in addresses."""

    OLDEST = "oldest", _("Oldest first")
    NEWEST = "newest", _("Newest first")
    LIKED = "liked", _("Most liked first")


class NewComments(models.TextChoices):
    """How a moderator hears of comments that nobody has to decide on."""

    NONE = "none", _("Not by mail")
    EACH = "each", _("A mail for each")
    DAILY = "daily", _("One mail a day")


class NoticeKind(models.TextChoices):
    """What mails there are about comments; each is left by itself. The values stand in links."""

    REPLY = "reply", _("Answers to my comments")
    WAITING = "waiting", _("Comments that wait for a decision")
    NEW = "new", _("New comments")


class ImportOutcome(models.TextChoices):
    """What became of one comment of an import."""

    IMPORTED = "imported", _("Imported")
    KNOWN = "known", _("Here already")
    NO_ARTICLE = "no_article", _("No such article")
    REFUSED = "refused", _("Refused")
