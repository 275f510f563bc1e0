"""Template context: the publication's settings and look, read once per request."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from newsletter.lib.time_zones import find_zone
from newsletter.publication.models import Publication
from newsletter.publication.queries import get_publication
from newsletter.publication.theme import Look, look_of


def publication_of(request: HttpRequest) -> Publication:
    """The publication, read by whoever asks first in this request."""
    found: Publication | None = getattr(request, "_publication", None)
    if found is None:
        found = get_publication()
        request._publication = found  # type: ignore[attr-defined]
    return found


def zone_of(publication: Publication) -> ZoneInfo:
    """The publication's time zone: its days and months are the same for every reader."""
    return find_zone(publication.time_zone) or ZoneInfo(settings.TIME_ZONE)


def publication(request: HttpRequest) -> dict[str, Any]:
    """`publication`, `look` and `site_url` in every template."""
    return {
        "publication": SimpleLazyObject(lambda: publication_of(request)),
        "look": SimpleLazyObject(lambda: _look(request)),
        "site_url": settings.SITE_URL,
    }


def _look(request: HttpRequest) -> Look:
    return look_of(publication_of(request))
