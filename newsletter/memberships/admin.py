"""The author's desk: tiers, and who was given what."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods
from unfold.admin import ModelAdmin
from unfold.decorators import display

from newsletter.accounts.actions import get_or_create_user
from newsletter.accounts.models import User
from newsletter.lib.moments import moment_column
from newsletter.memberships.actions import (
    Comped,
    grant_comp,
    grant_comps,
    plan_comps,
    revoke_grant,
    save_code,
    save_tier,
)
from newsletter.memberships.forms import BulkForm, CompForm, RevokeForm, UnlockCodeForm
from newsletter.memberships.models import Grant, Tier, UnlockCode
from newsletter.memberships.queries import tiers_with_members
from newsletter.subscribers.admin.views import context_of, own_path

# As many as a page of the list of subscribers shows.
MOST_CHOSEN = 50

_STARTS = moment_column("starts_at", _("starts"))
_ENDS = moment_column("ends_at", _("ends"))
_CREATED = moment_column("created_at", _("created"))
_REVOKED = moment_column("revoked_at", _("revoked"))
_UNTIL = moment_column("expires_at", _("until"))


class TierAdmin(ModelAdmin):  # type: ignore[misc]  # unfold has no types
    """Tiers are closed to new members, never deleted: grants and texts name them.

    Registered by payments, with prices.
    """

    list_display = ["name", "members", "is_archived", "position"]
    fields = ["name", "slug", "description", "position", "is_archived"]
    prepopulated_fields = {"slug": ["name"]}
    search_fields = ["name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tier]:
        """With the number of members of each."""
        return tiers_with_members()

    @display(description=_("Members"), ordering="member_count")
    def members(self, tier: Tier) -> int:
        """How many people have it now."""
        return int(tier.member_count)  # type: ignore[attr-defined]

    def has_delete_permission(self, request: HttpRequest, obj: Tier | None = None) -> bool:
        """Nobody may; see above."""
        return False

    def save_model(
        self, request: HttpRequest, obj: Tier, form: ModelForm[Tier], change: bool
    ) -> None:
        """Leave it to the action."""
        save_tier(actor=cast(User, request.user), tier=obj)


@admin.register(Grant)
class GrantAdmin(ModelAdmin):  # type: ignore[misc]  # unfold has no types
    """Grants are given and revoked, never edited or deleted: they are the record."""

    form = CompForm
    list_display = ["user", "opens", "source", "status", _STARTS, _ENDS]
    readonly_fields = [_STARTS, _ENDS, _CREATED, _REVOKED]
    list_filter = ["tier", "product", "source"]
    list_select_related = ["user", "tier", "product"]
    search_fields = ["user__email", "user__name", "reason"]
    date_hierarchy = None
    show_full_result_count = False
    list_before_template = "memberships/admin/_give.html"
    actions = ["revoke"]
    fields = ["email", "tier", "ends_at", "reason"]

    def get_urls(self) -> list[URLPattern]:
        """Ours before Django's catch-all."""
        many = own_path(
            self, "many/", "many", require_http_methods(["GET", "POST"])(self.give_many)
        )
        return [many, *cast(list[URLPattern], super().get_urls())]

    def give_many(self, request: HttpRequest) -> HttpResponseBase:
        """Give one thing to many people: first what it would do, with numbers, then the button."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        actor = cast(User, request.user)
        if request.method != "POST":
            return self._ask_many(
                request, BulkForm(initial={"addresses": _chosen_addresses(request)})
            )
        form = BulkForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._ask_many(request, form)
        comp = dict(form.comp)
        try:
            if "confirmed" in request.POST:
                done = grant_comps(actor=actor, addresses=form.cleaned_data["people"], **comp)
                return self._say_given(request, done)
            comp.pop("reason")
            plan = plan_comps(actor=actor, addresses=form.cleaned_data["people"], **comp)
        except ValidationError as error:
            form.add_error(None, error)
            return self._ask_many(request, form)
        return self._ask_many(request, form, plan=plan)

    def _ask_many(self, request: HttpRequest, form: BulkForm, **more: Any) -> HttpResponseBase:
        context = context_of(self, request, title=_("Give access to many"), form=form, **more)
        status = 422 if form.errors else 200
        return TemplateResponse(request, "memberships/admin/many.html", context, status=status)

    def _say_given(self, request: HttpRequest, done: Comped) -> HttpResponseBase:
        count = len(done.grants)
        said = ngettext("%(count)s person has it now.", "%(count)s people have it now.", count)
        messages.success(request, said % {"count": f"{count:,}"})
        if done.already:
            had = ngettext(
                "%(count)s had it for as long already.",
                "%(count)s had it for as long already.",
                done.already,
            )
            messages.info(request, had % {"count": f"{done.already:,}"})
        return redirect("admin:newsletter_grant_changelist")

    def get_fields(self, request: HttpRequest, obj: Grant | None = None) -> list[Any]:
        """Of a grant that exists, everything; there is nothing to fill in."""
        if obj is None:
            return self.fields
        shown = ["user", "opens", "source", "source_id", _STARTS, _ENDS, "reason"]
        return [*shown, "created_by", _CREATED, _REVOKED, "revoked_by"]

    def get_readonly_fields(self, request: HttpRequest, obj: Grant | None = None) -> list[Any]:
        """What it opens is looked at once it is given."""
        return [*self.readonly_fields, "opens"] if obj else self.readonly_fields

    @display(description=_("opens"))
    def opens(self, grant: Grant) -> str:
        """The tier or product."""
        return str(grant.tier or grant.product)

    def has_change_permission(self, request: HttpRequest, obj: Grant | None = None) -> bool:
        """Nobody may; see above."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Grant | None = None) -> bool:
        """Nobody may; see above."""
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Whoever may give access may take it."""
        return bool(self.has_add_permission(request))

    def save_model(self, request: HttpRequest, obj: Grant, form: CompForm, change: bool) -> None:
        """Leave it to the action."""
        user, _created = get_or_create_user(email=form.cleaned_data["email"])
        grant = grant_comp(
            actor=cast(User, request.user),
            user=user,
            tier=form.cleaned_data["tier"],
            ends_at=form.cleaned_data["ends_at"],
            reason=form.cleaned_data["reason"],
        )
        obj.pk = grant.pk
        obj.refresh_from_db()

    @display(
        description=_("State"),
        label={"open": "success", "later": "info", "ended": "", "revoked": "danger"},
    )
    def status(self, grant: Grant) -> tuple[str, str]:
        """In words, with the colour's name before them."""
        if grant.revoked_at is not None:
            return "revoked", str(_("Revoked"))
        now = timezone.now()
        if grant.ends_at is not None and grant.ends_at <= now:
            return "ended", str(_("Ended"))
        return ("later", str(_("Not yet"))) if grant.starts_at > now else ("open", str(_("Open")))

    @admin.action(description=_("Revoke the chosen grants…"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[Grant]) -> HttpResponseBase | None:
        """Ask once, then revoke each that is not revoked yet."""
        open_grants = chosen.filter(revoked_at__isnull=True)
        if not open_grants.exists():
            self.message_user(request, _("These were revoked before."), messages.WARNING)
            return None
        form = RevokeForm(request.POST if "confirmed" in request.POST else None)
        if not form.is_valid():
            context = {
                **self.admin_site.each_context(request),
                "title": _("Revoke access"),
                "opts": self.model._meta,
                "grants": open_grants.select_related("user", "tier", "product"),
                "form": form,
            }
            return TemplateResponse(request, "memberships/admin/revoke.html", context)
        reason, actor = form.cleaned_data["reason"], cast(User, request.user)
        count = sum(revoke_grant(actor=actor, grant=grant, reason=reason) for grant in open_grants)
        done = ngettext("%(count)s grant was revoked.", "%(count)s grants were revoked.", count)
        self.message_user(request, done % {"count": count}, messages.SUCCESS)
        return None


def _chosen_addresses(request: HttpRequest) -> str:
    """Those of the people who were chosen in a list of subscribers, one in a line."""
    numbers = [part for part in request.GET.get("people", "").split(",") if part.isdecimal()]
    people = User.objects.filter(pk__in=numbers[:MOST_CHOSEN]).order_by("email")
    return "\n".join(people.values_list("email", flat=True))


@admin.register(UnlockCode)
class UnlockCodeAdmin(ModelAdmin):  # type: ignore[misc]  # unfold has no types
    """Codes that open something. Ended, never deleted: grants name them."""

    form = UnlockCodeForm
    list_display = ["code", "note", "opens", "used", _UNTIL, "is_archived"]
    list_filter = ["is_archived", "tier"]
    list_select_related = ["tier", "product"]
    search_fields = ["code", "note"]
    show_full_result_count = False
    actions = ["end"]
    fields = ["code", "note", ("tier", "product"), "days", "max_uses", "expires_at"]

    def get_fields(self, request: HttpRequest, obj: UnlockCode | None = None) -> list[Any]:
        """Of one that exists, how often it was used and the link to hand out."""
        if obj is None:
            return self.fields
        return ["code", "link", "note", "opens", "days", "used", "max_uses", "expires_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: UnlockCode | None = None) -> list[str]:
        """What it opens, and for how long, stands."""
        return ["code", "link", "opens", "days", "used"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: UnlockCode | None = None) -> bool:
        """Nobody may; see above."""
        return False

    @display(description=_("opens"))
    def opens(self, code: UnlockCode) -> str:
        """The tier or product."""
        return str(code.tier or code.product)

    @display(description=_("used"))
    def used(self, code: UnlockCode) -> str:
        """How often, of how many."""
        return f"{code.uses} / {code.max_uses}"

    @display(description=_("link"))
    def link(self, code: UnlockCode) -> str:
        """Where the code is filled in already."""
        return f"{settings.SITE_URL}/unlock/?code={code.code}"

    def save_model(
        self, request: HttpRequest, obj: UnlockCode, form: ModelForm[UnlockCode], change: bool
    ) -> None:
        """Leave it to the action."""
        save_code(actor=cast(User, request.user), code=obj)

    @admin.action(description=_("End the chosen codes"), permissions=["change"])
    def end(self, request: HttpRequest, chosen: QuerySet[UnlockCode]) -> None:
        """Nobody else enters them; what they opened stays open."""
        for code in chosen.filter(is_archived=False):
            code.is_archived = True
            save_code(actor=cast(User, request.user), code=code)
        self.message_user(request, _("They are ended."), messages.SUCCESS)
