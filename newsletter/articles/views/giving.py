"""Giving one piece to a friend, and what the friend sees.

Looking at a link uses nothing up: mail scanners and messengers open every address they see. An
opening is a press of the button, and it is counted without a cookie (docs/decisions.md).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar, cast

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from newsletter.accounts.models import User
from newsletter.accounts.queries import viewer
from newsletter.articles import queries
from newsletter.articles.actions import (
    GiftShut,
    NoMoreGifts,
    make_gift_link,
    open_gift,
    revoke_gift_link,
)
from newsletter.articles.cards import card_of
from newsletter.articles.content.files import with_files_at
from newsletter.articles.enums import GiftStanding
from newsletter.articles.files import closed_folders_of
from newsletter.articles.giving import (
    address_of_gift,
    find_gift,
    find_opening,
    links_left,
    links_of,
    make_opening_token,
    make_ticket,
    may_give,
    offers_gift,
    read_ticket,
    standing_of,
)
from newsletter.articles.models import Article, GiftLink
from newsletter.lib.opens_to import Opens, opens_to
from newsletter.lib.same_origin import same_origin_post
from newsletter.lib.stored_files import send_stored_file, split_path
from newsletter.memberships.access import Decision
from newsletter.memberships.enums import Reason

PRIVATE = "private, no-store"
Response = TypeVar("Response", bound=HttpResponseBase)
# An opening that was counted is read on, whatever becomes of the openings that are left.
_READABLE = frozenset({GiftStanding.OPENS, GiftStanding.USED_UP, GiftStanding.EXPIRED})


@never_cache
@opens_to(Opens.SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def give_article(request: HttpRequest, slug: str) -> HttpResponse:
    """A member's links to one article: make one, copy it, end it. 404 for who may not give it."""
    user, now = cast(User, request.user), timezone.now()
    article = queries.reachable(now).filter(slug=slug).first()
    if article is None or not offers_gift(user, article) or not may_give(user, article, now):
        raise Http404
    if request.method == "POST":
        return _change(request, user, article)
    links = [(link, standing_of(link, now)) for link in links_of(user, article)[:20]]
    live = [link for link, standing in links if standing == GiftStanding.OPENS]
    context = {
        "article": article,
        "live": [(link, address_of_gift(link), f"gift-{link.pk}") for link in live],
        "past": [(link, standing.label) for link, standing in links if link not in live],
        "left": None if user.is_staff else links_left(user, now),
        "openings": settings.GIFT_LINK_OPENINGS,
        "days": settings.GIFT_LINK_DAYS,
    }
    return render(request, "articles/give.html", context)


def _change(request: HttpRequest, user: User, article: Article) -> HttpResponse:
    if ended := request.POST.get("end", ""):
        number = int(ended) if ended.isdecimal() and len(ended) < 19 else 0
        link = links_of(user, article).filter(pk=number).first()
        if link is None:
            raise Http404
        revoke_gift_link(actor=user, link=link)
        messages.success(request, _("The link is ended. Whoever has it reads the beginning only."))
    else:
        try:
            make_gift_link(actor=user, article=article)
        except NoMoreGifts:
            messages.warning(request, _("You have given away as much as one can in 30 days."))
    return redirect("articles:give-article", article.slug)


@same_origin_post
@opens_to(Opens.LINK_HOLDER)
@require_http_methods(["GET", "HEAD", "POST"])
def show_gift(request: HttpRequest, token: str) -> HttpResponse:
    """What is given, by whom, and the button that opens it. Only pressing it counts."""
    link, now = _link(token), timezone.now()
    article = link.article
    if _needs_no_gift(request, link):
        return _private(redirect("articles:read-article", article.slug))
    if request.method == "POST" and (ticket := read_ticket(request.POST.get("ticket", ""))):
        try:
            opening = open_gift(link=link, ticket=ticket)
        except GiftShut as shut:
            return _shut(request, link, shut.standing)
        address = reverse("articles:read-gift", args=[token, make_opening_token(opening)])
        return _private(redirect(address))
    standing = standing_of(link, now)
    if standing != GiftStanding.OPENS:
        return _shut(request, link, standing)
    context = {
        **_about(link),
        "left": link.max_openings - link.openings,
        "ticket": make_ticket(),
    }
    return _private(render(request, "articles/gift.html", context))


@opens_to(Opens.LINK_HOLDER)
@require_safe
def read_gift(request: HttpRequest, token: str, opening: str) -> HttpResponse:
    """The piece, for whoever has just opened it."""
    link = _link(token)
    if not _is_being_read(link, opening):
        return _private(redirect("articles:show-gift", token))
    article = link.article
    context = {
        **_about(link),
        "body": _whole(article, reverse("articles:read-gift", args=[token, opening])),
        "decision": Decision(True, Reason.GRANTED),
        "tags": list(article.tags.all()),
    }
    return _private(render(request, "articles/given.html", context))


@opens_to(Opens.LINK_HOLDER)
@require_safe
def read_given_file(request: HttpRequest, token: str, opening: str, path: str) -> HttpResponseBase:
    """A picture or file of the piece, as long as its opening is read (P4)."""
    link = _link(token)
    folder, _name = split_path(path)
    is_in_it = link.article.file_uses.filter(folder=folder).exists()
    if not is_in_it or not _is_being_read(link, opening):
        raise Http404
    return _private(send_stored_file(request, path, cache_control=PRIVATE))


def _link(token: str) -> GiftLink:
    link = find_gift(token)
    if link is None:
        raise Http404
    return link


def _needs_no_gift(request: HttpRequest, link: GiftLink) -> bool:
    """Whether the article opens by itself, for everyone or for this reader."""
    try:
        reading = queries.get_article_for(viewer(request), link.article.slug)
    except Article.DoesNotExist:
        return False
    return reading.decision.allowed and reading.article.pk == link.article_id


def _is_being_read(link: GiftLink, opening: str) -> bool:
    is_open = standing_of(link, timezone.now()) in _READABLE
    return is_open and find_opening(opening, link) is not None


def _whole(article: Article, address: str) -> SafeString:
    """The whole text, its closed pictures and files below the address that it is read at."""
    return mark_safe(with_files_at(article.full_html, closed_folders_of(article), address))


def _about(link: GiftLink) -> dict[str, Any]:
    return {
        "link": link,
        "article": link.article,
        "giver": link.giver.get_short_name(),
        "card": replace(card_of(link.article), noindex=True),
    }


def _shut(request: HttpRequest, link: GiftLink, standing: GiftStanding) -> HttpResponse:
    """Why the link opens nothing, and what does; the title only where the article is public."""
    is_out = queries.reachable().filter(pk=link.article_id).exists()
    context = {**_about(link), "standing": standing, "is_out": is_out}
    return _private(render(request, "articles/gift_shut.html", context, status=410))


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = PRIVATE
    response.headers["X-Robots-Tag"] = "noindex"
    return response
