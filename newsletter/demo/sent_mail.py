"""Gives the demo mailings that went out: frozen as the engine freezes them, then settled."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from newsletter.articles.content import mail_html
from newsletter.articles.models import Article
from newsletter.mailings.actions import lifecycle
from newsletter.mailings.audience import freeze_audience
from newsletter.mailings.compose import FULL, compose
from newsletter.mailings.conf import batch_size
from newsletter.mailings.enums import (
    BatchState,
    DeliveryState,
    EventKind,
    MailingState,
    SuppressedBecause,
)
from newsletter.mailings.models import Batch, Delivery, Mailing, MailingEvent, Variant
from newsletter.subscribers.enums import ConsentEventKind, SubscriptionState
from newsletter.subscribers.models import ConsentEvent, Subscription

# What the servers of a few addresses said.
_REFUSALS = (
    "550 5.1.1 The email account that you tried to reach does not exist.",
    "550 5.1.1 Recipient address rejected: User unknown in virtual mailbox table",
    "552 5.2.2 Mailbox full",
    "550 5.1.1 No such user here",
    "550 5.2.1 The mailbox is disabled",
    "450 4.2.1 The user is receiving mail too quickly; gave up after 5 attempts",
    "550 5.1.10 Recipient not found by SMTP address lookup",
)
_LEFT_MEANWHILE = 4
_PER_BATCH = timedelta(seconds=17)


def write_sent_mailing(article: Article) -> Mailing:
    """Make the mailing of a published article as it stands after it was sent.

    Only for an article that is open to everyone: there is one variant. Nothing is sent.
    """
    if article.published_at is None:
        raise ValueError(f"{article.slug} was never published")
    started_at = article.published_at + timedelta(seconds=6)
    mailing, _ = lifecycle.create_mailing_for_article(
        article=article, requested_at=article.published_at
    )
    mail = compose(mailing, mail_html(article, True), FULL)
    variant = Variant.objects.create(
        mailing=mailing, key=FULL, subject=mail.subject, html=mail.html, text=mail.text
    )
    count = freeze_audience(mailing, _readers_at(mailing, started_at), [], batch_size())
    finished_at = _settle(mailing, variant, started_at)
    Mailing.objects.filter(pk=mailing.pk).update(
        state=MailingState.SENT,
        created_at=article.published_at,
        active_at=finished_at,
        prepared_at=started_at,
        started_at=started_at,
        finished_at=finished_at,
        audience_count=count,
    )
    _write_history(mailing, count, started_at, finished_at)
    mailing.refresh_from_db()
    return mailing


def _readers_at(mailing: Mailing, at: datetime) -> QuerySet[Subscription]:
    """Those who were active then, also where they have left since."""
    return Subscription.objects.filter(
        Q(unsubscribed_at__isnull=True) | Q(unsubscribed_at__gt=at),
        newsletter_id=mailing.newsletter_id,
        consent_at__lt=at,
    )


def _settle(mailing: Mailing, variant: Variant, started_at: datetime) -> datetime:
    """Give every delivery its outcome and every batch its end; return when the last one was."""
    at = started_at
    for batch in Batch.objects.filter(mailing=mailing).order_by("number"):
        at += _PER_BATCH
        Delivery.objects.filter(batch=batch).update(
            state=DeliveryState.ACCEPTED, variant=variant, attempts=1, changed_at=at
        )
    Batch.objects.filter(mailing=mailing).update(state=BatchState.DONE, attempt=1)
    _leave_out(mailing, started_at)
    rows = Delivery.objects.filter(mailing=mailing, state=DeliveryState.ACCEPTED).order_by("pk")
    ids = list(rows.values_list("pk", flat=True))
    # Spread over the list, and not the same people with each issue.
    step, offset = len(ids) // len(_REFUSALS), mailing.pk * 7
    for place, refusal in enumerate(_REFUSALS):
        unlucky = ids[(offset + place * step) % len(ids)]
        Delivery.objects.filter(pk=unlucky).update(state=DeliveryState.FAILED, error=refusal)
    return at


def _leave_out(mailing: Mailing, started_at: datetime) -> None:
    """A few left in the minute between the freezing and their batch, and were not mailed."""
    readers = _readers_at(mailing, started_at).filter(state=SubscriptionState.UNSUBSCRIBED)
    for place, subscription in enumerate(readers.order_by("pk")[:_LEFT_MEANWHILE]):
        left_at = started_at + timedelta(seconds=2 + 3 * place)
        Subscription.objects.filter(pk=subscription.pk).update(unsubscribed_at=left_at)
        ConsentEvent.objects.filter(
            user_id=subscription.user_id,
            newsletter_id=subscription.newsletter_id,
            what=ConsentEventKind.LEFT,
        ).update(at=left_at)
        Delivery.objects.filter(mailing=mailing, subscription_id=subscription.pk).update(
            state=DeliveryState.SUPPRESSED,
            suppressed_because=SuppressedBecause.UNSUBSCRIBED,
            variant=None,
            attempts=0,
        )


def _write_history(
    mailing: Mailing, count: int, started_at: datetime, finished_at: datetime
) -> None:
    mailing.events.all().delete()
    for what, at, detail in (
        (EventKind.CREATED, started_at - timedelta(seconds=6), ""),
        (EventKind.PREPARED, started_at, f"{count} recipients"),
        (EventKind.SENT, finished_at, ""),
    ):
        event = MailingEvent.objects.create(mailing=mailing, what=what, detail=detail)
        MailingEvent.objects.filter(pk=event.pk).update(at=at)
