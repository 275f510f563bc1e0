"""One learner: what is shown, what can be done about them, and their courses on a person's page."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from courses.actions import complete_lesson, enrol, publish_course
from courses.enums import AccessLength, Drip
from courses.models import Course, CourseEvent, Enrolment
from newsletter.accounts.models import User
from tests.courses.desk.conftest import staff_with
from tests.factories.accounts import UserFactory
from tests.factories.courses import (
    CourseFactory,
    LessonFactory,
    ModuleFactory,
    author,
    enrolled,
    lessons_of,
    make_course,
)

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def url(enrolment: Enrolment) -> str:
    return reverse("admin:courses_enrolment_change", args=[enrolment.pk])


def member_url(user: User) -> str:
    return reverse("admin:newsletter_user_member", args=[user.pk])


@pytest.fixture
def course() -> Course:
    """For a month: one lesson at once, one after a week."""
    course = CourseFactory(title="Saying no", access_length=AccessLength.MONTHS, access_months=1)
    module = ModuleFactory(course=course, title="Week one")
    LessonFactory(module=module, title="At once")
    LessonFactory(module=module, title="Later", drip=Drip.DAYS, drip_days=7)
    publish_course(actor=author(), course=course)
    return course


@pytest.fixture
def learner(course: Course) -> Enrolment:
    user = UserFactory(name="Cleo", email="cleo@example.com")
    enrolment = enrolled(course, user)
    complete_lesson(user=user, lesson=lessons_of(course)[0])
    return enrolment


def test_it_shows_lessons_access_and_record(desk: Client, learner: Enrolment) -> None:
    page = desk.get(url(learner)).content.decode()
    for words in ("cleo@example.com", "50 %", "Week one", "opens <time", "until <time", "Enrolled"):
        assert words in page
    assert "By themselves" in page


def test_access_is_extended(desk: Client, learner: Enrolment, teacher: User) -> None:
    # Days are those of where the author is, whose next one may have begun.
    berlin = ZoneInfo("Europe/Berlin")
    today = timezone.localdate(timezone=berlin)
    desk.post(url(learner), {"act": "extend", "ends_on": (today + 90 * DAY).isoformat()})
    learner.refresh_from_db()
    assert learner.expires_at is not None
    assert learner.expires_at.astimezone(berlin).date() == today + 90 * DAY
    event = CourseEvent.objects.get(what="access_extended")
    assert (event.actor, event.user) == (teacher, learner.user)
    answer = desk.post(url(learner), {"act": "extend", "ends_on": today.isoformat()})
    assert answer.status_code == 422
    assert "They have access for longer than that already." in answer.content.decode()
    desk.post(url(learner), {"act": "extend", "ends_on": ""})
    learner.refresh_from_db()
    assert learner.expires_at is None


def test_the_schedule_begins_anew(desk: Client, learner: Enrolment) -> None:
    Enrolment.objects.filter(pk=learner.pk).update(anchor_date=timezone.localdate() - 5 * DAY)
    desk.post(url(learner), {"act": "restart"})
    learner.refresh_from_db()
    assert abs((learner.anchor_date - timezone.now().date()).days) <= 1
    assert CourseEvent.objects.filter(what="schedule_restarted").exists()
    assert "Their schedule was begun anew" in desk.get(url(learner)).content.decode()


def test_access_is_revoked_with_a_reason_and_given_back(
    desk: Client, learner: Enrolment, teacher: User
) -> None:
    assert desk.post(url(learner), {"act": "revoke"}).status_code == 422
    desk.post(url(learner), {"act": "revoke", "reason": "Shared the files"})
    learner.refresh_from_db()
    assert (learner.revoked_reason, learner.revoked_by) == ("Shared the files", teacher)
    page = desk.get(url(learner)).content.decode()
    assert "Shared the files" in page
    assert "Give access back" in page
    # Twice is one: whoever comes second is told.
    again = desk.post(url(learner), {"act": "revoke", "reason": "x"}, follow=True)
    assert "somebody was faster" in again.content.decode()
    desk.post(url(learner), {"act": "restore"})
    learner.refresh_from_db()
    assert learner.revoked_at is None
    again = desk.post(url(learner), {"act": "restore"}, follow=True)
    assert "somebody was faster" in again.content.decode()


def test_who_may_look_may_not_act(learner: Enrolment) -> None:
    looking = staff_with("view_enrolment")
    page = looking.get(url(learner))
    assert page.status_code == 200
    assert "Revoke now" not in page.content.decode()
    for act in ("extend", "restart", "revoke", "restore"):
        assert looking.post(url(learner), {"act": act, "reason": "x"}).status_code == 403
    assert staff_with("change_course").get(url(learner)).status_code == 403
    learner.refresh_from_db()
    assert learner.revoked_at is None


def test_what_is_not_there_is_not_found(desk: Client, learner: Enrolment) -> None:
    assert desk.get(url(Enrolment(pk=learner.pk + 999))).status_code == 404
    assert desk.post(url(learner), {"act": "delete"}).status_code == 404
    path = reverse("admin:courses_enrolment_delete", args=[learner.pk])
    assert desk.post(path, {"post": "yes"}).status_code == 403
    assert Enrolment.objects.filter(pk=learner.pk).exists()


# ── On a person's page ────────────────────────────────────────────────────────────────────────


def test_a_persons_page_shows_their_courses(desk: Client, learner: Enrolment) -> None:
    page = desk.get(member_url(learner.user)).content.decode()
    assert url(learner) in page
    assert "1/2" in page
    other = make_course(1, title="Another course")
    page = desk.get(member_url(learner.user)).content.decode()
    enrol_page = reverse("admin:courses_enrolment_enrol", args=[other.pk])
    assert f"{enrol_page}?address=cleo%40example.com" in page
    form = desk.get(f"{enrol_page}?address=cleo%40example.com").content.decode()
    assert "cleo@example.com</textarea>" in form


def test_it_is_shown_to_those_alone_who_may_see_learners(learner: Enrolment) -> None:
    page = staff_with("view_user", "view_grant").get(member_url(learner.user)).content.decode()
    assert "Saying no" not in page
    page = staff_with("view_user", "view_enrolment").get(member_url(learner.user)).content.decode()
    assert "Saying no" in page
    assert "Enrol them in a course" not in page


def test_the_number_of_queries_does_not_grow(desk: Client, learner: Enrolment) -> None:
    def count(path: str) -> int:
        desk.get(path)
        with CaptureQueriesContext(connection) as queries:
            assert desk.get(path).status_code == 200
        return len(queries)

    one = count(member_url(learner.user)), count(url(learner))
    for _each in range(4):
        another = make_course(3, 2)
        enrol(user=learner.user, course=another)
        complete_lesson(user=learner.user, lesson=lessons_of(another)[0])
    module = learner.course.modules.get()
    for _each in range(10):
        LessonFactory(module=module)
    assert (count(member_url(learner.user)), count(url(learner))) == one
