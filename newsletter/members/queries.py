"""Reading notes, copies and erasures; and how much there is of what an erasure takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.articles.models import GiftLink, PrivateFeed
from newsletter.comments.enums import CommentState
from newsletter.comments.models import Comment, Like
from newsletter.lib.plain_rows import PlainRow, plain_rows
from newsletter.mailings.models import Delivery
from newsletter.members.enums import ErasureState, ExportState
from newsletter.members.models import DataExport, Erasure, MemberNote, SupportVisit
from newsletter.members.personal_data import parts_as_told
from newsletter.payments.enums import SeatState
from newsletter.payments.models import Membership, PaymentPlan, Seat
from newsletter.payments.offering import price_in_words
from newsletter.payments.queries import (
    instalments_of,
    orders_of,
    unended_memberships,
    unended_plans,
)
from newsletter.subscribers.enums import SubscriptionState
from newsletter.subscribers.models import Subscription


def notes_about(person: User) -> QuerySet[MemberNote]:
    """What the staff wrote about somebody, the newest first."""
    return MemberNote.objects.filter(user=person).select_related("author")


def exports_for(actor: User, person: User) -> QuerySet[DataExport]:
    """Copies of somebody's data: a person sees those that they asked for, staff all."""
    found = DataExport.objects.filter(user=person).select_related("asked_by")
    return found.filter(asked_by=actor) if actor.pk == person.pk else found


def find_erasure(person: User) -> Erasure | None:
    """How somebody's erasure stands; None where nobody asked for it."""
    return Erasure.objects.filter(user=person).select_related("asked_by").first()


def due_export_ids(*, overdue_by: timedelta) -> list[int]:
    """Copies that should have been made this long ago: lost nudges, dead workers, retries."""
    return _due(DataExport.objects.filter(state=ExportState.ASKED), overdue_by)


def due_erasure_ids(*, overdue_by: timedelta) -> list[int]:
    """Erasures that should have been carried out this long ago."""
    return _due(Erasure.objects.filter(state=ErasureState.ASKED), overdue_by)


def _due(waiting: QuerySet[Any], overdue_by: timedelta) -> list[int]:
    now = timezone.now()
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    due = waiting.filter(free, next_attempt_at__lte=now - overdue_by)
    return list(due.order_by("next_attempt_at", "pk").values_list("pk", flat=True))


def export_desk_rows_about(user: User) -> dict[str, list[PlainRow]]:
    """What the staff wrote about somebody and when they looked, as plain data.

    Without the names of who did it: those are the staff's.
    """
    return {
        "notes": plain_rows(
            MemberNote.objects.filter(user=user).order_by("pk"),
            text="text",
            written_at="created_at",
            changed_at="edited_at",
        ),
        "support_visits": plain_rows(
            SupportVisit.objects.filter(user=user).order_by("pk"),
            reason="reason",
            offered_at="created_at",
            begun_at="begun_at",
            ends_at="ends_at",
            ended_at="ended_at",
        ),
        "copies": plain_rows(
            DataExport.objects.filter(user=user).order_by("pk"),
            state="state",
            asked_for_at="asked_at",
            ready_at="ready_at",
            deleted_on="expires_at",
        ),
        "deletions": plain_rows(
            Erasure.objects.filter(user=user), asked_for_at="asked_at", done_at="done_at"
        ),
    }


@dataclass(frozen=True, slots=True)
class Holdings:
    """How much there is of what an erasure takes, leaves, or ends."""

    newsletters: int
    letters: int
    comments: int
    likes: int
    notes: int
    feed_and_links: int
    payments: int
    seats_given: int
    memberships: list[Membership]
    plans: list[PaymentPlan]
    # What parts of apps above say that goes: the title of each, and its words.
    more: list[tuple[str, list[str]]]

    @property
    def charged(self) -> list[str]:
        """What is still paid, each with its price in words."""
        tiers = [(each.tier, each.price) for each in self.memberships]
        products = [(each.product, each.price) for each in self.plans]
        return [f"{sold}: {price_in_words(price)}" for sold, price in (*tiers, *products)]


def holdings_of(person: User) -> Holdings:
    """Count what is said before somebody is erased. A fixed number of queries."""
    wanted = [SubscriptionState.ACTIVE, SubscriptionState.PENDING]
    others = Seat.objects.filter(membership__user=person, state=SeatState.ACTIVE)
    told = [(str(part.title), list(part.goes(person))) for part in parts_as_told()]
    return Holdings(
        newsletters=Subscription.objects.filter(user=person, state__in=wanted).count(),
        letters=Delivery.objects.filter(user=person).count(),
        comments=Comment.objects.filter(user=person, state=CommentState.APPROVED).count(),
        likes=Like.objects.filter(user=person).count(),
        notes=notes_about(person).count(),
        feed_and_links=PrivateFeed.objects.filter(user=person).count()
        + GiftLink.objects.filter(giver=person).count(),
        payments=orders_of(person).count() + instalments_of(person).count(),
        seats_given=others.count(),
        memberships=list(unended_memberships(person)),
        plans=list(unended_plans(person)),
        more=[(title, words) for title, words in told if words],
    )
