"""How many people a mailing would go to, for the button that says so."""

from __future__ import annotations

from django.utils import timezone

from newsletter.mailings.audience import audience_of
from newsletter.mailings.entitlement import audience_requirement
from newsletter.mailings.models import Mailing


def count_people(mailing: Mailing) -> int:
    """People it would go to now. The start fixes who they are and leaves suppressed ones out."""
    article = mailing.article
    asks = []
    if article is not None:
        asks = [(article.access, list(article.tiers.values_list("pk", flat=True)))]
    return audience_of(mailing, audience_requirement(asks), timezone.now()).count()
