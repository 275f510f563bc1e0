"""A visit of the staff's: the site is shown as to its reader, and nothing is changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from newsletter.members.access import find_running_visit
from newsletter.members.models import SupportVisit

SESSION_KEY = "support_visit"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# The one thing that a visit does.
ENDING = "members:end-visit"
# Pages with a key that would outlive the visit, or with where the reader signs in; and what is
# between readers and those who hold their data.
CLOSED = frozenset(
    {
        "accounts:list-sessions",
        "articles:give-article",
        "members:download-data",
        "members:erase-account",
        "members:show-data",
    }
)

Handler = Callable[[HttpRequest], HttpResponseBase]


class SupportVisitMiddleware:
    """Put the reader in the place of the viewer while a visit lasts.

    The session holds the visit's number alone: nobody is signed in, so the reader's sessions, last
    sign-in and proofs stay as they are. Each request asks the row again: a visit that was ended,
    or whose staff member lost the right, is over at once.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        visit = _visit_of(request)
        if visit is not None:
            request.user = visit.user
            request.support_visit = visit  # type: ignore[attr-defined]
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponseBase],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        """Refuse whatever would change something, and the few pages that are the reader's alone."""
        if not hasattr(request, "support_visit"):
            return None
        match = request.resolver_match
        name = match.view_name if match is not None else ""
        if request.method in SAFE_METHODS:
            if name not in CLOSED:
                return None
            return render(request, "members/visit_refused.html", {"is_private": True}, status=403)
        return None if name == ENDING else render(request, "members/visit_refused.html", status=403)


def _visit_of(request: HttpRequest) -> SupportVisit | None:
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    number = request.session.get(SESSION_KEY)
    if number is None:
        return None
    visit = find_running_visit(number)
    if visit is None:
        request.session.flush()
    return visit
