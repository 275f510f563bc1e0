"""How many people a mail would reach, for the button that says so.

The mail engine fixes the real audience when it starts and leaves out suppressed addresses and
people who have had the article; this is what is true a moment before.
"""

from __future__ import annotations

from django.db.models import Exists, OuterRef
from django.utils import timezone

from newsletter.articles.enums import MailAudience
from newsletter.articles.models import Article
from newsletter.memberships.enums import Access
from newsletter.memberships.models import Grant
from newsletter.subscribers.enums import SubscriptionState
from newsletter.subscribers.models import Subscription
from newsletter.subscribers.queries import count_active


def count_reached(article: Article) -> int:
    """Active subscribers of the article's newsletter in its audience; 0 without a newsletter."""
    if article.newsletter is None:
        return 0
    if article.mail_audience == MailAudience.ALL:
        return count_active(article.newsletter)
    grants = Grant.objects.in_force(timezone.now()).filter(user_id=OuterRef("user_id"))
    if article.access == Access.TIERS:
        grants = grants.filter(tier_id__in=article.tiers.values("pk"))
    pays = Exists(grants)
    return Subscription.objects.filter(
        pays if article.mail_audience == MailAudience.PAID else ~pays,
        newsletter=article.newsletter,
        state=SubscriptionState.ACTIVE,
        user__is_active=True,
    ).count()
