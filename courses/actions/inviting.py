"""The author brings in many people at once, by their addresses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.actions.common import require_author
from courses.actions.enrolling import enrol_learner
from courses.models import Course, Enrolment
from newsletter.accounts.actions import get_or_create_user
from newsletter.accounts.models import User
from newsletter.memberships.actions.comps import sort_addresses

# Each is a transaction of its own, while the author waits.
MOST_AT_ONCE = 500


@dataclass(frozen=True)
class Invited:
    """Who is in it now, who was in it before, and what is no address."""

    enrolments: list[Enrolment]
    already: list[Enrolment]
    bad_addresses: list[str]


def enrol_addresses(
    *,
    actor: User,
    course: Course,
    addresses: Iterable[str],
    reason: str = "",
    ends_at: datetime | None = None,
    now: datetime | None = None,
) -> Invited:
    """`enrol_learner` for each address; whoever is not known here yet is made a reader.

    Done again it changes nothing. What was done stays done should it break off. Raises
    ValidationError for more than MOST_AT_ONCE or an end in the past, NotOpenError for a draft.
    """
    require_author(actor)
    now = now or timezone.now()
    good, bad = sort_addresses(addresses)
    if len(good) > MOST_AT_ONCE:
        raise ValidationError(
            {"addresses": _("Enrol at most %(most)s people at once.") % {"most": MOST_AT_ONCE}}
        )
    if ends_at is not None and ends_at <= now:
        raise ValidationError({"ends_on": _("Choose a day in the future.")})
    made: list[Enrolment] = []
    already: list[Enrolment] = []
    known = Enrolment.objects.filter(course=course, user__email__in=good)
    there_before = set(known.values_list("user_id", flat=True))
    for address in good:
        user, _new = get_or_create_user(email=address)
        enrolment = enrol_learner(
            actor=actor, user=user, course=course, reason=reason, ends_at=ends_at, now=now
        )
        (already if user.pk in there_before else made).append(enrolment)
    return Invited(made, already, bad)
