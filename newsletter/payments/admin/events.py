"""What Stripe told, and the comparisons that find what it did not tell."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin
from unfold.decorators import display

from newsletter.accounts.models import User
from newsletter.payments import actions, tasks
from newsletter.payments.admin.common import ReadOnly
from newsletter.payments.models import Reconciliation, StripeEvent
from newsletter.subscribers.admin.views import context_of


@admin.register(StripeEvent)
class StripeEventAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    """What Stripe told, and what became of it."""

    list_display = ["type", "object_id", "status", "attempts", "received_at", "error"]
    list_filter = ["state", "type"]
    search_fields = ["stripe_id", "object_id"]
    show_full_result_count = False
    actions = ["retry"]

    @display(
        description=_("State"),
        label={"received": "info", "handled": "success", "ignored": "", "failed": "danger"},
    )
    def status(self, event: StripeEvent) -> tuple[str, str]:
        """In words, with a colour."""
        return event.state, event.get_state_display()

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Whoever sees them."""
        return bool(self.has_view_permission(request))

    @admin.action(description=_("Handle the failed ones again"), permissions=["retry"])
    def retry(self, request: HttpRequest, chosen: QuerySet[StripeEvent]) -> None:
        """Now, instead of at the next try."""
        count = 0
        for event in chosen:
            if actions.retry_event(actor=cast(User, request.user), event=event):
                tasks.handle_event.delay_on_commit(event.pk)
                count += 1
        said = ngettext("%(count)s event is", "%(count)s events are", count) % {"count": count}
        self.message_user(request, _("%(said)s handled again.") % {"said": said}, messages.SUCCESS)


@admin.register(Reconciliation)
class ReconciliationAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    """Comparisons with Stripe and what they mended. Adding one runs one."""

    list_display = ["started_at", "finished_at", "checked", "mends", "error"]
    show_full_result_count = False

    @display(description=_("mended"))
    def mends(self, run: Reconciliation) -> int:
        """How much differed."""
        return len(run.mended)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Staff who may see them may ask for one."""
        return bool(self.has_view_permission(request))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """A page with a button; the button starts the comparison."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            context = context_of(self, request, title=_("Compare with Stripe"))
            return TemplateResponse(request, "payments/admin/compare.html", context)
        run = actions.start_reconciliation(actor=cast(User, request.user))
        if run is None:
            self.message_user(request, _("A comparison is under way."), messages.WARNING)
        else:
            tasks.reconcile.delay_on_commit(run.pk)
            self.message_user(request, _("The comparison has begun."), messages.SUCCESS)
        return redirect("admin:newsletter_reconciliation_changelist")

    def get_fields(self, request: HttpRequest, obj: Reconciliation | None = None) -> list[str]:
        """Nothing to fill in."""
        return ["started_at", "finished_at", "checked", "mended", "error"] if obj else []
