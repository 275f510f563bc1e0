"""Sign-in of staff, and their second factors: allauth's views, each with what we add."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from allauth.account.internal.flows.login import record_authentication
from allauth.account.internal.flows.reauthentication import reauthenticate_by_password
from allauth.account.views import LoginView, PasswordSetView
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.views import ActivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView, LoginWebAuthnView
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode

from newsletter.accounts.forms import AddPasskeyForm, StaffSignInForm
from newsletter.accounts.models import User
from newsletter.accounts.ratelimit import client_ip, hit, network_of
from newsletter.lib.addresses import normalise_address
from newsletter.lib.opens_to import Opens, opens_to

TRIES_WINDOW = timedelta(minutes=15)


class StaffSignInView(LoginView):  # type: ignore[misc]  # untyped base
    """Address and password, then allauth asks for the second factor."""

    form_class = StaffSignInForm
    template_name = "account/sign_in_staff.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With whether a password is not the end of it."""
        shown = {"asks_second_factor": settings.STAFF_SECOND_FACTOR, **kwargs}
        return cast(dict[str, Any], super().get_context_data(**shown))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Count the try where all processes see it; allauth's own limits ask a cache."""
        address = normalise_address(request.POST.get("login", ""))
        limits = [(f"password-network:{network_of(client_ip(request))}", 30)]
        limits.append((f"password-address:{address}", 10))
        if not all(hit(key, limit=limit, per=TRIES_WINDOW) for key, limit in limits):
            minutes = int(TRIES_WINDOW.total_seconds() // 60)
            return render(request, "429.html", {"minutes": minutes}, status=429)
        return cast(HttpResponseBase, super().post(request, *args, **kwargs))


class PasskeySignInView(LoginWebAuthnView):  # type: ignore[misc]  # untyped base
    """Sign-in with a passkey alone, from the page of StaffSignInView."""

    def form_invalid(self, form: Any) -> HttpResponse:
        """Back to where the button is, with what went wrong."""
        for message in form.errors.get("credential", []):
            messages.error(self.request, message)
        return redirect("accounts:sign-in-staff")


class FirstPasswordView(PasswordSetView):  # type: ignore[misc]  # untyped base
    """The first password of someone who was made staff; they signed in by mail."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Typing it twice proves it: do not ask a third time."""
        response = cast(HttpResponse, super().form_valid(form))
        reauthenticate_by_password(self.request)
        return response


class AddAuthenticatorAppView(ActivateTOTPView):  # type: ignore[misc]  # untyped base
    """Add an authenticator app by typing a code from it."""

    def form_valid(self, form: Any) -> HttpResponse:
        """That code proves the factor in this session, too."""
        response = cast(HttpResponse, super().form_valid(form))
        _prove_newest_factor(self.request)
        return response


class AddPasskeyView(AddWebAuthnView):  # type: ignore[misc]  # untyped base
    """Add a passkey by using it."""

    form_class = AddPasskeyForm

    def form_valid(self, form: Any) -> HttpResponse:
        """Using it proves the factor in this session, too."""
        response = cast(HttpResponse, super().form_valid(form))
        _prove_newest_factor(self.request)
        return response


def _prove_newest_factor(request: HttpRequest) -> None:
    user = cast(User, request.user)
    factor = (
        Authenticator.objects.filter(user=user)
        .exclude(type=Authenticator.Type.RECOVERY_CODES)
        .latest("pk")
    )
    record_authentication(request, user, method="mfa", id=factor.pk, type=factor.type)


@opens_to(Opens.EVERYONE)
def to_staff_sign_in(request: HttpRequest) -> HttpResponse:
    """`/admin/login/` is our own sign-in page, so that nothing gets around the second factor."""
    query = {"next": request.GET.get("next") or reverse("admin:index")}
    return redirect(f"{reverse('accounts:sign-in-staff')}?{urlencode(query)}")


@opens_to(Opens.STAFF)
def to_password_change(request: HttpRequest) -> HttpResponse:
    """The admin's own page would tell nobody that the password was changed."""
    return redirect("account_change_password")
