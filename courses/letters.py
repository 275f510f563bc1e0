"""Letters to some of a course's learners, through the mail engine."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from courses.addresses import course_path
from courses.course_mail import absolute, way_out
from courses.enums import MailChoice
from courses.models import Course, CourseLetter, Enrolment
from courses.segments import BadSegmentError, LearnerState, Segment, learners_in
from newsletter.accounts.models import User
from newsletter.mailings.circles import Frame, key_of
from newsletter.mailings.models import Mailing

CIRCLE = "course-letter"


def meant_by(course: Course, segment: Segment) -> QuerySet[Enrolment]:
    """The learners to whom a letter to a segment is written. Raises BadSegmentError.

    Whom the author put out of the course is written to only where they are asked for.
    """
    found = learners_in(course, segment)
    return found if _asks_for_revoked(segment) else found.filter(revoked_at__isnull=True)


def _asks_for_revoked(segment: Segment) -> bool:
    return segment.state == LearnerState.REVOKED


def receivers_of(course: Course, segment: Segment) -> QuerySet[Enrolment]:
    """Those of them who take mail of the course. Raises BadSegmentError."""
    wanted = meant_by(course, segment).filter(user__is_active=True)
    return wanted.exclude(mail_choice=MailChoice.NONE)


class LetterCircle:
    """The learners whom a letter's filters mean when it starts."""

    def audience(self, mailing: Mailing, now: datetime) -> QuerySet[Any]:
        """Nobody where a filter is no longer understood: never everybody."""
        letter = CourseLetter.objects.select_related("course").filter(mailing=mailing).first()
        segment = _segment_of(letter)
        if letter is None or segment is None:
            return Enrolment.objects.none()
        try:
            return receivers_of(letter.course, segment)
        except BadSegmentError:
            return Enrolment.objects.none()

    def ways_out(
        self, mailing: Mailing, user_ids: Collection[int], now: datetime
    ) -> Mapping[int, str]:
        """Those who still take mail of the course and were not put out of it.

        What else the filters say later changes nothing.
        """
        learners = Enrolment.objects.filter(course=key_of(mailing), user_id__in=user_ids)
        learners = learners.exclude(mail_choice=MailChoice.NONE)
        segment = _segment_of(CourseLetter.objects.filter(mailing=mailing).first())
        if segment is None or not _asks_for_revoked(segment):
            learners = learners.filter(revoked_at__isnull=True)
        return {each.user_id: way_out(each) for each in learners}

    def may_read(self, mailing: Mailing, user: User | None, now: datetime) -> bool:
        """Whoever is in the course: it was written to them."""
        learners = Enrolment.objects.filter(course=key_of(mailing), user=user)
        return user is not None and learners.exists()

    def frame(self, mailing: Any) -> Frame:
        """Part of a course, with no page of its own."""
        course = Course.objects.only("title", "slug").filter(pk=key_of(mailing)).first()
        title = course.title if course else ""
        path = f"{course_path(course)}-/settings/" if course else "/"
        return Frame(
            title=mailing.subject,
            name=title,
            list_key=f"course-{key_of(mailing)}",
            reason=_("You get this because you are in the course “%(title)s”.") % {"title": title},
            manage_url=absolute(path),
        )


def _segment_of(letter: CourseLetter | None) -> Segment | None:
    """To whom a letter goes; None where that is no longer understood."""
    if letter is None:
        return None
    try:
        return Segment.read(letter.segment)
    except BadSegmentError:
        return None
