"""The desk's first page: who reads, what the letters did, what came in, what waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast

from django.core.cache import cache
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import TruncDate
from django.http import HttpRequest
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.articles.enums import ArticleState
from newsletter.articles.models import Article
from newsletter.comments.access import may_moderate
from newsletter.comments.queue import count_waiting, words_for
from newsletter.mailings.enums import ACCEPTED_STATES, DeliveryState, MailingState
from newsletter.mailings.models import Delivery, Mailing, SenderCircuit
from newsletter.outbox.actions import KEEP_UNDECIDED
from newsletter.outbox.enums import EmailState
from newsletter.outbox.models import OutgoingEmail
from newsletter.payments.revenue import lately
from newsletter.subscribers.enums import ConsentSource, SubscriptionState
from newsletter.subscribers.models import Subscription
from newsletter.subscribers.queries import count_active

DAYS = 90
# Counting 90 days of a million rows is not done for every look at the desk.
_FRESH_SECONDS = 300
_CHART_WIDTH, _CHART_HEIGHT = 720, 160


@dataclass(frozen=True, slots=True)
class Day:
    """What happened to the list on one day. `readers` is the number at its end."""

    day: date
    joined: int
    left: int
    readers: int


@dataclass(frozen=True, slots=True)
class Growth:
    """Ninety days of the list."""

    days: list[Day]
    sources: list[tuple[str, int]]

    @property
    def joined(self) -> int:
        """Everybody who came."""
        return sum(day.joined for day in self.days)

    @property
    def left(self) -> int:
        """Everybody who went."""
        return sum(day.left for day in self.days)

    @property
    def weeks(self) -> list[Day]:
        """The table's rows: a week each, the newest first."""
        rows = []
        for end in range(len(self.days), 0, -7):
            week = self.days[max(end - 7, 0) : end]
            joined, left = sum(day.joined for day in week), sum(day.left for day in week)
            rows.append(Day(week[0].day, joined, left, week[-1].readers))
        return rows

    @property
    def line(self) -> str:
        """The chart's line, as the points of an SVG polyline."""
        values = [day.readers for day in self.days]
        low, span = min(values), max(max(values) - min(values), 1)
        step = _CHART_WIDTH / max(len(values) - 1, 1)
        return " ".join(
            f"{index * step:.1f},{_CHART_HEIGHT - (value - low) / span * _CHART_HEIGHT:.1f}"
            for index, value in enumerate(values)
        )

    @property
    def lowest(self) -> int:
        """What the bottom of the chart stands for."""
        return min(day.readers for day in self.days)

    @property
    def highest(self) -> int:
        """What its top stands for."""
        return max(day.readers for day in self.days)


@dataclass(frozen=True, slots=True)
class Letter:
    """What one of the last mailings did."""

    mailing: Mailing
    accepted: int
    failed: int
    unknown: int


def add_dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's hook: what `admin/index.html` shows, each part to whoever may see its rows."""
    user = cast(User, request.user)
    if user.has_perm("newsletter.view_subscription"):
        context |= {"readers": count_active(), "growth": growth()}
    if user.has_perm("newsletter.view_mailing"):
        context |= {
            "letters": last_letters(),
            "stuck": stuck_mailings(),
            "circuits": open_circuits(),
        }
    if may_moderate(user) and (waiting := count_waiting()):
        context["comments_to_review"] = words_for(waiting)
    if user.has_perm("newsletter.view_movement"):
        context["earnings"] = lately()
    if user.has_perm("newsletter.view_article"):
        context |= {"drafts": drafts(), "scheduled": scheduled()}
    if user.has_perm("newsletter.view_outgoingemail"):
        context |= {
            "lost_mail": count_mail(EmailState.FAILED, timedelta(days=7)),
            # As long as it could be sent again.
            "undecided_mail": count_mail(EmailState.UNKNOWN, KEEP_UNDECIDED),
        }
    context["may_write"] = user.has_perm("newsletter.add_article")
    return context


def count_mail(state: EmailState, within: timedelta) -> int:
    """Mails to one person of the last time that are in this state."""
    since = timezone.now() - within
    return OutgoingEmail.objects.filter(state=state, created_at__gte=since).count()


def growth() -> Growth:
    """The last ninety days, at most five minutes old. Four queries when it is counted."""
    key = f"masthead.growth.{timezone.localdate()}.{timezone.get_current_timezone_name()}"
    found: Growth | None = cache.get(key)
    if found is None:
        found = _count_growth()
        cache.set(key, found, _FRESH_SECONDS)
    return found


def _count_growth() -> Growth:
    today = timezone.localdate()
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    since = midnight - timedelta(days=DAYS - 1)
    # By when they signed up: that column has an index at a million rows.
    came = Subscription.objects.filter(created_at__gte=since).exclude(
        state=SubscriptionState.PENDING
    )
    went = Subscription.objects.filter(
        state=SubscriptionState.UNSUBSCRIBED, unsubscribed_at__gte=since
    )
    joined, left = _by_day(came, "created_at"), _by_day(went, "unsubscribed_at")
    names = dict(ConsentSource.choices)
    sources = came.order_by().values_list("consent_source").annotate(n=Count("pk")).order_by("-n")
    readers = Subscription.objects.filter(state=SubscriptionState.ACTIVE).count()
    days: list[Day] = []
    for offset in range(DAYS):
        day = today - timedelta(days=offset)
        days.append(Day(day, joined.get(day, 0), left.get(day, 0), readers))
        readers += left.get(day, 0) - joined.get(day, 0)
    return Growth(days[::-1], [(str(names[source]), n) for source, n in sources])


def _by_day(rows: QuerySet[Subscription], field: str) -> dict[date, int]:
    counted = rows.order_by().annotate(day=TruncDate(field)).values_list("day")
    return dict(counted.annotate(n=Count("pk")))


def last_letters(limit: int = 3) -> list[Letter]:
    """The newest mailings that began to go out. Two queries."""
    mailings = list(
        Mailing.objects.filter(prepared_at__isnull=False)
        .select_related("newsletter")
        .order_by("-started_at", "-pk")[:limit]
    )
    counts: dict[int, dict[str, int]] = {mailing.pk: {} for mailing in mailings}
    rows = Delivery.objects.filter(mailing__in=mailings).order_by()
    for mailing_id, state, n in rows.values_list("mailing_id", "state").annotate(n=Count("pk")):
        counts[mailing_id][state] = n
    return [
        Letter(
            mailing,
            accepted=sum(counts[mailing.pk].get(state, 0) for state in ACCEPTED_STATES),
            failed=counts[mailing.pk].get(DeliveryState.FAILED, 0),
            unknown=counts[mailing.pk].get(DeliveryState.UNKNOWN, 0),
        )
        for mailing in mailings
    ]


def stuck_mailings() -> QuerySet[Mailing]:
    """Mailings that only the author can bring further; `has_unknown` tells of people of whom
    nobody knows whether they got it.
    """
    waiting = [MailingState.NEEDS_DECISION, MailingState.PAUSED, MailingState.FAILED]
    unknown = Delivery.objects.filter(mailing=OuterRef("pk"), state=DeliveryState.UNKNOWN)
    found = Mailing.objects.annotate(has_unknown=Exists(unknown))
    undecided = Q(state=MailingState.SENDING, has_unknown=True)
    return found.filter(Q(state__in=waiting) | undecided).order_by("-pk")[:5]


def open_circuits() -> QuerySet[SenderCircuit]:
    """Senders that cannot send."""
    return SenderCircuit.objects.filter(opened_at__isnull=False)[:5]


def drafts(limit: int = 5) -> QuerySet[Article]:
    """What was last being written."""
    found = Article.objects.filter(state=ArticleState.DRAFT).order_by("-updated_at")
    return found.only("title", "updated_at", "word_count")[:limit]


def scheduled(limit: int = 5) -> QuerySet[Article]:
    """What goes out next."""
    found = Article.objects.filter(state=ArticleState.SCHEDULED).order_by("published_at")
    return found.only("title", "published_at", "send_choice")[:limit]
