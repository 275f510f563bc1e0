"""The roster: who sees it, what it shows, CSV, enrolling by addresses, and what it costs."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from courses.access import get_classroom
from courses.actions import complete_lesson, enrol_learner, revoke_enrolment
from courses.enums import CourseAccess, CourseState
from courses.models import Course, CourseEvent, Enrolment, LessonProgress
from newsletter.accounts.models import User
from newsletter.memberships.models import Grant
from tests.courses.desk.conftest import staff_with
from tests.factories.accounts import UserFactory
from tests.factories.courses import (
    CourseFactory,
    ProductFactory,
    author,
    enrolled,
    fill_course,
    lessons_of,
    make_course,
)

pytestmark = pytest.mark.django_db


def url(course: Course, query: str = "") -> str:
    return f"{reverse('admin:courses_enrolment_changelist')}?course={course.pk}{query}"


def enrol_url(course: Course) -> str:
    return reverse("admin:courses_enrolment_enrol", args=[course.pk])


def read_csv(answer: Any) -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_it_shows_how_far_everybody_is(desk: Client) -> None:
    course = make_course(3, title="Saying no")
    ada, bo = UserFactory(name="Ada", email="ada@x.example"), UserFactory(name="Bo")
    for user in (ada, bo):
        enrolled(course, user)
    complete_lesson(user=ada, lesson=lessons_of(course)[0])
    page = desk.get(url(course)).content.decode()
    assert "2 learners" in page
    assert "ada@x.example" in page
    assert "33 %" in page
    assert "Not begun" in page
    found = desk.get(url(course, "&q=ada")).content.decode()
    assert "1 learner" in found
    assert ">Bo<" not in found
    choose = desk.get(reverse("admin:courses_enrolment_changelist")).content.decode()
    assert "Saying no" in choose


def test_whoever_was_put_out_is_counted(desk: Client) -> None:
    course = make_course(1)
    out = enrolled(course, UserFactory())
    enrolled(course, UserFactory())
    assert "state=revoked" not in desk.get(url(course)).content.decode()
    revoke_enrolment(actor=author(), enrolment=out, reason="Asked for it")
    assert f"{url(course)}&amp;state=revoked" in desk.get(url(course)).content.decode()


def test_a_filter_that_is_not_understood_shows_all_and_says_so(desk: Client) -> None:
    course = make_course(1)
    answer = desk.get(url(course, "&state=asleep"), follow=True)
    assert answer.redirect_chain == [(url(course), 302)]
    assert "There is no such filter any more." in answer.content.decode()
    export = reverse("admin:courses_enrolment_export", args=[course.pk])
    assert desk.get(f"{export}?state=asleep").status_code == 302
    assert desk.get(url(Course(pk=999))).status_code == 404
    assert desk.get(reverse("admin:courses_enrolment_changelist") + "?course=x").status_code == 404


def test_csv_is_the_roster_as_filtered_and_runs_no_formula(desk: Client) -> None:
    course = make_course(2)
    evil = UserFactory(name='=HYPERLINK("http://x")', email="evil@example.com")
    done = UserFactory(name="Done", email="done@example.com")
    for user in (evil, done):
        enrolled(course, user)
    for lesson in lessons_of(course):
        complete_lesson(user=done, lesson=lesson)
    export = reverse("admin:courses_enrolment_export", args=[course.pk])
    answer = desk.get(export)
    assert "no-store" in answer["Cache-Control"]
    rows = read_csv(answer)
    assert [row["email"] for row in rows] == ["evil@example.com", "done@example.com"]
    assert rows[0]["name"].startswith("'=")
    assert (rows[1]["state"], rows[1]["percent"], rows[1]["lessons_done"]) == (
        "completed",
        "100",
        "2",
    )
    only = read_csv(desk.get(f"{export}?state=completed"))
    assert [row["email"] for row in only] == ["done@example.com"]


# ── Enrolling ─────────────────────────────────────────────────────────────────────────────────


def test_people_are_enrolled_by_their_addresses(desk: Client) -> None:
    course = make_course(1, access=CourseAccess.PRODUCTS, products=[ProductFactory()])
    before = UserFactory(email="before@example.com")
    enrol_learner(actor=author(), user=before, course=course)
    typed = "New@Example.com, before@example.com\nnonsense; new@example.com"
    answer = desk.post(enrol_url(course), {"addresses": typed, "reason": "A prize"}, follow=True)
    page = answer.content.decode()
    assert "1 person is enrolled." in page
    assert "In it before, and left as they were: before@example.com" in page
    assert "No addresses: nonsense" in page
    made = Enrolment.objects.get(user__email="new@example.com")
    assert made.source == "author"
    # It is not free, so they are given what opens it, and are told nothing else is open.
    grant = Grant.objects.get(user=made.user)
    assert (grant.source, grant.reason) == ("comp", "A prize")
    assert grant.product in course.products.all()
    event = CourseEvent.objects.get(user=made.user, what="enrolled")
    assert event.actor == answer.wsgi_request.user
    # The same list again changes nothing.
    desk.post(enrol_url(course), {"addresses": typed})
    assert Enrolment.objects.count() == 2
    assert Grant.objects.filter(user=made.user).count() == 1


def test_a_free_course_takes_no_grant(desk: Client) -> None:
    course = make_course(1)
    desk.post(enrol_url(course), {"addresses": "new@example.com"})
    assert Enrolment.objects.filter(user__email="new@example.com").exists()
    assert not Grant.objects.exists()


def test_nobody_comes_into_a_draft_and_nobody_is_named_by_nobody(desk: Client) -> None:
    draft = make_course(1, state=CourseState.DRAFT)
    refused = desk.post(enrol_url(draft), {"addresses": "new@example.com"})
    assert refused.status_code == 409
    assert "The course is a draft. Publish it first." in refused.content.decode()
    assert desk.post(enrol_url(draft), {"addresses": " , "}).status_code == 422
    assert not Enrolment.objects.exists()


def test_an_end_in_the_past_is_refused(desk: Client) -> None:
    course = make_course(1, access=CourseAccess.PRODUCTS, products=[ProductFactory()])
    yesterday = (timezone.localdate() - timedelta(days=2)).isoformat()
    answer = desk.post(enrol_url(course), {"addresses": "a@example.com", "ends_on": yesterday})
    assert answer.status_code == 422
    assert "Choose a day in the future." in answer.content.decode()
    assert not Enrolment.objects.exists()


# ── Who may ───────────────────────────────────────────────────────────────────────────────────


def test_who_may_look_may_not_enrol() -> None:
    course = make_course(1)
    looking = staff_with("view_enrolment")
    page = looking.get(url(course))
    assert page.status_code == 200
    assert "Enrol people" not in page.content.decode()
    assert looking.get(enrol_url(course)).status_code == 403
    assert looking.post(enrol_url(course), {"addresses": "a@example.com"}).status_code == 403
    assert not Enrolment.objects.exists()


def test_who_writes_courses_need_not_see_learners() -> None:
    course = make_course(1)
    writing = staff_with("change_course", "add_course")
    export = reverse("admin:courses_enrolment_export", args=[course.pk])
    figures = reverse("admin:courses_course_figures", args=[course.pk])
    for page in (url(course), export, figures, enrol_url(course)):
        assert writing.get(page).status_code == 403
    outline = reverse("admin:courses_course_outline", args=[course.pk])
    page = writing.get(outline).content.decode()
    assert "Figures" not in page
    assert reverse("admin:courses_enrolment_changelist") not in page


# ── How much it takes ─────────────────────────────────────────────────────────────────────────


def crowd(course: Course, number: int) -> None:
    """Many learners, some way through."""
    now = timezone.now()
    people = User.objects.bulk_create(
        User(email=f"learner{n}-{course.pk}@example.com", name=f"Learner {n}")
        for n in range(number)
    )
    lessons = lessons_of(course)
    rows = Enrolment.objects.bulk_create(
        Enrolment(
            user=user,
            course=course,
            time_zone="UTC",
            anchor_date=now.date(),
            started_at=now,
            last_activity_at=now - timedelta(minutes=n),
            last_lesson=lessons[0],
        )
        for n, user in enumerate(people)
    )
    LessonProgress.objects.bulk_create(
        LessonProgress(enrolment=row, lesson=lessons[0], opened_at=now, completed_at=now)
        for row in rows
    )


@pytest.mark.spread
def test_the_number_of_queries_does_not_grow_to_ten_thousand(desk: Client) -> None:
    product = ProductFactory()
    counted = []
    for learners, lessons in ((1, 1), (10_000, 40)):
        course = CourseFactory(access=CourseAccess.PRODUCTS, products=[product])
        fill_course(course, modules=1, lessons=lessons)
        crowd(course, learners)
        module = course.modules.get()
        query = f"&state=ended&finished={module.pk}" if learners == 1 else "&state=ended"
        for each in ("", query, "&order=name&page=2"):
            with CaptureQueriesContext(connection) as queries:
                page = desk.get(url(course, each))
            assert page.status_code == 200
            counted.append(len(queries))
    small, large = counted[:3], counted[3:]
    # A filter by module asks which lessons count in it: twice more, however many there are.
    assert large[0] == small[0]
    assert large[2] == small[2]
    assert large[1] <= small[1]
    assert "10,000 learners" in page.content.decode()
    figures = reverse("admin:courses_course_figures", args=[course.pk])
    assert "10,000" in desk.get(figures).content.decode()


def test_enrolling_says_whom_it_let_in_again_and_whom_it_could_not(desk: Client) -> None:
    course = make_course(1, access=CourseAccess.PRODUCTS, products=[ProductFactory()])
    for name in ("back", "out", "as-is"):
        user = UserFactory(email=f"{name}@example.com")
        enrol_learner(actor=author(), user=user, course=course)
    Grant.objects.filter(user__email="back@example.com").update(revoked_at=timezone.now())
    out = Enrolment.objects.get(user__email="out@example.com")
    revoke_enrolment(actor=author(), enrolment=out, reason="Shared the files")
    typed = "back@example.com, out@example.com, as-is@example.com"
    page = desk.post(enrol_url(course), {"addresses": typed}, follow=True).content.decode()
    assert "In it before, and open to them again: back@example.com" in page
    assert "Still closed to them; why stands on the page of each: out@example.com" in page
    assert "In it before, and left as they were: as-is@example.com" in page
    back = Enrolment.objects.get(user__email="back@example.com")
    assert get_classroom(course, back.user, timezone.now()).entry.allowed  # type: ignore[union-attr]
