"""CSRF protection for forms on pages that set no cookie (edge case W5).

Django's own protection needs a cookie, and a page with a cookie cannot be cached for everyone.
These forms change nothing of a signed-in person's, but a foreign page must still not be able to
submit them from a reader's browser. Browsers say where a POST comes from: `Sec-Fetch-Site`
(all since 2023) or `Origin` (all). A request with neither comes from no browser, and so carries
nobody's authority.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt


def host_in(place: str) -> str:
    """Host and port of where a request says it comes from; empty where that is no address."""
    try:
        return urlsplit(place).netloc
    except ValueError:
        return ""


def comes_from_this_site(request: HttpRequest) -> bool:
    """Whether a browser says that this request was made by one of our own pages."""
    fetch_site = request.headers.get("Sec-Fetch-Site")
    if fetch_site is not None:
        return fetch_site in {"same-origin", "none"}
    origin = request.headers.get("Origin")
    if origin is not None:
        return host_in(origin) == request.get_host()
    return True


def same_origin_post(
    view: Callable[..., HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Replace the cookie-based CSRF check of `view` by the browser's statement of origin."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "POST" and not comes_from_this_site(request):
            raise PermissionDenied("This form was sent from another site.")
        return view(request, *args, **kwargs)

    return csrf_exempt(checked)
