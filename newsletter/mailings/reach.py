"""How many people a mailing would go to, for the button that says so."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from newsletter.mailings.audience import audience_of, suppressed_readers
from newsletter.mailings.entitlement import audience_requirement
from newsletter.mailings.models import Mailing


def count_people(mailing: Mailing) -> int:
    """People it would go to now. The start fixes who they are and leaves suppressed ones out."""
    return _audience_now(mailing).count()


def reaches_anybody(mailing: Mailing) -> bool:
    """Whether anyone who is not suppressed would be sent it now. Reads all of the audience."""
    audience = _audience_now(mailing)
    return bool(audience.count() > len(suppressed_readers(mailing, audience)))


def _audience_now(mailing: Mailing) -> QuerySet[Any]:
    article = mailing.article
    asks = []
    if article is not None:
        asks = [(article.access, list(article.tiers.values_list("pk", flat=True)))]
    return audience_of(mailing, audience_requirement(asks), timezone.now())
