"""Reading how mailings stand."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, QuerySet

from newsletter.accounts.models import User
from newsletter.articles.enums import MailAudience
from newsletter.mailings.circles import circle_of
from newsletter.mailings.entitlement import requirement_of
from newsletter.mailings.enums import (
    ACCEPTED_STATES,
    OPEN_STATES,
    DeliveryState,
    MailingState,
)
from newsletter.mailings.models import Delivery, Mailing, SenderCircuit, Variant
from newsletter.memberships.access import Reader, decide
from newsletter.memberships.enums import Access


@dataclass(frozen=True, slots=True)
class Counts:
    """Where the recipients of a mailing stand. They always add up: `total` is `audience`.

    `accepted` holds all that a server took, whatever came of it (`bounced` and `complained` are
    parts of it). `cancelled` are those whom a cancelled mailing no longer reached.
    """

    audience: int = 0
    accepted: int = 0
    failed: int = 0
    suppressed: int = 0
    unknown: int = 0
    queued: int = 0
    sending: int = 0
    cancelled: int = 0
    bounced: int = 0
    complained: int = 0

    @property
    def total(self) -> int:
        """Sum of the exclusive parts."""
        return (
            self.accepted
            + self.failed
            + self.suppressed
            + self.unknown
            + self.queued
            + self.sending
            + self.cancelled
        )

    @property
    def settled(self) -> int:
        """Those with whom nothing is left to do."""
        return self.total - self.queued - self.sending

    @property
    def waits_for_decision(self) -> bool:
        """Whether only the author can bring it to its end."""
        return self.unknown > 0 and not self.queued and not self.sending


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a mailing that is sending does not go on by itself, and when it is tried again."""

    reason: str
    since: datetime
    retry_at: datetime | None


def mailing_counts(mailing: Mailing) -> Counts:
    """Count a mailing's deliveries by state: one query over an index."""
    return counts_of_mailings([mailing])[mailing.pk]


def counts_of_mailings(mailings: Collection[Mailing]) -> dict[int, Counts]:
    """The counts of several mailings by their id, in one query however many they are."""
    rows = Delivery.objects.filter(mailing_id__in=[mailing.pk for mailing in mailings])
    by_mailing: dict[int, dict[str, int]] = {mailing.pk: {} for mailing in mailings}
    for pk, state, n in rows.values_list("mailing_id", "state").annotate(n=Count("pk")).order_by():
        by_mailing[pk][state] = n
    return {mailing.pk: _counts(mailing, by_mailing[mailing.pk]) for mailing in mailings}


def _counts(mailing: Mailing, by_state: dict[str, int]) -> Counts:
    return Counts(
        audience=mailing.audience_count,
        accepted=sum(by_state.get(state, 0) for state in ACCEPTED_STATES),
        failed=by_state.get(DeliveryState.FAILED, 0),
        suppressed=by_state.get(DeliveryState.SUPPRESSED, 0),
        unknown=by_state.get(DeliveryState.UNKNOWN, 0),
        queued=by_state.get(DeliveryState.QUEUED, 0),
        sending=by_state.get(DeliveryState.SENDING, 0),
        cancelled=by_state.get(DeliveryState.CANCELLED, 0),
        bounced=by_state.get(DeliveryState.BOUNCED, 0),
        complained=by_state.get(DeliveryState.COMPLAINED, 0),
    )


def hold_of(mailing: Mailing) -> Hold | None:
    """Return what holds a mailing that is sending (its sender's circuit), or None."""
    if mailing.state != MailingState.SENDING:
        return None
    circuit = SenderCircuit.objects.filter(
        sender=mailing.newsletter.sender_address, opened_at__isnull=False
    ).first()
    if circuit is None or circuit.opened_at is None:
        return None
    return Hold(reason=circuit.reason, since=circuit.opened_at, retry_at=circuit.retry_at)


def public_letter(mailing_id: int) -> Variant | None:
    """The variant of a mailing that anyone may see, its mailing and article with it.

    None before its text is frozen, and for what was written for paying members alone.
    """
    return (
        Variant.objects.filter(mailing=mailing_id, access=Access.PUBLIC)
        .exclude(mailing__audience=MailAudience.PAID)
        .exclude(mailing__prepared_at=None)
        .select_related("mailing__article")
        .first()
    )


def shows_file(
    mailing_id: int, folder: str, reader: Reader, now: datetime, user: User | None = None
) -> bool:
    """Whether a variant that `reader` would be sent at `now` shows the upload in `folder`.

    `user` is who that is, for mailings to a circle.
    """
    variants = Variant.objects.filter(mailing=mailing_id, html__contains=f"/{folder}/")
    mailing = Mailing.objects.filter(pk=mailing_id).exclude(circle="").first()
    circle = circle_of(mailing) if mailing is not None else None
    if mailing is not None and circle is not None:
        return variants.exists() and circle.may_read(mailing, user, now)
    return any(
        decide(reader, requirement_of(each), now).allowed for each in variants.defer("html", "text")
    )


def finished_mailings() -> QuerySet[Mailing]:
    """Mailings that are sending though nothing of theirs is queued, in hand or unknown."""
    still_open = Delivery.objects.filter(mailing_id=OuterRef("pk"), state__in=OPEN_STATES)
    return Mailing.objects.filter(~Exists(still_open), state=MailingState.SENDING)
