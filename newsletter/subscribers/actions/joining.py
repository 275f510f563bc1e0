"""Joining, once the address is proved: by the link, by signing in, or by the author's word."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from newsletter.accounts.actions import confirm_address, get_or_create_user
from newsletter.accounts.models import User
from newsletter.subscribers.actions.leaving import unsubscribe
from newsletter.subscribers.actions.records import record_consent
from newsletter.subscribers.actions.subscribing import request_subscription
from newsletter.subscribers.actions.suppressing import lift_suppression
from newsletter.subscribers.enums import (
    ConsentEventKind,
    ConsentSource,
    SubscriptionState,
    SuppressionReason,
)
from newsletter.subscribers.hashing import address_hashes
from newsletter.subscribers.models import (
    Newsletter,
    Subscription,
    SubscriptionRequest,
    Suppression,
)
from newsletter.subscribers.names import clean_name
from newsletter.subscribers.queries import blocked_by_author, open_newsletters


@dataclass(frozen=True)
class Confirmation:
    """What pressing the button in the confirmation did."""

    joined: tuple[Newsletter, ...] = ()
    # Barred by the author's hand: confirming does not lift that.
    barred: bool = False
    # They left after asking for this link; an old mail does not bring them back.
    left_since: bool = False
    repeated: bool = False
    # Somebody new: nothing of theirs is behind their sign-in yet.
    is_first_proof: bool = False


def confirm_request(*, request: SubscriptionRequest, ip: str | None) -> Confirmation:
    """Act on the button behind the confirmation link. Works once; again it only says so.

    The caller has checked the link's signature and age.
    """
    now = timezone.now()
    user = request.user
    if user is None:
        return Confirmation(repeated=True)
    with transaction.atomic():
        first = SubscriptionRequest.objects.filter(pk=request.pk, confirmed_at__isnull=True).update(
            confirmed_at=now, confirmed_ip=ip
        )
        if not first:
            return Confirmation(repeated=True)
        is_first_proof = confirm_address(user=user)
        if request.name and not user.name:
            User.objects.filter(pk=user.pk, name="").update(name=request.name)
        asked = list(open_newsletters().filter(pk__in=request.newsletter_ids))
        barred = blocked_by_author(user.email, [newsletter.pk for newsletter in asked])
        wanted = [newsletter for newsletter in asked if newsletter.pk not in barred]
        _lift_own_suppressions(user, wanted)
        joined, left_since = _activate(user, wanted, request, now, ip)
    return Confirmation(
        tuple(joined), bool(barred), left_since=left_since, is_first_proof=is_first_proof
    )


def confirm_subscriptions(
    *,
    user: User,
    newsletters: Iterable[Newsletter],
    source: ConsentSource,
    detail: str = "",
    ip: str | None = None,
    actor: User | None = None,
    asked_at: datetime | None = None,
    asked_ip: str | None = None,
) -> list[Newsletter]:
    """Join at once, for a person whose address is proved: they are signed in with it.

    With `actor` the author vouches for the consent, and `detail` is what they state. `asked_at`
    and `asked_ip`: when and from where they asked for the mail whose link they followed; who has
    left since is not brought back by it. Returns the newsletters that are newly joined; those from
    which the author barred the address are not.
    """
    asked = list(newsletters)
    barred = blocked_by_author(user.email, [newsletter.pk for newsletter in asked])
    wanted = [newsletter for newsletter in asked if newsletter.pk not in barred]
    now = timezone.now()
    # A request that was never stored: what _activate copies from one is the same here.
    request = SubscriptionRequest(
        source=source, detail=detail[:300], ip=asked_ip or ip, created_at=asked_at or now
    )
    with transaction.atomic():
        if actor is None:
            _lift_own_suppressions(user, wanted)
        joined, _ = _activate(user, wanted, request, now, ip, actor)
    return joined


def choose_newsletters(
    *, user: User, newsletters: Iterable[Newsletter], ip: str | None, detail: str
) -> SubscriptionRequest | None:
    """Make a signed-in person's subscriptions exactly these (of those that are open).

    Returns a request to be answered by mail where the address was never proved (staff sign in by
    password); None otherwise.
    """
    wanted = {newsletter.pk: newsletter for newsletter in newsletters}
    current = Subscription.objects.filter(user=user, newsletter__is_archived=False)
    for subscription in current.exclude(newsletter__in=wanted):
        unsubscribe(subscription=subscription, source=ConsentSource.ACCOUNT, ip=ip)
    active = current.filter(state=SubscriptionState.ACTIVE)
    missing = set(wanted) - set(active.values_list("newsletter_id", flat=True))
    joining = [wanted[pk] for pk in sorted(missing)]
    if not joining:
        return None
    if user.email_confirmed_at is None:
        return request_subscription(
            email=user.email,
            newsletters=joining,
            source=ConsentSource.ACCOUNT,
            detail=detail,
            ip=ip,
        )
    confirm_subscriptions(
        user=user, newsletters=joining, source=ConsentSource.ACCOUNT, detail=detail, ip=ip
    )
    return None


def add_subscriber(
    *,
    actor: User,
    email: str,
    name: str,
    newsletters: Iterable[Newsletter],
    statement: str,
    agreed_already: bool,
) -> SubscriptionRequest | None:
    """Add a person by the author's hand, with the author's statement of how they agreed.

    Unless the author states that the person has agreed in a way that can be shown, they get the
    same confirmation mail as everybody: the request to answer is returned.
    """
    if not actor.has_perm("newsletter.add_subscription"):
        raise PermissionDenied
    if not agreed_already:
        return request_subscription(
            email=email,
            newsletters=newsletters,
            source=ConsentSource.ADMIN,
            detail=statement,
            name=name,
        )
    with transaction.atomic():
        user, _ = get_or_create_user(email=email, name=clean_name(name))
        confirm_subscriptions(
            user=user,
            newsletters=newsletters,
            source=ConsentSource.ADMIN,
            detail=statement,
            actor=actor,
        )
    return None


def _activate(
    user: User,
    newsletters: list[Newsletter],
    request: SubscriptionRequest,
    now: datetime,
    ip: str | None,
    actor: User | None = None,
) -> tuple[list[Newsletter], bool]:
    """Move rows to active, or make them so. Returns the newly joined, and whether some had left
    after the request was made and so were not moved."""
    consent = {
        "state": SubscriptionState.ACTIVE,
        "consent_at": now,
        "consent_source": request.source,
        "consent_detail": request.detail,
        "request_ip": request.ip,
        "consent_ip": ip,
    }
    Subscription.objects.bulk_create(
        [
            Subscription(user=user, newsletter=newsletter, created_at=request.created_at)
            for newsletter in newsletters
        ],
        ignore_conflicts=True,
    )
    joined, left_since = [], False
    for newsletter in newsletters:
        inactive = Subscription.objects.filter(user=user, newsletter=newsletter).exclude(
            state=SubscriptionState.ACTIVE
        )
        before = Q(unsubscribed_at__isnull=True) | Q(unsubscribed_at__lte=request.created_at)
        if inactive.filter(before).update(**consent, unsubscribed_at=None, unsubscribe_reason=""):
            joined.append(newsletter)
        elif inactive.exists():
            left_since = True
    kind = ConsentEventKind.ADDED if actor else ConsentEventKind.CONFIRMED
    record_consent(kind, user, joined, request, ip, actor)
    return joined, left_since


def _lift_own_suppressions(user: User, newsletters: list[Newsletter]) -> None:
    rows = Suppression.objects.filter(
        Q(newsletter__isnull=True) | Q(newsletter__in=newsletters),
        address_hash__in=address_hashes(user.email),
    ).exclude(reason=SuppressionReason.MANUAL)
    if newsletters:
        for row in rows:
            lift_suppression(suppression=row, actor=None, detail=_("Confirmed anew by the reader"))
