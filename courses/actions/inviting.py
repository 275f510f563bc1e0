"""The author brings in many people at once, by their addresses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.access import get_classrooms_of
from courses.actions.common import NotOpenError, require_author
from courses.actions.enrolling import enrol_learners
from courses.enums import CourseState
from courses.models import Course, Enrolment
from newsletter.accounts.actions import make_missing_users
from newsletter.accounts.models import User
from newsletter.memberships.actions.comps import sort_addresses

# The author waits, and nobody else comes into the course while a chunk is under way.
MOST_AT_ONCE = 500
CHUNK = 250


@dataclass(frozen=True)
class Invited:
    """Who is in it now, who was in it before, and what is no address.

    Of those before: who could go on anyway, who was let in again, to whom it is closed still.
    """

    enrolments: list[Enrolment]
    already: list[Enrolment]
    bad_addresses: list[str]
    again: list[Enrolment] = field(default_factory=list)
    closed: list[Enrolment] = field(default_factory=list)


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

    Done again it changes nothing. The same few statements for each CHUNK of people; chunks that
    were done stay done should it break off. Raises
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
    if good and course.state == CourseState.DRAFT:
        raise NotOpenError
    invited = Invited([], [], bad)
    for start in range(0, len(good), CHUNK):
        chunk = good[start : start + CHUNK]
        make_missing_users(emails=chunk)
        people = {each.email: each for each in User.objects.filter(email__in=chunk)}
        known = Enrolment.objects.filter(course=course, user__in=people.values())
        before = list(known.select_related("user"))
        there_before = {each.pk for each in before}
        could = _who_may_enter(course, before, now)
        made = enrol_learners(
            actor=actor,
            users=[people[address] for address in chunk],
            course=course,
            reason=reason,
            ends_at=ends_at,
            now=now,
        )
        can = _who_may_enter(course, before, now)
        for enrolment in made:
            if enrolment.pk not in there_before:
                invited.enrolments.append(enrolment)
            elif enrolment.pk not in can:
                invited.closed.append(enrolment)
            else:
                (invited.already if enrolment.pk in could else invited.again).append(enrolment)
    return invited


def _who_may_enter(course: Course, learners: list[Enrolment], now: datetime) -> set[int]:
    """Those of these to whom the course is open. A fixed number of queries."""
    if not learners:
        return set()
    # As it is stored: enrolling may have made it a product of its own.
    rooms = get_classrooms_of(Course.objects.get(pk=course.pk), learners, now)
    return {pk for pk, room in rooms.items() if room.entry.allowed}
