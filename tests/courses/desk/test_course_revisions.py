"""A course's own page: who changed what, compare, bring back, and two authors at once (W2)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from courses.actions import (
    StaleError,
    delete_course,
    publish_course,
    restore_course,
    save_course,
    unpublish_course,
)
from courses.models import Course
from newsletter.accounts.models import User
from tests.courses.desk.conftest import staff_with
from tests.courses.desk.test_course_desk import typed
from tests.courses.desk.test_course_desk import url as page_of
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.courses import CourseFactory, make_course
from tests.factories.memberships import TierFactory

pytestmark = pytest.mark.django_db

FIRST = {
    "title": "Saying no",
    "promise": "The first promise.",
    "outcomes": "Refuse",
    "for_whom": "Freelancers",
    "body": "<p>The first text.</p>",
    "trailer_url": "https://video.example/1",
    "faq": [{"question": "How long?", "answer": "Six weeks."}],
    "seo_title": "First",
    "seo_description": "The first description.",
}
SECOND = {
    "title": "Saying yes",
    "promise": "The second promise.",
    "outcomes": "Agree",
    "for_whom": "Everybody",
    "body": "<p>The second text.</p>",
    "trailer_url": "",
    "faq": [],
    "seo_title": "Second",
    "seo_description": "",
}


def url(course: Course, name: str, *more: object) -> str:
    return reverse(f"admin:courses_course_{name}", args=[course.pk, *more])


def written(course: Course) -> dict[str, Any]:
    return {name: getattr(course, name) for name in FIRST}


def save(course: Course, actor: User, **fields: Any) -> Course:
    course = Course.objects.get(pk=course.pk)
    for name, value in fields.items():
        setattr(course, name, value)
    return save_course(actor=actor, course=course)


@pytest.fixture
def course(teacher: User) -> Course:
    """A published course whose page was written twice."""
    made = make_course(1, **FIRST)
    save(made, teacher, **SECOND)
    return Course.objects.get(pk=made.pk)


def newest_two(course: Course) -> tuple[Any, Any]:
    newest, before = course.history.order_by("-history_id")[:2]
    return newest, before


def test_each_save_and_move_is_a_revision_with_who_and_why(desk: Client, teacher: User) -> None:
    course = CourseFactory(title="Saying no")
    assert course.history.count() == 1
    # What goes wrong leaves none.
    desk.post(page_of(course), typed(course, title=""))
    assert course.history.count() == 1
    desk.post(page_of(course), typed(course, promise="Said anew."))
    newest, _first = newest_two(course)
    assert (newest.history_user, newest.promise, newest.version) == (teacher, "Said anew.", 2)
    public = make_course(1)
    before = public.history.count()
    unpublish_course(actor=teacher, course=public)
    publish_course(actor=teacher, course=public)
    moves = public.history.order_by("history_id")[before:]
    assert [(each.history_change_reason, each.state) for each in moves] == [
        ("Taken back", "draft"),
        ("Published", "published"),
    ]


def test_the_first_page_is_kept_where_it_was_written_before_there_were_revisions(
    teacher: User,
) -> None:
    course = make_course(1, **FIRST)
    course.history.all().delete()
    save(course, teacher, **SECOND)
    _newest, first = newest_two(course)
    assert {name: getattr(first, name) for name in FIRST} == FIRST
    restore_course(
        actor=teacher, course=Course.objects.get(pk=course.pk), revision_id=first.history_id
    )
    course.refresh_from_db()
    assert written(course) == FIRST


def test_revisions_are_listed_and_compared(desk: Client, course: Course) -> None:
    newest, first = newest_two(course)
    assert url(course, "revisions") in desk.get(page_of(course)).content.decode()
    listed = desk.get(url(course, "revisions")).content.decode()
    assert "Ada Winter" in listed
    assert url(course, "revision", first.history_id) in listed
    shown = desk.get(url(course, "revision", newest.history_id)).content.decode()
    for said in ("first", "second", "Six", "Refuse", "The first description."):
        assert said in shown
    now = desk.get(url(course, "revision", newest.history_id) + "?with=now").content.decode()
    assert "Nothing differs." in now
    since = desk.get(url(course, "revision", first.history_id) + "?with=now").content.decode()
    assert "Agree" in since


def test_the_page_comes_back_and_its_rules_stay(desk: Client, course: Course) -> None:
    tier = TierFactory()
    current = Course.objects.get(pk=course.pk)
    current.access, current.is_sequential, current.release_hour = "tiers", True, 6
    save_course(actor=StaffFactory(), course=current, tiers=[tier])
    first = course.history.filter(title="Saying no").latest()
    current.refresh_from_db()
    slug = current.slug
    answer = desk.post(
        url(course, "restore", first.history_id), {"version": current.version}, follow=True
    )
    assert "The old page is back." in answer.content.decode()
    course.refresh_from_db()
    assert written(course) == FIRST
    # What is shown is made anew.
    assert "The first text." in course.body_html
    assert "The first text." in Client().get(f"/courses/{slug}/").content.decode()
    rules = (course.access, course.is_sequential, course.release_hour, course.slug, course.state)
    assert rules == ("tiers", True, 6, slug, "published")
    assert list(course.tiers.all()) == [tier]
    newest, before = newest_two(course)
    assert newest.history_change_reason.startswith("Restored the page of ")
    # What was there is a revision, so that this can be taken back in turn.
    assert before.promise == "The second promise."


def test_w2_nothing_is_brought_back_over_what_somebody_saved_since(
    desk: Client, course: Course
) -> None:
    opened, first = course.version, newest_two(course)[1]
    save(course, StaffFactory(name="Bo Marsh"), promise="Bo's own.")
    answer = desk.post(url(course, "restore", first.history_id), {"version": opened}, follow=True)
    assert "Bo Marsh changed this course at" in answer.content.decode()
    course.refresh_from_db()
    assert course.promise == "Bo's own."
    # Nor by a form that does not say what it was opened on.
    for version in ({}, {"version": "x"}, {"version": "9" * 30}):
        desk.post(url(course, "restore", first.history_id), version)
        course.refresh_from_db()
        assert course.promise == "Bo's own."


def test_w2_what_was_typed_over_is_among_the_revisions(desk: Client, course: Course) -> None:
    mine = typed(course, promise="Ada's own.")
    save(course, StaffFactory(name="Bo Marsh"), promise="Bo's own.")
    page = desk.post(page_of(course), mine).content.decode()
    assert "Theirs stays among the revisions." in page
    course.refresh_from_db()
    desk.post(page_of(course), {**mine, "version": course.version})
    newest, before = newest_two(course)
    assert (newest.promise, before.promise) == ("Ada's own.", "Bo's own.")


def test_only_its_own_revisions_and_only_by_authors(course: Course, teacher: User) -> None:
    stranger = CourseFactory().history.latest()
    with pytest.raises(Course.DoesNotExist):
        restore_course(actor=teacher, course=course, revision_id=stranger.history_id)
    first = newest_two(course)[1]
    with pytest.raises(StaleError):
        restore_course(
            actor=teacher, course=course, revision_id=first.history_id, expected_version=1
        )
    client = staff_with("view_course")
    assert client.get(url(course, "revisions")).status_code == 200
    page = client.get(url(course, "revision", first.history_id)).content.decode()
    assert "Bring this page back" not in page
    path = url(course, "restore", first.history_id)
    assert client.post(path, {"version": course.version}).status_code == 403
    nobody = staff_with("view_enrolment")
    assert nobody.get(url(course, "revisions")).status_code == 403
    assert nobody.get(url(course, "revision", first.history_id)).status_code == 403
    course.refresh_from_db()
    assert course.promise == "The second promise."


def test_what_is_not_there_and_what_is_asked_wrongly(desk: Client, course: Course) -> None:
    stranger = CourseFactory().history.latest()
    missing = Course(pk=course.pk + 99)
    assert desk.get(url(missing, "revisions")).status_code == 404
    assert desk.get(url(course, "revision", stranger.history_id)).status_code == 404
    assert desk.get(url(course, "revision", 10**30)).status_code == 404
    path = url(course, "restore", stranger.history_id)
    assert desk.post(path, {"version": course.version}).status_code == 404
    assert desk.get(url(course, "restore", newest_two(course)[0].history_id)).status_code == 405


def test_a_learner_cannot_look(client: Client, course: Course) -> None:
    client.force_login(UserFactory(), backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(url(course, "revisions")).status_code == 403


def test_what_a_page_was_stays_when_the_course_is_deleted(teacher: User) -> None:
    course = CourseFactory(title="Gone")
    pk = course.pk
    delete_course(actor=teacher, course=course)
    last = Course.history.filter(id=pk).latest()
    assert (last.history_type, last.history_user, last.title) == ("-", teacher, "Gone")


def test_the_list_costs_the_same_for_many(desk: Client, course: Course, teacher: User) -> None:
    counted = []
    for _round in range(2):
        desk.get(url(course, "revisions"))
        with CaptureQueriesContext(connection) as queries:
            desk.get(url(course, "revisions"))
        counted.append(len(queries))
        for number in range(6):
            save(course, StaffFactory(), promise=f"Number {number}")
    assert counted[0] == counted[1]
