"""Find the uploaded images that a body names."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote

from django.conf import settings
from django.core.files.storage import default_storage

from newsletter.articles.content.pictures import Picture, Rendition
from newsletter.articles.models import ArticleImage


def pictures_in(sources: Iterable[str]) -> dict[str, Picture]:
    """Return what is known of the images at `sources`, by source. At most one query."""
    names = {source: name for source in sources if (name := _stored_name(source))}
    if not names:
        return {}
    images = ArticleImage.objects.filter(file__in=set(names.values()))
    known = {image.file.name: as_picture(image) for image in images}
    return {source: known[name] for source, name in names.items() if name in known}


def as_picture(image: ArticleImage) -> Picture:
    """What rendering needs to know of `image`."""
    return Picture(
        url=image.file.url,
        width=image.width,
        height=image.height,
        alt=image.alt,
        caption=image.caption,
        renditions=tuple(
            Rendition(
                url=default_storage.url(each["path"]),
                width=each["width"],
                height=each["height"],
                format=each["format"],
            )
            for each in image.renditions
        ),
    )


def _stored_name(source: str) -> str:
    for prefix in (settings.MEDIA_URL, f"{settings.SITE_URL}{settings.MEDIA_URL}"):
        if source.startswith(prefix):
            return unquote(source.removeprefix(prefix).partition("?")[0])
    return ""
