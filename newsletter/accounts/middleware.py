"""Show times in the viewer's own zone; let nobody into the admin on a password alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from newsletter.accounts.access import has_authenticator_app, missing_staff_step
from newsletter.accounts.enums import StaffStep
from newsletter.accounts.models import User
from newsletter.accounts.queries import viewer
from newsletter.lib.opens_to import Opens
from newsletter.lib.time_zones import find_zone
from newsletter.publication.context import publication_of, zone_of

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Handler = Callable[[HttpRequest], HttpResponseBase]

NEXT_STEP: dict[StaffStep, tuple[str, StrOrPromise]] = {
    StaffStep.SET_PASSWORD: ("account_set_password", _("Choose a password first.")),
    StaffStep.PROVE_PASSWORD: ("account_reauthenticate", ""),
    StaffStep.SET_SECOND_FACTOR: (
        "mfa_index",
        _("Add a passkey or an authenticator app first; then the desk opens."),
    ),
    StaffStep.PROVE_SECOND_FACTOR: ("mfa_reauthenticate", ""),
}


class TimeZoneMiddleware:
    """Activate the zone of whoever looks for the length of the request: theirs, or the site's."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with timezone.override(_zone_of(request)):
            return self.get_response(request)


def _zone_of(request: HttpRequest) -> ZoneInfo:
    user = viewer(request)
    own = find_zone(user.time_zone) if user is not None else None
    return own or zone_of(publication_of(request))


class StaffSecondFactorMiddleware:
    """Stand before the admin and every other view for staff.

    Wherever a staff member comes from (a code by mail, a password, a session of yesterday), here
    the password and the second factor must both have been shown; else they are sent to the page
    where that is done. Whether someone may enter at all stays the view's own decision.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponseBase],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        """Redirect where a step is missing."""
        if not _is_for_staff(request, view):
            return None
        user = viewer(request)
        if user is None or not user.is_staff or not user.is_active:
            return None
        step = missing_staff_step(request, user)
        if step is None:
            return None
        return _send_to(step, request, user)


def _send_to(step: StaffStep, request: HttpRequest, user: User) -> HttpResponseBase:
    name, message = NEXT_STEP[step]
    if step is StaffStep.PROVE_SECOND_FACTOR and not has_authenticator_app(user):
        name = "mfa_reauthenticate_webauthn"
    if message:
        messages.info(request, message)
    back = request.get_full_path() if request.method == "GET" else reverse("admin:index")
    return redirect(f"{reverse(name)}?{urlencode({'next': back})}")


def _is_for_staff(request: HttpRequest, view: Callable[..., HttpResponseBase]) -> bool:
    match = request.resolver_match
    if match is None or (match.url_name or "").startswith(("account_", "mfa_")):
        return False  # where the missing step is taken
    return "admin" in match.app_names or getattr(view, "opens_to", None) is Opens.STAFF
