"""Uploads, served by the site itself.

Only the folders of pictures and files: an uploaded subscriber list lies in the same storage.
"""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from newsletter.accounts.queries import viewer
from newsletter.articles.file_owners import Seen, who_sees
from newsletter.articles.files import is_open, may_open, uses_of
from newsletter.lib.opens_to import Opens, opens_to
from newsletter.lib.stored_files import send_stored_file, split_path
from newsletter.memberships.access import get_reader

_FOR_GOOD = "public, max-age=31536000, immutable"


@opens_to(Opens.EVERYONE)
@require_safe
def serve_upload(request: HttpRequest, path: str) -> HttpResponseBase:
    """Send an upload to whoever is shown it (P4).

    What stands in a public text is everyone's for a year: its folder's name is random, so its
    content never changes. Anything else is decided for the session's person each time, and 404 to
    all others: not even its existence is told (P7).
    """
    folder, _name = split_path(path)
    if folder.startswith("brand/"):
        return send_stored_file(request, path, cache_control=_FOR_GOOD)
    uses = uses_of(folder)
    if is_open(uses):
        return send_stored_file(request, path, cache_control=_FOR_GOOD)
    now = timezone.now()
    person = viewer(request)
    seen = who_sees(folder, person, now)
    if seen == Seen.BY_EVERYONE:
        return send_stored_file(request, path, cache_control=_FOR_GOOD)
    if seen == Seen.BY_NOBODY and not may_open(uses, get_reader(person, now), now):
        raise Http404
    response = send_stored_file(request, path, cache_control="private, no-cache")
    response.headers["X-Robots-Tag"] = "noindex"
    patch_vary_headers(response, ("Cookie",))
    return response
