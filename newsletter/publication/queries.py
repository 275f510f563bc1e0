"""Reading the publication's settings."""

from __future__ import annotations

from django.conf import settings

from newsletter.publication.models import Publication


def get_publication() -> Publication:
    """Return the settings row, or the defaults (unsaved) before the author has saved any."""
    return Publication.objects.filter(pk=Publication.SINGLETON_ID).first() or Publication(
        pk=Publication.SINGLETON_ID,
        language=settings.LANGUAGE_CODE,
        time_zone=settings.TIME_ZONE,
    )
