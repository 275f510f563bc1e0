"""The sitemap: every page that search engines may list, with when it last changed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from newsletter.articles import queries
from newsletter.articles.cards import absolute
from newsletter.lib.opens_to import Opens, opens_to
from newsletter.lib.page_cache import keep_page

# The protocol allows 50,000; smaller files are fetched again sooner.
PER_FILE = 5_000


@dataclass(frozen=True, slots=True)
class Place:
    """One line of a sitemap."""

    url: str
    changed_at: datetime | None = None


_more: list[Callable[[], Iterable[Place]]] = []


def register_places(places: Callable[[], Iterable[Place]]) -> None:
    """List what `places` gives in the first file, too: pages of apps that lie above this slice.

    Called when the app is ready. It names what everyone may find, in a fixed number of queries.
    """
    _more.append(places)


@opens_to(Opens.EVERYONE)
@keep_page
@require_safe
def show_sitemap(request: HttpRequest) -> HttpResponse:
    """One file while everything fits in it, else an index of files."""
    total = queries.published().count()
    if total <= PER_FILE:
        return _as_xml(request, "articles/sitemap.xml", [*_fixed_places(), *_articles(1)])
    numbers = range(1, _files(total) + 1)
    files = [reverse("articles:show-sitemap-part", args=[number]) for number in numbers]
    return _as_xml(request, "articles/sitemap_index.xml", [Place(absolute(url)) for url in files])


@opens_to(Opens.EVERYONE)
@keep_page
@require_safe
def show_sitemap_part(request: HttpRequest, number: int) -> HttpResponse:
    """One file of a large sitemap; the first has the fixed pages too."""
    if not 1 <= number <= _files(queries.published().count()):
        raise Http404
    fixed = _fixed_places() if number == 1 else []
    return _as_xml(request, "articles/sitemap.xml", [*fixed, *_articles(number)])


def _files(total: int) -> int:
    return math.ceil(total / PER_FILE)


def _articles(number: int) -> list[Place]:
    rows = queries.published().order_by("pk").values_list("slug", "updated_at")
    start = (number - 1) * PER_FILE
    return [
        Place(absolute(reverse("articles:read-article", args=[slug])), changed_at)
        for slug, changed_at in rows[start : start + PER_FILE]
    ]


def _fixed_places() -> list[Place]:
    newest = (
        queries.published().order_by("-updated_at").values_list("updated_at", flat=True).first()
    )
    lists = [
        *(reverse("articles:browse-tag", args=[tag.slug]) for tag in queries.list_tags()),
        *(reverse("articles:browse-author", args=[slug]) for slug in _author_slugs()),
    ]
    return [
        Place(absolute(reverse("pages:show-home")), newest),
        Place(absolute(reverse("pages:show-about"))),
        Place(absolute(reverse("articles:browse-archive")), newest),
        *(Place(absolute(url)) for url in lists),
        *(place for places in _more for place in places()),
    ]


def _author_slugs() -> list[str]:
    authors = queries.published().filter(author__author_slug__isnull=False).order_by()
    slugs = authors.values_list("author__author_slug", flat=True).distinct()
    return sorted(slug for slug in slugs if slug)


def _as_xml(request: HttpRequest, template: str, places: list[Place]) -> HttpResponse:
    return render(
        request, template, {"places": places}, content_type="application/xml; charset=utf-8"
    )
