"""What came in: the page of figures, the movements behind them, and both as CSV."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from unfold.admin import ModelAdmin
from unfold.decorators import display

from newsletter.lib.moments import IN_A_LIST, moment_html
from newsletter.payments import revenue
from newsletter.payments.admin.common import ReadOnly
from newsletter.payments.enums import MovementKind
from newsletter.payments.models import Movement
from newsletter.payments.money import show_amount, to_decimal
from newsletter.subscribers.admin.views import context_of, own_path
from newsletter.subscribers.exports import write_csv

_COLOURS = {
    "new": "success",
    "reactivation": "success",
    "expansion": "info",
    "contraction": "warning",
    "churn": "danger",
}


@admin.register(Movement)
class MovementAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]  # unfold has no types
    """The rows behind the revenue page: who brought more or less, when, and by what."""

    list_display = ["happened", "person", "kind_label", "tier", "a_month_more", "currency"]
    list_display_links = None
    list_filter = ["kind", "tier", "currency"]
    list_select_related = ["user", "tier"]
    search_fields = ["user__email", "user__name"]
    show_full_result_count = False
    list_per_page = 50

    def get_urls(self) -> list[URLPattern]:
        """Ours before Django's catch-all."""
        ours = [
            own_path(self, "revenue/", "revenue", require_safe(self.show_revenue)),
            own_path(self, "revenue/<slug:what>.csv", "export", require_safe(self.export)),
        ]
        return [*ours, *cast(list[URLPattern], super().get_urls())]

    @display(description=_("when"), ordering="at")
    def happened(self, row: Movement) -> SafeString:
        """In the author's time zone."""
        return moment_html(row.at, IN_A_LIST)

    @display(description=_("person"))
    def person(self, row: Movement) -> SafeString:
        """Leads to all that is known of them."""
        link = reverse("admin:newsletter_user_member", args=[row.user_id])
        return format_html('<a class="underline" href="{}">{}</a>', link, row.user)

    @display(description=_("what"), label=_COLOURS, ordering="kind")
    def kind_label(self, row: Movement) -> tuple[str, str]:
        """In words, with a colour."""
        return row.kind, row.get_kind_display()

    @display(description=_("a month"))
    def a_month_more(self, row: Movement) -> str:
        """ "+€5" or "-€5": how much more or less comes in each month."""
        change = revenue.show_month(row.after - row.before, row.currency)
        return change if row.after < row.before else f"+{change}"

    def show_revenue(self, request: HttpRequest) -> HttpResponseBase:
        """The figures of one currency, each with a link to its rows."""
        currency, known = self._currency(request)
        return TemplateResponse(
            request,
            "payments/admin/revenue.html",
            context_of(self, request, title=_("Revenue"), currencies=known, **_figures(currency)),
        )

    def export(self, request: HttpRequest, what: str) -> HttpResponseBase:
        """The same figures, or the movements behind them, as CSV."""
        currency, _known = self._currency(request)
        rows = {"months": _month_rows, "movements": _movement_rows}.get(what)
        if rows is None:
            raise Http404
        name = f"{what}-{currency}-{timezone.localdate().isoformat()}.csv"
        return StreamingHttpResponse(
            write_csv(rows(currency)),
            content_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": f'attachment; filename="{name}"',
                "Cache-Control": "no-store",
            },
        )

    def _currency(self, request: HttpRequest) -> tuple[str, list[str]]:
        if not self.has_view_permission(request):
            raise PermissionDenied
        known = revenue.known_currencies()
        wanted = request.GET.get("currency", "").lower() or known[0]
        if wanted not in known:
            raise Http404
        return wanted, known


def _figures(currency: str) -> dict[str, Any]:
    """Everything on the page. The number of queries does not depend on the number of members."""
    now, months = timezone.now(), revenue.last_months()
    lines = revenue.movements_by_month(currency, months)
    tiers = revenue.tier_lines(currency)
    yearly, people = sum(tier.yearly for tier in tiers), lines[-1].people_at_end
    churn = revenue.average_churn(lines)
    trials = revenue.trials_by_month(currency, months, now)
    failed = revenue.failed_bills(currency)
    money = revenue.money_by_month(currency, months)
    disputes = revenue.open_disputes(currency)
    return {
        "currency": currency,
        "now_amount": revenue.show_month(yearly, currency),
        "now_year": show_amount(yearly, currency),
        "people": people,
        "tiers": [(tier, revenue.show_month(tier.yearly, currency)) for tier in tiers],
        "movements": [_movement_line(line, currency) for line in reversed(lines)],
        "money": [_money_line(line, currency) for line in reversed(money)],
        "trials": [line for line in reversed(trials) if line.ended],
        "trials_running": revenue.trials_running(currency),
        "trial_rate": _percent(
            sum(line.converted for line in trials), sum(line.ended for line in trials)
        ),
        "churn": _rate(churn),
        "lifetime_value": _value(yearly, people, churn, currency),
        "failed": [
            (bill, show_amount(bill.amount_remaining, currency))
            for bill in failed[: revenue.FAILED_SHOWN]
        ],
        "failed_count": failed.count(),
        "failed_sum": show_amount(
            failed.aggregate(total=Sum("amount_remaining"))["total"] or 0, currency
        ),
        "disputed_count": disputes[0],
        "disputed_sum": show_amount(disputes[1], currency),
        "chart": _chart(lines, currency),
        "first": _movement_line(lines[0], currency),
        "kinds": [kind.label for kind in MovementKind],
    }


def _movement_line(line: revenue.MonthOfMovements, currency: str) -> dict[str, Any]:
    cells = [
        {
            "amount": revenue.show_month(line.changes[kind], currency),
            "people": line.people[kind],
            "url": _rows_url(line.month, currency, kind),
            "label": kind.label,
        }
        for kind in MovementKind
    ]
    return {
        "month": line.month.start,
        "opening": revenue.show_month(line.opening, currency),
        "closing": revenue.show_month(line.closing, currency),
        "people": line.people_at_end,
        "churn": _rate(line.churn_rate),
        "cells": cells,
    }


def _money_line(line: revenue.MonthOfMoney, currency: str) -> dict[str, Any]:
    shown = ("subscriptions", "products", "gifts", "tips", "refunded", "lost", "net")
    amounts = [show_amount(getattr(line, name), currency) for name in shown]
    query = urlencode(
        {
            "currency__exact": currency,
            "paid_at__gte": line.month.start.isoformat(),
            "paid_at__lt": line.month.end.isoformat(),
        }
    )
    return {
        "month": line.month.start,
        "amounts": amounts,
        "instalments_url": f"{reverse('admin:newsletter_instalment_changelist')}?{query}",
        "orders_url": f"{reverse('admin:newsletter_order_changelist')}?{query}",
    }


def _rows_url(month: revenue.Month, currency: str, kind: str) -> str:
    query = {
        "kind__exact": kind,
        "currency__exact": currency,
        "at__gte": month.start.isoformat(),
        "at__lt": month.end.isoformat(),
    }
    return f"{reverse('admin:newsletter_movement_changelist')}?{urlencode(query)}"


def _value(yearly: int, people: int, churn: Decimal | None, currency: str) -> str:
    value = revenue.lifetime_value(yearly, people, churn)
    return "" if value is None else show_amount(round(value), currency)


def _percent(part: int, whole: int) -> str:
    return _rate(Decimal(part) / whole) if whole else ""


def _rate(share: Decimal | None) -> str:
    """ "4.2 %", or nothing."""
    if share is None:
        return ""
    return f"{formats.number_format(round(share * 100, 1), 1)}\u00a0%"


def _chart(lines: list[revenue.MonthOfMovements], currency: str) -> str:
    """What Chart.js draws: a month's recurring money at the end of each month."""
    amounts = [float(to_decimal(revenue.a_month(line.closing), currency)) for line in lines]
    return json.dumps(
        {
            "labels": [formats.date_format(line.month.start, "M Y") for line in lines],
            "datasets": [
                {
                    "label": f"{_('A month')} ({currency.upper()})",
                    "data": amounts,
                    "backgroundColor": "var(--color-primary-600)",
                    "borderColor": "var(--color-primary-600)",
                    "borderRadius": 2,
                    "maxBarThickness": 40,
                    "barPercentage": 0.7,
                    "categoryPercentage": 0.9,
                    "displayYAxis": True,
                    "maxTicksXLimit": 12,
                }
            ],
        }
    )


def _plain(minor: int | Decimal, currency: str) -> str:
    """ "12.50": for a spreadsheet, with a point and no symbol."""
    return str(to_decimal(int(minor), currency))


def _month_rows(currency: str) -> Iterator[list[str]]:
    """A header and a row for each month, all in whole units of the currency."""
    yield [
        "month", "currency", "recurring_at_start", "new", "expansion", "contraction", "churn",
        "reactivation", "recurring_at_end", "people_at_end", "subscriptions_paid", "products",
        "gifts", "tips", "refunded", "lost_to_disputes", "net",
    ]  # fmt: skip
    months = revenue.last_months()
    money = revenue.money_by_month(currency, months)
    for line, paid in zip(revenue.movements_by_month(currency, months), money, strict=True):
        moved = [line.opening, *(line.changes[kind] for kind in MovementKind), line.closing]
        came = [paid.subscriptions, paid.products, paid.gifts, paid.tips]
        came += [paid.refunded, paid.lost, paid.net]
        yield [
            f"{line.month.start:%Y-%m}",
            currency.upper(),
            *(_plain(revenue.a_month(amount), currency) for amount in moved),
            str(line.people_at_end),
            *(_plain(amount, currency) for amount in came),
        ]


def _movement_rows(currency: str) -> Iterator[list[str]]:
    """A header and a row for each movement, the oldest first, read as they are sent."""
    yield ["at", "person", "movement", "tier", "currency", "month_before", "month_after"]
    rows = Movement.objects.filter(currency=currency).order_by("at", "pk")
    values = rows.values_list("at", "user__email", "kind", "tier__name", "before", "after")
    for at, email, kind, tier, before, after in values.iterator(chunk_size=2000):
        yield [
            timezone.localtime(at).isoformat(timespec="seconds"),
            email,
            kind,
            tier,
            currency.upper(),
            _plain(revenue.a_month(before), currency),
            _plain(revenue.a_month(after), currency),
        ]
