"""The site speaks the publication's language, to everyone."""

from __future__ import annotations

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils import translation
from django.views.defaults import page_not_found

from newsletter.publication.context import publication_of


class PublicationLanguageMiddleware:
    """Dates and labels follow the text they stand in, not the visitor's browser.

    A page in the browser's language would be half English and half German, and would have to be
    kept once per language.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with translation.override(publication_of(request).language):
            return self.get_response(request)


class DesignedNotFoundMiddleware:
    """With DEBUG, the same page for a missing address as without: who tries the demo sees the site.

    Django has no hook for it: its technical page is made before any middleware hears of the error
    and is known by its words alone. Why there was no page stands in the log all the same.
    """

    TECHNICAL = b"<code>DEBUG = True</code>"

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code == 404 and self.TECHNICAL in getattr(response, "content", b""):
            return page_not_found(request, Http404())
        return response
