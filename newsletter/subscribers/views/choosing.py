"""The preference page of a signed-in reader."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from newsletter.accounts.models import User
from newsletter.accounts.ratelimit import client_ip
from newsletter.lib.opens_to import Opens, opens_to
from newsletter.subscribers import actions
from newsletter.subscribers.enums import SubscriptionState
from newsletter.subscribers.forms import PreferencesForm
from newsletter.subscribers.queries import (
    blocked_by_author,
    open_newsletters,
    subscriptions_of,
)
from newsletter.subscribers.tasks import answer_subscription_request


@opens_to(Opens.SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def preferences(request: HttpRequest) -> HttpResponseBase:
    """All newsletters with a tick box each; saving makes it so at once."""
    user = cast("User", request.user)
    if request.method == "POST":
        form = PreferencesForm(request.POST)
        if form.is_valid():
            asked = actions.choose_newsletters(
                user=user,
                newsletters=form.cleaned_data["newsletters"],
                ip=client_ip(request) or None,
                detail=f"{request.path}: “{_('Save my choice')}”",
            )
            if asked is not None:
                answer_subscription_request.delay_on_commit(asked.pk)
            outcome = "?asked" if asked is not None else "?saved"
            return redirect(reverse("subscribers:preferences") + outcome)
    else:
        current = subscriptions_of(user).filter(state=SubscriptionState.ACTIVE)
        form = PreferencesForm(initial={"newsletters": [row.newsletter.slug for row in current]})
    context = {
        "form": form,
        "saved": "saved" in request.GET,
        "asked": "asked" in request.GET,
        "barred": blocked_by_author(user.email, [row.pk for row in open_newsletters()]),
    }
    return render(request, "subscribers/preferences.html", context)
