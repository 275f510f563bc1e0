"""Access given for nothing: to one person or many, moved, and told of before it ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from newsletter.accounts.actions import make_missing_users
from newsletter.accounts.models import User
from newsletter.lib.addresses import is_address, normalise_address
from newsletter.memberships.actions.granting import describe_grant, record, require_staff
from newsletter.memberships.enums import GrantSource
from newsletter.memberships.models import AuditEntry, Grant, Product, Tier
from newsletter.memberships.queries import comps_ending_before
from newsletter.outbox.actions import queue_email
from newsletter.outbox.models import OutgoingEmail
from newsletter.subscribers.queries import suppressed_addresses

# A reader hears of the end of what was given to them so long before.
REMIND_BEFORE = timedelta(days=7)
# At once: more people are more than one decision.
MOST_AT_ONCE = 20_000
CHUNK = 500


@dataclass(frozen=True)
class Comped:
    """What a bulk gift did: grants made, lines that are no address, how many had it already."""

    grants: list[Grant]
    bad_addresses: list[str]
    already: int = 0


@dataclass(frozen=True)
class PlannedComps:
    """What a bulk gift of access would do, counted before anything is done."""

    addresses: list[str]
    bad_addresses: list[str]
    already: int
    unknown: int

    @property
    def to_give(self) -> int:
        """How many people would get it."""
        return len(self.addresses) - self.already


@dataclass(frozen=True)
class Comp:
    """What is given: a tier or a product, until when (None: for good), and why."""

    tier: Tier | None = None
    product: Product | None = None
    ends_at: datetime | None = None
    reason: str = ""
    now: datetime = field(default_factory=timezone.now)

    def held(self) -> QuerySet[Grant]:
        """Comps in force of the same thing that last as long or longer."""
        same = Grant.objects.in_force(self.now).filter(
            tier=self.tier, product=self.product, source=GrantSource.COMP
        )
        lasting = Q(ends_at__isnull=True)
        return same.filter(lasting | Q(ends_at__gte=self.ends_at) if self.ends_at else lasting)


@transaction.atomic
def grant_comp(
    *,
    actor: User,
    user: User,
    tier: Tier | None = None,
    product: Product | None = None,
    reason: str = "",
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> Grant:
    """Give `user` a tier or product for nothing, from `starts_at` (now) until `ends_at` (for good).

    Giving it again adds a second grant; the two end independently.
    """
    require_staff(actor)
    starts_at = starts_at or timezone.now()
    if ends_at is not None and ends_at <= starts_at:
        raise ValidationError({"ends_at": _("The end must come after the beginning.")})
    grant = Grant.objects.create(
        user=user,
        tier=tier,
        product=product,
        source=GrantSource.COMP,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason,
        created_by=actor,
    )
    record(user=user, what="comp_given", detail=describe_grant(grant), actor=actor)
    return grant


def sort_addresses(lines: Iterable[str]) -> tuple[list[str], list[str]]:
    """Each address once, in one spelling, in their order; and what is no address."""
    typed = dict.fromkeys(normalise_address(line) for line in lines if line.strip())
    return [each for each in typed if is_address(each)], [
        each for each in typed if not is_address(each)
    ]


def _chunks(addresses: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(addresses), CHUNK):
        yield addresses[start : start + CHUNK]


def plan_comps(
    *,
    actor: User,
    addresses: Iterable[str],
    tier: Tier | None = None,
    product: Product | None = None,
    ends_at: datetime | None = None,
) -> PlannedComps:
    """Count what `grant_comps` would do; changes nothing."""
    require_staff(actor)
    good, bad = sort_addresses(addresses)
    comp = Comp(tier, product, ends_at)
    known = already = 0
    for chunk in _chunks(good):
        people = User.objects.filter(email__in=chunk)
        known += people.count()
        already += people.filter(pk__in=comp.held().values("user")).count()
    return PlannedComps(good, bad, already, len(good) - known)


def grant_comps(
    *,
    actor: User,
    addresses: Iterable[str],
    tier: Tier | None = None,
    product: Product | None = None,
    reason: str = "",
    ends_at: datetime | None = None,
) -> Comped:
    """Give many people a tier or product; nobody twice, and bad lines are handed back.

    Who has a comp of the same thing in force until the same end or later is left as they are, so
    that a list can be given again, and a second click gives nothing. A few statements for each
    five hundred people; what was given stays given should it break off. Raises ValidationError
    for more than MOST_AT_ONCE. Nobody is written to.
    """
    require_staff(actor)
    good, bad = sort_addresses(addresses)
    if len(good) > MOST_AT_ONCE:
        most = _("Give it to at most %(most)s people at once.")
        raise ValidationError(most % {"most": f"{MOST_AT_ONCE:,}"})
    comp = Comp(tier, product, ends_at, reason)
    if ends_at is not None and ends_at <= comp.now:
        raise ValidationError({"ends_at": _("The end must come after the beginning.")})
    grants: list[Grant] = []
    for chunk in _chunks(good):
        grants += _give_to_chunk(actor, comp, chunk)
    return Comped(grants, bad, len(good) - len(grants))


def _give_to_chunk(actor: User, comp: Comp, addresses: list[str]) -> list[Grant]:
    make_missing_users(emails=addresses)
    with transaction.atomic():
        # Locked, so that of two clicks at once the second sees what the first gave.
        people = User.objects.select_for_update(no_key=True).filter(email__in=addresses)
        everybody = list(people.order_by("pk"))
        held = set(comp.held().filter(user__in=everybody).values_list("user_id", flat=True))
        people_without = [each for each in everybody if each.pk not in held]
        return give_comps(actor=actor, comp=comp, people=people_without)


def give_comps(*, actor: User, comp: Comp, people: Iterable[User]) -> list[Grant]:
    """`grant_comp` for several people, whatever they hold: two statements for all of them.

    Inside a transaction of the caller's.
    """
    require_staff(actor)
    if comp.ends_at is not None and comp.ends_at <= comp.now:
        raise ValidationError({"ends_at": _("The end must come after the beginning.")})
    grants = Grant.objects.bulk_create(
        Grant(
            user=person,
            tier=comp.tier,
            product=comp.product,
            source=GrantSource.COMP,
            starts_at=comp.now,
            ends_at=comp.ends_at,
            reason=comp.reason,
            created_by=actor,
        )
        for person in people
    )
    AuditEntry.objects.bulk_create(
        AuditEntry(
            user_id=grant.user_id, what="comp_given", detail=describe_grant(grant), actor=actor
        )
        for grant in grants
    )
    return grants


@transaction.atomic
def move_comp_end(
    *, actor: User, grant: Grant, ends_at: datetime | None, now: datetime | None = None
) -> bool:
    """Let a comp end later, earlier, or never (`ends_at` None). False if it is no longer in force.

    To end it at once is to revoke it. Its person is reminded anew before the new end.
    """
    require_staff(actor)
    now = now or timezone.now()
    if ends_at is not None and ends_at <= now:
        raise ValidationError({"ends_at": _("Choose a time in the future.")})
    running = Grant.objects.in_force(now).filter(pk=grant.pk, source=GrantSource.COMP)
    if not running.update(ends_at=ends_at, reminded_at=None):
        return False
    grant.refresh_from_db()
    record(user=grant.user, what="comp_moved", detail=describe_grant(grant), actor=actor)
    return True


def remind_of_ending(*, now: datetime | None = None) -> list[OutgoingEmail]:
    """Queue a mail to each person whose comp ends within a week; returns the mails to deliver.

    Each grant is claimed by a conditional update, so that two beats write one mail. Who keeps the
    same access by another grant is not bothered; who is left out of all mail gets none.
    """
    now = now or timezone.now()
    mails: list[OutgoingEmail] = []
    due = list(comps_ending_before(now + REMIND_BEFORE, now=now))
    left_out = suppressed_addresses(grant.user.email for grant in due)
    for grant in due:
        if grant.user.email in left_out:
            continue
        with transaction.atomic():
            unclaimed = Grant.objects.filter(
                pk=grant.pk, reminded_at__isnull=True, revoked_at__isnull=True
            )
            if not unclaimed.update(reminded_at=now):
                continue
            mails.append(
                queue_email(
                    kind="access_ending",
                    to=grant.user.email,
                    template="access_ending",
                    context={
                        "user": grant.user,
                        "grant": grant,
                        "what": grant.tier or grant.product,
                    },
                    expires_at=grant.ends_at,
                )
            )
            record(user=grant.user, what="ending_announced", detail=describe_grant(grant))
    return mails
