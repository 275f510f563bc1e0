"""Logo, favicon and portraits: stored as nothing but a picture, as those in articles are."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db.models.fields.files import ImageFieldFile

from newsletter.lib.images import FORMATS, encode_original, read_image

# What the makers of favicons hand out; it is stored as PNG.
_FORMATS = (*FORMATS, "ICO")


def check_picture(picture: Any) -> None:
    """For forms: raise ValidationError where what was just uploaded is no picture of use."""
    if isinstance(picture, UploadedFile):
        read_image(picture, picture.size or 0, _FORMATS)


def strip_picture(picture: ImageFieldFile) -> None:
    """For actions, before saving: encode what was just uploaded anew, upright and in sRGB.

    A photograph says where and when it was taken and with what, and these files are public. What
    is stored already is left alone. Raises ValidationError.
    """
    if not picture or picture._committed:  # type: ignore[attr-defined]  # what pre_save asks
        return
    clean = encode_original(read_image(picture.file, picture.size, _FORMATS))
    name = f"{PurePosixPath(picture.name or '').stem or 'picture'}.{clean.extension}"
    setattr(picture.instance, picture.field.name, ContentFile(clean.data, name=name))
