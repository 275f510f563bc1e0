"""Who may see what of a course: the only way to a lesson's text, files, quiz and conversation.

A course is asked about as a `Classroom`: one viewer in one course at one moment, with all that
their pages show of it. Each of its answers is a decision of `memberships.access.decide`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from django.db.models import Max, Q, prefetch_related_objects

from courses.curriculum import Rule, percent_done, rules_of
from courses.drip import Learning, Standing, next_opening, work_out
from courses.enums import AccessLength, CourseAccess, CourseState, LessonState
from courses.models import Course, Enrolment, Lesson
from courses.outline import Outline, load_learning, load_outlines, newcomer
from courses.settling import hold_open, load_changes
from courses.terms import term_end, zone_of
from newsletter.accounts.models import User
from newsletter.memberships.access import (
    Decision,
    Reader,
    Requirement,
    decide,
    get_reader,
    get_readers,
)
from newsletter.memberships.enums import Access
from newsletter.memberships.models import Grant

# In the words of memberships. One that is sold alone asks for tiers and names none.
_ASKS = {
    CourseAccess.FREE: Access.PUBLIC,
    CourseAccess.ADDRESS: Access.MEMBERS,
    CourseAccess.PAID: Access.PAID,
    CourseAccess.TIERS: Access.TIERS,
    CourseAccess.PRODUCTS: Access.TIERS,
}


def requirement_for(course: Course) -> Requirement:
    """What getting into a course takes. No query where tiers and products are prefetched."""
    access = CourseAccess(course.access)
    products: frozenset[int] = frozenset()
    tiers: frozenset[int] = frozenset()
    if access in {CourseAccess.PAID, CourseAccess.TIERS, CourseAccess.PRODUCTS}:
        products = frozenset(product.pk for product in course.products.all())
    if access == CourseAccess.TIERS:
        tiers = frozenset(tier.pk for tier in course.tiers.all())
    return Requirement(_ASKS[access], tier_ids=tiers, product_ids=products)


@dataclass(frozen=True)
class Classroom:
    """One viewer in one course at one moment. Pure: assembled from what was loaded.

    `enrolment` is None for a visitor and for whoever has not come in yet; `learning` is then that
    of a newcomer. `closes_at` is when the course ends for this learner whatever they hold.
    """

    course: Course
    outline: Outline
    reader: Reader
    learning: Learning
    now: datetime
    enrolment: Enrolment | None = None
    closes_at: datetime | None = None

    @cached_property
    def rules(self) -> Mapping[int, Rule]:
        """What each published lesson waits for."""
        return rules_of(self.outline.curriculum)

    @cached_property
    def standings(self) -> Mapping[int, Standing]:
        """How each published lesson stands for this learner, access aside."""
        return work_out(self.rules, self.learning, self.now)

    @cached_property
    def requirement(self) -> Requirement:
        """What being in the course takes now."""
        return replace(requirement_for(self.course), closes_at=self.closes_at)

    @cached_property
    def entry(self) -> Decision:
        """Whether they are in, or may come in."""
        return decide(self.reader, self.requirement, self.now)

    @property
    def may_enrol(self) -> bool:
        """Whether learning here may be written down for them."""
        return self.reader.is_known and self.entry.allowed

    @cached_property
    def required(self) -> tuple[int, ...]:
        """The lessons it takes to complete the course."""
        return self.outline.curriculum.required

    @property
    def percent(self) -> int:
        """How far they are: 0 to 100."""
        return percent_done(self.required, self.learning.done)

    @property
    def next_opening(self) -> datetime | None:
        """When the next lesson opens by time alone."""
        return next_opening(self.rules, self.learning, self.now)

    @cached_property
    def lesson_to_continue(self) -> Lesson | None:
        """Where they left if that is unfinished, else the first open lesson that is not done."""
        lessons = self.outline.published
        open_now = [each for each in lessons if self.decide(each.pk).allowed]
        unfinished = [each for each in open_now if each.pk not in self.learning.done]
        last = self.enrolment.last_lesson_id if self.enrolment else None
        for each in unfinished:
            if each.pk == last:
                return each
        return next(iter(unfinished or open_now), None)

    def decide(self, lesson_id: int) -> Decision:
        """Whether they may open a lesson of this course.

        Staff may open drafts too; for everybody else a draft is not there (KeyError).
        """
        if self.reader.is_staff:
            return decide(self.reader, self.requirement, self.now)
        if self.rules[lesson_id].is_preview:
            return decide(self.reader, Requirement(Access.PUBLIC), self.now)
        return decide(self.reader, self._requirement_of(self.standings[lesson_id]), self.now)

    def _requirement_of(self, standing: Standing) -> Requirement:
        if standing.is_open:
            return self.requirement
        if not self.reader.is_known and self.requirement.access == Access.PUBLIC:
            # Nobody counts a visitor's days or keeps what they finished.
            return replace(self.requirement, access=Access.MEMBERS)
        is_blocked = bool(standing.waits_for) or standing.opens_at is None
        return replace(self.requirement, opens_at=standing.opens_at, is_blocked=is_blocked)


# ── Loading ───────────────────────────────────────────────────────────────────────────────────


def get_classroom(course: Course, viewer: User | None, now: datetime) -> Classroom | None:
    """`course` as `viewer` (None: a visitor) has it now; None where it is not there for them.

    A draft is there for staff alone, an archived course for those who are in it or bought it.
    """
    return get_classrooms([course], viewer, now).get(course.pk)


def get_classrooms(
    courses: Iterable[Course], viewer: User | None, now: datetime
) -> dict[int, Classroom]:
    """One viewer in many courses, by the course's id; those not there for them are left out."""
    everything = list(courses)
    reader = get_reader(viewer, now)
    found = Enrolment.objects.filter(user=reader.user_id, course__in=everything)
    enrolments = {each.course_id: each for each in found} if reader.is_known else {}
    learners = list(enrolments.values())
    prefetch_related_objects(everything, "tiers", "products")
    courses_there = [
        course for course in everything if _is_there(course, reader, enrolments.get(course.pk))
    ]
    outlines = load_outlines(courses_there)
    changes = load_changes({each.pk: each for each in everything}, learners)
    learning = hold_open(load_learning(learners), learners, changes) if learners else {}
    renewed = _load_renewals(courses_there, learners, now)
    zone = viewer.time_zone if viewer is not None and reader.is_known else ""
    rooms: dict[int, Classroom] = {}
    for course in courses_there:
        enrolment = enrolments.get(course.pk)
        rooms[course.pk] = Classroom(
            course=course,
            outline=outlines[course.pk],
            reader=reader,
            learning=learning[enrolment.pk] if enrolment else newcomer(zone, course, now),
            now=now,
            enrolment=enrolment,
            closes_at=_closes_at(course, enrolment, renewed, now),
        )
    return rooms


def get_classrooms_of(
    course: Course, enrolments: Iterable[Enrolment], now: datetime
) -> dict[int, Classroom]:
    """Many learners of one course, by the id of their enrolment. Load their `user` with them.

    In a fixed number of queries: for mail, which asks for everybody who is about to get some. Who
    is no longer active is left out, and everybody where the course is taken back.
    """
    everybody = {each.pk: each for each in enrolments}
    readers = get_readers((each.user for each in everybody.values()), now)
    prefetch_related_objects([course], "tiers", "products")
    outline = load_outlines([course])[course.pk]
    changes = load_changes({course.pk: course}, everybody.values())
    learning = hold_open(load_learning(everybody.values()), everybody.values(), changes)
    renewed = _load_renewals([course], everybody.values(), now)
    return {
        pk: Classroom(
            course=course,
            outline=outline,
            reader=readers[enrolment.user_id],
            learning=learning[pk],
            now=now,
            enrolment=enrolment,
            closes_at=_closes_at(course, enrolment, renewed, now),
        )
        for pk, enrolment in everybody.items()
        if enrolment.user_id in readers and _is_there(course, readers[enrolment.user_id], enrolment)
    }


def imagine_classroom(
    course: Course, reader: Reader, learning: Learning, now: datetime
) -> Classroom:
    """The course as somebody would have it: the author's preview. Nothing is written for them."""
    prefetch_related_objects([course], "tiers", "products")
    outline = load_outlines([course])[course.pk]
    return Classroom(
        course, outline, reader, learning, now, None, _closes_at(course, None, {}, now)
    )


def decide_lessons(
    lesson_ids: Iterable[int], viewer: User | None, now: datetime
) -> dict[int, Decision]:
    """Whether `viewer` may open each of these lessons; those not there for them are left out."""
    lessons = Lesson.objects.filter(pk__in=list(lesson_ids)).only("course_id", "state")
    by_id = {lesson.pk: lesson for lesson in lessons}
    courses = Course.objects.filter(pk__in={each.course_id for each in by_id.values()})
    rooms = get_classrooms(courses.defer("body", "body_html"), viewer, now) if by_id else {}
    return {
        pk: room.decide(pk)
        for pk, lesson in by_id.items()
        if (room := rooms.get(lesson.course_id)) is not None
        and (room.reader.is_staff or lesson.state == LessonState.PUBLISHED)
    }


def get_lesson_for(room: Classroom, lesson_id: int) -> Lesson | None:
    """A lesson with its texts, for whoever may open it; None for everybody else. One query."""
    is_there = room.reader.is_staff or lesson_id in room.rules
    if not is_there or not room.decide(lesson_id).allowed:
        return None
    return Lesson.objects.filter(pk=lesson_id, course=room.course).first()


def _is_there(course: Course, reader: Reader, enrolment: Enrolment | None) -> bool:
    """Whether there is such a course for them at all (P7)."""
    if reader.is_staff or course.state == CourseState.PUBLISHED:
        return True
    if course.state != CourseState.ARCHIVED:
        return False
    return enrolment is not None or bool(requirement_for(course).product_ids & reader.product_ids)


def _closes_at(
    course: Course, enrolment: Enrolment | None, renewed: Mapping[int, datetime], now: datetime
) -> datetime | None:
    if enrolment is None:
        return term_end(course, now, zone_of(course.time_zone))
    if enrolment.revoked_at is not None:
        return enrolment.revoked_at
    if enrolment.expires_at is None or enrolment.pk not in renewed:
        return enrolment.expires_at
    term = term_end(course, renewed[enrolment.pk], zone_of(enrolment.time_zone))
    return max(filter(None, (enrolment.expires_at, term)))


def _load_renewals(
    courses: Iterable[Course], enrolments: Iterable[Enrolment], now: datetime
) -> dict[int, datetime]:
    """When those whose months are over last got something anew that opens the course.

    Whoever buys it again begins a new term. One query, and only where somebody's term is over.
    """
    limited = {each.pk: each for each in courses if each.access_length == AccessLength.MONTHS}
    over = [
        each
        for each in enrolments
        if each.course_id in limited and each.expires_at is not None and each.expires_at <= now
    ]
    if not over:
        return {}
    wants = {pk: requirement_for(course) for pk, course in limited.items()}
    tiers = {tier for want in wants.values() for tier in want.tier_ids}
    products = {product for want in wants.values() for product in want.product_ids}
    opening = Q(product__in=products) | Q(tier__in=tiers)
    if any(want.access == Access.PAID for want in wants.values()):
        opening |= Q(tier__isnull=False)
    grants = Grant.objects.in_force(now).filter(opening, user__in=[each.user_id for each in over])
    began = list(
        grants.order_by()
        .values("user_id", "tier_id", "product_id")
        .annotate(latest=Max("starts_at"))
        .values_list("user_id", "tier_id", "product_id", "latest")
    )
    renewed: dict[int, datetime] = {}
    for each in over:
        want = wants[each.course_id]
        starts = [
            start
            for user_id, tier_id, product_id, start in began
            if user_id == each.user_id
            and start > each.enrolled_at
            and (
                product_id in want.product_ids
                or tier_id in want.tier_ids
                or (want.access == Access.PAID and tier_id is not None)
            )
        ]
        if starts:
            renewed[each.pk] = max(starts)
    return renewed
