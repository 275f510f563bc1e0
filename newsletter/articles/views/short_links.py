"""A file for whoever has its link, for ten minutes at most."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from newsletter.articles.files import read_short_link
from newsletter.lib.opens_to import Opens, opens_to
from newsletter.lib.stored_files import send_stored_file


@opens_to(Opens.LINK_HOLDER)
@require_safe
def open_short_link(request: HttpRequest, token: str, name: str) -> HttpResponseBase:
    """Send the upload. Previews show it in frames that carry no session."""
    path = read_short_link(token, name)
    response = send_stored_file(request, path, cache_control="private, no-store")
    response.headers["X-Robots-Tag"] = "noindex"
    return response
