"""Writes the demo's articles through the articles slice's own actions, at the days they name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import F
from django.urls import reverse

from newsletter.accounts.models import User
from newsletter.articles.actions import (
    publish_article,
    save_article,
    schedule_article,
    take_send_request,
)
from newsletter.articles.enums import ArticleState, SendChoice
from newsletter.articles.models import Article, ArticleImage, Tag
from newsletter.demo.reading import ArticleContent, PublicationContent
from newsletter.subscribers.models import Newsletter

_TUESDAY = 1
_LETTER_TIME = time(7, 30)
_PICTURE = re.compile(r'src="demo:([^"]*)"')
_PICTURE_WITH_ALT = re.compile(r'<img src="demo:([^"]*)" alt="([^"]*)">')
_ARTICLE = re.compile(r'href="article:([^"]*)"')


def picture_texts(articles: list[ArticleContent]) -> dict[str, tuple[str, str]]:
    """Every print that the articles use, with (description, caption)."""
    texts = {article.cover: (article.cover_alt, article.cover_caption) for article in articles}
    for article in articles:
        for name, alt in _PICTURE_WITH_ALT.findall(article.body):
            texts.setdefault(name, (alt, ""))
    return texts


def write_tags(content: PublicationContent) -> dict[str, Tag]:
    """Make the tags, in their order; by slug."""
    return {
        tag.slug: Tag.objects.create(
            slug=tag.slug, name=tag.name, description=tag.description, position=place
        )
        for place, tag in enumerate(content.tags)
    }


class Shelf:
    """What an article may refer to, and the moment from which its days are counted."""

    def __init__(
        self,
        *,
        authors: Mapping[str, User],
        tags: Mapping[str, Tag],
        newsletters: Mapping[str, Newsletter],
        images: Mapping[str, ArticleImage],
        zone: str,
        now: datetime,
    ) -> None:
        self.authors = authors
        self.tags = tags
        self.newsletters = newsletters
        self.images = images
        self.zone = ZoneInfo(zone)
        self.now = now

    def write(self, content: ArticleContent, *, was_sent: bool) -> Article:
        """Save one article and bring it to its state; the mail that `was_sent` is the caller's."""
        actor = self.authors["author"]
        article = Article(
            title=content.title,
            dek=content.dek,
            slug=content.slug,
            body=self._linked(content.body),
            author=self.authors[content.author],
            cover=self.images[content.cover],
            access=content.access,
            is_featured=content.featured,
            newsletter=self.newsletters.get(content.newsletter),
            seo_description=content.seo_description,
        )
        at = self._letter_day(content.days)
        written_at = min(at, self.now) - timedelta(days=4, hours=3)
        article.created_at = written_at
        _date_revisions(article, written_at)
        save_article(actor=actor, article=article, tags=[self.tags[slug] for slug in content.tags])
        send = SendChoice.YES if was_sent else SendChoice.NO
        if content.state == ArticleState.PUBLISHED:
            _date_revisions(article, at)
            publish_article(actor=actor, article=article, send=send, now=at)
            take_send_request(article.pk)
        elif content.state == ArticleState.SCHEDULED:
            schedule_article(actor=actor, article=article, at=at, send=SendChoice.YES)
        return article

    def _letter_day(self, days: int) -> datetime:
        """The Tuesday morning on or beyond that day; letters go out on Tuesdays."""
        day = self.now.astimezone(self.zone).date() + timedelta(days=days)
        step = timedelta(days=1 if days > 0 else -1)
        while day.weekday() != _TUESDAY:
            day += step
        return datetime.combine(day, _LETTER_TIME, self.zone)

    def _linked(self, body: str) -> str:
        body = _PICTURE.sub(lambda found: f'src="{self.images[found[1]].file.url}"', body)
        return _ARTICLE.sub(
            lambda found: f'href="{reverse("articles:read-article", args=[found[1]])}"', body
        )


def settle_dates() -> None:
    """Say that nothing was changed since it was published; saving it just now said otherwise."""
    published = Article.objects.filter(state=ArticleState.PUBLISHED)
    published.update(updated_at=F("published_at"))
    Article.objects.filter(state=ArticleState.DRAFT).update(updated_at=F("created_at"))


def _date_revisions(article: Article, at: datetime) -> None:
    article._history_date = at  # type: ignore[attr-defined]
