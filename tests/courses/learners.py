"""What learners do in a course, and money for them, each step beside the plain model's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from courses import actions
from courses.access import Classroom, get_classroom
from courses.actions import IllegalMoveError, NotOpenError
from courses.enums import CourseAccess
from courses.models import Course, Enrolment, Lesson
from newsletter.memberships.actions import sync_grant
from newsletter.memberships.enums import GrantSource
from tests.courses.plain_model import PlainCourse, PlainLesson, PlainPerson
from tests.factories.accounts import UserFactory
from tests.factories.courses import (
    ModuleFactory,
    ProductFactory,
    author,
    make_course,
)
from tests.factories.memberships import TierFactory

PICK = st.integers(0, 1_000)
# Right before a clock changes, a leap day, a year's end.
BEGINNINGS = st.sampled_from(
    [
        datetime(2026, 3, 27, 22, 59, tzinfo=UTC),
        datetime(2026, 10, 23, 21, 59, tzinfo=UTC),
        datetime(2028, 2, 27, 9, 59, tzinfo=UTC),
        datetime(2026, 12, 30, 12, 0, tzinfo=UTC),
    ]
)
ZONES = ["Europe/Vienna", "Asia/Kolkata", "Pacific/Kiritimati", "America/Los_Angeles"]
OPENS = st.one_of(
    st.just(("none", 0, None)),
    st.tuples(st.just("days"), st.integers(0, 6), st.none()),
    st.tuples(st.just("after"), st.integers(0, 3), st.none()),
    st.tuples(st.just("date"), st.just(0), st.integers(-3, 8)),
)


class Learners(RuleBasedStateMachine):
    """One course that is sold and in a tier, three people, and what they and money do."""

    @initialize(begins=BEGINNINGS, in_order=st.booleans(), drips=st.lists(OPENS, max_size=4))
    def begin(self, begins: datetime, in_order: bool, drips: list[Any]) -> None:
        self.now = begins
        self.tier, self.product = TierFactory(), ProductFactory()
        self.course = make_course(
            2,
            1,
            access=CourseAccess.TIERS,
            tiers=[self.tier],
            products=[self.product],
            is_sequential=in_order,
        )
        ModuleFactory(course=self.course)
        self.plain = PlainCourse(in_order=in_order)
        self.users = [UserFactory(time_zone=zone) for zone in ZONES[:3]]
        self.plain.people = {user.pk: PlainPerson(user.time_zone) for user in self.users}
        self.bought = dict.fromkeys(self.plain.people, 0)
        self.shown: dict[int, set[int]] = {pk: set() for pk in self.plain.people}
        self.look_at_the_outline()
        for number, opens in enumerate(drips):
            self.reschedule(number, opens)
        for pick in range(2):
            self.subscribe(pick)
            self.enrol(pick)

    # ── Help ──────────────────────────────────────────────────────────────────────────────────

    def look_at_the_outline(self) -> None:
        """Take over what there is, by id: names and places are not what is judged here."""
        self.plain.modules = [
            (module.pk, list(module.lessons.order_by("position").values_list("pk", flat=True)))
            for module in self.course.modules.order_by("position")
        ]
        for _module, inside in self.plain.modules:
            for lesson in inside:
                self.plain.lessons.setdefault(lesson, PlainLesson())

    def lesson(self, pick: int) -> Lesson:
        ids = sorted(self.plain.lessons)
        return Lesson.objects.get(pk=ids[pick % len(ids)])

    def person(self, pick: int) -> tuple[Any, PlainPerson]:
        user = self.users[pick % len(self.users)]
        return user, self.plain.people[user.pk]

    def room(self, user: Any) -> Classroom | None:
        return get_classroom(Course.objects.get(pk=self.course.pk), user, self.now)

    def change(self, plainly: Callable[[], None], really: Callable[[], Any]) -> None:
        """Change the curriculum in both; where nobody could ever open something, in neither."""
        before = self.plain.copy()
        self.plain.remember(self.now)
        plainly()
        is_bad = self.plain.nobody_could_ever_open(self.now) - before.nobody_could_ever_open(
            self.now
        )
        try:
            really()
        except ValidationError:
            assert is_bad
            self.plain = before
            return
        assert not is_bad
        self.plain.settle(self.now)

    def save(self, lesson: Lesson, **fields: Any) -> None:
        for name, value in fields.items():
            setattr(lesson, name, value)
        actions.save_lesson(actor=author(), lesson=lesson, now=self.now)

    # ── Time and money ────────────────────────────────────────────────────────────────────────

    @rule(hours=st.integers(0, 60), minutes=st.sampled_from([0, 1, 29, 59]))
    def wait(self, hours: int, minutes: int) -> None:
        self.now += timedelta(hours=hours, minutes=minutes)

    @rule(pick=PICK, early=st.booleans())
    def wait_for_the_next_opening(self, pick: int, early: bool) -> None:
        user, _who = self.person(pick)
        room = self.room(user)
        if room is not None and room.next_opening is not None:
            # A moment before it, or at it.
            self.now = room.next_opening - timedelta(microseconds=early)

    def keep_grant(self, user: Any, grant: list[Any], **what: Any) -> None:
        start, end, gone = grant
        sync_grant(
            user=user,
            starts_at=start,
            ends_at=end,
            revoked_reason="taken away" if gone else "",
            **what,
        )

    @rule(pick=PICK)
    def buy(self, pick: int) -> None:
        user, who = self.person(pick)
        who.product.append([self.now, None, False])
        self.keep_order(user, who, len(who.product) - 1)

    @rule(pick=PICK, which=PICK, comes_back=st.booleans())
    def refund(self, pick: int, which: int, comes_back: bool) -> None:
        """Or a dispute, which may be won."""
        user, who = self.person(pick)
        if who.product:
            number = which % len(who.product)
            who.product[number][2] = not comes_back
            self.keep_order(user, who, number)

    def keep_order(self, user: Any, who: PlainPerson, number: int) -> None:
        what = {"product": self.product, "source": GrantSource.ORDER, "source_id": str(number)}
        self.keep_grant(user, who.product[number], **what)

    @rule(pick=PICK)
    def subscribe(self, pick: int) -> None:
        user, who = self.person(pick)
        if not who.tier:
            who.tier.append([self.now, None, False])
            self.keep_subscription(user, who)

    @rule(pick=PICK, hours=st.integers(1, 90))
    def lapse(self, pick: int, hours: int) -> None:
        user, who = self.person(pick)
        if who.tier and who.tier[0][0] < self.now + timedelta(hours=hours):  # type: ignore[operator]
            who.tier[0][1] = self.now + timedelta(hours=hours)
            self.keep_subscription(user, who)

    @rule(pick=PICK)
    def renew(self, pick: int) -> None:
        user, who = self.person(pick)
        if who.tier:
            who.tier[0][1] = None
            self.keep_subscription(user, who)

    def keep_subscription(self, user: Any, who: PlainPerson) -> None:
        what = {"tier": self.tier, "source": GrantSource.SUBSCRIPTION, "source_id": "sub"}
        self.keep_grant(user, who.tier[0], **what)

    # ── Learners ──────────────────────────────────────────────────────────────────────────────

    @rule(pick=PICK)
    def enrol(self, pick: int) -> None:
        user, who = self.person(pick)
        try:
            actions.enrol(user=user, course=self.course, now=self.now)
        except NotOpenError:
            assert not self.plain.may_enter(who, self.now)
            return
        assert self.plain.may_enter(who, self.now)
        self.come_in(who)

    def come_in(self, who: PlainPerson) -> None:
        if who.enrolled_at is None:
            who.enrolled_at = self.now
            who.begin(self.now)

    def may_learn(self, who: PlainPerson, lesson: int) -> bool:
        if not self.plain.may_enter(who, self.now) or not self.plain.sees(who, self.now):
            return False
        imagined = self.plain.copy()
        as_if = PlainPerson(who.zone, enrolled_at=self.now, first_day=who.wall(self.now).date())
        return imagined.is_open(lesson, who if who.enrolled_at else as_if, self.now)

    @rule(pick=PICK, which=PICK)
    def complete(self, pick: int, which: int) -> None:
        (user, who), lesson = self.person(pick), self.lesson(which)
        try:
            actions.complete_lesson(user=user, lesson=lesson, now=self.now)
        except NotOpenError:
            assert not self.may_learn(who, lesson.pk)
            return
        assert self.may_learn(who, lesson.pk)
        self.come_in(who)
        self.plain.remember(self.now)
        who.done.setdefault(lesson.pk, self.now)
        self.plain.settle(self.now)

    @rule(pick=PICK, which=PICK)
    def uncomplete(self, pick: int, which: int) -> None:
        (user, who), lesson = self.person(pick), self.lesson(which)
        try:
            actions.uncomplete_lesson(user=user, lesson=lesson, now=self.now)
        except NotOpenError:
            assert not self.may_learn(who, lesson.pk)
            return
        assert self.may_learn(who, lesson.pk)
        self.come_in(who)
        self.plain.remember(self.now)
        who.done.pop(lesson.pk, None)

    @rule(pick=PICK, which=PICK)
    def look(self, pick: int, which: int) -> None:
        (user, who), lesson = self.person(pick), self.lesson(which)
        room = self.room(user)
        if room is None or lesson.pk not in room.rules:
            return
        try:
            actions.open_lesson(user=user, room=room, lesson=lesson)
        except NotOpenError:
            assert not self.may_learn(who, lesson.pk)
            return
        if self.plain.may_enter(who, self.now):
            self.come_in(who)
            self.plain.remember(self.now)

    @rule(pick=PICK)
    def restart(self, pick: int) -> None:
        user, who = self.person(pick)
        enrolment = Enrolment.objects.filter(user=user).first()
        if enrolment is not None:
            actions.restart_schedule(actor=author(), enrolment=enrolment, now=self.now)
            self.plain.remember(self.now)
            who.begin(self.now)

    @rule(pick=PICK, zone=st.sampled_from(ZONES))
    def travel(self, pick: int, zone: str) -> None:
        user, who = self.person(pick)
        if who.enrolled_at is not None:
            actions.set_time_zone(user=user, course=self.course, time_zone=zone, now=self.now)
            self.plain.remember(self.now)
            who.travel(zone)

    # ── Authors ───────────────────────────────────────────────────────────────────────────────

    @rule(pick=PICK, back=st.booleans())
    def revoke(self, pick: int, back: bool) -> None:
        user, who = self.person(pick)
        enrolment = Enrolment.objects.filter(user=user).first()
        if enrolment is None:
            return
        try:
            if back:
                actions.restore_enrolment(actor=author(), enrolment=enrolment)
            else:
                actions.revoke_enrolment(
                    actor=author(), enrolment=enrolment, reason="x", now=self.now
                )
        except IllegalMoveError:
            assert who.is_out != back
            return
        who.is_out = not back
