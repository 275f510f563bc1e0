"""An article's text in every form it is shown in. Nothing else reads `Article.body`.

The forms for the web are made once, when an article is saved (`derive`); `web_html` only picks.
Everything public (excerpt, search text, feeds, Markdown, first picture) comes from the public
part, so what lies below the divider cannot leak through any of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict
from urllib.parse import quote

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from newsletter.articles.content.library import as_picture, pictures_in
from newsletter.articles.content.mail import render_for_mail
from newsletter.articles.content.markdown import render_as_markdown
from newsletter.articles.content.pictures import Picture, Pictures, Rendition
from newsletter.articles.content.split import (
    Cut,
    blocks_of,
    count_words,
    cut_for_mail,
    cut_for_web,
)
from newsletter.articles.content.text import first_paragraphs, make_excerpt, render_as_text
from newsletter.articles.content.web import render_for_web
from newsletter.articles.models import Article
from newsletter.lib.html_tree import Node, parse
from newsletter.memberships.access import Decision
from newsletter.memberships.enums import Access

__all__ = [
    "Cut",
    "Picture",
    "Pictures",
    "PublicImage",
    "Rendition",
    "SplitBody",
    "as_picture",
    "derive",
    "first_public_image",
    "image_sources",
    "mail_html",
    "pictures_in",
    "public_excerpt",
    "public_markdown",
    "public_text",
    "split_body",
    "web_html",
]


@dataclass(frozen=True, slots=True)
class SplitBody:
    """The page's HTML for visitors, for signed-in people without access, for those with it."""

    public_html: str
    members_html: str
    full_html: str
    has_divider: bool
    word_count: int


class PublicImage(TypedDict):
    """A picture that previews may show. `src` is as in the body (relative on the own site)."""

    src: str
    alt: str
    width: int | None
    height: int | None


def split_body(
    html: str, access: str = Access.PAID, *, pictures: Pictures | None = None
) -> SplitBody:
    """Split and render a body from `sanitise_body` for what `access` says. Pure.

    Words are counted over everything there is to read on the web.
    """
    known = pictures or {}
    cut = cut_for_web(blocks_of(html), access)
    words, sizes = count_words(cut.full), (len(cut.public), len(cut.members), len(cut.full))
    # Each form is a selection of the next in the same order: of the same length, it is the same.
    # Rendering rearranges the nodes, so what differs starts from a tree of its own.
    closed_from = None if access == Access.PUBLIC else sizes[1]
    full = members = public = render_for_web(cut.full, known, closed_from=closed_from)
    if sizes[1] != sizes[2]:
        members = public = render_for_web(cut_for_web(blocks_of(html), access).members, known)
    if sizes[0] != sizes[1]:
        public = render_for_web(cut_for_web(blocks_of(html), access).public, known)
    return SplitBody(public, members, full, cut.has_divider, words)


def derive(article: Article) -> None:
    """Set everything that follows from `body` and `access`. One query when there are pictures."""
    pictures = pictures_in(image_sources(article.body))
    split = split_body(article.body, article.access, pictures=pictures)
    article.public_html = split.public_html
    article.members_html = split.members_html
    article.full_html = split.full_html
    article.has_divider = split.has_divider
    article.word_count = split.word_count
    public = _public_blocks(article)
    article.excerpt = make_excerpt(render_as_text(first_paragraphs(public)))
    article.lead_image = _first_image(public, pictures)


def web_html(article: Article, decision: Decision) -> SafeString:
    """The body as this reader sees it on the page. Costs nothing: it was made at save.

    Safe to mark so, as `mail_html` is: both are rendered by us from a sanitised body.
    """
    if decision.allowed and (decision.is_known or article.access != Access.PUBLIC):
        html = article.full_html
    else:
        html = article.members_html if decision.is_known else article.public_html
    return mark_safe(html)


def mail_html(article: Article, entitled: bool) -> SafeString:
    """The body as a subscriber's mail shows it: whole for the `entitled`, else above the divider.

    A public article reads the same for all.
    """
    blocks = cut_for_mail(blocks_of(article.body), article.access, entitled=entitled)
    pictures = pictures_in(image_sources(article.body))
    html = render_for_mail(blocks, pictures, page_url=_page_url(article))
    return mark_safe(html)


def public_text(article: Article) -> str:
    """Plain text of what anyone may read: for search, and for whoever wants words."""
    return render_as_text(_public_blocks(article))


def public_markdown(article: Article) -> str:
    """Markdown of what anyone may read, with absolute addresses."""
    return render_as_markdown(_public_blocks(article), page_url=_page_url(article))


def public_excerpt(article: Article) -> str:
    """The standfirst, or the beginning of what anyone may read. Never from below the divider."""
    return article.dek or article.excerpt


def first_public_image(article: Article) -> PublicImage | None:
    """The cover, or the first picture of what anyone may see (P5)."""
    if article.cover is not None:
        cover = article.cover
        return {
            "src": cover.file.url,
            "alt": cover.alt,
            "width": cover.width,
            "height": cover.height,
        }
    return article.lead_image


def image_sources(body: str) -> set[str]:
    """The addresses of all images in a body."""
    return {node.attrs["src"] for node in parse(body).walk() if node.tag == "img"}


def _public_blocks(article: Article) -> list[Node]:
    return cut_for_web(blocks_of(article.body), article.access).public


def _first_image(blocks: list[Node], pictures: Pictures) -> PublicImage | None:
    images = (node for block in blocks for node in block.walk() if node.tag == "img")
    image = next(images, None)
    if image is None:
        return None
    known = pictures.get(image.attrs["src"])
    width, height = image.attrs.get("width"), image.attrs.get("height")
    return {
        "src": image.attrs["src"],
        "alt": image.attrs.get("alt") or (known.alt if known else ""),
        "width": known.width if known else int(width) if width else None,
        "height": known.height if known else int(height) if height else None,
    }


def _page_url(article: Article) -> str:
    return f"{settings.SITE_URL}/articles/{quote(article.slug)}/"
