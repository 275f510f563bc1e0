"""Come into a course, and what the author does about those who are in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.access import Classroom, get_classroom, requirement_for
from courses.actions.common import IllegalMoveError, NotOpenError, record, require_author
from courses.actions.keeping import keep_open_for, settle_learner
from courses.enums import CourseState, EnrolmentSource, MailChoice
from courses.models import Course, CourseEvent, Enrolment
from courses.outline import load_learning, newcomer
from courses.terms import term_end
from newsletter.accounts.models import User
from newsletter.lib.time_zones import find_zone
from newsletter.memberships.access import VISITOR, decide, get_readers
from newsletter.memberships.actions.comps import Comp, give_comps
from newsletter.memberships.models import Product


def enrol(
    *, user: User, course: Course, time_zone: str = "", now: datetime | None = None
) -> Enrolment:
    """Bring `user` into a course that is open to them; again changes nothing.

    Days are counted from now in their time zone, else in `time_zone` (their browser's), else in
    the course's; it is kept, so that nothing moves when they travel. Raises NotOpenError.
    """
    now = now or timezone.now()
    # As it is stored: it may have been closed to newcomers since the page was made.
    room = get_classroom(Course.objects.get(pk=course.pk), user, now)
    if room is None or not room.may_enrol:
        raise NotOpenError(room.entry if room else None)
    return enrol_into(room, user, time_zone=time_zone)


def enrol_into(
    room: Classroom,
    user: User,
    *,
    time_zone: str = "",
    source: str = EnrolmentSource.SELF,
    actor: User | None = None,
) -> Enrolment:
    """`enrol` for whoever has loaded the classroom and asked it."""
    if room.enrolment is not None:
        return room.enrolment
    course, now = room.course, room.now
    try:
        with transaction.atomic():
            locked = _lock_course(course)
            enrolment = _newcomer(locked, user, source, now, time_zone)
            enrolment.save()
            record(course=course, what="enrolled", user=user, actor=actor, detail=source)
            return enrolment
    except IntegrityError:
        # Two clicks: the other one was first.
        return Enrolment.objects.get(user=user, course=course)


def _lock_course(course: Course) -> Course:
    """The course as stored, for coming into it.

    After a change of the curriculum that is under way, or before it: it looks at all who are in
    the course.
    """
    return Course.objects.select_for_update(no_key=True).get(pk=course.pk)


def _newcomer(
    course: Course, user: User, source: str, now: datetime, time_zone: str = ""
) -> Enrolment:
    given = time_zone if find_zone(time_zone) else ""
    learning = newcomer(user.time_zone or given, course, now)
    return Enrolment(
        user=user,
        course=course,
        source=source,
        time_zone=str(learning.zone),
        anchor_date=learning.anchor_date,
        enrolled_at=now,
        expires_at=term_end(course, now, learning.zone),
        next_release_at=now,
        settled_version=course.curriculum_version,
    )


def enrol_learner(
    *,
    actor: User,
    user: User,
    course: Course,
    reason: str = "",
    ends_at: datetime | None = None,
    now: datetime | None = None,
) -> Enrolment:
    """The author brings somebody in, and gives them access where they have none (until `ends_at`).

    What is given is a comp of the course's own product, which is made if it has none; nothing but
    this course is opened by it. Raises NotOpenError where the course is a draft.
    """
    (enrolment,) = enrol_learners(
        actor=actor, users=[user], course=course, reason=reason, ends_at=ends_at, now=now
    )
    return enrolment


def enrol_learners(
    *,
    actor: User,
    users: Sequence[User],
    course: Course,
    reason: str = "",
    ends_at: datetime | None = None,
    now: datetime | None = None,
) -> list[Enrolment]:
    """`enrol_learner` for several people, in their order: one transaction, the same statements.

    An archived course is closed to newcomers, not to those whom the author brings in.
    """
    require_author(actor)
    now = now or timezone.now()
    if course.state == CourseState.DRAFT:
        raise NotOpenError
    with transaction.atomic():
        locked = _lock_course(course)
        requirement, readers = requirement_for(locked), get_readers(users, now)
        shut_out = [
            each
            for each in users
            if not decide(readers.get(each.pk, VISITOR), requirement, now).allowed
        ]
        if shut_out:
            comp = Comp(None, own_product(locked), ends_at, reason, now)
            give_comps(actor=actor, comp=comp, people=shut_out)
        found = Enrolment.objects.select_related("user").filter(course=locked, user__in=users)
        there = {each.user_id: each for each in found}
        missing = {each.pk: each for each in users if each.pk not in there}
        made = Enrolment.objects.bulk_create(
            _newcomer(locked, each, EnrolmentSource.AUTHOR, now) for each in missing.values()
        )
        CourseEvent.objects.bulk_create(
            CourseEvent(
                course=locked,
                what="enrolled",
                actor=actor,
                user=each.user,
                detail=EnrolmentSource.AUTHOR,
            )
            for each in made
        )
        there |= {each.user_id: each for each in made}
    return [there[each.pk] for each in users]


def own_product(course: Course) -> Product:
    """What opens this course and no other; made, and not for sale, where there is none."""
    for product in course.products.order_by("position", "pk"):
        if not product.courses.exclude(pk=course.pk).exists():
            return product
    base = f"course-{course.pk}"
    taken = set(Product.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    slug = next(
        slug
        for slug in (base, *(f"{base}-{number}" for number in range(2, len(taken) + 3)))
        if slug not in taken
    )
    product = Product.objects.create(name=course.title[:120], slug=slug, is_listed=False)
    course.products.add(product)
    return product


@transaction.atomic
def restart_schedule(
    *, actor: User, enrolment: Enrolment, now: datetime | None = None
) -> Enrolment:
    """Count the days anew from today, in the learner's zone. What had opened stays open (K2).

    For the learner themselves and for authors.
    """
    now = now or timezone.now()
    if actor.pk != enrolment.user_id:
        require_author(actor)
    locked = lock_enrolment(enrolment)
    learning = load_learning([locked])[locked.pk]
    today = now.astimezone(learning.zone).date()
    keep_open_for(locked, learning, replace(learning, anchor_date=today), now)
    Enrolment.objects.filter(pk=locked.pk).update(
        anchor_date=today, restarted_at=now, next_release_at=now
    )
    record(
        course=locked.course,
        what="schedule_restarted",
        user=locked.user,
        actor=actor,
        detail=f"{locked.anchor_date} → {today}",
    )
    enrolment.refresh_from_db()
    return enrolment


@transaction.atomic
def extend_access(
    *,
    actor: User,
    enrolment: Enrolment,
    until: datetime | None,
    now: datetime | None = None,
) -> Enrolment:
    """Let access to the course last until `until` (None: as long as grants last).

    It opens nothing to somebody whose grants have ended. Raises ValidationError for a time in the
    past, or one before the present end: `revoke_enrolment` ends it.
    """
    require_author(actor)
    now = now or timezone.now()
    locked = lock_enrolment(enrolment)
    if until is not None:
        if until <= now:
            raise ValidationError({"until": _("Choose a time in the future.")})
        if locked.expires_at is None or until < locked.expires_at:
            raise ValidationError({"until": _("They have access for longer than that already.")})
    Enrolment.objects.filter(pk=locked.pk).update(expires_at=until, expiry_told_at=None)
    record(
        course=locked.course,
        what="access_extended",
        user=locked.user,
        actor=actor,
        detail=f"{locked.expires_at or ''} → {until or ''}",
    )
    enrolment.refresh_from_db()
    return enrolment


@transaction.atomic
def revoke_enrolment(
    *, actor: User, enrolment: Enrolment, reason: str, now: datetime | None = None
) -> Enrolment:
    """Close the course to one learner, whatever grants they have. Progress is kept.

    Raises IllegalMoveError when it is revoked already.
    """
    require_author(actor)
    open_ = Enrolment.objects.filter(pk=enrolment.pk, revoked_at__isnull=True)
    moved = open_.update(
        revoked_at=now or timezone.now(), revoked_reason=reason[:300], revoked_by=actor
    )
    if not moved:
        raise IllegalMoveError("revoked already")
    enrolment.refresh_from_db()
    record(course=enrolment.course, what="revoked", user=enrolment.user, actor=actor, detail=reason)
    return enrolment


@transaction.atomic
def restore_enrolment(*, actor: User, enrolment: Enrolment) -> Enrolment:
    """Take a revocation back: they go on where they left."""
    require_author(actor)
    revoked = Enrolment.objects.filter(pk=enrolment.pk, revoked_at__isnull=False)
    if not revoked.update(revoked_at=None, revoked_reason="", revoked_by=None):
        raise IllegalMoveError("not revoked")
    enrolment.refresh_from_db()
    record(course=enrolment.course, what="restored", user=enrolment.user, actor=actor)
    return enrolment


@transaction.atomic
def set_time_zone(
    *, user: User, course: Course, time_zone: str, now: datetime | None = None
) -> Enrolment:
    """Have a learner's lessons open by the clocks of another zone. What had opened stays open.

    The schedule is that of somebody who enrolled (or began anew) at the same moment there: the day
    from which days are counted is what the calendar showed there.
    """
    zone = find_zone(time_zone)
    if zone is None:
        raise ValidationError({"time_zone": _("There is no such time zone.")})
    now = now or timezone.now()
    locked = lock_enrolment(own_enrolment(user, course))
    learning = load_learning([locked])[locked.pk]
    began, day = locked.restarted_at or locked.enrolled_at, locked.anchor_date
    # A day that somebody chose otherwise stays what it is.
    if began.astimezone(learning.zone).date() == day:
        day = began.astimezone(zone).date()
    keep_open_for(locked, learning, replace(learning, zone=zone, anchor_date=day), now)
    Enrolment.objects.filter(pk=locked.pk).update(
        time_zone=time_zone, anchor_date=day, next_release_at=now
    )
    detail = f"{locked.time_zone} → {time_zone}"
    record(course=course, what="time_zone_changed", user=user, actor=user, detail=detail)
    locked.refresh_from_db()
    return locked


def set_mail_choice(*, user: User, course: Course, choice: str) -> Enrolment:
    """What a learner wants by mail when lessons open."""
    enrolment = own_enrolment(user, course)
    enrolment.mail_choice = MailChoice(choice)
    enrolment.save(update_fields=["mail_choice"])
    return enrolment


def own_enrolment(user: User, course: Course) -> Enrolment:
    """A person's own enrolment. Raises NotOpenError where there is none."""
    found = Enrolment.objects.select_related("course", "user").filter(user=user, course=course)
    enrolment = found.first()
    if enrolment is None:
        raise NotOpenError
    return enrolment


def lock_enrolment(enrolment: Enrolment) -> Enrolment:
    """The stored row, locked until the transaction ends: what follows from it is written singly.

    Before any row that names it is written, or two acts of one learner could wait for each other.
    A change of the curriculum that has not come to them yet comes to them first.
    """
    rows = Enrolment.objects.select_for_update(no_key=True, of=("self",))
    locked = rows.select_related("course", "user").get(pk=enrolment.pk)
    settle_learner(locked)
    return locked
