"""Lists: what is in them, in which order, and at what price."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from newsletter.articles.actions import save_article
from newsletter.articles.enums import ArticleState, Visibility
from newsletter.articles.models import Article
from newsletter.articles.queries import (
    MonthCount,
    count_by_month,
    get_article_for,
    get_neighbours,
    list_featured,
    list_published,
    list_related,
    list_tags,
    published,
    reachable,
)
from newsletter.memberships.enums import Access
from tests.factories.accounts import UserFactory
from tests.factories.articles import (
    ArticleFactory,
    PublishedArticleFactory,
    TagFactory,
)
from tests.factories.memberships import GrantFactory, TierFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 12, 9, 0, tzinfo=UTC)


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


def hidden() -> dict[str, Article]:
    """One of each kind that no list may show."""
    later = timezone.now() + timedelta(hours=1)
    tag = [TagFactory(name="Hidden", slug="hidden")]
    return {
        "draft": ArticleFactory(tags=tag),
        "scheduled": ArticleFactory(state=ArticleState.SCHEDULED, published_at=later, tags=tag),
        "archived": ArticleFactory(state=ArticleState.ARCHIVED, tags=tag),
        "future": PublishedArticleFactory(published_at=later, tags=tag),
        "unlisted": PublishedArticleFactory(visibility=Visibility.UNLISTED, tags=tag),
        "email only": PublishedArticleFactory(visibility=Visibility.EMAIL_ONLY, tags=tag),
    }


def test_p6_no_list_shows_what_is_not_public_and_listed() -> None:
    Article.objects.all().delete()
    articles = hidden()
    for article in articles.values():
        article.is_featured = True
        save_article(actor=article.author, article=article)
    shown = PublishedArticleFactory(published_at=at(2026, 1, 5), tags=[TagFactory()])
    assert list(published()) == [shown]
    assert list(list_published()) == [shown]
    assert list(list_featured()) == []
    assert [tag.article_count for tag in list_tags()] == [1]
    assert count_by_month(ZoneInfo("UTC")) == [MonthCount(2026, 1, 1)]
    neighbours = get_neighbours(shown)
    assert (neighbours.previous, neighbours.next) == (None, None)
    for article in articles.values():
        assert list_related(article) == []


def test_p6_p7_only_the_unlisted_one_has_a_page_and_staff_have_no_other() -> None:
    for kind, article in hidden().items():
        for viewer in (None, UserFactory(), article.author):
            if kind == "unlisted":
                assert get_article_for(viewer, article.slug).article == article
            else:
                with pytest.raises(Article.DoesNotExist):
                    get_article_for(viewer, article.slug)
    assert reachable().count() == 1


def test_newest_first_and_a_stable_order_at_the_same_second() -> None:
    first = PublishedArticleFactory(published_at=NOW)
    second = PublishedArticleFactory(published_at=NOW)
    older = PublishedArticleFactory(published_at=NOW - timedelta(days=1))
    assert list(list_published()) == [second, first, older]
    assert get_neighbours(first).previous == older
    assert get_neighbours(first).next == second
    assert get_neighbours(older).previous is None


def test_by_tag_by_author_featured() -> None:
    tag = TagFactory()
    tagged = PublishedArticleFactory(tags=[tag])
    featured = PublishedArticleFactory(is_featured=True, published_at=NOW)
    assert list(list_published(tag=tag)) == [tagged]
    assert list(list_published(author=featured.author)) == [featured]
    assert list(list_featured()) == [featured]


def test_months_begin_at_midnight_of_the_publication() -> None:
    """22:30 UTC on the last of October is November in Kolkata and still October in New York."""
    PublishedArticleFactory(published_at=at(2025, 10, 31, 22, 30))
    PublishedArticleFactory(published_at=at(2025, 12, 31, 23, 59))
    kolkata, new_york = ZoneInfo("Asia/Kolkata"), ZoneInfo("America/New_York")
    assert count_by_month(kolkata) == [MonthCount(2026, 1, 1), MonthCount(2025, 11, 1)]
    assert count_by_month(new_york) == [MonthCount(2025, 12, 1), MonthCount(2025, 10, 1)]
    for zone in (kolkata, new_york):
        for month in count_by_month(zone):
            found = list_published(month=(month.year, month.month), zone=zone)
            assert found.count() == month.count
    with pytest.raises(ValueError, match="month"):
        list_published(month=(2025, 13))


def test_related_share_the_most_tags() -> None:
    a, b, c = TagFactory(), TagFactory(), TagFactory()
    article = PublishedArticleFactory(tags=[a, b])
    one = PublishedArticleFactory(tags=[a, c], published_at=NOW)
    two = PublishedArticleFactory(tags=[a, b], published_at=NOW - timedelta(days=9))
    older = PublishedArticleFactory(tags=[b], published_at=NOW - timedelta(days=1))
    PublishedArticleFactory(tags=[c])
    assert list_related(article) == [two, one, older]
    assert list_related(article, limit=1) == [two]
    assert list_related(PublishedArticleFactory()) == []


def test_lists_cost_the_same_for_any_number(django_assert_num_queries) -> None:
    tags = [TagFactory(), TagFactory()]

    def look() -> None:
        for article in list_published():
            _ = article.author.name, article.cover, [tag.name for tag in article.tags.all()]

    PublishedArticleFactory(tags=tags)
    with django_assert_num_queries(2):
        look()
    for _ in range(5):
        PublishedArticleFactory(tags=tags)
    with django_assert_num_queries(2):
        look()


@pytest.mark.parametrize(
    ("access", "signed_in", "queries"),
    [
        (Access.PUBLIC, False, 2),
        (Access.PUBLIC, True, 3),
        (Access.TIERS, False, 3),
        (Access.TIERS, True, 4),
    ],
)
def test_a_page_costs_a_fixed_number_of_queries(
    access: str, signed_in: bool, queries: int, django_assert_num_queries
) -> None:
    tiers = [TierFactory() for _ in range(4)]
    viewer = UserFactory() if signed_in else None
    for tier in tiers if viewer else []:
        GrantFactory(user=viewer, tier=tier)
    article = PublishedArticleFactory(access=access, tags=[TagFactory(), TagFactory()], tiers=tiers)
    with django_assert_num_queries(queries):
        reading = get_article_for(viewer, article.slug)
        _ = reading.html, list(reading.article.tags.all()), reading.article.author.name
