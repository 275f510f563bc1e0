"""Beginning and ending a visit to the site as one reader."""

from __future__ import annotations

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from newsletter.lib.opens_to import Opens, opens_to
from newsletter.lib.same_origin import same_origin_post
from newsletter.members import actions
from newsletter.members.access import find_offered_visit
from newsletter.members.middleware import SESSION_KEY


@never_cache
@same_origin_post
@opens_to(Opens.LINK_HOLDER)
@require_http_methods(["GET", "HEAD", "POST"])
def begin_visit(request: HttpRequest, token: str) -> HttpResponse:
    """The link that staff made: a page with one button. Opening it changes nothing."""
    if request.method != "POST":
        offered = find_offered_visit(token)
        if offered is None:
            return render(request, "members/visit_over.html", status=410)
        return render(request, "members/visit_begin.html", {"visit": offered})
    visit = actions.begin_visit(token=token)
    if visit is None:
        return render(request, "members/visit_over.html", status=410)
    # Whoever was signed in in this browser is not any more: one session is one person.
    logout(request)
    request.session[SESSION_KEY] = visit.pk
    request.session.set_expiry(int(actions.VISIT_LIFE.total_seconds()))
    return redirect("/")


@never_cache
@opens_to(Opens.EVERYONE)
@require_POST
def end_visit(request: HttpRequest) -> HttpResponse:
    """End the visit of this browser, if there is one."""
    visit = getattr(request, "support_visit", None)
    if visit is not None:
        actions.end_visit(visit=visit)
    request.session.flush()
    return render(request, "members/visit_over.html", {"visit": visit})
