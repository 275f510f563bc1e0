"""Conversations on the pages of slices that lie below, and of apps that lie above."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from newsletter.accounts.queries import viewer as get_viewer
from newsletter.articles.models import Article
from newsletter.comments.article_owner import place_of
from newsletter.comments.kept import shows_conversation, shows_counts
from newsletter.comments.lines import Line, Wording, time_since
from newsletter.comments.models import Comment
from newsletter.comments.owners import Place, get_place
from newsletter.comments.queries import counts_on_articles, find_thread
from newsletter.comments.reading import Shown
from newsletter.comments.screens import Conversation
from newsletter.memberships.access import Decision
from newsletter.publication.context import zone_of
from newsletter.publication.queries import get_publication

register = template.Library()


@register.inclusion_tag("comments/_conversation.html", takes_context=True)
def article_conversation(
    context: dict[str, Any], article: Article, decision: Decision
) -> dict[str, Any]:
    """The conversation under an article that the page has already decided about."""
    return _conversation(context, place_of(article, is_readable=decision.allowed))


@register.inclusion_tag("comments/_conversation.html", takes_context=True)
def conversation(context: dict[str, Any], kind: str, key: int) -> dict[str, Any]:
    """The conversation on anything that has registered an owner; nothing where it has no page."""
    viewer = get_viewer(context["request"])
    return _conversation(context, get_place(kind, key, viewer, timezone.now()))


def _conversation(context: dict[str, Any], place: Place | None) -> dict[str, Any]:
    # A page of several rendered parts keeps what they all need: the request and the look.
    passed = {
        name: context[name]
        for name in ("request", "publication", "look", "csrf_token", "site_url")
        if name in context
    }
    if place is None:
        return passed
    shows_conversation(context["request"], place.kind, place.key)
    talk = Conversation(place, get_viewer(context["request"]))
    return {**passed, "talk": talk, "page": talk.page if talk.is_readable else None}


@register.simple_tag(takes_context=True)
def count_comments(context: dict[str, Any], articles: Iterable[Article]) -> str:
    """Give each article of a list its `comment_count`. One query for the whole list."""
    listed = list(articles)
    shows_counts(context.get("request"), [article.pk for article in listed])
    counts = counts_on_articles(article.pk for article in listed) if listed else {}
    for article in listed:
        article.comment_count = counts.get(article.pk, 0)  # type: ignore[attr-defined]
    return ""


@register.simple_tag(takes_context=True)
def lines(context: dict[str, Any], shown: Iterable[Shown]) -> list[Line]:
    """Comments of the conversation `talk` for _lines.html. No query."""
    wording = Wording(context["talk"], _zone(context), context.get("one"))
    return [wording.line(each) for each in shown]


@register.simple_tag(takes_context=True)
def line(context: dict[str, Any], shown: Shown, *, is_pinned: bool = False) -> Line:
    """One of them."""
    wording = Wording(context["talk"], _zone(context), context.get("one"))
    return wording.line(shown, is_pinned=is_pinned)


@register.simple_tag(takes_context=True)
def ago(context: dict[str, Any], moment: datetime) -> SafeString:
    """`3 days ago`, with the exact time in the publication's zone for whoever wants it."""
    return time_since(moment, _zone(context), timezone.now())


def _zone(context: dict[str, Any]) -> ZoneInfo:
    return zone_of(context.get("publication") or get_publication())


@register.filter
def said(comment: Comment) -> SafeString:
    """A comment's text. It was rendered and sanitised when it was stored (comments/text.py)."""
    return mark_safe(comment.html)


@register.simple_tag
def thread_of(article: Article) -> Any:
    """The conversation under an article at the desk; None while there is none."""
    return find_thread(place_of(article, is_readable=True)) if article.pk and article.slug else None
