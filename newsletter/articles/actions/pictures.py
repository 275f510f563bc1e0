"""Take in pictures."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.text import slugify

from newsletter.accounts.models import User
from newsletter.articles.actions.common import require_author
from newsletter.articles.models import ArticleImage, FileUse
from newsletter.lib.images import encode_original, encode_renditions, read_image
from newsletter.lib.page_cache import forget_pages
from newsletter.lib.paths import image_path


def store_image(
    *, actor: User, file: UploadedFile, alt: str = "", caption: str = "", folder: str = ""
) -> ArticleImage:
    """Check, clean and store a picture with its renditions (see lib.images).

    The bytes that were uploaded are never served: everything is encoded anew, under a name that
    cannot be guessed: in `folder` (lib.paths.new_folder) where one is given. Raises
    ValidationError with a message for the author.
    """
    require_author(actor)
    picture = read_image(file, file.size or 0)
    original = encode_original(picture)
    stem = slugify(PurePosixPath(file.name or "").stem)[:60] or "picture"
    stored: list[str] = []
    try:
        path = image_path(None, f"{stem}.{original.extension}", folder)
        name = _keep(path, original.data, stored)
        inside = str(PurePosixPath(name).parent)
        renditions = []
        for each in encode_renditions(picture):
            path = f"{inside}/{stem}-{each.width}.{each.extension}"
            renditions.append(
                {
                    "width": each.width,
                    "height": each.height,
                    "format": each.format,
                    "path": _keep(path, each.data, stored),
                }
            )
        return _record(
            file=name,
            width=original.width,
            height=original.height,
            alt=alt[:300],
            caption=caption[:300],
            renditions=renditions,
            uploaded_by=actor,
        )
    except BaseException:
        _discard(stored)
        raise


def _keep(path: str, data: bytes, stored: list[str]) -> str:
    name = default_storage.save(path, ContentFile(data))
    stored.append(name)
    return name


@transaction.atomic
def _record(**fields: Any) -> ArticleImage:
    return ArticleImage.objects.create(**fields)


@transaction.atomic
def describe_image(*, actor: User, image: ArticleImage, alt: str, caption: str) -> ArticleImage:
    """Change the words that belong to a picture. Texts that use it keep theirs."""
    require_author(actor)
    image.alt, image.caption = alt[:300], caption[:300]
    image.save(update_fields=["alt", "caption"])
    forget_pages()
    return image


@transaction.atomic
def delete_image(*, actor: User, image: ArticleImage) -> None:
    """Delete a picture, and its files once that is certain."""
    require_author(actor)
    names = [image.file.name or "", *(each["path"] for each in image.renditions)]
    FileUse.objects.filter(folder=str(PurePosixPath(names[0]).parent)).delete()
    image.delete()
    forget_pages()
    transaction.on_commit(partial(_discard, names))


def _discard(names: Iterable[str]) -> None:
    for name in names:
        default_storage.delete(name)
