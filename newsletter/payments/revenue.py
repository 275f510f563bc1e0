"""What came in: recurring money and how it moves, trials, single payments. Reads, sums, no loops
over people: every figure is one grouped query, whatever the number of members.

One currency at a time: currencies are never added up. Amounts are integers in minor units; those
that recur are a year's (see worth.py) and become a month's when they are shown.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any

from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.utils import timezone

from newsletter.payments.enums import DisputeState, MembershipStatus, MovementKind, OrderKind
from newsletter.payments.models import (
    Bill,
    Instalment,
    Membership,
    Movement,
    Order,
    PaymentPlan,
)
from newsletter.payments.money import show_amount
from newsletter.payments.queries import default_currency
from newsletter.payments.worth import MONTHS

SHOWN_MONTHS = 12
FAILED_SHOWN = 50
KINDS = tuple(MovementKind)
OWING = (MembershipStatus.PAST_DUE, MembershipStatus.UNPAID)


@dataclass(frozen=True, slots=True)
class Month:
    """One month of the calendar, in the viewer's zone. `end` is the next one's beginning."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class MonthOfMovements:
    """How the recurring money of one currency moved in one month: a year's amounts, and people."""

    month: Month
    opening: int
    people_at_start: int
    changes: dict[str, int]
    people: dict[str, int]

    @property
    def closing(self) -> int:
        """What it was at the end."""
        return self.opening + sum(self.changes.values())

    @property
    def people_at_end(self) -> int:
        """How many people paid at the end."""
        came = self.people[MovementKind.NEW] + self.people[MovementKind.REACTIVATION]
        return self.people_at_start + came - self.people[MovementKind.CHURN]

    @property
    def churn_rate(self) -> Decimal | None:
        """The share of those who paid at the start that left; None where nobody paid."""
        if not self.people_at_start:
            return None
        return Decimal(self.people[MovementKind.CHURN]) / self.people_at_start


@dataclass(frozen=True, slots=True)
class TierLine:
    """What one tier brings now: a year's amount, subscriptions, people."""

    tier_id: int
    tier: str
    yearly: int
    subscriptions: int
    people: int


@dataclass(frozen=True, slots=True)
class MonthOfMoney:
    """What was paid in one month, and what came back of just these payments so far."""

    month: Month
    subscriptions: int
    products: int
    gifts: int
    tips: int
    refunded: int
    lost: int

    @property
    def net(self) -> int:
        """What is left."""
        came = self.subscriptions + self.products + self.gifts + self.tips
        return came - self.refunded - self.lost


@dataclass(frozen=True, slots=True)
class MonthOfTrials:
    """Trials that ended in one month, and how many of them were paid for."""

    month: Month
    ended: int
    converted: int


def last_months(count: int = SHOWN_MONTHS, *, now: datetime | None = None) -> list[Month]:
    """The months up to this one, the oldest first."""
    first = timezone.localtime(now).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    starts = [_midnight(first, back) for back in range(count - 1, -2, -1)]
    return [Month(start, end) for start, end in pairwise(starts)]


def _midnight(first: datetime, months_back: int) -> datetime:
    index = first.year * 12 + first.month - 1 - months_back
    naive = first.replace(year=index // 12, month=index % 12 + 1, tzinfo=None)
    return timezone.make_aware(naive)


def _by_month(field: str, months: list[Month]) -> Case:
    """Which of `months` a moment lies in: comparisons alone, which both databases do quickly."""
    cases = [When(**{f"{field}__lt": month.end}, then=Value(at)) for at, month in enumerate(months)]
    return Case(*cases, output_field=IntegerField())


def known_currencies() -> list[str]:
    """Every currency that money came in, the one that most people pay in first."""
    paying = Membership.objects.filter(yearly__gt=0).values_list("currency")
    ranked = dict(paying.annotate(times=Count("pk")).order_by())
    codes = set(ranked) | set(
        Movement.objects.order_by().values_list("currency", flat=True).distinct()
    )
    sold = Order.objects.filter(paid_at__isnull=False).order_by().values_list("currency", flat=True)
    codes |= set(sold.distinct())
    # What is only sold in instalments has neither orders nor movements.
    codes |= set(PaymentPlan.objects.order_by().values_list("currency", flat=True).distinct())
    return sorted(codes, key=lambda code: (-ranked.get(code, 0), code)) or [default_currency()]


def tier_lines(currency: str) -> list[TierLine]:
    """What each tier brings now, the most first."""
    rows = (
        Membership.objects.filter(yearly__gt=0, currency=currency)
        .order_by()
        .values("tier_id", "tier__name")
        .annotate(total=Sum("yearly"), rows=Count("pk"), people=Count("user", distinct=True))
        .order_by("-total", "tier__name")
    )
    return [
        TierLine(row["tier_id"], row["tier__name"], row["total"], row["rows"], row["people"])
        for row in rows
    ]


def running_totals() -> dict[str, int]:
    """A year's amount of everything that runs, by currency. One query."""
    rows = Membership.objects.filter(yearly__gt=0).order_by().values_list("currency")
    return dict(rows.annotate(total=Sum("yearly")))


def movements_by_month(currency: str, months: list[Month]) -> list[MonthOfMovements]:
    """How it moved. Two queries: what was before the first month, and all of them."""
    rows = Movement.objects.filter(currency=currency).order_by()
    opening, people = 0, 0
    for kind, change, count in _sums(rows.filter(at__lt=months[0].start), "kind"):
        opening += change
        people += {"new": count, "reactivation": count, "churn": -count}.get(kind, 0)
    changes: dict[tuple[int, str], tuple[int, int]] = {}
    inside = rows.filter(at__gte=months[0].start, at__lt=months[-1].end)
    numbered = inside.annotate(month=_by_month("at", months))
    for at, kind, change, count in _sums(numbered, "month", "kind"):
        changes[at, kind] = (change, count)
    found: list[MonthOfMovements] = []
    for at, month in enumerate(months):
        line = MonthOfMovements(
            month,
            opening,
            people,
            {kind: changes.get((at, kind), (0, 0))[0] for kind in KINDS},
            {kind: changes.get((at, kind), (0, 0))[1] for kind in KINDS},
        )
        found.append(line)
        opening, people = line.closing, line.people_at_end
    return found


def _sums(rows: QuerySet[Movement], *by: str) -> Any:
    grouped = rows.values_list(*by)
    return grouped.annotate(change=Sum(F("after") - F("before")), count=Count("pk"))


def money_by_month(currency: str, months: list[Month]) -> list[MonthOfMoney]:
    """What was paid and what came back of it, by the month of the payment. Two queries."""
    sums: dict[tuple[int, str], int] = defaultdict(int)
    inside = {
        "currency": currency,
        "paid_at__gte": months[0].start,
        "paid_at__lt": months[-1].end,
    }
    instalments = Instalment.objects.filter(**inside).order_by()
    lost = Sum(F("amount_received") - F("refunded_amount"), filter=Q(dispute=DisputeState.LOST))
    for at, is_plan, came, back, gone in (
        instalments.annotate(month=_by_month("paid_at", months), is_plan=Q(plan__isnull=False))
        .values_list("month", "is_plan")
        .annotate(came=Sum("amount_received"), back=Sum("refunded_amount"), gone=lost)
    ):
        # A product that is paid in parts is a product.
        sums[at, OrderKind.PRODUCT if is_plan else "subscriptions"] += came
        sums[at, "refunded"] += back
        sums[at, "lost"] += gone or 0
    orders = Order.objects.filter(**inside).order_by()
    order_lost = Sum(F("amount") - F("refunded_amount"), filter=Q(status="lost"))
    for at, kind, came, back, gone in (
        orders.annotate(month=_by_month("paid_at", months))
        .values_list("month", "kind")
        .annotate(came=Sum("amount"), back=Sum("refunded_amount"), gone=order_lost)
    ):
        sums[at, kind] += came
        sums[at, "refunded"] += back
        sums[at, "lost"] += gone or 0
    return [
        MonthOfMoney(
            month,
            sums[at, "subscriptions"],
            sums[at, OrderKind.PRODUCT],
            sums[at, OrderKind.GIFT],
            sums[at, OrderKind.TIP],
            sums[at, "refunded"],
            sums[at, "lost"],
        )
        for at, month in enumerate(months)
    ]


def trials_by_month(currency: str, months: list[Month], now: datetime) -> list[MonthOfTrials]:
    """Trials by the month of their end, and how many were paid for. One query."""
    paid = Bill.objects.filter(membership=OuterRef("pk"), counts_from__isnull=False)
    ended = (
        Membership.objects.filter(
            currency=currency, trial_end__gte=months[0].start, trial_end__lt=months[-1].end
        )
        .filter(Q(trial_end__lte=now) | Q(ended_at__isnull=False))
        .annotate(month=_by_month("trial_end", months), is_paid=Exists(paid))
        .order_by()
        .values_list("month", "is_paid")
        .annotate(count=Count("pk"))
    )
    counts = {(at, is_paid): count for at, is_paid, count in ended}
    return [
        MonthOfTrials(
            month,
            counts.get((at, True), 0) + counts.get((at, False), 0),
            counts.get((at, True), 0),
        )
        for at, month in enumerate(months)
    ]


def trials_running(currency: str) -> int:
    """How many try it now."""
    running = Membership.objects.filter(status=MembershipStatus.TRIALING, currency=currency)
    return running.count()


def failed_bills(currency: str) -> QuerySet[Bill]:
    """Bills that are owed, the oldest first: who, how much, since when, and where to pay."""
    return (
        Bill.objects.filter(
            status="open",
            amount_remaining__gt=0,
            currency=currency,
            membership__status__in=OWING,
        )
        .select_related("membership__user", "membership__tier")
        .order_by("issued_at", "pk")
    )


def open_disputes(currency: str) -> tuple[int, int]:
    """How many payments a bank holds back now, and how much of it."""
    rows = [
        Instalment.objects.filter(currency=currency, dispute=DisputeState.OPEN).aggregate(
            n=Count("pk"), total=Sum("amount_received")
        ),
        Order.objects.filter(currency=currency, status="disputed").aggregate(
            n=Count("pk"), total=Sum("amount")
        ),
    ]
    return sum(row["n"] for row in rows), sum(row["total"] or 0 for row in rows)


def average_churn(lines: list[MonthOfMovements]) -> Decimal | None:
    """The share that leaves in a month, over all of these months; None where nobody paid."""
    starts = sum(line.people_at_start for line in lines)
    left = sum(line.people[MovementKind.CHURN] for line in lines)
    return Decimal(left) / starts if starts else None


def lifetime_value(yearly: int, people: int, churn: Decimal | None) -> Decimal | None:
    """What one person brings until they leave, in minor units: a month's money by the share that
    leaves in a month. None where nobody pays or nobody has left yet."""
    if not people or not churn:
        return None
    return Decimal(yearly) / MONTHS / people / churn


def a_month(yearly: int | Decimal) -> int:
    """A month's part of a year's amount, in whole minor units: for showing, not for summing up."""
    return int((Decimal(yearly) / MONTHS).to_integral_value(ROUND_HALF_UP))


def show_month(yearly: int, currency: str) -> str:
    """A month's part of a year's amount, in words."""
    return show_amount(a_month(yearly), currency)


@dataclass(frozen=True, slots=True)
class Lately:
    """One currency on the desk's first page."""

    currency: str
    a_month: str
    came: str
    went: str
    owed: int


def lately(days: int = 30) -> list[Lately]:
    """What comes in, and what came and went of it lately, by currency. Three queries."""
    totals = running_totals()
    moved: dict[str, list[int]] = {code: [0, 0] for code in totals}
    rows = Movement.objects.filter(at__gte=timezone.now() - timedelta(days=days)).order_by()
    for code, kind, change, _count in _sums(rows, "currency", "kind"):
        falls = kind in {MovementKind.CHURN, MovementKind.CONTRACTION}
        moved.setdefault(code, [0, 0])[falls] += abs(change)
    owed = Bill.objects.filter(
        status="open", amount_remaining__gt=0, membership__status__in=OWING
    ).order_by()
    owed_by = dict(owed.values_list("currency").annotate(count=Count("pk")))
    return [
        Lately(
            code,
            show_month(totals.get(code, 0), code),
            show_month(came, code),
            show_month(went, code),
            owed_by.get(code, 0),
        )
        for code, (came, went) in sorted(moved.items(), key=lambda each: -totals.get(each[0], 0))
    ]
