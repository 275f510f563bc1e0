"""Reading: the conversation alone, a link to one comment, further replies, one's own comments."""

from __future__ import annotations

from typing import cast

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from newsletter.accounts.models import User
from newsletter.accounts.queries import viewer
from newsletter.comments.access import may_edit, may_read
from newsletter.comments.enums import Order
from newsletter.comments.forms import NoticeForm
from newsletter.comments.owners import get_places
from newsletter.comments.queries import comments_of, get_comment_settings, notice_choice_of
from newsletter.comments.reading import BadCursorError
from newsletter.comments.rules import rules_for
from newsletter.comments.screens import Conversation, is_seen_by
from newsletter.comments.views.common import (
    comment_or_404,
    is_fragment,
    place_or_404,
    readable_comment_or_404,
    to_the_wall,
)
from newsletter.lib.opens_to import Opens, opens_to

OWN_PER_PAGE = 30


@opens_to(Opens.EVERYONE)
@never_cache
@require_safe
def show_thread(request: HttpRequest, kind: str, key: int) -> HttpResponse:
    """The conversation from some point on, in one of three orders; or that part of the page."""
    place = place_or_404(request, kind, key)
    order = request.GET.get("order", Order.OLDEST)
    if order not in Order.values:
        raise Http404
    talk = Conversation(place, viewer(request), order, request.GET.get("cursor", ""))
    if not talk.is_readable:
        return to_the_wall(request, place)
    try:
        if is_fragment(request):
            part = "comments/_items.html" if talk.cursor else "comments/_list.html"
            return render(request, part, {"talk": talk, "page": talk.page})
        return render(request, "comments/thread.html", {"talk": talk, "page": talk.page})
    except BadCursorError as error:
        raise Http404 from error


@opens_to(Opens.EVERYONE)
@never_cache
@require_safe
def show_comment(request: HttpRequest, pk: int) -> HttpResponse:
    """One comment where it stands, with what is around it: the address that people pass on."""
    comment, place = comment_or_404(request, pk)
    if not may_read(place, comment.thread):
        return to_the_wall(request, place)
    who = viewer(request)
    if not is_seen_by(comment, who):
        raise Http404
    if not comment.is_visible and not comment.visible_below:
        return render(request, "comments/waiting.html", {"comment": comment, "place": place})
    talk = Conversation(place, who, around=comment)
    return render(
        request, "comments/thread.html", {"talk": talk, "page": talk.page, "one": comment}
    )


@opens_to(Opens.EVERYONE)
@never_cache
@require_safe
def show_replies(request: HttpRequest, pk: int) -> HttpResponse:
    """Further replies under one comment."""
    root, place = readable_comment_or_404(request, pk)
    if root.root_id is not None or not root.is_shown:
        raise Http404
    talk = Conversation(place, viewer(request))
    try:
        shown = talk.replies_after(root, request.GET.get("after", ""))
    except BadCursorError as error:
        raise Http404 from error
    template = "comments/_more.html" if is_fragment(request) else "comments/replies.html"
    return render(request, template, {"talk": talk, "shown": shown})


@opens_to(Opens.SIGNED_IN)
@never_cache
@require_safe
def list_own(request: HttpRequest) -> HttpResponse:
    """What the reader has written on this site, and what became of it."""
    user = cast("User", request.user)
    page = Paginator(comments_of(user), OWN_PER_PAGE).get_page(request.GET.get("page"))
    named = {(row.thread.kind, row.thread.key) for row in page}
    places = get_places(named, user, timezone.now())
    site, now = get_comment_settings(), timezone.now()
    rows = []
    for row in page:
        place = places.get((row.thread.kind, row.thread.key))
        # Its own page is the conversation: a piece that went takes the change form with it.
        edits = place is not None and may_edit(row, user, rules_for(place, row.thread, site), now)
        rows.append((row, place, edits))
    form = NoticeForm(instance=notice_choice_of(user), viewer=user)
    return render(request, "comments/own.html", {"page": page, "rows": rows, "form": form})
