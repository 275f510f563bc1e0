"""States of mailings, batches and deliveries, with their legal moves."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class MailingState(models.TextChoices):
    """draft -> scheduled -> preparing -> sending <-> paused -> sent | cancelled | failed.

    All legal moves are in `LEGAL_MOVES`.
    """

    DRAFT = "draft", _("Draft")
    SCHEDULED = "scheduled", _("Scheduled")
    PREPARING = "preparing", _("Preparing")
    SENDING = "sending", _("Sending")
    PAUSED = "paused", _("Paused")
    SENT = "sent", _("Sent")
    CANCELLED = "cancelled", _("Cancelled")
    FAILED = "failed", _("Failed")
    # Overdue by more than a day when found: the author decides (M7).
    NEEDS_DECISION = "needs_decision", _("Waiting for your decision")


LEGAL_MOVES: dict[str, frozenset[str]] = {
    MailingState.DRAFT: frozenset({MailingState.SCHEDULED, MailingState.CANCELLED}),
    MailingState.SCHEDULED: frozenset(
        {
            MailingState.DRAFT,
            MailingState.PREPARING,
            MailingState.NEEDS_DECISION,
            MailingState.CANCELLED,
        }
    ),
    MailingState.PREPARING: frozenset(
        {
            MailingState.SENDING,
            MailingState.NEEDS_DECISION,
            MailingState.CANCELLED,
            MailingState.FAILED,
        }
    ),
    MailingState.SENDING: frozenset(
        {
            MailingState.PAUSED,
            MailingState.SENT,
            MailingState.NEEDS_DECISION,
            MailingState.CANCELLED,
            MailingState.FAILED,
        }
    ),
    MailingState.PAUSED: frozenset({MailingState.SENDING, MailingState.CANCELLED}),
    MailingState.NEEDS_DECISION: frozenset(
        {MailingState.SCHEDULED, MailingState.SENDING, MailingState.CANCELLED}
    ),
    # A failure before anybody was mailed starts afresh; one after that retries what failed.
    MailingState.FAILED: frozenset(
        {MailingState.SCHEDULED, MailingState.SENDING, MailingState.CANCELLED}
    ),
    MailingState.SENT: frozenset({MailingState.SENDING}),
    MailingState.CANCELLED: frozenset(),
}


class BatchState(models.TextChoices):
    """queued -> claimed -> done; an expired claim is claimed again."""

    QUEUED = "queued", _("Queued")
    CLAIMED = "claimed", _("Claimed")
    DONE = "done", _("Done")


class DeliveryState(models.TextChoices):
    """See domain rules in docs/architecture.md, "The mail engine"."""

    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Sending")
    ACCEPTED = "accepted", _("Accepted")
    DELIVERED = "delivered", _("Delivered")
    BOUNCED = "bounced", _("Bounced")
    COMPLAINED = "complained", _("Marked as spam")
    SUPPRESSED = "suppressed", _("Left out")
    FAILED = "failed", _("Failed")
    UNKNOWN = "unknown", _("Unknown")
    CANCELLED = "cancelled", _("Cancelled")


ACCEPTED_STATES = frozenset(
    {
        DeliveryState.ACCEPTED,
        DeliveryState.DELIVERED,
        DeliveryState.BOUNCED,
        DeliveryState.COMPLAINED,
    }
)
OPEN_STATES = frozenset({DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.UNKNOWN})


class SuppressedBecause(models.TextChoices):
    """Why a recipient of the frozen audience was left out when their batch was claimed."""

    UNSUBSCRIBED = "unsubscribed", _("Left after the audience was fixed")
    SUPPRESSED = "suppressed", _("Address is suppressed")
    ERASED = "erased", _("Account erased")
    NOT_ENTITLED = "not_entitled", _("No longer entitled to it")


class EventKind(models.TextChoices):
    """What the author reads in a mailing's history."""

    CREATED = "created", _("Created")
    SCHEDULED = "scheduled", _("Scheduled")
    PREPARED = "prepared", _("Audience fixed")
    OVERDUE = "overdue", _("Overdue: not sent by itself")
    PAUSED = "paused", _("Paused")
    RESUMED = "resumed", _("Resumed")
    CANCELLED = "cancelled", _("Cancelled")
    HELD = "held", _("Held: the sender does not work")
    RELEASED = "released", _("The sender works again")
    THROTTLED = "throttled", _("The server asked to go slower")
    UNKNOWN = "unknown", _("Outcome unknown for some")
    DECIDED = "decided", _("Decided on the unknown ones")
    RETRIED = "retried", _("Failed ones tried again")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")
