"""What the screens of this slice share: mirrors that nobody edits, and pushing to Stripe again."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from newsletter.accounts.models import User
from newsletter.payments import actions

SYNC = {"pending": "info", "synced": "success", "failed": "danger"}


class ReadOnly:
    """What is a mirror or a record is looked at, never edited."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody may."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody may."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody may."""
        return False


class PushedToStripe:
    """What Stripe has a counterpart of: how that stands, and a button that tries it again."""

    actions: ClassVar[list[str]] = ["push_chosen"]
    actions_submit_line: ClassVar[list[str]] = ["push_again"]

    @display(description=_("Stripe"), label=SYNC)
    def synced(self, thing: Any) -> tuple[str, str]:
        """Whether Stripe knows it as it is."""
        return thing.sync_state, thing.get_sync_state_display()

    def has_push_permission(self, request: HttpRequest, *_args: Any) -> bool:
        """Whoever may change it."""
        return bool(self.has_change_permission(request))  # type: ignore[attr-defined]

    @action(description=_("Push to Stripe again"), permissions=["push"])
    def push_again(self, request: HttpRequest, thing: Any) -> None:
        """At once, and say how it went."""
        if actions.push_again(actor=cast(User, request.user), thing=thing):
            messages.success(request, _("Stripe has it as it is here."))
        else:
            thing.refresh_from_db()
            said = thing.sync_error or _("Stripe did not take all of it; see the prices below.")
            messages.error(request, said)

    @action(description=_("Push the chosen ones to Stripe again"), permissions=["push"])
    def push_chosen(self, request: HttpRequest, chosen: QuerySet[Any]) -> None:
        """One after the other."""
        for thing in chosen:
            self.push_again(request, thing)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Do what the button says once all is committed: no transaction waits for Stripe."""
        pressed: list[tuple[Any, Any]] = []
        request.pressed = pressed  # type: ignore[attr-defined]
        answer = super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]
        for method, obj in pressed:
            method(request, obj)
        return cast(HttpResponse, answer)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """The button stands beside those that save; what was typed is saved first."""
        for each in self.get_actions_submit_line(request, obj.pk):  # type: ignore[attr-defined]
            if each.action_name in request.POST:
                request.pressed.append((each.method, obj))  # type: ignore[attr-defined]
                return redirect(request.path)
        return cast(HttpResponse, super().response_change(request, obj))  # type: ignore[misc]
