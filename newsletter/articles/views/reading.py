"""The reader's pages of articles: one, and lists of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.paginator import InvalidPage, Page, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404, render
from django.template.defaultfilters import date as format_date
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from newsletter.accounts.models import User
from newsletter.accounts.queries import viewer
from newsletter.articles import queries, search
from newsletter.articles.cards import Card, address_of, article_data, card_of, own_address
from newsletter.articles.content import public_markdown
from newsletter.articles.giving import offers_gift
from newsletter.articles.models import Article, Tag
from newsletter.articles.walls import wall_for
from newsletter.lib.opens_to import Opens, opens_to
from newsletter.lib.page_cache import keep_page
from newsletter.memberships.enums import Access
from newsletter.publication.context import publication_of, zone_of

PER_PAGE = 20
ARCHIVE_PER_PAGE = 200
LAST_SEARCH_PAGE = 50


@opens_to(Opens.EVERYONE)
@keep_page
@require_safe
def read_article(request: HttpRequest, slug: str) -> HttpResponse:
    """An article as this reader may see it."""
    reader = viewer(request)
    try:
        reading = queries.get_article_for(reader, slug)
    except Article.DoesNotExist:
        return _moved(request, slug, "articles:read-article")
    article = reading.article
    publication = publication_of(request)
    neighbours = queries.get_neighbours(article)
    tags = list(article.tags.all())
    context = {
        "article": article,
        "decision": reading.decision,
        "body": reading.html,
        "wall": None
        if reading.decision.allowed
        else wall_for(article, reading.decision, publication, reader),
        "may_give": reader is not None
        and reading.decision.allowed
        and offers_gift(reader, article),
        "tags": tags,
        "kicker": tags[0] if tags else None,
        "previous": neighbours.previous,
        "next": neighbours.next,
        "related": queries.list_related(article),
        "card": card_of(article),
        "structured_data": article_data(article, publication),
    }
    return render(request, "articles/article.html", context)


@opens_to(Opens.EVERYONE)
@keep_page
@require_safe
def read_markdown(request: HttpRequest, slug: str) -> HttpResponse:
    """What anyone may read of an article, as Markdown, whoever asks."""
    try:
        article = queries.get_article_for(None, slug).article
    except Article.DoesNotExist:
        return _moved(request, slug, "articles:read-markdown")
    published_on = format_date(
        _moment(article).astimezone(zone_of(publication_of(request))),
        _("j F Y"),
    )
    parts = [
        f"# {article.title}",
        *([f"*{article.dek}*"] if article.dek else []),
        f"{article.author.get_full_name()}, {published_on}",
        public_markdown(article).strip(),
    ]
    address = address_of(article)
    if article.access != Access.PUBLIC:
        parts.append(f"[{_('The rest is for members: read it on the site.')}](<{address}>)")
    text = "\n\n".join(part for part in parts if part) + "\n"
    response = HttpResponse(text, content_type="text/markdown; charset=utf-8")
    response.headers["Link"] = f'<{card_of(article).canonical}>; rel="canonical"'
    return response


@dataclass(frozen=True, slots=True)
class Month:
    """One month of the archive with its articles, newest first."""

    first: date
    articles: list[Article]


@dataclass(frozen=True, slots=True)
class Year:
    """One year of the archive, its months newest first."""

    number: int
    months: list[Month]


@opens_to(Opens.EVERYONE)
@keep_page
@require_safe
def browse_archive(request: HttpRequest) -> HttpResponse:
    """Everything published, as a contents page by year and month."""
    articles = queries.published().only("title", "slug", "published_at", "access")
    page = _page(request, articles, ARCHIVE_PER_PAGE)
    context = {
        "page": page,
        "years": _by_year(list(page), zone_of(publication_of(request))),
        "total": page.paginator.count,
        "card": _list_card(request, _("Articles"), page=page),
    }
    return render(request, "articles/archive.html", context)


@opens_to(Opens.EVERYONE)
@keep_page
@require_safe
def browse_month(request: HttpRequest, year: int, month: int) -> HttpResponse:
    """What was published in one month of the publication's own time zone."""
    zone = zone_of(publication_of(request))
    try:
        first, _next_first = queries.month_bounds(year, month, zone)
        articles = queries.list_published(month=(year, month), zone=zone)
        page = _page(request, articles, PER_PAGE)
    except (ValueError, OverflowError) as error:
        raise Http404 from error
    if not page.paginator.count:
        raise Http404
    title = format_date(first, "F Y")
    context = {"page": page, "title": title, "card": _list_card(request, title, page=page)}
    return render(request, "articles/month.html", context)


@opens_to(Opens.EVERYONE)
@keep_page
@require_safe
def browse_tag(request: HttpRequest, slug: str) -> HttpResponse:
    """One subject."""
    tag = get_object_or_404(Tag, slug=slug)
    page = _page(request, queries.list_published(tag=tag), PER_PAGE)
    context = {
        "tag": tag,
        "page": page,
        "feed_url": reverse("articles:tag-atom", args=[slug]),
        "card": _list_card(request, tag.name, tag.description, page),
    }
    return render(request, "articles/tag.html", context)


@opens_to(Opens.EVERYONE)
@keep_page
@require_safe
def browse_author(request: HttpRequest, slug: str) -> HttpResponse:
    """One author."""
    author = get_object_or_404(User, author_slug=slug)
    page = _page(request, queries.list_published(author=author), PER_PAGE)
    context = {
        "author": author,
        "page": page,
        "feed_url": reverse("articles:author-atom", args=[slug]),
        "card": _list_card(request, author.get_full_name(), author.bio, page),
    }
    return render(request, "articles/author.html", context)


@opens_to(Opens.EVERYONE)
@require_safe
def search_articles(request: HttpRequest) -> HttpResponse:
    """What has these words in what anyone may read, the same for everybody (edge case P2)."""
    query = " ".join(request.GET.get("q", "").replace("\x00", "").split())[:200]
    number = request.GET.get("page", "1")
    if not number.isdecimal() or len(number) > 4 or not 1 <= int(number) <= LAST_SEARCH_PAGE:
        raise Http404
    page = int(number)
    # One more than is shown tells whether there is a next page; nobody needs an exact count.
    found = search.search_articles(query, limit=PER_PAGE + 1, offset=(page - 1) * PER_PAGE)
    others = search.search_others(query) if page == 1 else []
    context = {
        "query": query,
        "hits": found[:PER_PAGE],
        "previous": page - 1 if page > 1 else None,
        "next": page + 1 if len(found) > PER_PAGE and page < LAST_SEARCH_PAGE else None,
        "is_all": page == 1 and len(found) <= PER_PAGE,
        "others": others,
        "tags": [] if found or others else queries.list_tags(),
    }
    return render(request, "articles/search.html", context)


def _moved(request: HttpRequest, slug: str, view: str) -> HttpResponse:
    """Lead to where the article lives now. Raises Http404 where there is none."""
    article = queries.find_moved_article(slug)
    if article is None:
        raise Http404
    query = request.META.get("QUERY_STRING", "")
    address = reverse(view, args=[article.slug]) + (f"?{query}" if query else "")
    response = HttpResponsePermanentRedirect(address)
    # A browser keeps a permanent redirect for ever, and two of them make a loop once the author
    # has gone back to the old address (edge case W1).
    response.headers["Cache-Control"] = "no-cache"
    return response


def _page(request: HttpRequest, rows: QuerySet[Any], per_page: int) -> Page[Any]:
    try:
        return Paginator(rows, per_page).page(request.GET.get("page") or 1)
    except InvalidPage as error:
        raise Http404 from error


def _by_year(articles: list[Article], zone: ZoneInfo) -> list[Year]:
    years: list[Year] = []
    for article in articles:
        local = _moment(article).astimezone(zone)
        article.day = local.day  # type: ignore[attr-defined]
        first = date(local.year, local.month, 1)
        if not years or years[-1].number != first.year:
            years.append(Year(first.year, []))
        months = years[-1].months
        if not months or months[-1].first != first:
            months.append(Month(first, []))
        months[-1].articles.append(article)
    return years


def _moment(article: Article) -> datetime:
    """When it was published; everything reachable has been."""
    return article.published_at or article.created_at


def _list_card(
    request: HttpRequest, title: str, description: str = "", page: Page[Any] | None = None
) -> Card:
    number = page.number if page else 1
    return Card(
        title=title,
        canonical=own_address(request) + (f"?page={number}" if number > 1 else ""),
        description=description or publication_of(request).tagline,
    )
