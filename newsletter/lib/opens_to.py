"""Every view states who may open it, and the statement is what enforces it.

A test walks the URLconf and fails on a view that states nothing (house rule 7).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


class Opens(StrEnum):
    """Who may open an address."""

    EVERYONE = "everyone"
    # The holder of a signed link, who need not be signed in. The view checks the signature.
    LINK_HOLDER = "link holder"
    SIGNED_IN = "signed in"
    STAFF = "staff"
    # A provider's server; the view checks its signature.
    PROVIDER = "provider"
    # Exists only with DEBUG.
    DEVELOPER = "developer"


def opens_to(who: Opens) -> Callable[[View], View]:
    """Decorate a view (or a class's `as_view()` result) with who may open it, and enforce that.

    SIGNED_IN sends a visitor to the sign-in page, and from there back to where they were. STAFF
    does so too, and answers 403 to a reader who is signed in. DEVELOPER answers 404 without DEBUG.
    The others let everybody in.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if who is Opens.DEVELOPER and not settings.DEBUG:
                raise Http404
            if who in {Opens.SIGNED_IN, Opens.STAFF} and not request.user.is_authenticated:
                return _to_sign_in(request)
            if who is Opens.STAFF and not (request.user.is_staff and request.user.is_active):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.opens_to = who  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return decorate


def _to_sign_in(request: HttpRequest) -> HttpResponseBase:
    """To the sign-in page: the whole page goes there, also where htmx wanted a part of one."""
    answer = redirect_to_login(_page_of(request))
    if request.headers.get("HX-Request") != "true":
        return answer
    return HttpResponse(status=401, headers={"HX-Redirect": answer.url})


def _page_of(request: HttpRequest) -> str:
    """The page somebody was on: a button's own address is for the button, and opens nothing."""
    own = request.get_full_path()
    if request.method in {"GET", "HEAD"} and "HX-Request" not in request.headers:
        return own
    came_from = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    try:
        page = urlsplit(came_from)
    except ValueError:
        return own
    if page.netloc != request.get_host():
        return own
    return f"{page.path}?{page.query}" if page.query else page.path
