"""K2 for whoever asks or acts between two steps of a change that is left to the worker."""

from __future__ import annotations

from typing import Any

import pytest

from courses import access, tasks
from courses.actions import keeping as keep
from courses.actions import restart_schedule
from courses.models import Course, CurriculumChange, Enrolment
from tests.courses.test_k2_many_learners import _many, crowd, many
from tests.courses.test_k2_rescheduling import DAY, NOW, open_lessons, reschedule

pytestmark = pytest.mark.django_db
__all__ = ["_many"]


@many
@pytest.mark.parametrize("of_many", [True, False])
def test_nothing_is_closed_to_who_asks_while_it_is_changed(
    of_many: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The course was loaded before the change, its outline after it."""
    course, users, lessons = crowd(2)
    now, load = NOW + 3 * DAY, access.load_outlines
    stale = Course.objects.get(pk=course.pk)

    def change_first(courses: Any) -> Any:
        monkeypatch.setattr(access, "load_outlines", load)
        reschedule(lessons[1], now, drip_days=30)
        return load(courses)

    monkeypatch.setattr(access, "load_outlines", change_first)
    if of_many:
        learners = list(Enrolment.objects.select_related("user").filter(course=course))
        rooms = list(access.get_classrooms_of(stale, learners, now).values())
    else:
        rooms = [access.get_classrooms([stale], users[0], now)[course.pk]]
    assert CurriculumChange.objects.filter(finished_at=None).exists()
    assert [room.decide(lessons[1].pk).allowed for room in rooms] == [True] * len(rooms)


@many
def test_beginning_anew_while_it_is_changed_closes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Their row was locked before the change, and what is open asked after it."""
    course, (user, _other), lessons = crowd(2)
    now, load = NOW + 1.01 * DAY, keep.load_outline
    enrolment = Enrolment.objects.get(user=user)
    assert open_lessons(course, user, now) == ["A"]

    def change_first(course: Course) -> Any:
        monkeypatch.setattr(keep, "load_outline", load)
        reschedule(lessons[0], now, drip_days=30)
        return load(course)

    monkeypatch.setattr(keep, "load_outline", change_first)
    restart_schedule(actor=user, enrolment=enrolment, now=now)
    assert CurriculumChange.objects.filter(finished_at=None).exists()
    assert open_lessons(course, user, now) == ["A"]
    tasks.settle_curricula()
    assert open_lessons(course, user, now) == ["A"]
