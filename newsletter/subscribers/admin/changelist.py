"""A list page whose cost does not grow with the list.

Django's own counts the whole result for every page, twice without filters, and walks over every
joined row before the page. Here the usual counts come from `count_subscriptions`, any other is
counted only up to a bound, and a deep page is found in an index before its rows are joined.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.contrib.admin.views.main import PAGE_VAR
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.utils import parse_date_str
from unfold.views import ChangeList

from newsletter.subscribers.enums import ConsentSource, SubscriptionState
from newsletter.subscribers.models import Newsletter, Subscription
from newsletter.subscribers.queries import count_subscriptions, suppressed_addresses

# Beyond this a result is "more than" so many: nobody pages through it, they filter further.
COUNT_UP_TO = 10_000
SHOWN_STATES = (
    SubscriptionState.ACTIVE,
    SubscriptionState.PENDING,
    SubscriptionState.UNSUBSCRIBED,
)


class SubscriptionPaginator(Paginator):  # type: ignore[type-arg]  # not generic at run time
    """Pages of subscriptions; `template_name` is unfold's hook for the line beneath the list."""

    template_name = "subscribers/admin/_pagination.html"

    def __init__(self, rows: QuerySet[Subscription], per_page: int, known: int | None) -> None:
        super().__init__(rows, per_page)
        self.known = known

    @cached_property
    def count(self) -> int:
        """The exact number where it is known, else at most COUNT_UP_TO."""
        if self.known is not None:
            return self.known
        return min(self._counted, COUNT_UP_TO)

    @cached_property
    def _counted(self) -> int:
        rows: Any = self.object_list
        rows = rows.order_by().values("pk")
        return int(rows[: COUNT_UP_TO + 1].count())

    @property
    def is_more(self) -> bool:
        """Whether there are more than `count`."""
        return self.known is None and self._counted > COUNT_UP_TO

    def page(self, number: int | str) -> Page[Subscription]:
        """Find the ids first, in an index alone, then fetch and join these few rows."""
        number = self.validate_number(number)
        rows: Any = self.object_list
        start = (number - 1) * self.per_page
        ids = list(rows.values_list("pk", flat=True)[start : start + self.per_page])
        found = {row.pk: row for row in _joined().filter(pk__in=ids)}
        return Page([found[pk] for pk in ids if pk in found], number, self)


class SubscriptionChangeList(ChangeList):  # type: ignore[misc]  # unfold has no types
    """Knows the counts, and looks up in one query who on this page is left out."""

    def get_results(self, request: HttpRequest) -> None:
        """As Django's, then `is_left_out` on each row."""
        # The paginator, which Django has the admin make, sees the request alone.
        request.known_count = self.known_count()  # type: ignore[attr-defined]
        super().get_results(request)
        rows: list[Any] = list(self.result_list)  # type: ignore[has-type]
        left_out = suppressed_addresses(row.user.email for row in rows)
        for row in rows:
            row.is_left_out = row.user.email in left_out
        self.result_list = rows
        self.counts = self._summary()

    def known_count(self) -> int | None:
        """The count of exactly this selection, where newsletter and state are all it asks for."""
        asked = {name for name, value in self.params.items() if value and name != PAGE_VAR}
        if asked - {NewsletterFilter.parameter_name, StateFilter.parameter_name}:
            return None
        newsletter = self.params.get(NewsletterFilter.parameter_name)
        state = self.params.get(StateFilter.parameter_name)
        return sum(
            count
            for (newsletter_id, row_state), count in count_subscriptions().items()
            if (not newsletter or str(newsletter_id) == newsletter)
            and (not state or row_state == state)
        )

    def _summary(self) -> list[dict[str, Any]]:
        """For the tabs above the list: newsletters with their active, waiting and gone."""
        counts = count_subscriptions()
        chosen = self.params.get(NewsletterFilter.parameter_name, "")
        return [
            {
                "newsletter": newsletter,
                "is_chosen": str(newsletter.pk) == chosen,
                "url": self.get_query_string({NewsletterFilter.parameter_name: newsletter.pk}),
                "states": [
                    (
                        state.label,
                        counts.get((newsletter.pk, state), 0),
                        self._link(newsletter, state),
                    )
                    for state in SHOWN_STATES
                ],
            }
            for newsletter in Newsletter.objects.all()
        ]

    def _link(self, newsletter: Newsletter, state: SubscriptionState) -> str:
        return (
            f"?{NewsletterFilter.parameter_name}={newsletter.pk}"
            f"&{StateFilter.parameter_name}={state}"
        )


class NewsletterFilter(SimpleListFilter):
    """By newsletter."""

    title = _("newsletter")
    parameter_name = "newsletter"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """All, closed ones too."""
        return [(str(pk), name) for pk, name in Newsletter.objects.values_list("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those of the chosen one."""
        value = self.value()
        return queryset.filter(newsletter=value) if _is_key(value) else queryset


class StateFilter(SimpleListFilter):
    """By state."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """All states."""
        return list(SubscriptionState.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those in the chosen one."""
        value = self.value()
        return queryset.filter(state=value) if value in SubscriptionState.values else queryset


class SourceFilter(SimpleListFilter):
    """By where they signed up."""

    title = _("where they signed up")
    parameter_name = "source"
    nobody_joins_by = frozenset({ConsentSource.LINK, ConsentSource.ONE_CLICK})

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """All places at which one can."""
        return [
            (source.value, source.label)
            for source in ConsentSource
            if source not in self.nobody_joins_by
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those from the chosen one."""
        value = self.value()
        return queryset.filter(consent_source=value) if value in ConsentSource.values else queryset


class ImportFilter(SimpleListFilter):
    """By import; reached from an import's page, so it lists nothing itself."""

    title = _("import")
    parameter_name = "import"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The one that is being looked at."""
        value = request.GET.get(self.parameter_name, "")
        return [(value, f"#{value}")] if _is_key(value) else []

    def has_output(self) -> bool:
        """Also while nothing is chosen: Django drops the parameter otherwise."""
        return bool(self.lookup_choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those whom it brought in."""
        value = self.value()
        return queryset.filter(imported_by=value) if _is_key(value) else queryset


class SignedUpFilter(RangeDateFilter):  # type: ignore[misc]  # unfold has no types
    """By the days on which they signed up, both included, in the author's time zone."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any] | None:
        """Whole days: unfold's own would stop at the last day's midnight."""
        start = _day(self.used_parameters.get(f"{self.parameter_name}_from"))
        end = _day(self.used_parameters.get(f"{self.parameter_name}_to"))
        if start:
            queryset = queryset.filter(created_at__gte=start)
        return queryset.filter(created_at__lt=end + timedelta(days=1)) if end else queryset


def _is_key(text: str | None) -> bool:
    """Whether a database can look this up: "²" is a digit and no number, and numbers end."""
    return text is not None and text.isdecimal() and len(text) < 19


def _day(text: Any) -> datetime | None:
    """Local midnight of a date as the picker or a person writes it; None where it is no date."""
    day = parse_date_str(text) if isinstance(text, str) and text else None
    return timezone.make_aware(datetime.combine(day, time.min)) if day else None


def _joined() -> QuerySet[Subscription]:
    return Subscription.objects.select_related("user", "newsletter")
