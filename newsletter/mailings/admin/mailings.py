"""The mailing's place in the admin: its list, its addresses and who may open them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, update_wrapper
from typing import Any, ClassVar, cast

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from newsletter.lib.moments import IN_A_LIST, moment_html
from newsletter.lib.opens_to import Opens, opens_to
from newsletter.mailings.admin import acts, desk, progress, starting
from newsletter.mailings.admin.numbers import bar_parts, percent
from newsletter.mailings.enums import MailingState
from newsletter.mailings.models import Mailing
from newsletter.mailings.queries import Counts, counts_of_mailings

_COLOURS = {
    MailingState.SENT: "success",
    MailingState.SENDING: "info",
    MailingState.PREPARING: "info",
    MailingState.SCHEDULED: "warning",
    MailingState.PAUSED: "warning",
    MailingState.NEEDS_DECISION: "danger",
    MailingState.FAILED: "danger",
}


class _CountingList(ChangeList):
    """Counts the deliveries of all mailings of a page in one query."""

    def get_results(self, request: HttpRequest) -> None:
        """Hang the counts on the rows."""
        super().get_results(request)
        mailings = list(self.result_list)
        counts = counts_of_mailings(mailings)
        for mailing in mailings:
            mailing.counts = counts[mailing.pk]
        self.result_list = mailings


@admin.register(Mailing)
class MailingAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """A draft opens as a letter to write, everything else as its progress."""

    list_display = ("subject_line", "state_label", "bar", "people", "accepted_share", "when")
    list_filter = ("state", "newsletter")
    search_fields = ("subject",)
    search_help_text = _("Subject")
    ordering = ("-created_at",)
    actions = None
    list_per_page = 50
    list_filter_sheet = True

    class Media:
        css = {"all": ["masthead/mailing.css"]}

    _views: ClassVar[list[tuple[str, str, Callable[..., HttpResponse]]]] = [
        ("<int:pk>/progress/", "progress", progress.show_progress),
        ("<int:pk>/deliveries/", "deliveries", progress.list_deliveries),
        ("<int:pk>/send/", "send", starting.start),
        ("<int:pk>/test/", "test", starting.test_mailing),
        ("test-article/<int:pk>/", "test_article", starting.test_article),
        ("<int:pk>/do/<slug:what>/", "act", acts.act),
    ]

    def get_urls(self) -> list[URLPattern]:
        """Ours before Django's catch-all."""
        ours = [
            path(route, own_view(self, view), name=f"newsletter_mailing_{name}")
            for route, name, view in self._views
        ]
        return ours + cast(list[URLPattern], super().get_urls())

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Our own pages instead of Django's form."""
        return desk.open_mailing(self, request, object_id)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list that counts."""
        return _CountingList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Mailing]:
        """Without the texts."""
        found: QuerySet[Mailing] = super().get_queryset(request)
        return found.select_related("newsletter", "article").only(
            *_LIST_FIELDS, "newsletter__name", "article__title"
        )

    def has_delete_permission(self, request: HttpRequest, obj: Mailing | None = None) -> bool:
        """A record of what was sent to whom is not deleted; a draft is cancelled."""
        return False

    @display(description=_("Subject"), ordering="subject")
    def subject_line(self, mailing: Mailing) -> SafeString:
        """Subject and newsletter."""
        return format_html(
            '<span class="desk-list-title">{}</span><span class="desk-list-dek">{}</span>',
            mailing.subject,
            mailing.newsletter.name,
        )

    @display(description=_("State"), ordering="state", label=_COLOURS)
    def state_label(self, mailing: Mailing) -> tuple[str, str]:
        """The state, as a label."""
        return mailing.state, mailing.get_state_display()

    @display(description=_("Progress"))
    def bar(self, mailing: Mailing) -> SafeString | str:
        """The bar of the progress page, small."""
        counts = _counts(mailing)
        if not counts.audience:
            return ""
        parts = format_html("{}", "")
        for part in bar_parts(counts):
            parts += format_html(
                '<span class="bar-{}" style="inline-size:{}%"></span>', part.name, part.percent
            )
        label = _("%(done)s of %(all)s settled") % {"done": counts.settled, "all": counts.audience}
        return format_html(
            '<span class="mailing-bar" role="img" aria-label="{}">{}</span>', label, parts
        )

    @display(description=_("People"), ordering="audience_count")
    def people(self, mailing: Mailing) -> str:
        """How many it goes to; nothing before that is fixed."""
        return intcomma(mailing.audience_count) if mailing.audience_count else ""

    @display(description=_("Accepted"))
    def accepted_share(self, mailing: Mailing) -> str:
        """How many of them a server took."""
        counts = _counts(mailing)
        return percent(counts.accepted, counts.audience) if counts.audience else ""

    @display(description=_("When"), ordering="started_at")
    def when(self, mailing: Mailing) -> SafeString:
        """Its start, or the start it waits for."""
        return moment_html(mailing.started_at or mailing.scheduled_at, IN_A_LIST)


_LIST_FIELDS = (
    "article",
    "newsletter",
    "subject",
    "state",
    "audience_count",
    "scheduled_at",
    "started_at",
    "created_at",
)


def _counts(mailing: Mailing) -> Counts:
    return cast(Counts, mailing.counts)  # type: ignore[attr-defined]


def own_view(model_admin: Any, view: Callable[..., HttpResponse]) -> Any:
    """A view of ours inside the admin: for staff, as the admin guards it."""
    bound = update_wrapper(partial(view, model_admin), view)
    return opens_to(Opens.STAFF)(model_admin.admin_site.admin_view(bound))
