"""The author's desk: newsletters, subscribers, imports, and who is left out."""

from newsletter.subscribers.admin.imports import SubscriberImportAdmin
from newsletter.subscribers.admin.newsletters import NewsletterAdmin
from newsletter.subscribers.admin.subscribers import SubscriptionAdmin
from newsletter.subscribers.admin.suppressions import SuppressionAdmin

__all__ = ["NewsletterAdmin", "SubscriberImportAdmin", "SubscriptionAdmin", "SuppressionAdmin"]
