"""What the law lets people ask of the author: a copy of their data, and to be forgotten."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from newsletter.accounts.models import User
from newsletter.members import actions, tasks
from newsletter.members.access import may_copy, may_erase, may_look, why_not_erasable
from newsletter.members.answers import send_copy
from newsletter.members.queries import Holdings, exports_for, holdings_of
from newsletter.members.words import WHY_NOT_THEM
from newsletter.payments.actions import StillPaying
from newsletter.payments.gateway import GatewayError


@never_cache
@require_safe
def download_copy(request: HttpRequest, user_id: int, export_id: int) -> HttpResponseBase:
    """A copy of somebody's data, for staff who answer their letter. Taking it is on record."""
    actor, person = cast(User, request.user), get_object_or_404(User, pk=user_id)
    if not may_look(actor) or not may_copy(actor, person):
        raise PermissionDenied
    return send_copy(actor, get_object_or_404(exports_for(actor, person), pk=export_id))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def erase_member(request: HttpRequest, user_id: int) -> HttpResponse:
    """Say what goes, what stays and how much of it; delete the account at the second press."""
    actor, person = cast(User, request.user), get_object_or_404(User, pk=user_id)
    if not may_look(actor) or not may_erase(actor, person):
        raise PermissionDenied
    if request.method != "POST":
        return _page(request, person)
    try:
        erasure = actions.request_erasure(actor=actor, person=person)
    except actions.ErasureRefused:
        return _page(request, person, status=409)
    except (GatewayError, StillPaying) as error:
        said = error.message if isinstance(error, GatewayError) else str(error)
        return _page(request, person, problem=said, status=503)
    tasks.erase_account.delay_on_commit(erasure.pk)
    messages.success(request, _("The account is closed; what is held on them is being deleted."))
    return redirect("admin:newsletter_user_member", person.pk)


def _page(
    request: HttpRequest, person: User, *, problem: str = "", status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Delete this account for good?"),
        "person": person,
        "problem": problem,
    }
    why_not = why_not_erasable(person)
    if why_not is not None:
        context["why_not"] = WHY_NOT_THEM[why_not]
    else:
        held = holdings_of(person)
        context |= {"held": held, "charged": held.charged, **_in_words(held)}
    return render(request, "members/erase_member.html", context, status=status)


def _in_words(held: Holdings) -> dict[str, list[str]]:
    """What goes, ends and stays, each with its number; what there is none of is not named."""
    notes = ngettext("one note", "%d notes", held.notes)
    letters = ngettext("one newsletter", "%d newsletters", held.newsletters)
    left = (
        (held.letters, ngettext("one delivery", "%d deliveries", held.letters)),
        (
            held.comments,
            ngettext(
                "one comment by a “Deleted reader”",
                "%d comments by a “Deleted reader”",
                held.comments,
            ),
        ),
        (held.likes, ngettext("one like", "%d likes", held.likes)),
        (held.payments, ngettext("one payment", "%d payments", held.payments)),
    )
    return {
        "goes": [
            _("name, address, sign-in, own feed, gift links, mail on record"),
            *_counted((held.notes, notes)),
            *(phrase for _title, phrases in held.more for phrase in phrases),
        ],
        "ends": [*_counted((held.newsletters, letters)), _("everything that is open to them")],
        "stays": _counted(*left),
    }


def _counted(*phrases: tuple[int, str]) -> list[str]:
    return [words % number if "%d" in words else words for number, words in phrases if number]
