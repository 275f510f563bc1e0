"""Erasure of an account: asked for, carried out part by part, looked after for a while.

What is asked for is a row that is committed with the closing of the account. A worker then erases
one part after the other, each in a transaction of its own and each safe to repeat; the account's
address is the last to go, for rows are found by it. So a crash anywhere is finished by running
again, and nothing is held locked for long.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.core.exceptions import PermissionDenied
from django.core.files.storage import storages
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from newsletter.accounts.actions import close_account
from newsletter.accounts.models import User
from newsletter.members.access import may_erase, why_not_erasable
from newsletter.members.enums import ErasureState, WhyNot
from newsletter.members.models import DataExport, Erasure, MemberNote, SupportVisit
from newsletter.members.personal_data import data_parts
from newsletter.memberships.actions import record
from newsletter.payments.actions import StillPaying, end_payments_of
from newsletter.payments.queries import unended_memberships, unended_plans

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=10)
FIRST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(hours=6)
# So long does something come in afterwards that was under way: a server's late answer, a refund.
LOOK_AFTER = timedelta(days=90)


class ErasureRefused(Exception):
    """This account is not erased; `why` says why."""

    def __init__(self, why: WhyNot) -> None:
        super().__init__(why.value)
        self.why = why


def request_erasure(*, actor: User, person: User) -> Erasure:
    """Close an account for good and have it erased. Asking twice is asking once.

    What is still paid at Stripe is ended there first; where Stripe fails, nothing is closed or
    forgotten. Raises PermissionDenied, ErasureRefused, GatewayError and StillPaying. The caller
    nudges `erase_account`.
    """
    if not may_erase(actor, person):
        raise PermissionDenied(_("You may not delete this account."))
    _require_erasable(person)
    end_payments_of(actor=actor, user=person)
    with transaction.atomic():
        # Nobody is given rights, and nothing is bought, between the looking and the closing.
        locked = User.objects.select_for_update(no_key=True).get(pk=person.pk)
        _require_erasable(locked)
        if unended_memberships(locked).exists() or unended_plans(locked).exists():
            raise StillPaying(_("A payment was made in this moment. Try again."))
        erasure, is_new = Erasure.objects.get_or_create(user=locked, defaults={"asked_by": actor})
        close_account(user=locked)
        if is_new:
            record(user=locked, what="deletion_asked_for", actor=actor)
    return erasure


def _require_erasable(person: User) -> None:
    why = why_not_erasable(person)
    if why is not None:
        raise ErasureRefused(why)


def finish_erasure(*, erasure_id: int) -> bool:
    """Carry out an erasure that was asked for, or go on with it; True where it is done by this.

    False where another worker has it, it is done, or a part failed: that is kept without words
    about the person, and tried again at growing intervals for as long as it takes.
    """
    erasure = _claim(erasure_id)
    if erasure is None:
        return False
    try:
        erase_person(user=erasure.user)
    except Exception as error:  # whatever it is, the next run goes on from here
        # Not its message: a database quotes the row that it stumbled over.
        log.warning("erasure_failed", erasure=erasure.pk, error=type(error).__name__)
        _ours(erasure).update(
            error=type(error).__name__,
            lease_until=None,
            next_attempt_at=timezone.now() + _back_off(erasure.attempts),
        )
        return False
    with transaction.atomic():
        done = _ours(erasure).update(
            state=ErasureState.DONE,
            done_at=timezone.now(),
            lease_until=None,
            next_attempt_at=None,
            error="",
        )
        if done:
            record(user=erasure.user, what="deleted")
    return bool(done)


def _claim(erasure_id: int) -> Erasure | None:
    now = timezone.now()
    taken = Erasure.objects.filter(
        Q(lease_until__isnull=True) | Q(lease_until__lt=now),
        pk=erasure_id,
        state=ErasureState.ASKED,
        next_attempt_at__lte=now,
    ).update(lease_until=now + LEASE, attempts=F("attempts") + 1)
    return Erasure.objects.select_related("user").get(pk=erasure_id) if taken else None


def _ours(erasure: Erasure) -> QuerySet[Erasure]:
    # `attempts` tells our claim from a later one on the same row.
    return Erasure.objects.filter(
        pk=erasure.pk, state=ErasureState.ASKED, attempts=erasure.attempts
    )


def _back_off(attempts: int) -> timedelta:
    factor: int = 4 ** min(attempts - 1, 10)
    return min(FIRST_DELAY * factor, LONGEST_DELAY)


def erase_person(*, user: User) -> None:
    """Take away every part of what is held on somebody, the account itself last. Safe to repeat."""
    for part in data_parts():
        part.erase(user=user)


def repeat_recent_erasures() -> int:
    """Erase once more whoever was erased lately; returns how many people that was.

    A worker may have held a delivery, Stripe tells of refunds weeks later: what came in since
    leads to the account without a name and is blanked as the rest was.
    """
    since = timezone.now() - LOOK_AFTER
    recent = Erasure.objects.filter(state=ErasureState.DONE, done_at__gt=since)
    count = 0
    for erasure in recent.select_related("user").order_by("pk"):
        erase_person(user=erasure.user)
        count += 1
    return count


def erase_desk_rows_about(*, user: User) -> None:
    """Delete what the staff wrote about somebody, their visits, and copies of that person's data.

    The caller (account erasure) has the permission. Safe to repeat.
    """
    MemberNote.objects.filter(user=user).delete()
    SupportVisit.objects.filter(user=user).delete()
    for export in DataExport.objects.filter(user=user):
        storages["private"].delete(export.path)
        export.delete()
