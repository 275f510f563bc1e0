"""Puts the demo's prints among the uploaded images.

The project's own `store_image` makes eleven files of every picture, most of them AVIF, which for
fourteen prints is half a minute of work. So the originals are stored at once and the site is
complete; `finish_pictures` makes the smaller ones afterwards, with the same functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from newsletter.accounts.models import User
from newsletter.articles.actions.writing import DERIVED_FIELDS
from newsletter.articles.content import derive
from newsletter.articles.models import Article, ArticleImage
from newsletter.demo import art
from newsletter.lib.images import encode_original, encode_renditions
from newsletter.lib.page_cache import forget_pages
from newsletter.lib.paths import image_path


def store_prints(
    texts: Mapping[str, tuple[str, str]],
    images: dict[str, ArticleImage],
    *,
    actor: User,
    size: tuple[int, int] = art.SIZE,
) -> None:
    """Draw and store the prints named in `texts`, each with (description, caption), in `images`.

    Files know no transaction: a caller whose own fails hands `images` to `delete_files`.
    """
    for name, (alt, caption) in texts.items():
        original = encode_original(art.draw(name, size))
        path = image_path(None, f"{name}.{original.extension}")
        images[name] = ArticleImage.objects.create(
            file=default_storage.save(path, ContentFile(original.data)),
            width=original.width,
            height=original.height,
            alt=alt,
            caption=caption,
            uploaded_by=actor,
        )


def delete_files(images: Mapping[str, ArticleImage]) -> None:
    """Remove what `store_prints` wrote to the media folder."""
    for image in images.values():
        default_storage.delete(image.file.name)


def has_unfinished_pictures() -> bool:
    """Whether `finish_pictures` would find something to do."""
    return any(
        PurePosixPath(name).stem in art.NAMES
        for name in ArticleImage.objects.filter(renditions=[]).values_list("file", flat=True)
    )


def finish_pictures() -> int:
    """Make the smaller files of every print that has none, and show them; return how many.

    May be ended at any point and called again: an image is finished or as it was.
    """
    finished = 0
    for image in ArticleImage.objects.order_by("pk"):
        stem = PurePosixPath(image.file.name).stem
        if not image.renditions and stem in art.NAMES:
            _finish(image, stem)
            finished += 1
    if finished:
        _show_renditions()
    return finished


def _finish(image: ArticleImage, stem: str) -> None:
    folder = PurePosixPath(image.file.name).parent
    # Drawn anew: the stored file has been through JPEG once.
    picture = art.draw(stem, (image.width, image.height))
    image.renditions = [
        {
            "width": each.width,
            "height": each.height,
            "format": each.format,
            "path": default_storage.save(
                f"{folder}/{stem}-{each.width}.{each.extension}", ContentFile(each.data)
            ),
        }
        for each in encode_renditions(picture)
    ]
    image.save(update_fields=["renditions"])


@transaction.atomic
def _show_renditions() -> None:
    """The articles' HTML names the files of its pictures. No revision: nobody wrote anything."""
    for article in Article.objects.select_for_update():
        derive(article)
        derived = {name: getattr(article, name) for name in DERIVED_FIELDS}
        Article.objects.filter(pk=article.pk).update(**derived)
    forget_pages()
