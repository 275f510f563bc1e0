"""Reading articles. What may appear is said once, in `published` and `reachable`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncMonth
from django.utils import timezone
from django.utils.safestring import SafeString

from newsletter.accounts.models import User
from newsletter.articles.content import web_html
from newsletter.articles.enums import ArticleState, Visibility
from newsletter.articles.models import Article, SlugRedirect, Tag
from newsletter.memberships.access import Decision, Requirement, decide, get_reader
from newsletter.memberships.enums import Access

# A list shows titles, not texts; a text of 100,000 words stays in the database.
_TEXTS = ("body", "public_html", "members_html", "full_html")


def published(now: datetime | None = None) -> QuerySet[Article]:
    """What lists, feeds, the sitemap and search may show, newest first (P6)."""
    return reachable(now).filter(visibility=Visibility.EVERYWHERE)


def reachable(now: datetime | None = None) -> QuerySet[Article]:
    """What has a page: `published` and the unlisted. Whoever knows the address may come."""
    return (
        Article.objects.filter(
            state=ArticleState.PUBLISHED, published_at__lte=now or timezone.now()
        )
        .exclude(visibility=Visibility.EMAIL_ONLY)
        .order_by("-published_at", "-pk")
    )


def for_lists(articles: QuerySet[Article]) -> QuerySet[Article]:
    """With author, cover and tags at hand and without the texts: three queries for any number."""
    return articles.select_related("author", "cover").prefetch_related("tags").defer(*_TEXTS)


def list_published(
    *,
    tag: Tag | None = None,
    author: User | None = None,
    month: tuple[int, int] | None = None,
    zone: ZoneInfo | None = None,
    now: datetime | None = None,
) -> QuerySet[Article]:
    """A list for home, a tag, an author or a month (year, month) of the publication's `zone`."""
    articles = published(now)
    if tag is not None:
        articles = articles.filter(tags=tag)
    if author is not None:
        articles = articles.filter(author=author)
    if month is not None:
        first, next_first = month_bounds(*month, zone or ZoneInfo("UTC"))
        articles = articles.filter(published_at__gte=first, published_at__lt=next_first)
    return for_lists(articles)


def month_bounds(year: int, month: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first moments of a month and of the next. Raises ValueError when there is none such."""
    first = datetime(year, month, 1, tzinfo=zone)
    years, months = divmod(month, 12)
    return first, datetime(year + years, months + 1, 1, tzinfo=zone)


def list_featured(limit: int = 3, now: datetime | None = None) -> QuerySet[Article]:
    """The newest of those that the author marked."""
    return for_lists(published(now).filter(is_featured=True))[:limit]


def list_related(article: Article, limit: int = 3, now: datetime | None = None) -> list[Article]:
    """Those that share the most tags, the newest first among equals."""
    shared = Count("tags", filter=Q(tags__in=article.tags.all()))
    related = published(now).exclude(pk=article.pk).annotate(shared=shared).filter(shared__gt=0)
    return list(for_lists(related.order_by("-shared", "-published_at", "-pk"))[:limit])


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The articles published right before and right after one."""

    previous: Article | None
    next: Article | None


def get_neighbours(article: Article, now: datetime | None = None) -> Neighbours:
    """Find both neighbours of a published article, one indexed query each."""
    when, key = article.published_at, article.pk
    others = published(now).defer(*_TEXTS).exclude(pk=key)
    older = others.filter(Q(published_at__lt=when) | Q(published_at=when, pk__lt=key))
    newer = others.filter(Q(published_at__gt=when) | Q(published_at=when, pk__gt=key))
    return Neighbours(older.first(), newer.order_by("published_at", "pk").first())


@dataclass(frozen=True, slots=True)
class MonthCount:
    """How many articles one month of the archive holds."""

    year: int
    month: int
    count: int


def count_by_month(zone: ZoneInfo, now: datetime | None = None) -> list[MonthCount]:
    """The archive's months in the publication's `zone`, newest first."""
    months = (
        published(now)
        .order_by()
        .annotate(month=TruncMonth("published_at", tzinfo=zone))
        .values("month")
        .annotate(count=Count("pk"))
        .order_by("-month")
    )
    return [MonthCount(row["month"].year, row["month"].month, row["count"]) for row in months]


def list_tags(now: datetime | None = None) -> QuerySet[Tag]:
    """Tags with at least one published article, each with its `article_count`."""
    count = Count("articles", filter=Q(articles__in=published(now).order_by().values("pk")))
    tags = Tag.objects.annotate(article_count=count).filter(article_count__gt=0)
    # Said again: Django drops a model's own order where rows are counted in groups.
    return tags.order_by("position", "name")


def requirement_for(article: Article) -> Requirement:
    """What reading all of `article` takes. One query when certain tiers are asked for."""
    if article.access != Access.TIERS:
        return Requirement(article.access)
    return Requirement(article.access, frozenset(tier.pk for tier in article.tiers.all()))


@dataclass(frozen=True)
class Reading:
    """An article as one reader gets it. Templates take the text from `html` alone."""

    article: Article
    decision: Decision

    @cached_property
    def html(self) -> SafeString:
        """The body as this reader sees it."""
        return web_html(self.article, self.decision)


def get_article_for(viewer: User | None, slug: str, now: datetime | None = None) -> Reading:
    """Return the article at `slug` as `viewer` (None for a visitor) gets it.

    Raises Article.DoesNotExist for what has no page: unknown, draft, scheduled, archived, in the
    mail only. Staff too; they have the preview. Try `find_moved_article` then.
    """
    now = now or timezone.now()
    article = (
        reachable(now).select_related("author", "cover").prefetch_related("tags").get(slug=slug)
    )
    return Reading(article, decide(get_reader(viewer, now), requirement_for(article), now))


def find_moved_article(slug: str, now: datetime | None = None) -> Article | None:
    """The article that once lived at `slug` and lives elsewhere now (W1).

    Ask after `get_article_for` found nothing: where an article lives, it comes first.
    """
    redirect = (
        SlugRedirect.objects.filter(old_slug=slug, article__in=reachable(now).order_by())
        .exclude(article__slug=slug)
        .select_related("article")
        .first()
    )
    return redirect.article if redirect else None
