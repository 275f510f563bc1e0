"""Whatever happens in whatever order: access, drip and progress are the plain model's."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from hypothesis.stateful import invariant, rule

from courses import actions
from courses.access import Classroom, get_classrooms_of
from courses.enums import CourseState, LessonState
from courses.models import Course, CourseEvent, Enrolment, Module
from newsletter.memberships.enums import Reason
from tests.courses.learners import OPENS, PICK, Learners
from tests.courses.plain_model import PlainPerson
from tests.factories.courses import (
    LessonFactory,
    author,
)


class Learning(Learners):
    """And what the author does to the course meanwhile."""

    @rule(which=PICK, opens=OPENS)
    def reschedule(self, which: int, opens: tuple[str, int, int | None]) -> None:
        lesson = self.lesson(which)
        kind, days, offset = opens
        day: date | None = self.now.date() + timedelta(days=offset) if offset is not None else None
        self.change(
            lambda: setattr(self.plain.lessons[lesson.pk], "opens", (kind, days, day)),
            lambda: self.save(lesson, drip=kind, drip_days=days, drip_date=day),
        )

    @rule(which=PICK)
    def turn_required(self, which: int) -> None:
        lesson = self.lesson(which)
        plain = self.plain.lessons[lesson.pk]
        self.change(
            lambda: setattr(plain, "required", not lesson.is_required),
            lambda: self.save(lesson, is_required=not lesson.is_required),
        )

    @rule(which=PICK)
    def turn_preview(self, which: int) -> None:
        lesson = self.lesson(which)
        plain = self.plain.lessons[lesson.pk]
        self.change(
            lambda: setattr(plain, "preview", not lesson.is_preview),
            lambda: self.save(lesson, is_preview=not lesson.is_preview),
        )

    @rule(which=PICK)
    def publish_or_take_back(self, which: int) -> None:
        lesson = self.lesson(which)
        is_draft = lesson.state == LessonState.DRAFT
        act = actions.publish_lesson if is_draft else actions.unpublish_lesson
        self.change(
            lambda: setattr(self.plain.lessons[lesson.pk], "published", is_draft),
            lambda: act(actor=author(), lesson=lesson, now=self.now),
        )

    @rule(order=st.randoms(use_true_random=False))
    def reorder(self, order: Any) -> None:
        modules = [module for module, _inside in self.plain.modules]
        lessons = sorted(self.plain.lessons)
        order.shuffle(modules)
        order.shuffle(lessons)
        inside: dict[int, list[int]] = {module: [] for module in modules}
        for lesson in lessons:
            inside[order.choice(modules)].append(lesson)
        new = list(inside.items())
        self.change(
            lambda: setattr(self.plain, "modules", new),
            lambda: actions.reorder_outline(
                actor=author(), course=self.course, order=new, now=self.now
            ),
        )

    @rule(which=PICK, first=PICK, none=st.booleans())
    def make_wait(self, which: int, first: int, none: bool) -> None:
        modules = [module for module, _inside in self.plain.modules]
        waiting, other = modules[which % len(modules)], modules[first % len(modules)]
        if waiting == other:
            return
        target = None if none else other
        self.change(
            lambda: self.plain.waits.__setitem__(waiting, target),
            lambda: actions.set_prerequisite(
                actor=author(),
                module=Module.objects.get(pk=waiting),
                prerequisite=Module.objects.get(pk=target) if target else None,
                now=self.now,
            ),
        )

    @rule(in_order=st.booleans(), hour=st.sampled_from([0, 2, 8, 23]))
    def set_rules(self, in_order: bool, hour: int) -> None:
        course = Course.objects.get(pk=self.course.pk)
        course.is_sequential, course.release_hour = in_order, hour

        def plainly() -> None:
            self.plain.in_order, self.plain.hour = in_order, hour

        self.change(
            plainly, lambda: actions.save_course(actor=author(), course=course, now=self.now)
        )

    @rule(which=PICK)
    def add(self, which: int) -> None:
        if len(self.plain.lessons) > 7:
            return
        modules = [module for module, _inside in self.plain.modules]
        module = Module.objects.get(pk=modules[which % len(modules)])
        draft = LessonFactory(module=module, state=LessonState.DRAFT)
        self.look_at_the_outline()
        self.plain.lessons[draft.pk].published = False
        self.publish_or_take_back(sorted(self.plain.lessons).index(draft.pk))

    @rule()
    def archive_or_publish(self) -> None:
        course = Course.objects.get(pk=self.course.pk)
        if course.state == CourseState.PUBLISHED:
            actions.archive_course(actor=author(), course=course)
        elif any(each.published for each in self.plain.lessons.values()):
            actions.publish_course(actor=author(), course=course)
        self.plain.is_archived = course.state == CourseState.ARCHIVED

    # ── What must hold ────────────────────────────────────────────────────────────────────────

    @invariant()
    def everything_is_as_the_plain_model_has_it(self) -> None:
        if not hasattr(self, "plain"):
            return
        for user in self.users:
            who, room = self.plain.people[user.pk], self.room(user)
            assert (room is not None) == self.plain.sees(who, self.now)
            enrolment = Enrolment.objects.filter(user=user).first()
            assert (enrolment is not None) == (who.enrolled_at is not None)
            if room is not None:
                assert room.entry.allowed == self.plain.may_enter(who, self.now)
                if enrolment is not None:
                    self.judge(room, who)
                    assert enrolment.completed_at == who.completed_at
                    self.nothing_closed(user.pk, room)
        completed = CourseEvent.objects.filter(course=self.course, what="completed")
        assert completed.count() == sum(
            who.completed_at is not None for who in self.plain.people.values()
        )

    def judge(self, room: Classroom, who: PlainPerson) -> None:
        may_enter = self.plain.may_enter(who, self.now)
        open_now = {each for each in self.plain.lessons if self.plain.is_open(each, who, self.now)}
        assert {pk for pk, each in room.standings.items() if each.is_open} == open_now
        allowed = {pk for pk in room.rules if room.decide(pk).allowed}
        previews = {pk for pk, it in self.plain.lessons.items() if it.preview and it.published}
        assert allowed == (open_now if may_enter else previews)
        assert room.percent == self.plain.percent(who)
        assert 0 <= room.percent <= 100
        for pk in room.rules:
            decision = room.decide(pk)
            if decision.reason == Reason.NOT_YET and not room.standings[pk].waits_for:
                # It opens at that moment, and not before.
                moment = decision.unlocks_at
                assert moment is not None
                assert self.plain.is_open(pk, who, moment)
                assert not self.plain.is_open(pk, who, moment - timedelta(microseconds=1))
            if decision.reason == Reason.BLOCKED and room.standings[pk].waits_for:
                assert room.standings[pk].waits_for == self.plain.what_comes_first(pk, who)

    def nothing_closed(self, user_id: int, room: Classroom) -> None:
        """A lesson that was open never closes while access lasts and the lesson is there."""
        if room.entry.allowed:
            allowed = {pk for pk in room.rules if room.decide(pk).allowed}
            assert self.shown[user_id] & set(room.rules) <= allowed
            self.shown[user_id] |= allowed

    @invariant()
    def all_together_are_as_each_alone(self) -> None:
        if not hasattr(self, "plain"):
            return
        enrolments = list(Enrolment.objects.filter(course=self.course).select_related("user"))
        course = Course.objects.get(pk=self.course.pk)
        rooms = get_classrooms_of(course, enrolments, self.now)
        for enrolment in enrolments:
            alone, together = self.room(enrolment.user), rooms.get(enrolment.pk)
            assert (alone is None) == (together is None)
            if alone is not None and together is not None:
                assert alone.standings == together.standings
                assert alone.entry == together.entry


@pytest.mark.django_db
class TestLearning(TestCase, Learning.TestCase):  # type: ignore[misc,name-defined]
    """One database transaction for each history."""

    settings = settings(max_examples=12, stateful_step_count=25, deadline=None)
