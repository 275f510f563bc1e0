"""Atom and RSS: whole texts of what is public, the public part and a link of the rest."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.feedgenerator import Atom1Feed, Rss201rev2Feed, SyndicationFeed
from django.utils.html import escape, format_html
from django.utils.http import http_date
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.xmlutils import SimplerXMLGenerator
from django.views.decorators.http import require_safe

from newsletter.accounts.models import User
from newsletter.articles import queries
from newsletter.articles.cards import absolute, address_of, own_address
from newsletter.articles.content import public_excerpt
from newsletter.articles.models import Article, Tag
from newsletter.lib.html_tree import parse, serialise
from newsletter.lib.opens_to import Opens, opens_to
from newsletter.lib.page_cache import keep_page
from newsletter.memberships.enums import Access
from newsletter.publication.context import publication_of

ITEMS = 20
_FRESH_SECONDS = 300
# XML 1.0 cannot hold these at all.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class DatedFeed(SyndicationFeed):
    """An empty feed was last changed when the site was, not at every request."""

    content_type: str

    def latest_post_date(self) -> datetime:
        return super().latest_post_date() if self.items else self.feed["changed_at"]


class AtomFeed(DatedFeed, Atom1Feed):
    """Atom with the text itself beside the summary."""

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        handler.addQuickElement("content", item["text"], {"type": "html"})


class RssFeed(DatedFeed, Rss201rev2Feed):
    """RSS 2.0 with the text itself as `content:encoded`."""

    def rss_attributes(self) -> dict[str, str]:
        return {
            **super().rss_attributes(),
            "xmlns:content": "http://purl.org/rss/1.0/modules/content/",
        }

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        handler.addQuickElement("content:encoded", item["text"])


@opens_to(Opens.EVERYONE)
@keep_page
@require_safe
def show_site_feed(request: HttpRequest, kind: type[DatedFeed]) -> HttpResponse:
    """The newest articles of the site."""
    publication = publication_of(request)
    return _answer(
        request,
        kind,
        _newest(),
        title=publication.name,
        page=reverse("pages:show-home"),
        description=publication.tagline,
    )


@opens_to(Opens.EVERYONE)
@keep_page
@require_safe
def show_tag_feed(request: HttpRequest, slug: str, kind: type[DatedFeed]) -> HttpResponse:
    """The newest articles about one subject."""
    tag = get_object_or_404(Tag, slug=slug)
    return _answer(
        request,
        kind,
        _newest(tag=tag),
        title=f"{tag.name} · {publication_of(request).name}",
        page=reverse("articles:browse-tag", args=[tag.slug]),
        description=tag.description,
    )


@opens_to(Opens.EVERYONE)
@keep_page
@require_safe
def show_author_feed(request: HttpRequest, slug: str, kind: type[DatedFeed]) -> HttpResponse:
    """The newest articles by one author."""
    author = get_object_or_404(User, author_slug=slug)
    return _answer(
        request,
        kind,
        _newest(author=author),
        title=f"{author.get_full_name()} · {publication_of(request).name}",
        page=reverse("articles:browse-author", args=[slug]),
        description=author.bio,
    )


def feed_text(article: Article) -> str:
    """The article as a feed reader shows it: what anyone may read, with full addresses."""
    text = with_full_addresses(article.public_html, address_of(article))
    if article.access == Access.PUBLIC:
        return text
    return text + way_on(article, _("The rest is for members: read it on the site."))


def way_on(article: Article, words: str) -> SafeString:
    """The last paragraph of a text that is cut: where it goes on."""
    return format_html('<p><a href="{}">{}</a></p>', address_of(article), words)


def with_full_addresses(html: str, page: str) -> str:
    """`html` of the page at `page` for programs that know nothing of that page."""
    root = parse(html)
    for node in root.walk():
        for name in ("href", "src"):
            if name in node.attrs:
                node.attrs[name] = urljoin(page, node.attrs[name])
        if "srcset" in node.attrs:
            candidates = (part.strip().split(" ") for part in node.attrs["srcset"].split(","))
            node.attrs["srcset"] = ", ".join(
                " ".join([urljoin(page, url), *size]) for url, *size in candidates
            )
    return serialise(root.children)


def _newest(*, tag: Tag | None = None, author: User | None = None) -> QuerySet[Article]:
    """With the public text, which other lists leave in the database."""
    listed = queries.list_published(tag=tag, author=author)
    return listed.defer(None).defer("body", "members_html", "full_html")[:ITEMS]


def _answer(
    request: HttpRequest,
    kind: type[DatedFeed],
    articles: Iterable[Article],
    *,
    title: str,
    page: str,
    description: str,
) -> HttpResponse:
    found = [(article, feed_text(article)) for article in articles]
    response = write_feed(request, kind, found, title=title, page=page, description=description)
    patch_cache_control(response, public=True, max_age=_FRESH_SECONDS)
    return response


def write_feed(
    request: HttpRequest,
    kind: type[DatedFeed],
    found: Iterable[tuple[Article, str]],
    *,
    title: str,
    page: str,
    description: str,
) -> HttpResponse:
    """A feed of articles, each with its text. Who may keep it is the caller's to say."""
    publication = publication_of(request)
    found = list(found)
    changed_at = max(
        (article.updated_at for article, _text in found), default=publication.updated_at
    ) or timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    feed = kind(
        title=_clean(title),
        link=absolute(page),
        description=_clean(description),
        language=publication.language,
        author_name=_clean(publication.name),
        feed_url=own_address(request),
        feed_guid=absolute(page),
        changed_at=changed_at,
    )
    for article, text in found:
        feed.add_item(**_item(article, text))
    response = HttpResponse(content_type=feed.content_type)
    feed.write(response, "utf-8")
    response.headers["Last-Modified"] = http_date(changed_at.timestamp())
    return response


def _item(article: Article, text: str) -> dict[str, Any]:
    host = settings.SITE_HOST
    return {
        "title": _clean(article.title),
        "link": address_of(article),
        # Feed programs, and Atom's `type`, take it for HTML.
        "description": _clean(escape(public_excerpt(article))),
        "text": _clean(text),
        # Stays the same when the article gets another address.
        "unique_id": f"tag:{host},{article.created_at:%Y-%m-%d}:article-{article.pk}",
        "unique_id_is_permalink": False,
        "pubdate": article.published_at,
        "updateddate": max(article.updated_at, article.published_at or article.updated_at),
        "author_name": _clean(article.author.get_full_name()),
        "categories": [_clean(tag.name) for tag in article.tags.all()],
    }


def _clean(text: str) -> str:
    return _NOT_XML.sub("", text)
