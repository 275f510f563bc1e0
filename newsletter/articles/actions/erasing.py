"""Export and erasure of what one person has to do with articles."""

from __future__ import annotations

from django.db import transaction

from newsletter.accounts.models import User
from newsletter.articles.models import Article, GiftLink, PrivateFeed
from newsletter.lib.plain_rows import PlainRow, plain_rows


@transaction.atomic
def erase_reading_of(*, user: User) -> None:
    """End a person's own feed and the links by which they gave pieces away.

    The caller (account erasure) has the permission. Safe to repeat.
    """
    PrivateFeed.objects.filter(user=user).delete()
    GiftLink.objects.filter(giver=user).delete()


def export_reading_of(user: User) -> dict[str, list[PlainRow]]:
    """A person's feed, what they gave away and what they wrote, as plain data.

    Without the feed's key: whoever finds the file must not be able to read by it.
    """
    return {
        "own_feed": plain_rows(
            PrivateFeed.objects.filter(user=user), since="created_at", renewed_at="renewed_at"
        ),
        "gift_links": plain_rows(
            GiftLink.objects.filter(giver=user).order_by("pk"),
            article="article__title",
            made_at="created_at",
            works_until="expires_at",
            ended_at="revoked_at",
            opened="openings",
            at_most="max_openings",
        ),
        "articles": plain_rows(
            Article.objects.filter(author=user).order_by("pk"),
            title="title",
            address="slug",
            state="state",
            published_at="published_at",
            changed_at="updated_at",
        ),
    }
