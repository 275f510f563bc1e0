"""A person's own data: a copy of all of it, and the way out for good."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from newsletter.accounts.access import FRESH_FOR, proved_lately
from newsletter.accounts.actions import TooOftenError
from newsletter.accounts.models import User
from newsletter.lib.opens_to import Opens, opens_to
from newsletter.members import actions, tasks
from newsletter.members.access import why_not_erasable
from newsletter.members.answers import send_copy
from newsletter.members.enums import ExportState
from newsletter.members.queries import exports_for, holdings_of
from newsletter.members.words import WHY_NOT_ME
from newsletter.payments.actions import StillPaying
from newsletter.payments.gateway import GatewayError


@never_cache
@opens_to(Opens.SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def show_data(request: HttpRequest) -> HttpResponse:
    """Ask for a copy of everything, and find the copies that were made."""
    user = cast(User, request.user)
    if request.method == "POST":
        try:
            export = actions.request_export(actor=user, person=user)
        except TooOftenError as error:
            minutes = max(1, int(error.wait.total_seconds() // 60))
            return render(request, "429.html", {"minutes": minutes}, status=429)
        tasks.make_export.delay_on_commit(export.pk)
        messages.success(request, _("Your copy is being made. We write to you when it is ready."))
        return redirect("members:show-data")
    exports = list(exports_for(user, user))
    context = {
        "exports": exports,
        "is_under_way": any(export.state == ExportState.ASKED for export in exports),
        "days": actions.KEEP_COPY.days,
    }
    return render(request, "members/own_data.html", context)


@never_cache
@opens_to(Opens.SIGNED_IN)
@require_safe
def download_data(request: HttpRequest, export_id: int) -> HttpResponseBase:
    """The file itself, to whom it is about: not even that there is one is told to others."""
    user = cast(User, request.user)
    return send_copy(user, get_object_or_404(exports_for(user, user), pk=export_id))


@never_cache
@opens_to(Opens.SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def erase_account(request: HttpRequest) -> HttpResponse:
    """Say what goes and what stays; delete the account of whoever has just shown who they are."""
    user = cast(User, request.user)
    if request.method != "POST":
        return _erasure_page(request, user)
    if not proved_lately(request, user):
        return _erasure_page(request, user, status=403)
    try:
        erasure = actions.request_erasure(actor=user, person=user)
    except actions.ErasureRefused:
        return _erasure_page(request, user, status=409)
    except (GatewayError, StillPaying) as error:
        said = error.message if isinstance(error, GatewayError) else str(error)
        return _erasure_page(request, user, problem=said, status=503)
    tasks.erase_account.delay_on_commit(erasure.pk)
    logout(request)
    return redirect("members:show-erased")


def _erasure_page(
    request: HttpRequest, user: User, *, problem: str = "", status: int = 200
) -> HttpResponse:
    why_not = why_not_erasable(user)
    context: dict[str, Any] = {
        "problem": problem,
        "why_not": WHY_NOT_ME[why_not] if why_not else "",
    }
    if why_not is None:
        held = holdings_of(user)
        context |= {
            "held": held,
            "charged": held.charged,
            "is_proved": proved_lately(request, user),
            "minutes": int(FRESH_FOR.total_seconds() // 60),
        }
    return render(request, "members/erase.html", context, status=status)


@never_cache
@opens_to(Opens.EVERYONE)
@require_safe
def show_erased(request: HttpRequest) -> HttpResponse:
    """What happens now, to somebody who is nobody's account any more."""
    return render(request, "members/erased.html")
