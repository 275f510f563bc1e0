"""How a mailing goes: a page that brings itself up to date, and the rows behind each number."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from newsletter.mailings.actions.lifecycle import mailing_can_be_cancelled
from newsletter.mailings.admin import desk
from newsletter.mailings.admin.numbers import all_parts, bar_parts, measure_speed, percent
from newsletter.mailings.enums import ACCEPTED_STATES, DeliveryState, EventKind, MailingState
from newsletter.mailings.models import Delivery, Mailing
from newsletter.mailings.queries import Counts, Hold, hold_of, mailing_counts

if TYPE_CHECKING:
    from newsletter.mailings.admin.mailings import MailingAdmin

_MOVING = frozenset({MailingState.PREPARING, MailingState.SENDING})
# The detail of these is when it was to start, as ISO 8601.
_ABOUT_A_MOMENT = frozenset({EventKind.SCHEDULED, EventKind.OVERDUE})
_EVENTS_SHOWN = 50
_PER_PAGE = 100
# The numbers of the page, and the states of the rows behind each.
SHELVES: dict[str, frozenset[str]] = {
    "accepted": frozenset(ACCEPTED_STATES),
    "failed": frozenset({DeliveryState.FAILED}),
    "unknown": frozenset({DeliveryState.UNKNOWN}),
    "suppressed": frozenset({DeliveryState.SUPPRESSED}),
    "cancelled": frozenset({DeliveryState.CANCELLED}),
    "sending": frozenset({DeliveryState.SENDING}),
    "queued": frozenset({DeliveryState.QUEUED}),
}


def show_page(model_admin: MailingAdmin, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    """The whole page: numbers, what can be done, what has happened."""
    events = list(mailing.events.select_related("actor")[:_EVENTS_SHOWN])
    for event in events:
        if event.what in _ABOUT_A_MOMENT:
            event.moment = parse_datetime(event.detail)  # type: ignore[attr-defined]
    context = {
        **desk.base_context(model_admin, request, mailing),
        **_numbers(mailing),
        "title": mailing.subject,
        "events": events,
    }
    return TemplateResponse(request, "mailings/admin/progress.html", context)


def show_progress(model_admin: MailingAdmin, request: HttpRequest, pk: object) -> HttpResponse:
    """The numbers alone, asked for every two seconds.

    When more than the numbers has changed (its state, what can be done, who has done what), the
    whole page is asked to load anew: the buttons stand outside of what is replaced, so that
    nobody's focus is taken from under their fingers.
    """
    mailing = desk.find_mailing(model_admin, request, pk)
    numbers = _numbers(mailing)
    response = TemplateResponse(
        request, "mailings/admin/_numbers.html", {"mailing": mailing, **numbers}
    )
    if request.GET.get("seen") != numbers["signature"]:
        response["HX-Refresh"] = "true"
    response["Cache-Control"] = "no-store"
    return response


def _numbers(mailing: Mailing) -> dict[str, Any]:
    counts, hold = mailing_counts(mailing), hold_of(mailing)
    is_moving = mailing.state in _MOVING
    signature = f"{mailing.state}.{bool(counts.failed):d}{bool(counts.unknown):d}{bool(hold):d}"
    waits = mailing.state == MailingState.SCHEDULED
    return {
        "counts": counts,
        "hold": hold,
        "parts": all_parts(counts),
        "bar": bar_parts(counts),
        "settled_share": percent(counts.settled, counts.audience),
        "accepted_share": percent(counts.accepted, counts.audience),
        "speed": measure_speed(mailing, counts) if is_moving and not hold else None,
        "signature": signature,
        "asks_every": 2 if is_moving or mailing.state == MailingState.PAUSED else 10 * waits,
        "progress_url": reverse("admin:newsletter_mailing_progress", args=[mailing.pk]),
        "acts": possible_acts(mailing, counts, hold),
    }


def possible_acts(mailing: Mailing, counts: Counts, hold: Hold | None) -> dict[str, bool]:
    """What the author may do with it now."""
    state = mailing.state
    is_final = state == MailingState.CANCELLED
    return {
        "pause": state == MailingState.SENDING,
        "resume": state == MailingState.PAUSED,
        "unschedule": state == MailingState.SCHEDULED and mailing.article_id is None,
        "send": state in {MailingState.DRAFT, MailingState.NEEDS_DECISION}
        or (state == MailingState.FAILED and mailing.prepared_at is None),
        "retry": bool(counts.failed)
        and state in {MailingState.SENT, MailingState.SENDING, MailingState.FAILED},
        "decide": bool(counts.unknown),
        "send_again": bool(counts.unknown) and not is_final,
        "cancel": mailing_can_be_cancelled(state),
    }


class _KnownCount(Paginator):  # type: ignore[type-arg]
    """Does not count again what is known from the numbers."""

    def __init__(self, rows: QuerySet[Delivery], per_page: int, known: int | None) -> None:
        super().__init__(rows, per_page)
        self._known = known

    @cached_property
    def count(self) -> int:
        """All rows, without asking where that is known."""
        return super().count if self._known is None else self._known


def list_deliveries(model_admin: MailingAdmin, request: HttpRequest, pk: object) -> HttpResponse:
    """Who is behind a number: address, what was said, when. Searchable by address and error."""
    mailing = desk.find_mailing(model_admin, request, pk)
    counts = mailing_counts(mailing)
    shelf = request.GET.get("state", "")
    query = request.GET.get("q", "").replace("\x00", "").strip()
    rows = mailing.deliveries.order_by("pk")
    known: int | None = counts.total
    if shelf in SHELVES:
        rows = rows.filter(state__in=SHELVES[shelf])
        known = getattr(counts, shelf)
    if query:
        rows = rows.filter(address__icontains=query) | rows.filter(error__icontains=query)
        known = None
    page = _KnownCount(rows, _PER_PAGE, known).get_page(request.GET.get("page"))
    context = {
        **desk.base_context(model_admin, request, mailing),
        "title": _("Recipients"),
        "counts": counts,
        "parts": [part for part in all_parts(counts) if part.count or part.name == shelf],
        "shelf": shelf if shelf in SHELVES else "",
        "query": query,
        "page": page,
        "keep": urlencode({"state": shelf, "q": query}),
        "now": timezone.now(),
    }
    return TemplateResponse(request, "mailings/admin/deliveries.html", context)
