"""Gift links on the author's desk: who gave what, how often it was opened, and ending one."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from newsletter.accounts.models import User
from newsletter.articles.actions import revoke_gift_link
from newsletter.articles.models import GiftLink
from newsletter.lib.moments import moment_column

_MADE = moment_column("created_at", _("made"))
_UNTIL = moment_column("expires_at", _("until"))
_ENDED = moment_column("revoked_at", _("ended"))


@admin.register(GiftLink)
class GiftLinkAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """Links are made by readers and ended here; nothing of them is edited or deleted."""

    list_display = ("article", "giver", "opened_of", _MADE, _UNTIL, _ENDED)
    list_select_related = ("article", "giver")
    search_fields = ("article__title", "giver__email", "giver__name")
    fields = ("article", "giver", "opened_of", _MADE, _UNTIL, _ENDED)
    readonly_fields = fields
    actions = ("end_chosen",)
    list_per_page = 50

    @display(description=_("Opened"))
    def opened_of(self, link: GiftLink) -> str:
        """How often of how often at most."""
        return f"{link.openings} / {link.max_openings}"

    @action(description=_("End the chosen links"), permissions=["end"])
    def end_chosen(self, request: HttpRequest, queryset: QuerySet[GiftLink]) -> None:
        """Through the action, one by one; whoever reads by one at the moment is out."""
        actor = cast(User, request.user)
        ended = sum(revoke_gift_link(actor=actor, link=link) for link in queryset)
        words = ngettext("%(n)d link is ended.", "%(n)d links are ended.", ended)
        messages.success(request, words % {"n": ended})

    def has_end_permission(self, request: HttpRequest) -> bool:
        """Whoever may change articles may end what is given away of them."""
        return cast(User, request.user).has_perm("newsletter.change_article")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Readers make them."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They are the record."""
        return False
