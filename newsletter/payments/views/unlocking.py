"""Codes that open something: handed out by the author, entered here."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from newsletter.accounts import actions as account_actions
from newsletter.accounts.queries import viewer
from newsletter.accounts.ratelimit import client_ip, hit, network_of
from newsletter.lib.local_paths import sign_in_url
from newsletter.lib.opens_to import Opens, opens_to
from newsletter.lib.same_origin import same_origin_post
from newsletter.memberships.actions import CodeRefused, find_unlock_code, redeem_unlock_code
from newsletter.memberships.queries import opens
from newsletter.payments.forms import UnlockForm
from newsletter.payments.views.plans import HOUR

# Codes that may be tried from one network in an hour.
TRIES = 30


@never_cache
@same_origin_post
@opens_to(Opens.EVERYONE)
@require_http_methods(["GET", "HEAD", "POST"])
def unlock(request: HttpRequest) -> HttpResponse:
    """A code, and for visitors the address that it opens something for; looking uses up none.

    Sets no cookie: a visitor signs in with that address afterwards. 404 where it is switched off.
    """
    if not settings.UNLOCK_CODES_ENABLED:
        raise Http404
    user = viewer(request)
    form = UnlockForm(
        request.POST or None,
        is_visitor=user is None,
        initial={"code": request.GET.get("code", "")[:40]},
    )
    if request.method == "POST" and form.is_valid():
        try:
            if not hit(f"unlock-code:{network_of(client_ip(request))}", limit=TRIES, per=HOUR):
                raise CodeRefused(_("Too many codes were tried. Try again in an hour."))
            address = form.cleaned_data.get("email", "")
            # The code first, so that a wrong one makes nobody.
            find_unlock_code(form.cleaned_data["code"])
            who = user or account_actions.get_or_create_user(email=address)[0]
            grant = redeem_unlock_code(user=who, code=form.cleaned_data["code"])
        except CodeRefused as error:
            form.add_error("code", str(error))
        else:
            if user is None:
                return redirect(f"{reverse('payments:unlock')}?opened=1")
            if opens(grant, timezone.now()):
                messages.success(request, _("It is open to you now."))
            else:
                messages.warning(
                    request, _("You have used this code before, and what it opened is over.")
                )
            return redirect("payments:show-membership")
    context = {
        "form": form,
        "is_opened": user is None and "opened" in request.GET,
        "reader": user,
        "sign_in": sign_in_url(reverse("payments:show-membership")),
    }
    return render(request, "payments/unlock.html", context, status=422 if form.errors else 200)
