"""Why a course or a lesson is closed to somebody, and what they can do about it: for its panel."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from courses.access import Classroom
from courses.addresses import course_path
from courses.enums import AccessLength, CourseAccess
from courses.models import Lesson
from courses.offers import CourseOffer
from courses.screens import CourseScreen
from newsletter.accounts.models import User
from newsletter.lib.local_paths import sign_in_url
from newsletter.memberships.enums import Reason
from newsletter.memberships.models import Grant
from newsletter.payments.queries import running_plans, unpaid_membership


@dataclass(frozen=True, slots=True)
class Closed:
    """The panel's words. `opens_at` is when, where that is known; `lessons` what comes first."""

    title: str
    text: str
    opens_at: datetime | None = None
    lessons: list[Lesson] = field(default_factory=list)
    button: str = ""
    url: str = ""
    sign_in_url: str = ""
    price: str = ""


def why_closed(room: Classroom, lesson: Lesson, offer: CourseOffer, viewer: User | None) -> Closed:
    """Why `lesson`, which is published, does not open to them now."""
    decision = room.decide(lesson.pk)
    if not room.entry.allowed and (room.enrolment is not None or decision.reason == Reason.ENDED):
        return why_out(room, offer, viewer)
    if decision.reason == Reason.NOT_YET:
        return _not_yet(room, lesson)
    if decision.reason == Reason.BLOCKED:
        return _blocked(room, lesson)
    return _not_in(room, offer)


def _when(room: Classroom, at: datetime) -> str:
    """A moment on the learner's clock, with the zone that it is told in."""
    local = at.astimezone(room.learning.zone)
    # Translators: an exact time; see Django's date formats.
    shown = date_format(local.replace(tzinfo=None), _("j F Y, H:i"))
    return f"{shown} ({str(room.learning.zone).replace('_', ' ')})"


def _not_yet(room: Classroom, lesson: Lesson) -> Closed:
    opens_at = room.standings[lesson.pk].opens_at
    when = _when(room, opens_at) if opens_at else ""
    waits = _needed(room, lesson)
    if waits:
        text = _("It opens on %(when)s at the earliest, and once these are done:") % {"when": when}
    else:
        text = _("It opens on %(when)s.") % {"when": when}
    return Closed(_("This lesson opens later"), text, opens_at, waits, *_onward(room))


def _blocked(room: Classroom, lesson: Lesson) -> Closed:
    waits = _needed(room, lesson)
    if waits:
        words = ngettext(
            "This course goes step by step. One lesson comes before this one:",
            "This course goes step by step. %(number)s lessons come before this one:",
            len(waits),
        ) % {"number": len(waits)}
        return Closed(_("First things first"), words, None, waits, *_onward(room))
    for each in CourseScreen(room).following:
        if each.lesson.pk == lesson.pk:
            names = {"days": each.days, "module": each.module.title}
            words = _("It opens as soon as “%(module)s” is finished.") % names
            if each.days:
                words = (
                    ngettext(
                        "It opens %(days)s day after you finish “%(module)s”.",
                        "It opens %(days)s days after you finish “%(module)s”.",
                        each.days,
                    )
                    % names
                )
            return Closed(_("This lesson opens later"), words, None, [], *_onward(room))
    words = _("It opens when what comes before it is finished.")
    return Closed(_("This lesson opens later"), words, None, [], *_onward(room))


def _needed(room: Classroom, lesson: Lesson) -> list[Lesson]:
    waits_for = room.standings[lesson.pk].waits_for
    return [each for each in room.outline.published if each.pk in waits_for]


def _onward(room: Classroom) -> tuple[str, str]:
    """What there is to do meanwhile."""
    if room.lesson_to_continue is None or room.enrolment is None:
        return _("To the course"), course_path(room.course)
    return (
        _("Go on with “%(title)s”") % {"title": room.lesson_to_continue.title},
        f"{course_path(room.course)}{room.lesson_to_continue.slug}/",
    )


def _not_in(room: Classroom, offer: CourseOffer) -> Closed:
    """Somebody who has not come into the course."""
    url, title = course_path(room.course), {"course": room.course.title}
    if room.entry.allowed or room.course.access == CourseAccess.ADDRESS:
        return Closed(
            _("Begin the course to read on"),
            _("This lesson is part of “%(course)s”, which costs nothing.") % title,
            button=_("See the course"),
            url=url,
            sign_in_url="" if room.reader.is_known else sign_in_url(url),
        )
    return Closed(
        _("The rest is for those who take the course"),
        _("This lesson is part of “%(course)s”.") % title,
        price=offer.label,
        button=_("See the course"),
        url=url,
        sign_in_url="" if room.reader.is_known else sign_in_url(url),
    )


def why_out(room: Classroom, offer: CourseOffer, viewer: User | None) -> Closed:
    """Why somebody who was in the course is no longer; their progress and notes are kept."""
    enrolment = room.enrolment
    if room.entry.reason == Reason.ENDED:
        if enrolment is not None and enrolment.revoked_at is not None:
            text = _("The author closed it to you on %(when)s.") % {
                "when": _when(room, enrolment.revoked_at)
            }
            return Closed(
                _("This course is closed to you"), f"{text} {enrolment.revoked_reason}".strip()
            )
        return _time_is_over(room, offer)
    if viewer is not None and _owes(room, viewer):
        return Closed(
            _("Your last payment has not arrived"),
            _(
                "The course rests until it does. Put the payment right, and you go on where you "
                "left: your progress and your notes are kept."
            ),
            button=_("Put the payment right"),
            url=reverse("payments:show-membership"),
        )
    return _lost(room, offer, viewer)


def _owes(room: Classroom, viewer: User) -> bool:
    """Whether it would open if a bill were paid: of a membership, or of a payment plan."""
    wanted = room.requirement
    unpaid = unpaid_membership(viewer)
    if unpaid is not None and (
        unpaid.tier_id in wanted.tier_ids or room.course.access == CourseAccess.PAID
    ):
        return True
    return running_plans(viewer).filter(product__in=wanted.product_ids).exists()


def _time_is_over(room: Classroom, offer: CourseOffer) -> Closed:
    if room.closes_at is None:
        return Closed(_("This course is over"), "")
    when = {"when": _when(room, room.closes_at)}
    if room.course.access_length == AccessLength.MONTHS and offer.prices:
        text = _(
            "Your time in it ended on %(when)s. Buy it again, and you go on where you left: your "
            "progress and your notes are kept."
        )
        return _with_way(offer, _("Your time in this course is over"), text % when)
    text = _("It was open until %(when)s. Your progress and your notes are kept.")
    return Closed(_("This course is over"), text % when)


def _lost(room: Classroom, offer: CourseOffer, viewer: User | None) -> Closed:
    """What opened it has ended: a membership, a purchase that was paid back, a gift."""
    ended_at = _ended_at(room, viewer)
    kept = _("Your progress and your notes are kept: with access you go on where you left.")
    if ended_at is None:
        text = kept
    else:
        text = _("What opened it to you ended on %(when)s.") % {"when": _when(room, ended_at)}
        text = f"{text} {kept}"
    return _with_way(offer, _("You no longer have access to this course"), text)


def _with_way(offer: CourseOffer, title: str, text: str) -> Closed:
    """With the first way back in, where there is one."""
    if not offer.ways:
        return Closed(title, text)
    return Closed(title, text, button=offer.ways[0].button, url=offer.ways[0].url)


def _ended_at(room: Classroom, viewer: User | None) -> datetime | None:
    """When the last ended of what opened the course. One query."""
    if viewer is None:
        return None
    wanted = room.requirement
    ended: list[datetime] = []
    grants = Grant.objects.filter(user=viewer, starts_at__lte=room.now).order_by()
    for grant in grants.only("tier_id", "product_id", "ends_at", "revoked_at"):
        counts = (
            grant.product_id in wanted.product_ids
            or grant.tier_id in wanted.tier_ids
            or (room.course.access == CourseAccess.PAID and grant.tier_id is not None)
        )
        over_at = min(filter(None, (grant.ends_at, grant.revoked_at)), default=None)
        if counts and over_at is not None and over_at <= room.now:
            ended.append(over_at)
    return max(ended, default=None)
