"""Files of lessons, and what was handed in."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from courses.files import (
    PRIVATE,
    file_link,
    holder_of,
    may_have,
    public_name,
    read_link,
    send_lesson_file,
    send_submitted_file,
)
from courses.queries import find_submission_for
from courses.views.finding import learner_of
from newsletter.accounts.queries import viewer
from newsletter.lib.opens_to import Opens, opens_to


@opens_to(Opens.LINK_HOLDER)
@require_safe
def send_file(request: HttpRequest, token: str, name: str) -> HttpResponseBase:
    """Send a lesson's file to whom the link was given, while they may open the lesson (P4).

    A link that is too old opens nothing; whoever is signed in and may have the file gets another.
    404 to everybody else: not even its existence is told.
    """
    found, user_id, is_fresh = read_link(token, name)
    now = timezone.now()
    if is_fresh and may_have(found, holder_of(user_id), now):
        return send_lesson_file(request, found)
    person = viewer(request)
    if is_fresh or not may_have(found, person, now):
        raise Http404
    response = HttpResponseRedirect(file_link(found, person))
    response.headers["Cache-Control"] = PRIVATE
    return response


@opens_to(Opens.SIGNED_IN)
@require_safe
def send_submission(request: HttpRequest, pk: int, name: str) -> HttpResponseBase:
    """Send what was handed in to whoever did it, and to authors."""
    found = find_submission_for(learner_of(request), pk)
    if found is None or not found.file or public_name(found.file_name) != name:
        raise Http404
    return send_submitted_file(request, found)
