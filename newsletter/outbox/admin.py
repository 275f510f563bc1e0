"""Outgoing mail in the admin: what was sent, and what was not and why. Nothing to change; what
nobody knows the outcome of is decided here, as a mailing's is.
"""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.decorators import action

from newsletter.lib.moments import moment_column
from newsletter.outbox.actions import decide_unknown
from newsletter.outbox.models import OutgoingEmail
from newsletter.outbox.tasks import deliver_email

_CREATED = moment_column("created_at", _("created"))
_MOMENTS = (
    _CREATED,
    moment_column("next_attempt_at", _("next attempt")),
    moment_column("expires_at", _("useless after")),
    moment_column("sent_at", _("sent")),
)

_NAME = "newsletter_outgoingemail"
_NOTHING_UNKNOWN = _("Of none of these is the outcome unknown.")


@admin.register(OutgoingEmail)
class OutgoingEmailAdmin(ModelAdmin):  # type: ignore[misc]  # untyped base
    """One row a mail. The texts are not shown: they hold codes and links of other people."""

    list_display = (_CREATED, "kind_in_words", "to", "subject", "state", "attempts", "error")
    list_display_links = (_CREATED,)
    list_filter = ("state", "kind")
    search_fields = ("to",)
    ordering = ("-created_at",)
    actions = ("send_chosen_again", "count_chosen_as_sent")
    change_form_outer_before_template = "outbox/admin/unknown.html"
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

    def get_urls(self) -> list[URLPattern]:
        """Ours before Django's catch-all."""
        ours = [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(view), name=f"{_NAME}_{view_name}")
            for name, view_name, view in (
                ("send-again", "send_again", self.send_again),
                ("count-as-sent", "count_as_sent", self.count_as_sent),
            )
        ]
        return [*ours, *cast("list[URLPattern]", super().get_urls())]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """With what is to be decided, and why it cannot be sent again where it cannot."""
        now = timezone.now()
        email = self.get_object(request, object_id)
        extra = {
            **(extra_context or {}),
            "may_decide": self.has_decide_permission(request),
            "can_be_sent_again": email is not None and email.can_be_sent_again(now),
            "is_too_late": email is not None and email.is_too_late(now),
        }
        response: HttpResponse = super().change_view(request, object_id, form_url, extra)
        return response

    @method_decorator(require_POST)
    def send_again(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Send one mail again."""
        email = get_object_or_404(OutgoingEmail, pk=pk)
        if self._decide(request, email, send_again=True):
            messages.success(request, _("It is sent again."))
        else:
            messages.error(request, _("It could not be sent again."))
        return redirect("admin:newsletter_outgoingemail_change", pk)

    @method_decorator(require_POST)
    def count_as_sent(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take one mail for sent."""
        email = get_object_or_404(OutgoingEmail, pk=pk)
        if self._decide(request, email, send_again=False):
            messages.success(request, _("It counts as sent."))
        else:
            messages.error(request, _("There is nothing to decide about it any more."))
        return redirect("admin:newsletter_outgoingemail_change", pk)

    @action(description=_("Send the unknown ones again"), permissions=["decide"])
    def send_chosen_again(self, request: HttpRequest, queryset: QuerySet[OutgoingEmail]) -> None:
        """Send again those of the chosen whose outcome is unknown and whose texts are kept."""
        unknown = [email for email in queryset if email.is_unknown]
        count = sum(self._decide(request, email, send_again=True) for email in unknown)
        if count:
            said = ngettext("%(n)d mail is sent again.", "%(n)d mails are sent again.", count)
            messages.success(request, said % {"n": count})
        if left := len(unknown) - count:
            said = ngettext(
                "%(n)d mail cannot be sent again: its text is no longer kept, or it would be of "
                "no use any more.",
                "%(n)d mails cannot be sent again: their texts are no longer kept, or they would "
                "be of no use any more.",
                left,
            )
            messages.warning(request, said % {"n": left})
        if not unknown:
            messages.info(request, _NOTHING_UNKNOWN)

    @action(description=_("Count the unknown ones as sent"), permissions=["decide"])
    def count_chosen_as_sent(self, request: HttpRequest, queryset: QuerySet[OutgoingEmail]) -> None:
        """Take those of the chosen for sent whose outcome is unknown."""
        unknown = [email for email in queryset if email.is_unknown]
        count = sum(self._decide(request, email, send_again=False) for email in unknown)
        if count:
            said = ngettext("%(n)d mail counts as sent.", "%(n)d mails count as sent.", count)
            messages.success(request, said % {"n": count})
        else:
            messages.info(request, _NOTHING_UNKNOWN)

    def _decide(self, request: HttpRequest, email: OutgoingEmail, *, send_again: bool) -> bool:
        if not self.has_decide_permission(request):
            raise PermissionDenied
        is_done = decide_unknown(actor=request.user, email=email, send_again=send_again)
        if is_done:
            said = gettext("Sent again") if send_again else gettext("Counted as sent")
            self.log_change(request, email, said)
        if is_done and send_again:
            deliver_email.delay_on_commit(email.pk)
        return is_done

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Whether this person may settle what is unknown."""
        return bool(super().has_change_permission(request))

    @admin.display(description=_("kind"), ordering="kind")
    def kind_in_words(self, email: OutgoingEmail) -> str:
        """What it is about."""
        return email.kind_in_words

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Mail comes into being where something happened."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """States move by sending, and by decisions about what is unknown."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Old rows are deleted by themselves."""
        return False
