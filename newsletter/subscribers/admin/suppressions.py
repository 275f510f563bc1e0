"""Who is left out, why, and letting them in again."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from newsletter.lib.moments import moment_column
from newsletter.subscribers import actions
from newsletter.subscribers.admin.views import actor_of, context_of, number_of, own_path
from newsletter.subscribers.admin_forms import LiftForm, SuppressForm
from newsletter.subscribers.hashing import address_hashes
from newsletter.subscribers.models import Suppression


@admin.register(Suppression)
class SuppressionAdmin(ModelAdmin):  # type: ignore[misc]  # unfold has no types
    """Addresses are kept as keyed hashes: they are found by typing them in whole."""

    list_display = (
        "who",
        "newsletter",
        "reason",
        "detail",
        moment_column("created_at", _("since")),
    )
    list_display_links = ("who",)
    list_filter = ("reason", "newsletter")
    list_select_related = ("user", "newsletter")
    list_per_page = 50
    search_fields = ("address_hash",)
    search_help_text = _("A whole address")
    ordering = ("-created_at", "-pk")
    show_full_result_count = False
    actions = None
    sortable_by = ()

    def get_urls(self) -> list[URLPattern]:
        """Ours before Django's catch-all."""
        lift = own_path(self, "<int:pk>/lift/", "lift", self.lift)
        return [lift, *cast(list[URLPattern], super().get_urls())]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By the hash of what was typed."""
        if not search_term.strip():
            return queryset, False
        return queryset.filter(address_hash__in=address_hashes(search_term)), False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They are lifted, not edited."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Lifting asks for a reason; see `lift`."""
        return False

    @display(description=_("Address"))
    def who(self, row: Suppression) -> str:
        """The address while there is a person, else the start of its hash."""
        return row.user.email if row.user else f"({row.address_hash[:10]}…)"

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponseBase:
        """Bar an address, whether it is known or not."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = SuppressForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            actions.suppress(
                address=form.cleaned_data["email"],
                reason=form.cleaned_data["reason"],
                newsletter=form.cleaned_data["newsletter"],
                detail=form.cleaned_data["detail"],
                actor=actor_of(request),
            )
            messages.success(request, _("This address is not mailed any more."))
            return redirect("admin:newsletter_suppression_changelist")
        context = context_of(self, request, title=_("Leave an address out"), form=form)
        status = 422 if form.errors else 200
        return TemplateResponse(request, "subscribers/admin/suppress.html", context, status=status)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponseBase:
        """Its page is the one on which it can be lifted."""
        return self.lift(request, number_of(object_id))

    def lift(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Let an address be mailed again, with a reason."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = Suppression.objects.select_related("user", "newsletter", "created_by")
        suppression = row.filter(pk=pk).first()
        if suppression is None:
            raise Http404
        form = LiftForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            actions.lift_suppression(
                suppression=suppression,
                actor=actor_of(request),
                detail=form.cleaned_data["detail"],
            )
            messages.success(request, _("This address may be mailed again."))
            return redirect("admin:newsletter_suppression_changelist")
        context = context_of(
            self,
            request,
            title=self.who(suppression),
            suppression=suppression,
            form=form,
            may_lift=actor_of(request).has_perm("newsletter.delete_suppression"),
        )
        status = 422 if form.errors else 200
        return TemplateResponse(request, "subscribers/admin/lift.html", context, status=status)
