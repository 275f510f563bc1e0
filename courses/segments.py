"""Which learners of a course are meant: what the roster filters by and letters are sent to.

A `Segment` travels as a query string and is kept as JSON in a letter; both are read strictly, so
that a filter which is no longer understood never turns into everybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courses.drip import MOST_DAYS
from courses.enums import AccessLength, CourseAccess, EnrolmentSource, LessonState
from courses.models import Course, Enrolment, Lesson, LessonProgress, Module
from newsletter.lib.moments import add_months
from newsletter.memberships.models import Grant

STUCK_DAYS = 14
_IDS = ("finished", "unfinished", "stopped_at")


class LearnerState(models.TextChoices):
    """How somebody stands in a course. The last two end what the others say."""

    NOT_BEGUN = "not_begun", _("Not begun")
    UNDER_WAY = "under_way", _("Under way")
    STUCK = "stuck", _("Stuck")
    COMPLETED = "completed", _("Completed")
    ENDED = "ended", _("Access has ended")
    REVOKED = "revoked", _("Revoked")


class BadSegmentError(ValueError):
    """There is no such filter, or it names a module or lesson of another course."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Filters that all hold at once; the empty one is everybody who ever enrolled.

    `days` says for how long somebody is stuck who is. `finished` and `unfinished` are ids of
    modules, `stopped_at` that of the lesson where they were last and did not complete.
    """

    state: str = ""
    days: int = STUCK_DAYS
    finished: int | None = None
    unfinished: int | None = None
    stopped_at: int | None = None
    source: str = ""
    q: str = ""

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Segment:
        """From a query string or a letter's JSON, other keys aside. Raises BadSegmentError."""
        state, source = str(data.get("state") or ""), str(data.get("source") or "")
        if state not in {"", *LearnerState.values} or source not in {"", *EnrolmentSource.values}:
            raise BadSegmentError(f"{state!r}, {source!r}")
        days = _number(data.get("days")) or STUCK_DAYS
        return cls(
            state=state,
            days=min(days, MOST_DAYS),
            source=source,
            q=" ".join(str(data.get("q") or "").replace("\x00", "").split())[:200],
            **{name: _number(data.get(name)) for name in _IDS},
        )

    def as_dict(self) -> dict[str, str | int]:
        """What `read` takes, without what filters nothing: for an address or a letter's JSON."""
        given = {name: value for name, value in asdict(self).items() if value}
        if self.state != LearnerState.STUCK:
            given.pop("days", None)
        return given


def _number(given: Any) -> int | None:
    if given in (None, ""):
        return None
    text = str(given)
    if not (text.isascii() and text.isdecimal()) or len(text) > 18 or int(text) == 0:
        raise BadSegmentError(text)
    return int(text)


def learners_in(
    course: Course, segment: Segment, now: datetime | None = None
) -> QuerySet[Enrolment]:
    """The enrolments that a segment means. A query that is not run yet, of any number of people.

    Whoever mails to them asks for access besides. Raises BadSegmentError where it names a module
    or a lesson that is not in the course (any more).
    """
    now = now or timezone.now()
    found = Enrolment.objects.filter(course=course)
    if segment.q:
        found = found.filter(
            Q(user__email__icontains=segment.q) | Q(user__name__icontains=segment.q)
        )
    if segment.source:
        found = found.filter(source=segment.source)
    if segment.finished:
        found = _finished(found, _module(course, segment.finished))
    if segment.unfinished:
        module = _module(course, segment.unfinished)
        done = _finished(Enrolment.objects.filter(course=course), module)
        found = found.exclude(pk__in=done.values("pk"))
    if segment.stopped_at:
        found = _stopped_at(found, course, segment.stopped_at)
    return _standing(found, course, segment, now) if segment.state else found


def _standing(
    found: QuerySet[Enrolment], course: Course, segment: Segment, now: datetime
) -> QuerySet[Enrolment]:
    if segment.state == LearnerState.REVOKED:
        return found.filter(revoked_at__isnull=False)
    found = found.filter(revoked_at__isnull=True)
    if segment.state == LearnerState.COMPLETED:
        return found.filter(completed_at__isnull=False)
    over = is_over(course, now)
    if segment.state == LearnerState.ENDED:
        return found.filter(over)
    found = found.filter(~over, completed_at__isnull=True)
    if segment.state == LearnerState.NOT_BEGUN:
        return found.filter(started_at__isnull=True)
    found = found.filter(started_at__isnull=False)
    if segment.state == LearnerState.STUCK:
        found = found.filter(last_activity_at__lte=now - timedelta(days=segment.days))
    return found


def is_over(course: Course, now: datetime) -> Q:
    """Of an enrolment that is not revoked: whether the course is closed to them by now.

    As `courses.access` decides it for one learner, said for the database. A revoked enrolment is
    closed besides.
    """
    opening = _opening(course, now)
    over = Q(expires_at__lte=now)
    if opening is not None and course.access_length == AccessLength.MONTHS and course.access_months:
        # Whoever got it anew begins a new term.
        since = add_months(now, -course.access_months)
        renewed = opening.filter(starts_at__gt=OuterRef("enrolled_at")).filter(starts_at__gt=since)
        over &= ~Q(Exists(renewed))
    if opening is not None and course.access != CourseAccess.ADDRESS:
        over |= ~Q(Exists(opening))
    # Staff are let in without a grant.
    return over & Q(user__is_staff=False)


def _opening(course: Course, now: datetime) -> QuerySet[Grant] | None:
    """The grants in force that open the course to the learner of the outer row, if it takes any."""
    if course.access in {CourseAccess.FREE, CourseAccess.ADDRESS}:
        return None
    opens = Q(product__in=course.products.values("pk"))
    if course.access == CourseAccess.PAID:
        opens |= Q(tier__isnull=False)
    elif course.access == CourseAccess.TIERS:
        opens |= Q(tier__in=course.tiers.values("pk"))
    return Grant.objects.in_force(now).filter(opens, user=OuterRef("user_id"))


def _module(course: Course, module_id: int) -> Module:
    module = Module.objects.filter(course=course, pk=module_id).first()
    if module is None:
        raise BadSegmentError(f"module {module_id}")
    return module


def _finished(found: QuerySet[Enrolment], module: Module) -> QuerySet[Enrolment]:
    """Those who completed all that counts in a module; where nothing counts, all that is in it."""
    lessons = Lesson.objects.filter(module=module, state=LessonState.PUBLISHED)
    wanted = set(lessons.filter(is_required=True).values_list("pk", flat=True))
    wanted = wanted or set(lessons.values_list("pk", flat=True))
    if not wanted:
        return found.none()
    done = (
        LessonProgress.objects.filter(lesson__in=wanted, completed_at__isnull=False)
        .order_by()
        .values("enrolment")
        .annotate(number=models.Count("pk"))
        .filter(number=len(wanted))
        .values("enrolment")
    )
    return found.filter(pk__in=done)


def _stopped_at(found: QuerySet[Enrolment], course: Course, lesson_id: int) -> QuerySet[Enrolment]:
    """Those who were at a lesson last and have not completed it, nor the course."""
    if not Lesson.objects.filter(course=course, pk=lesson_id).exists():
        raise BadSegmentError(f"lesson {lesson_id}")
    done = LessonProgress.objects.filter(
        enrolment=OuterRef("pk"), lesson=lesson_id, completed_at__isnull=False
    )
    left = found.filter(last_lesson=lesson_id, completed_at__isnull=True)
    return left.filter(~Exists(done))


def describe(course: Course, segment: Segment) -> list[str]:
    """The filters in words, for the author; empty for everybody."""
    said: list[str] = []
    if segment.state == LearnerState.STUCK:
        said.append(str(_("Stuck for %(days)s days") % {"days": segment.days}))
    elif segment.state:
        said.append(str(LearnerState(segment.state).label))
    titles = dict(
        Module.objects.filter(
            course=course, pk__in=[pk for pk in (segment.finished, segment.unfinished) if pk]
        ).values_list("pk", "title")
    )
    if segment.finished:
        said.append(str(_("Finished “%(title)s”") % {"title": titles.get(segment.finished, "?")}))
    if segment.unfinished:
        title = titles.get(segment.unfinished, "?")
        said.append(str(_("Has not finished “%(title)s”") % {"title": title}))
    if segment.stopped_at:
        lesson = Lesson.objects.filter(course=course, pk=segment.stopped_at).only("title").first()
        said.append(str(_("Stopped at “%(title)s”") % {"title": lesson or "?"}))
    if segment.source:
        said.append(str(EnrolmentSource(segment.source).label))
    if segment.q:
        said.append(str(_("Name or address holds “%(text)s”") % {"text": segment.q}))
    return said
