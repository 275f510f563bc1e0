"""Changing the publication's settings."""

from __future__ import annotations

from typing import Protocol

import nh3
from django.core.exceptions import PermissionDenied
from django.db import transaction

from newsletter.lib.brand_pictures import strip_picture
from newsletter.lib.page_cache import forget_pages
from newsletter.publication.models import Publication


class Actor(Protocol):
    """Whoever acts; people are known one slice further up."""

    def has_perm(self, perm: str) -> bool:
        """As Django's users answer."""


def save_publication(*, actor: Actor, publication: Publication) -> Publication:
    """Store the author's settings and show them at once on every page.

    The about page, logo and favicon are cleaned here, whoever calls. Raises PermissionDenied,
    and ValidationError where a field will not do.
    """
    if not actor.has_perm("newsletter.change_publication"):
        raise PermissionDenied
    publication.pk = Publication.SINGLETON_ID
    strip_picture(publication.logo)
    strip_picture(publication.favicon)
    publication.about_html = nh3.clean(publication.about_html, link_rel=None)
    publication.full_clean(validate_unique=False, validate_constraints=False)
    with transaction.atomic():
        publication.save()
        forget_pages()
    return publication
