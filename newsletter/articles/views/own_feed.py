"""A person's own feed, what stands in it, and a new address for it."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from newsletter.accounts.models import User
from newsletter.articles.actions import renew_private_feed
from newsletter.articles.feeds import DatedFeed, write_feed
from newsletter.articles.files import may_open, uses_of
from newsletter.articles.own_feed import find_reader_of_feed, newest_for
from newsletter.lib.opens_to import Opens, opens_to
from newsletter.lib.stored_files import send_stored_file, split_path
from newsletter.memberships.access import get_reader
from newsletter.publication.context import publication_of

PRIVATE = "private, no-store"


@opens_to(Opens.LINK_HOLDER)
@require_safe
def show_own_feed(request: HttpRequest, token: str, kind: type[DatedFeed]) -> HttpResponse:
    """Everything its person may read now; after a lapse the beginnings again."""
    user = _person(token)
    publication = publication_of(request)
    response = write_feed(
        request,
        kind,
        newest_for(user, token, timezone.now()),
        title=_("%(publication)s, for you") % {"publication": publication.name},
        page=reverse("pages:show-home"),
        description=publication.tagline,
    )
    response.headers["Cache-Control"] = PRIVATE
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@opens_to(Opens.LINK_HOLDER)
@require_safe
def show_own_file(request: HttpRequest, token: str, path: str) -> HttpResponseBase:
    """A picture or file of the feed. Feed programs ask for it days later, so nothing but the
    access that its person has at that moment opens it (P4).
    """
    user, now = _person(token), timezone.now()
    folder, _name = split_path(path)
    if not may_open(uses_of(folder), get_reader(user, now), now):
        raise Http404
    response = send_stored_file(request, path, cache_control=PRIVATE)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@opens_to(Opens.SIGNED_IN)
@require_POST
def renew_feed(request: HttpRequest) -> HttpResponse:
    """Make the address, or a new one: feed programs that have the old one get nothing more."""
    renew_private_feed(actor=cast(User, request.user))
    messages.success(request, _("Your feed has a new address. Give it to your feed program."))
    return redirect(f"{reverse('accounts:show-account')}#feed")


def _person(token: str) -> User:
    user = find_reader_of_feed(token)
    if user is None:
        raise Http404
    return user
