"""Name, describe and delete tags."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from newsletter.accounts.models import User
from newsletter.articles.actions.common import require_author
from newsletter.articles.models import Article, Tag
from newsletter.articles.search import index_article
from newsletter.lib.page_cache import forget_pages
from newsletter.lib.slugs import make_slug


@transaction.atomic
def find_or_create_tags(*, actor: User, names: Iterable[str]) -> list[Tag]:
    """Return a tag for each name, made where there is none. Case and accents of form do not count.

    Two names with one short name ("C++" and "C") are told apart by a number.
    """
    require_author(actor)
    wanted = [name for name in (_tidy(raw) for raw in names) if name]
    known = {_tidy(tag.name).casefold(): tag for tag in Tag.objects.all()} if wanted else {}
    found: dict[str, Tag] = {}
    for name in wanted:
        key = name.casefold()
        if key not in known:
            known[key] = Tag.objects.create(name=name[:80], slug=_free_slug(name))
        found[key] = known[key]
    return list(found.values())


def _tidy(name: str) -> str:
    """One line, and one spelling of letters that can be written in parts."""
    return unicodedata.normalize("NFC", " ".join(name.split()))


def _free_slug(name: str) -> str:
    stem = make_slug(name, max_length=70, fallback="tag")
    slug, number = stem, 1
    while Tag.objects.filter(slug=slug).exists():
        number += 1
        slug = f"{stem}-{number}"
    return slug


@transaction.atomic
def save_tag(*, actor: User, tag: Tag) -> Tag:
    """Store a tag. Raises ValidationError when another has the name or short name."""
    require_author(actor)
    tag.name = _tidy(tag.name)
    tag.slug = make_slug(tag.slug, max_length=80) or _free_slug(tag.name)
    others = Tag.objects.exclude(pk=tag.pk)
    if others.filter(name__iexact=tag.name).exists():
        raise ValidationError({"name": _("There is a tag with this name already.")})
    if others.filter(slug=tag.slug).exists():
        raise ValidationError({"slug": _("Another tag has this short name.")})
    tag.save()
    _articles_changed(tag.articles.all())
    return tag


@transaction.atomic
def delete_tag(*, actor: User, tag: Tag) -> None:
    """Take a tag off every article. Its page and feed are gone."""
    require_author(actor)
    articles = list(tag.articles.all())
    tag.delete()
    _articles_changed(articles)


def _articles_changed(articles: Iterable[Article]) -> None:
    """Articles are found by the names of their tags, so the index follows."""
    for article in articles:
        index_article(article)
    forget_pages()
