"""The catalogue, and the page of a course: for strangers, for newcomers, for learners."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courses.actions import enrol_learner, revoke_enrolment, save_course, unpublish_course
from courses.enums import CourseAccess, CourseState, Drip
from courses.models import Course, Enrolment, Module
from newsletter.accounts.models import User
from newsletter.memberships.models import Grant
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.courses import (
    LessonFactory,
    ModuleFactory,
    ProductFactory,
    author,
    enrolled,
    fill_course,
    lessons_of,
    make_course,
)
from tests.factories.memberships import GrantFactory, TierFactory

pytestmark = pytest.mark.django_db


def page(client: Client, course: Course, query: str = "") -> str:
    response = client.get(f"/courses/{course.slug}/{query}")
    assert response.status_code == 200
    return response.content.decode()


def test_the_catalogue_lists_what_is_published_and_listed(client: Client) -> None:
    make_course(3, title="Saying no")
    make_course(title="Hidden", is_listed=False)
    make_course(title="Unwritten", state=CourseState.DRAFT)
    make_course(title="Long ago", state=CourseState.ARCHIVED)
    shown = client.get("/courses/").content.decode()
    assert "Saying no" in shown
    assert "3 lessons" in shown
    for title in ("Hidden", "Unwritten", "Long ago"):
        assert title not in shown


def test_an_empty_catalogue_says_so_and_the_head_has_no_link(client: Client) -> None:
    shown = client.get("/courses/").content.decode()
    assert "There is no course at the moment" in shown
    assert 'href="/courses/"' not in client.get("/about/").content.decode()
    make_course(is_listed=False)
    assert 'href="/courses/"' not in client.get("/about/").content.decode()


@pytest.mark.parametrize("reads_as", ["visitor", "reader"])
def test_head_and_foot_lead_to_the_courses_for_one_query(
    client: Client, sign_in: Any, reads_as: str
) -> None:
    if reads_as == "reader":
        client = sign_in(UserFactory())
    make_course()
    # Not a page that is kept.
    with CaptureQueriesContext(connection) as queries:
        shown = client.get("/search/").content.decode()
    head, foot = shown.split('<footer class="site-foot">')
    assert 'href="/courses/"' in head
    assert '<a href="/courses/">Courses</a>' in foot
    asked = [each for each in queries if 'FROM "courses_course"' in each["sql"]]
    assert len(asked) == 1


def test_the_sales_page_says_what_there_is_to_know(client: Client) -> None:
    teacher = StaffFactory(name="Ada Winter", bio="Negotiates for a living.")
    course = make_course(
        2,
        promise="Turn it down.",
        for_whom="Freelancers\nManagers",
        outcomes="Say no",
        faq=[{"question": "How long?", "answer": "An hour."}],
        body="<p>What it is about.</p>",
        trailer_url="https://video.example.org/t",
        instructors=[teacher],
        access=CourseAccess.PRODUCTS,
        products=[ProductFactory()],
    )
    shown = page(client, course)
    for words in (
        "Turn it down.", "Freelancers", "Managers", "Say no", "How long?", "An hour.",
        "What it is about.", "video.example.org", "Ada Winter", "Negotiates for a living.",
        "2 lessons", '"@type":"Course"', "Not for sale at the moment",
    ):  # fmt: skip
        assert words in shown, words
    assert f'href="/courses/{course.slug}/{lessons_of(course)[0].slug}/"' not in shown


def test_previews_are_links_on_the_sales_page(client: Client) -> None:
    course = make_course(1, access=CourseAccess.PAID)
    preview = LessonFactory(module=course.modules.get(), is_preview=True, title="A taste")
    shown = page(client, course)
    assert f'href="/courses/{course.slug}/{preview.slug}/"' in shown
    assert "Free preview" in shown


def test_a_draft_is_nowhere_and_an_archived_course_is_there_for_its_learners(sign_in: Any) -> None:
    draft, closed = make_course(state=CourseState.DRAFT), make_course()
    learner = UserFactory()
    enrolled(closed, learner)
    Course.objects.filter(pk=closed.pk).update(state=CourseState.ARCHIVED)
    for client in (Client(), sign_in(UserFactory())):
        assert client.get(f"/courses/{draft.slug}/").status_code == 404
        assert client.get(f"/courses/{closed.slug}/").status_code == 404
    assert "Begin with the first lesson" in page(sign_in(learner), closed)
    assert "A draft: nobody but you" in page(sign_in(StaffFactory()), draft)


def test_whoever_has_access_begins_with_one_button(sign_in: Any) -> None:
    tier = TierFactory(name="Patron")
    course = make_course(access=CourseAccess.TIERS, tiers=[tier])
    member, other = GrantFactory(tier=tier).user, UserFactory()
    client = sign_in(member)
    assert "You have access" in page(client, course)
    begin = f"/courses/{course.slug}/-/begin/"
    assert client.get(begin).status_code == 302
    assert not Enrolment.objects.exists()
    client.post(begin, {"time_zone": "Asia/Kolkata"})
    assert Enrolment.objects.get().time_zone == "Asia/Kolkata"
    assert "Begin with the first lesson" in page(client, course)
    stranger = sign_in(other)
    stranger.post(begin)
    assert Enrolment.objects.count() == 1
    assert "With Patron" in page(stranger, course)


def test_a_form_of_another_site_begins_nothing(sign_in: Any) -> None:
    course = make_course()
    client = sign_in(UserFactory())
    answer = client.post(
        f"/courses/{course.slug}/-/begin/", headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403
    assert not Enrolment.objects.exists()


def test_the_home_shows_how_far_they_are_and_what_opens_when(sign_in: Any) -> None:
    course = make_course(1)
    later = LessonFactory(
        module=course.modules.get(), title="Next week", drip=Drip.DAYS, drip_days=7
    )
    learner = UserFactory(time_zone="Europe/Vienna")
    enrolment = enrolled(course, learner)
    client = sign_in(learner)
    shown = page(client, course)
    assert "0 % done" in shown
    assert "What opens when" in shown
    assert "By the clocks of Europe/Vienna" in shown
    calendar = client.get(f"/courses/{course.slug}/-/calendar.ics")
    text = calendar.content.decode()
    day = enrolment.anchor_date + timedelta(days=7)
    assert calendar["Content-Type"] == "text/calendar; charset=utf-8"
    assert f"UID:lesson-{later.pk}@" in text
    assert f"DTSTART:{day:%Y%m%d}T0" in text
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert "About this course" in shown
    assert "You are in this course" in page(client, course, "?about")


def test_nobody_elses_calendar_nor_settings(sign_in: Any) -> None:
    course = make_course()
    enrolled(course, UserFactory())
    stranger = sign_in(UserFactory())
    for what in ("calendar.ics", "settings/"):
        assert stranger.get(f"/courses/{course.slug}/-/{what}").status_code == 404
        assert Client().get(f"/courses/{course.slug}/-/{what}").status_code == 302


def test_settings_move_the_clock_and_the_mail(sign_in: Any) -> None:
    course = make_course(1)
    LessonFactory(module=course.modules.get(), drip=Drip.DAYS, drip_days=7)
    learner = UserFactory()
    enrolment = enrolled(course, learner)
    client, path = sign_in(learner), f"/courses/{course.slug}/-/settings/"
    assert "Begin my schedule anew" in client.get(path).content.decode()
    wrong = client.post(path, {"time_zone": "Moon/Base", "mail_choice": "none"})
    assert wrong.status_code == 422
    client.post(path, {"time_zone": "Asia/Tokyo", "mail_choice": "none"})
    enrolment.refresh_from_db()
    assert (enrolment.time_zone, enrolment.mail_choice) == ("Asia/Tokyo", "none")
    Enrolment.objects.update(anchor_date=enrolment.anchor_date - timedelta(days=30))
    client.post(f"/courses/{course.slug}/-/restart/")
    enrolment.refresh_from_db()
    assert enrolment.anchor_date == timezone.now().astimezone(ZoneInfo("Asia/Tokyo")).date()


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("revoked", "This course is closed to you"),
        ("expired", "This course is over"),
        ("lapsed", "You no longer have access to this course"),
    ],
)
def test_whoever_lost_access_sees_why_and_keeps_their_progress(
    sign_in: Any, what: str, words: str
) -> None:
    tier = TierFactory()
    course = make_course(access=CourseAccess.TIERS, tiers=[tier])
    grant = GrantFactory(tier=tier, starts_at=timezone.now() - timedelta(days=9))
    enrolment = enrolled(course, grant.user)
    client = sign_in(grant.user)
    client.get(f"/courses/{course.slug}/{lessons_of(course)[0].slug}/")
    client.post(f"/courses/{course.slug}/{lessons_of(course)[0].slug}/complete/")
    hour_ago = timezone.now() - timedelta(hours=1)
    if what == "revoked":
        revoke_enrolment(actor=author(), enrolment=enrolment, reason="Shared the files.")
    elif what == "expired":
        Enrolment.objects.update(expires_at=hour_ago)
    else:
        Grant.objects.update(ends_at=hour_ago)
    shown = page(client, course)
    assert words in shown
    assert "50 % done" in shown
    assert ("Shared the files." in shown) == (what == "revoked")
    lesson = client.get(f"/courses/{course.slug}/{lessons_of(course)[1].slug}/").content.decode()
    assert words in lesson
    assert "Say it once" not in lesson


def test_former_addresses_lead_on(client: Client) -> None:
    course = make_course(1, access=CourseAccess.FREE)
    lesson, old = lessons_of(course)[0], course.slug
    course.slug = "another-address"
    save_course(actor=author(), course=course)
    for rest in ("", f"{lesson.slug}/"):
        answer = client.get(f"/courses/{old}/{rest}")
        assert (answer.status_code, answer["Location"]) == (301, f"/courses/another-address/{rest}")
        assert answer["Cache-Control"].startswith("no-cache")
    unpublish_course(actor=author(), course=course)
    assert client.get(f"/courses/{old}/").status_code == 404


def test_visitors_pages_are_kept_and_set_no_cookie(
    settings: Any, django_assert_num_queries: Any
) -> None:
    settings.PAGE_CACHE_SECONDS = 60
    course = make_course(access=CourseAccess.ADDRESS)
    for path in ("/courses/", f"/courses/{course.slug}/", f"/courses/{course.slug}/-/begin/"):
        first = Client().get(path)
        assert not first.cookies
        assert "cookie" not in first.headers.get("Vary", "").lower()
        assert "public" in first["Cache-Control"]
        with django_assert_num_queries(0):
            assert Client().get(path).content == first.content


def test_a_learners_pages_are_theirs_alone(sign_in: Any) -> None:
    course = make_course()
    learner = UserFactory()
    enrolled(course, learner)
    client = sign_in(learner)
    for path in ("/courses/", f"/courses/{course.slug}/"):
        assert "private" in client.get(path)["Cache-Control"]
    lesson = client.get(f"/courses/{course.slug}/{lessons_of(course)[0].slug}/")
    assert "no-store" in lesson["Cache-Control"]
    assert "private" in lesson["Cache-Control"]


def test_the_account_page_has_their_courses(sign_in: Any) -> None:
    course, other = make_course(title="Saying no"), make_course(title="Saying yes")
    learner = UserFactory()
    enrolled(course, learner)
    shown = sign_in(learner).get("/account/").content.decode()
    assert "Your courses" in shown
    assert "Saying no" in shown
    assert other.title not in shown
    assert "Your courses" not in sign_in(UserFactory()).get("/account/").content.decode()


def test_the_sitemap_lists_courses_and_previews_and_no_other_lesson(client: Client) -> None:
    course = make_course(1, access=CourseAccess.PAID)
    module = Module.objects.get(course=course)
    preview = LessonFactory(module=module, is_preview=True)
    draft = LessonFactory(module=module, is_preview=True, state="draft")
    hidden = make_course(is_listed=False)
    shown = client.get("/sitemap.xml").content.decode()
    assert f"/courses/{course.slug}/</loc>" in shown
    assert f"/courses/{course.slug}/{preview.slug}/</loc>" in shown
    for absent in (hidden.slug, draft.slug, lessons_of(course)[0].slug):
        assert f"/{absent}/</loc>" not in shown


def count(django_assert_max_num_queries: Any, client: Client, path: str) -> int:
    with django_assert_max_num_queries(100) as seen:
        assert client.get(path).status_code == 200
    return len(seen)


def test_as_many_queries_for_200_lessons_and_10_000_learners(
    sign_in: Any, django_assert_max_num_queries: Any
) -> None:
    small, large = make_course(1), make_course(1)
    fill_course(large, modules=10, lessons=200)
    learner = UserFactory()
    crowd = User.objects.bulk_create(User(email=f"l{n}@example.net") for n in range(10_000))
    Enrolment.objects.bulk_create(
        Enrolment(user=user, course=large, time_zone="UTC", anchor_date=timezone.now().date())
        for user in crowd
    )
    enrolled(small, learner)
    enrolled(large, learner)
    mine, visitor, stranger = sign_in(learner), Client(), sign_in(UserFactory())
    for who in (mine, visitor, stranger):
        who.get("/courses/")
        paths = {
            course: [
                f"/courses/{course.slug}/",
                f"/courses/{course.slug}/{course.lessons.first().slug}/",
            ]
            for course in (small, large)
        }
        for one, many in zip(paths[small], paths[large], strict=True):
            # Opening a lesson for the first time writes; from then on it is only read.
            who.get(one)
            who.get(many)
            assert count(django_assert_max_num_queries, who, one) == count(
                django_assert_max_num_queries, who, many
            )


def test_as_many_queries_for_one_course_and_for_seven(
    sign_in: Any, django_assert_max_num_queries: Any
) -> None:
    learner = UserFactory()
    mine = sign_in(learner)
    enrolled(make_course(), learner)
    mine.get("/courses/")
    paths = ("/courses/", "/account/")
    before = [count(django_assert_max_num_queries, mine, path) for path in paths]
    for number in range(6):
        enrolled(make_course(title=f"Course {number}"), learner)
    assert [count(django_assert_max_num_queries, mine, path) for path in paths] == before


def test_the_author_brings_somebody_in_and_they_see_their_home(sign_in: Any) -> None:
    course = make_course(access=CourseAccess.PRODUCTS, products=[ProductFactory()])
    learner = UserFactory()
    enrol_learner(actor=author(), user=learner, course=course)
    assert "Begin with the first lesson" in page(sign_in(learner), course)


def test_a_module_that_waits_for_another_is_in_the_calendar(sign_in: Any) -> None:
    course = make_course(1, 1)
    second = ModuleFactory(course=course, title="Afterwards")
    LessonFactory(module=second, drip=Drip.AFTER_MODULE, drip_days=2)
    learner = UserFactory()
    enrolled(course, learner)
    assert "2 days after you finish" in page(sign_in(learner), course)
