"""Articles, made through the same actions as the author's own."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import factory
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from newsletter.articles.actions import (
    archive_article,
    publish_article,
    save_article,
    schedule_article,
)
from newsletter.articles.enums import ArticleState
from newsletter.articles.models import Article, Tag
from tests.factories.accounts import UserFactory

PAYWALL = "<hr data-paywall>"


class TagFactory(factory.django.DjangoModelFactory[Tag]):
    """A tag."""

    class Meta:
        model = Tag

    name = factory.Sequence(lambda n: f"Tag {n}")
    slug = factory.Sequence(lambda n: f"tag-{n}")


class AuthorFactory(UserFactory):
    """Somebody who may write and publish; not somebody who can sign in (StaffFactory is)."""

    email = factory.Sequence(lambda n: f"writer{n}@example.com")
    is_staff = True


class ArticleFactory(factory.django.DjangoModelFactory[Article]):
    """A draft, saved by its author. `tags=[…]` and `tiers=[…]` are set with it."""

    class Meta:
        model = Article
        skip_postgeneration_save = True

    author = factory.SubFactory(AuthorFactory)
    title = factory.Sequence(lambda n: f"On asking for more, part {n}")
    dek = "What to say when they name a number."
    body = "<p>Say the number, then stop talking.</p>"

    @classmethod
    def _create(cls, model_class: type[Article], *args: Any, **kwargs: Any) -> Article:
        tags, tiers = kwargs.pop("tags", None), kwargs.pop("tiers", None)
        state = kwargs.pop("state", ArticleState.DRAFT)
        published_at = kwargs.pop("published_at", None)
        send = {name: kwargs.pop(name) for name in ("send", "audience") if name in kwargs}
        article = model_class(**kwargs)
        actor = article.author
        save_article(actor=actor, article=article, tags=tags, tiers=tiers)
        if state == ArticleState.SCHEDULED:
            schedule_article(actor=actor, article=article, at=published_at, **send)
        elif state != ArticleState.DRAFT:
            publish_article(actor=actor, article=article, now=published_at, **send)
        if state == ArticleState.ARCHIVED:
            archive_article(actor=actor, article=article)
        return article


class PublishedArticleFactory(ArticleFactory):
    """On the site since `published_at` (now, if that is not given)."""

    state = ArticleState.PUBLISHED


def picture_file(
    name: str = "desk.jpg", size: tuple[int, int] = (1600, 900), format_: str = "JPEG", **save: Any
) -> SimpleUploadedFile:
    """An upload of a picture with a gradient, so that encoders have something to do."""
    image = Image.linear_gradient("L").resize(size).convert("RGB")
    if save.pop("alpha", False):
        image.putalpha(Image.radial_gradient("L").resize(size))
    buffer = BytesIO()
    image.save(buffer, format_, **save)
    return SimpleUploadedFile(name, buffer.getvalue(), f"image/{format_.lower()}")
