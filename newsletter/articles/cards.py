"""What a page says of itself to search engines and to those who share its link.

Everything here is made of the public part of an article alone (edge cases P1, P5).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.encoding import iri_to_uri
from django.utils.safestring import SafeString

from newsletter.articles.content import PublicImage, first_public_image, public_excerpt
from newsletter.articles.content.web import CLOSED_PART
from newsletter.articles.enums import Visibility
from newsletter.articles.models import Article
from newsletter.memberships.enums import Access
from newsletter.publication.models import Publication

# As Django's json_script: nothing in the text can end the element or begin another.
_ESCAPES = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}


@dataclass(frozen=True, slots=True)
class Card:
    """The page as a search result or a shared link shows it."""

    title: str
    canonical: str
    description: str = ""
    kind: str = "website"
    image: PublicImage | None = None
    author: str = ""
    published_at: datetime | None = None
    noindex: bool = False


def absolute(path: str) -> str:
    """`path` with the site's own address in front; a full address stays as it is."""
    return urljoin(f"{settings.SITE_URL}/", path)


def address_of(article: Article) -> str:
    """The article's full address on this site."""
    return absolute(reverse("articles:read-article", args=[article.slug]))


def own_address(request: HttpRequest) -> str:
    """The full address of the page asked for, without query, in the spelling that we link to.

    The path itself may spell the same word otherwise.
    """
    match = request.resolver_match
    if match is None:
        return absolute(iri_to_uri(request.path))
    return absolute(reverse(match.view_name, kwargs=match.kwargs))


def card_of(article: Article) -> Card:
    """The card of an article. The author's own words for search engines go first."""
    image = first_public_image(article)
    return Card(
        title=article.seo_title or article.title,
        canonical=iri_to_uri(article.canonical_url) or address_of(article),
        description=article.seo_description or public_excerpt(article),
        kind="article",
        image={**image, "src": absolute(image["src"])} if image else None,
        author=article.author.get_full_name(),
        published_at=article.published_at,
        noindex=article.visibility == Visibility.UNLISTED,
    )


def article_data(article: Article, publication: Publication) -> SafeString:
    """schema.org's Article as JSON-LD; says which part of it is paid for."""
    card = card_of(article)
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Article",
        "headline": article.title[:110],
        "description": card.description,
        "mainEntityOfPage": card.canonical,
        "datePublished": _iso(article.published_at),
        "dateModified": _iso(article.updated_at),
        "author": {"@type": "Person", "name": card.author},
        "publisher": {"@type": "Organization", "name": publication.name},
        "isAccessibleForFree": article.access == Access.PUBLIC,
        "wordCount": article.word_count,
    }
    if article.author.author_slug:
        author_path = reverse("articles:browse-author", args=[article.author.author_slug])
        data["author"]["url"] = absolute(author_path)
    if publication.logo:
        data["publisher"]["logo"] = {
            "@type": "ImageObject",
            "url": absolute(publication.logo.url),
        }
    if card.image:
        data["image"] = card.image["src"]
    if article.access != Access.PUBLIC:
        # The part that only members get, or the panel in its place (Google's "paywalled content").
        data["hasPart"] = {
            "@type": "WebPageElement",
            "isAccessibleForFree": False,
            "cssSelector": f".{CLOSED_PART}",
        }
    return as_json_ld(data)


def site_data(publication: Publication) -> SafeString:
    """schema.org's WebSite as JSON-LD, with the site's own search."""
    search = absolute(reverse("articles:search-articles"))
    return as_json_ld(
        {
            "@context": "https://schema.org",
            "@type": "WebSite",
            "name": publication.name,
            "url": absolute("/"),
            "description": publication.tagline,
            "potentialAction": {
                "@type": "SearchAction",
                "target": f"{search}?q={{search_term_string}}",
                "query-input": "required name=search_term_string",
            },
        }
    )


def as_json_ld(data: dict[str, Any]) -> SafeString:
    """A data block. The browser runs none of it, so the strict policy has nothing to allow."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)
    return SafeString(f'<script type="application/ld+json">{text}</script>')


def _iso(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""
