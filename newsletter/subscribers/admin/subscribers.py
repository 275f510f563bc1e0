"""Subscribers: a list that stays fast, one person's record, adding by hand, CSV."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin
from unfold.decorators import display

from newsletter.accounts.search import LIMIT, find_people_ids
from newsletter.lib.moments import IN_A_LIST, moment_html
from newsletter.subscribers import actions
from newsletter.subscribers.admin import person
from newsletter.subscribers.admin.changelist import (
    ImportFilter,
    NewsletterFilter,
    SignedUpFilter,
    SourceFilter,
    StateFilter,
    SubscriptionChangeList,
    SubscriptionPaginator,
)
from newsletter.subscribers.admin.views import actor_of, context_of, own_path
from newsletter.subscribers.admin_forms import AddSubscriberForm
from newsletter.subscribers.enums import SubscriptionState
from newsletter.subscribers.exports import subscriber_rows, write_csv
from newsletter.subscribers.models import Subscription
from newsletter.subscribers.queries import forget_counts
from newsletter.subscribers.tasks import answer_subscription_request

_COLOURS = {
    SubscriptionState.ACTIVE: "success",
    SubscriptionState.PENDING: "warning",
    SubscriptionState.UNSUBSCRIBED: "",
    "left_out": "danger",
}


@admin.register(Subscription)
class SubscriptionAdmin(ModelAdmin):  # type: ignore[misc]  # unfold has no types
    """One row for each person and newsletter, newest first. Nothing is edited or deleted here:
    a row is a record of consent."""

    list_display = ("who", "letter", "state_label", "signed_up", "consent_source")
    list_display_links = ("who",)
    list_filter = (
        NewsletterFilter,
        StateFilter,
        SourceFilter,
        ImportFilter,
        ("created_at", SignedUpFilter),
    )
    list_filter_submit = True
    list_select_related = ("user", "newsletter")
    list_before_template = "subscribers/admin/_counts.html"
    list_per_page = 50
    list_max_show_all = 50
    list_disable_select_all = True
    # Every order offered must have an index; a million rows are not sorted for a page.
    sortable_by = ()
    ordering = ("-created_at", "-pk")
    search_fields = ("user__email", "user__name")
    search_help_text = _("Address or name, or a piece of them")
    show_full_result_count = False
    actions = ("unsubscribe", "give_access")

    def get_urls(self) -> list[URLPattern]:
        """Ours before Django's catch-all."""
        export = own_path(self, "export/", "export", self.export)
        return [export, *cast(list[URLPattern], super().get_urls())]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[SubscriptionChangeList]:
        """The list that does not count what it need not."""
        return SubscriptionChangeList

    def get_paginator(
        self, request: HttpRequest, queryset: Any, per_page: int, *args: Any, **kwargs: Any
    ) -> SubscriptionPaginator:
        """With the count, where the list has found it to be known."""
        known = getattr(request, "known_count", None)
        return SubscriptionPaginator(queryset, per_page, known)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find the people first, then their rows; a join would read every row."""
        if not search_term.strip():
            return queryset, False
        people = find_people_ids(search_term)
        if len(people) >= LIMIT:
            text = _("Many people fit. Shown are the newest %(limit)s; add to the search.")
            messages.info(request, text % {"limit": f"{LIMIT:,}"})
        return queryset.filter(user__in=people), False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The record is not edited; acts on the person's page ask for the right themselves."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never; see above."""
        return False

    def has_unsubscribe_permission(self, request: HttpRequest) -> bool:
        """Who may change subscriptions."""
        return actor_of(request).has_perm("newsletter.change_subscription")

    @display(description=_("Reader"))
    def who(self, row: Subscription) -> SafeString:
        """Address, and the name where there is one."""
        return format_html(
            '<span class="desk-list-title">{}</span><span class="desk-list-dek">{}</span>',
            row.user.email,
            row.user.name,
        )

    @display(description=_("Newsletter"))
    def letter(self, row: Subscription) -> str:
        """Its name."""
        return row.newsletter.name

    @display(description=_("State"), label=_COLOURS)
    def state_label(self, row: Subscription) -> tuple[str, str]:
        """The state; "left out" before it where the address is suppressed for all."""
        if getattr(row, "is_left_out", False):
            return "left_out", str(_("Left out"))
        return row.state, row.get_state_display()

    @display(description=_("Signed up"))
    def signed_up(self, row: Subscription) -> SafeString:
        """When they asked, in the author's time zone."""
        return moment_html(row.created_at, IN_A_LIST)

    @admin.action(description=_("Unsubscribe the chosen ones…"), permissions=["unsubscribe"])
    def unsubscribe(
        self, request: HttpRequest, chosen: QuerySet[Subscription]
    ) -> HttpResponseBase | None:
        """Ask once, with the number, then do it."""
        rows = list(chosen.exclude(state=SubscriptionState.UNSUBSCRIBED))
        if "confirmed" not in request.POST:
            context = context_of(
                self, request, title=_("Unsubscribe"), rows=rows, back=request.get_full_path()
            )
            return TemplateResponse(request, "subscribers/admin/unsubscribe.html", context)
        reason = request.POST.get("reason", "")
        count = sum(
            actions.unsubscribe(subscription=row, reason=reason, actor=actor_of(request))
            is not None
            for row in rows
        )
        forget_counts()
        text = ngettext("%d subscription was ended.", "%d subscriptions were ended.", count)
        messages.success(request, text % count)
        return None

    def has_give_access_permission(self, request: HttpRequest) -> bool:
        """Who may give access."""
        return actor_of(request).has_perm("newsletter.add_grant")

    @admin.action(description=_("Give access for nothing…"), permissions=["give_access"])
    def give_access(self, request: HttpRequest, chosen: QuerySet[Subscription]) -> HttpResponseBase:
        """On to the page that asks what and until when."""
        people = sorted(set(chosen.values_list("user_id", flat=True)))
        chosen_ids = ",".join(map(str, people))
        return redirect(f"{reverse('admin:newsletter_grant_many')}?people={chosen_ids}")

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponseBase:
        """Add one person by hand."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = AddSubscriberForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            asked = actions.add_subscriber(actor=actor_of(request), **form.cleaned_data)
            if asked is not None:
                answer_subscription_request.delay_on_commit(asked.pk)
                messages.success(request, _("They have been sent the mail to confirm."))
            else:
                messages.success(request, _("They are on the list."))
            forget_counts()
            return redirect("admin:newsletter_subscription_changelist")
        context = context_of(self, request, title=_("Add a subscriber"), form=form)
        status = 422 if form.errors else 200
        return TemplateResponse(request, "subscribers/admin/add.html", context, status=status)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponseBase:
        """All we hold on the person, and what can be done."""
        return person.open_person(self, request, object_id)

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """The list as it is filtered and searched now, as CSV, row by row."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = self.get_changelist_instance(request).get_queryset(request)
        name = f"subscribers-{timezone.localdate().isoformat()}.csv"
        return StreamingHttpResponse(
            write_csv(subscriber_rows(rows)),
            content_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": f'attachment; filename="{name}"',
                "Cache-Control": "no-store",
            },
        )
