"""Asking to join, and being answered by mail. Nothing is trusted before the link comes back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import cast

from django.conf import settings
from django.db import transaction
from django.db.models import Model
from django.urls import reverse
from django.utils import timezone

from newsletter.accounts.actions import get_or_create_user
from newsletter.accounts.models import User
from newsletter.accounts.ratelimit import hit
from newsletter.lib.addresses import normalise_address
from newsletter.lib.local_paths import local_path, sign_in_url
from newsletter.lib.signing import make_dated_token
from newsletter.outbox.actions import queue_email
from newsletter.outbox.models import OutgoingEmail
from newsletter.subscribers.actions.records import record_consent
from newsletter.subscribers.enums import (
    ConsentEventKind,
    ConsentSource,
    RequestAnswer,
    SubscriptionState,
)
from newsletter.subscribers.models import (
    ConsentEvent,
    Newsletter,
    Subscription,
    SubscriptionRequest,
)
from newsletter.subscribers.names import clean_name
from newsletter.subscribers.queries import open_newsletters

CONFIRM_WITHIN = timedelta(days=7)
KEEP_UNCONFIRMED = timedelta(days=30)
# However many forms a stranger fills in with somebody's address, that person gets this many mails.
MAILS_PER_ADDRESS = 3
MAILS_PER = timedelta(days=1)


def request_subscription(
    *,
    email: str,
    newsletters: Iterable[Newsletter],
    source: ConsentSource = ConsentSource.FORM,
    detail: str = "",
    ip: str | None = None,
    name: str = "",
    back_to: str = "",
    is_bot: bool = False,
) -> SubscriptionRequest:
    """Write down that somebody asked; the same single row whoever the address belongs to.

    The caller then says `answer_subscription_request.delay_on_commit(row.pk)`. `detail` says
    where and to which words they agreed; `back_to` is where on this site they wanted to read on. A
    bot's request is kept for the author's eyes only.
    """
    return SubscriptionRequest.objects.create(
        address=normalise_address(email),
        name=clean_name(name),
        newsletter_ids=[newsletter.pk for newsletter in newsletters],
        source=source,
        detail=detail[:300],
        back_to=local_path(back_to),
        ip=ip,
        answer=RequestAnswer.BOT if is_bot else RequestAnswer.WAITING,
    )


def request_again(*, request: SubscriptionRequest, ip: str | None) -> SubscriptionRequest:
    """Ask anew with the same data, for a mail that was lost or a link that ran out."""
    return SubscriptionRequest.objects.create(
        address=request.address,
        name=request.name,
        newsletter_ids=request.newsletter_ids,
        source=request.source,
        detail=request.detail,
        back_to=request.back_to,
        ip=ip,
        answer=RequestAnswer.BOT if request.answer == RequestAnswer.BOT else RequestAnswer.WAITING,
    )


def answer_request(*, request_id: int) -> OutgoingEmail | None:
    """Answer a request by exactly one mail, whatever we know of the address.

    Returns the queued mail, which the caller has delivered; None where another worker was first,
    or this address was mailed too often today. All of it commits at once or not at all.
    """
    request = SubscriptionRequest.objects.filter(
        pk=request_id, answer=RequestAnswer.WAITING
    ).first()
    if request is None:
        return None
    newsletters = list(open_newsletters().filter(pk__in=request.newsletter_ids))
    if not newsletters:
        _claim(request, RequestAnswer.CLOSED)
        return None
    if not hit(f"subscribe-mail:{request.address}", limit=MAILS_PER_ADDRESS, per=MAILS_PER):
        _claim(request, RequestAnswer.TOO_MANY)
        return None
    with transaction.atomic():
        if not _claim(request, RequestAnswer.CONFIRM):
            return None
        user, _ = get_or_create_user(email=request.address)
        request.user = user
        request.save(update_fields=["user"])
        active = Subscription.objects.filter(
            user=user, newsletter__in=newsletters, state=SubscriptionState.ACTIVE
        )
        joined = set(active.values_list("newsletter_id", flat=True))
        missing = [newsletter for newsletter in newsletters if newsletter.pk not in joined]
        if not missing:
            request.answer = RequestAnswer.ALREADY
            request.save(update_fields=["answer"])
            return _say_already(request, newsletters)
        _keep_pending(request, user, missing)
        return _ask_to_confirm(request, missing)


def purge_unconfirmed(*, limit: int = 1_000) -> int:
    """Forget those who never confirmed: requests, pending rows, and people with nothing else.

    Their address may have been typed by a stranger; we have no ground to keep it for ever.
    """
    before = timezone.now() - KEEP_UNCONFIRMED
    old = SubscriptionRequest.objects.filter(confirmed_at__isnull=True, created_at__lt=before)
    requests = list(old.values_list("pk", "user_id")[:limit])
    people = {user_id for _, user_id in requests if user_id}
    with transaction.atomic():
        SubscriptionRequest.objects.filter(pk__in=[pk for pk, _ in requests]).delete()
        stale = Subscription.objects.filter(
            user__in=people, state=SubscriptionState.PENDING, created_at__lt=before
        ).exclude(user__subscription_requests__created_at__gte=before)
        Subscription.objects.filter(pk__in=list(stale.values_list("pk", flat=True))).delete()
        for user in User.objects.filter(
            pk__in=people, is_staff=False, email_confirmed_at=None, last_login=None
        ):
            if not _has_anything(user):
                user.delete()
    return len(requests)


def _claim(request: SubscriptionRequest, answer: RequestAnswer) -> bool:
    """Take the request for this worker by a conditional update; False where another has it."""
    request.answer, request.answered_at = answer, timezone.now()
    return bool(
        SubscriptionRequest.objects.filter(pk=request.pk, answer=RequestAnswer.WAITING).update(
            answer=answer, answered_at=request.answered_at
        )
    )


def _keep_pending(request: SubscriptionRequest, user: User, newsletters: list[Newsletter]) -> None:
    """Show the author who is on the way in. A row that says "unsubscribed" stays: it must not be
    softened by a request that anybody could have made (M24)."""
    Subscription.objects.bulk_create(
        [
            Subscription(
                user=user,
                newsletter=newsletter,
                consent_source=request.source,
                consent_detail=request.detail,
                request_ip=request.ip,
                created_at=request.created_at,
            )
            for newsletter in newsletters
        ],
        ignore_conflicts=True,
    )
    record_consent(ConsentEventKind.REQUESTED, user, newsletters, request, request.ip)


def _ask_to_confirm(request: SubscriptionRequest, newsletters: list[Newsletter]) -> OutgoingEmail:
    token = make_dated_token("confirm-subscription", request.pk)
    return queue_email(
        kind="confirm-subscription",
        to=request.address,
        template="confirm_subscription",
        context={
            "newsletters": newsletters,
            "confirm_url": settings.SITE_URL + reverse("subscribers:confirm", args=[token]),
            "asked_at": request.created_at,
            "days": CONFIRM_WITHIN.days,
        },
        expires_at=request.created_at + CONFIRM_WITHIN,
        safe_to_repeat=True,
    )


def _say_already(request: SubscriptionRequest, newsletters: list[Newsletter]) -> OutgoingEmail:
    return queue_email(
        kind="already-subscribed",
        to=request.address,
        template="already_subscribed",
        context={
            "newsletters": newsletters,
            "manage_url": settings.SITE_URL + reverse("subscribers:preferences"),
            "read_on_url": _read_on_url(request.back_to),
            "asked_at": request.created_at,
        },
        expires_at=request.created_at + CONFIRM_WITHIN,
        safe_to_repeat=True,
    )


def _read_on_url(back_to: str) -> str:
    return settings.SITE_URL + sign_in_url(back_to) if back_to else ""


def _has_anything(user: User) -> bool:
    """Whether any row of any slice points to the person, besides that they were asked."""
    for relation in user._meta.related_objects:
        model = cast("type[Model]", relation.related_model)
        if model is ConsentEvent and relation.field.name == "user":
            continue
        rows = model._default_manager.filter(**{relation.field.name: user})
        if rows.exists():
            return True
    return False
