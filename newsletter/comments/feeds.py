"""Feeds of comments: of what is said where everyone may read, and of nothing else (C7)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from newsletter.articles.cards import absolute, own_address
from newsletter.articles.queries import published
from newsletter.comments.enums import CommentState
from newsletter.comments.kept import shows_all, shows_conversation
from newsletter.comments.models import Comment
from newsletter.comments.owners import get_place
from newsletter.comments.text import plain_text
from newsletter.lib.opens_to import Opens, opens_to
from newsletter.lib.page_cache import keep_page
from newsletter.memberships.enums import Access
from newsletter.publication.context import publication_of

ITEMS = 30
_FRESH_SECONDS = 300
# XML 1.0 cannot hold these at all.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@opens_to(Opens.EVERYONE)
@keep_page
@require_safe
def show_site_feed(request: HttpRequest) -> HttpResponse:
    """The newest comments under articles that everyone may read."""
    shows_all(request)
    public = published().filter(access=Access.PUBLIC).order_by().values("pk")
    found = Comment.objects.filter(state=CommentState.APPROVED, thread__article__in=public)
    newest = found.select_related("thread__article").order_by("-submitted_at", "-pk")[:ITEMS]
    items = [(comment, str(comment.thread)) for comment in newest]
    title = _("Comments on %s") % publication_of(request).name
    return _answer(request, items, title=title, page=reverse("pages:show-home"))


@opens_to(Opens.EVERYONE)
@keep_page
@require_safe
def show_thread_feed(request: HttpRequest, kind: str, key: int) -> HttpResponse:
    """The newest comments in one conversation, the same for everybody who asks."""
    place = get_place(kind, key, None, timezone.now())
    if place is None or not place.is_public:
        raise Http404
    shows_conversation(request, kind, key)
    found = Comment.objects.filter(
        state=CommentState.APPROVED, thread__kind=kind, thread__key=key
    ).order_by("-submitted_at", "-pk")[:ITEMS]
    title = _("Comments on “%s”") % place.title
    return _answer(request, [(row, place.title) for row in found], title=title, page=place.path)


def _answer(
    request: HttpRequest, items: Iterable[tuple[Comment, str]], *, title: str, page: str
) -> HttpResponse:
    publication = publication_of(request)
    feed = Atom1Feed(
        title=_clean(title),
        link=absolute(page),
        description="",
        language=publication.language,
        feed_url=own_address(request),
        feed_guid=own_address(request),
    )
    for comment, about in items:
        words = {"name": comment.shown_name, "title": about}
        feed.add_item(
            title=_clean(_("%(name)s on “%(title)s”") % words),
            link=absolute(reverse("comments:show-comment", args=[comment.pk])),
            # Readers take a summary for HTML: what somebody wrote as text must stay text there.
            description=escape(_clean(plain_text(comment.html))),
            unique_id=f"tag:{settings.SITE_HOST},{comment.submitted_at:%Y-%m-%d}:comment-{comment.pk}",
            pubdate=comment.submitted_at,
            updateddate=comment.edited_at or comment.submitted_at,
            author_name=_clean(comment.shown_name),
        )
    response = HttpResponse(content_type=Atom1Feed.content_type)
    feed.write(response, "utf-8")
    patch_cache_control(response, public=True, max_age=_FRESH_SECONDS)
    return response


def _clean(text: str) -> str:
    return _NOT_XML.sub("", text)
