"""Index: every admin of the app, slice by slice."""

from newsletter.articles.admin import ArticleAdmin, ArticleImageAdmin, GiftLinkAdmin, TagAdmin
from newsletter.comments.admin import (
    CommentAdmin,
    CommentImportAdmin,
    CommentSettingsAdmin,
    ThreadAdmin,
)
from newsletter.mailings.admin import MailingAdmin
from newsletter.members.admin import MemberAdmin
from newsletter.memberships.admin import GrantAdmin, UnlockCodeAdmin
from newsletter.outbox.admin import OutgoingEmailAdmin
from newsletter.payments.admin import (
    CouponAdmin,
    GiftAdmin,
    InstalmentAdmin,
    MembershipAdmin,
    MovementAdmin,
    OrderAdmin,
    ProductAdmin,
    ReconciliationAdmin,
    SoldTierAdmin,
    StripeEventAdmin,
)
from newsletter.publication.admin import PublicationAdmin
from newsletter.subscribers.admin import (
    NewsletterAdmin,
    SubscriberImportAdmin,
    SubscriptionAdmin,
    SuppressionAdmin,
)

__all__ = [
    "ArticleAdmin",
    "ArticleImageAdmin",
    "CommentAdmin",
    "CommentImportAdmin",
    "CommentSettingsAdmin",
    "CouponAdmin",
    "GiftAdmin",
    "GiftLinkAdmin",
    "GrantAdmin",
    "InstalmentAdmin",
    "MailingAdmin",
    "MemberAdmin",
    "MembershipAdmin",
    "MovementAdmin",
    "NewsletterAdmin",
    "OrderAdmin",
    "OutgoingEmailAdmin",
    "ProductAdmin",
    "PublicationAdmin",
    "ReconciliationAdmin",
    "SoldTierAdmin",
    "StripeEventAdmin",
    "SubscriberImportAdmin",
    "SubscriptionAdmin",
    "SuppressionAdmin",
    "TagAdmin",
    "ThreadAdmin",
    "UnlockCodeAdmin",
]
