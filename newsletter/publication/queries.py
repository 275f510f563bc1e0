"""Reading the publication's settings."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import get_supported_language_variant

from newsletter.publication.models import Publication


def get_publication() -> Publication:
    """Return the settings row, or the defaults (unsaved) before the author has saved any."""
    return Publication.objects.filter(pk=Publication.SINGLETON_ID).first() or Publication(
        pk=Publication.SINGLETON_ID,
        # One that can be chosen: for "en-us", English.
        language=get_supported_language_variant(settings.LANGUAGE_CODE),
        time_zone=settings.TIME_ZONE,
    )
