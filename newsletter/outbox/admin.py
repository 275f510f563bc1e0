"""Outgoing mail in the admin: what was sent, and what was not and why. Nothing to change."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from newsletter.lib.moments import moment_column
from newsletter.outbox.models import OutgoingEmail

_CREATED = moment_column("created_at", _("created"))
_MOMENTS = (
    _CREATED,
    moment_column("next_attempt_at", _("next attempt")),
    moment_column("expires_at", _("useless after")),
    moment_column("sent_at", _("sent")),
)


@admin.register(OutgoingEmail)
class OutgoingEmailAdmin(ModelAdmin):  # type: ignore[misc]  # untyped base
    """One row a mail. The texts are not shown: they hold codes and links of other people."""

    list_display = (_CREATED, "kind_in_words", "to", "subject", "state", "attempts", "error")
    list_display_links = (_CREATED,)
    list_filter = ("state", "kind")
    search_fields = ("to",)
    ordering = ("-created_at",)
    show_full_result_count = False
    list_per_page = 50
    fields = (
        "kind_in_words",
        "to",
        "subject",
        "state",
        "error",
        "attempts",
        *_MOMENTS,
    )
    readonly_fields = ("kind_in_words", *_MOMENTS)

    @admin.display(description=_("kind"), ordering="kind")
    def kind_in_words(self, email: OutgoingEmail) -> str:
        """The template's name, as words."""
        return str(email.kind).replace("_", " ").replace("-", " ").capitalize()

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Mail comes into being where something happened."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """States move by sending."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Old rows are deleted by themselves."""
        return False
