"""Reading lessons: what is open, what is closed and why, and what is kept of it (K5, K6)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from courses.actions import save_course, save_lesson
from courses.actions.learning import MAX_NOTES
from courses.enums import CourseAccess, CourseState, Drip, LessonState
from courses.models import Course, Enrolment, Lesson, LessonProgress
from newsletter.members.actions import offer_visit
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.courses import (
    LessonFactory,
    ModuleFactory,
    author,
    enrolled,
    lessons_of,
    make_course,
)
from tests.factories.memberships import GrantFactory, TierFactory

pytestmark = pytest.mark.django_db
TEXT = "Say it once, and stop."


def path(lesson: Lesson, rest: str = "") -> str:
    return f"/courses/{lesson.course.slug}/{lesson.slug}/{rest}"


def read(client: Client, lesson: Lesson) -> str:
    response = client.get(path(lesson))
    assert response.status_code == 200
    return response.content.decode()


def test_a_learner_reads_completes_and_goes_on(sign_in: Any) -> None:
    course = make_course(2, access=CourseAccess.ADDRESS)
    first, second = lessons_of(course)
    learner = UserFactory()
    enrolled(course, learner)
    client = sign_in(learner)
    shown = read(client, first)
    assert TEXT in shown
    assert "Done, on to the next" in shown
    assert Enrolment.objects.get().last_lesson == first
    assert client.post(path(first, "complete/"))["Location"] == path(second)
    assert "Not done after all" in read(client, first)
    home = client.get(f"/courses/{course.slug}/").content.decode()
    assert "50 % done" in home
    assert "Go on where you left" in home
    assert path(second) in home
    done = client.post(path(second, "complete/"))
    assert done["Location"] == f"/courses/{course.slug}/"
    home = client.get(done["Location"]).content.decode()
    assert "you have completed the course" in home
    assert "You completed this course on" in home
    client.post(path(second, "complete/"), {"undo": "1"})
    assert LessonProgress.objects.filter(completed_at__isnull=False).count() == 1


def test_k6_a_direct_link_to_a_locked_lesson_says_when_it_opens(sign_in: Any) -> None:
    course = make_course(1, release_hour=8)
    lesson = LessonFactory(module=course.modules.get(), drip=Drip.DAYS, drip_days=3, title="Later")
    learner = UserFactory(time_zone="Asia/Kolkata")
    with time_machine.travel(datetime(2027, 3, 1, 12, tzinfo=UTC), tick=False):
        enrolled(course, learner)
        client = sign_in(learner)
        shown = read(client, lesson)
        assert "This lesson opens later" in shown
        assert "4 March 2027, 08:00 (Asia/Kolkata)" in shown
        assert TEXT not in shown
        assert "Go on with" in shown
    with time_machine.travel(datetime(2027, 3, 4, 2, 31, tzinfo=UTC), tick=False):
        assert TEXT in read(sign_in(learner), lesson)


def test_k6_a_step_by_step_course_says_what_comes_first(sign_in: Any) -> None:
    course = make_course(3, is_sequential=True)
    first, second, third = lessons_of(course)
    learner = UserFactory()
    enrolled(course, learner)
    client = sign_in(learner)
    shown = read(client, third)
    assert "2 lessons come before this one" in shown
    assert f'href="{path(first)}"' in shown
    assert TEXT not in shown
    assert client.post(path(third, "complete/"))["Location"] == path(third)
    assert not LessonProgress.objects.filter(lesson=third).exists()
    client.post(path(first, "complete/"))
    assert TEXT in read(client, second)


def test_k6_what_follows_a_module_says_so(sign_in: Any) -> None:
    course = make_course(1)
    module = ModuleFactory(course=course)
    lesson = LessonFactory(module=module, drip=Drip.AFTER_MODULE, drip_days=2)
    learner = UserFactory()
    enrolled(course, learner)
    title = course.modules.first().title  # type: ignore[union-attr]
    shown = read(sign_in(learner), lesson)
    assert f"It opens 2 days after you finish “{title}”." in shown


def test_k6_previews_are_open_to_all_drafts_are_not_there(sign_in: Any) -> None:
    course = make_course(1, access=CourseAccess.PAID)
    module = course.modules.get()
    preview = LessonFactory(module=module, is_preview=True)
    draft = LessonFactory(module=module, is_preview=True, state=LessonState.DRAFT)
    closed = lessons_of(course)[0]
    for client in (Client(), sign_in(UserFactory())):
        assert TEXT in read(client, preview)
        shown = read(client, closed)
        assert TEXT not in shown
        assert "The rest is for those who take the course" in shown
        assert client.get(path(draft)).status_code == 404
        assert client.get(f"/courses/{course.slug}/nowhere/").status_code == 404
    assert not Enrolment.objects.exists()
    assert TEXT in read(sign_in(StaffFactory()), draft)


def test_k6_no_preview_of_an_unpublished_course_nor_of_an_archived_one(sign_in: Any) -> None:
    draft = make_course(1, state=CourseState.DRAFT)
    archived = make_course(1)
    learner = UserFactory()
    enrolled(archived, learner)
    Course.objects.filter(pk=archived.pk).update(state=CourseState.ARCHIVED)
    Lesson.objects.update(is_preview=True)
    for course in (draft, archived):
        lesson = lessons_of(course)[0]
        for client in (Client(), sign_in(UserFactory())):
            assert client.get(path(lesson)).status_code == 404
    assert TEXT in read(sign_in(learner), lessons_of(archived)[0])


def test_a_visitor_reads_a_free_course_and_leaves_no_trace(client: Client) -> None:
    course = make_course(1)
    later = LessonFactory(module=course.modules.get(), drip=Drip.DAYS, drip_days=1)
    shown = read(client, lessons_of(course)[0])
    assert TEXT in shown
    assert "Keep your place" in shown
    assert not client.cookies
    assert TEXT not in read(client, later)
    assert "Begin the course to read on" in read(client, later)
    assert not LessonProgress.objects.exists()


def test_the_author_looks_and_nothing_is_written(sign_in: Any) -> None:
    course = make_course(2, access=CourseAccess.PAID)
    shown = read(sign_in(StaffFactory()), lessons_of(course)[0])
    assert TEXT in shown
    assert "Nothing of it is kept as progress" in shown
    assert "Done, on to the next" not in shown
    assert not Enrolment.objects.exists()
    assert not LessonProgress.objects.exists()


def test_a_support_visit_reads_as_the_learner_and_writes_nothing() -> None:
    course = make_course(2)
    learner, staff = UserFactory(), StaffFactory()
    enrolment = enrolled(course, learner)
    _visit, token = offer_visit(actor=staff, person=learner, reason="It does not open")
    window = Client()
    assert window.post(f"/support-visit/{token}/").status_code == 302
    assert TEXT in read(window, lessons_of(course)[0])
    assert window.post(path(lessons_of(course)[0], "complete/")).status_code == 403
    enrolment.refresh_from_db()
    assert enrolment.last_lesson is None
    assert not LessonProgress.objects.exists()


def test_looking_ahead_writes_nothing(sign_in: Any) -> None:
    course = make_course(1)
    client = sign_in(UserFactory())
    client.head(path(lessons_of(course)[0]))
    client.get(path(lessons_of(course)[0]), headers={"Sec-Purpose": "prefetch;prerender"})
    assert not Enrolment.objects.exists()


def test_notes_are_kept_and_theirs_alone(sign_in: Any) -> None:
    course = make_course(1)
    lesson = lessons_of(course)[0]
    mine, other = sign_in(UserFactory()), sign_in(UserFactory())
    kept = mine.post(path(lesson, "notes/"), {"notes": "Ask <b>twice</b>."})
    assert kept["Location"] == f"{path(lesson)}#notes"
    shown = read(mine, lesson)
    assert "Ask &lt;b&gt;twice&lt;/b&gt;." in shown
    assert "Your notes are kept." in shown
    assert "Ask &lt;b&gt;" not in read(other, lesson)
    too_long = mine.post(path(lesson, "notes/"), {"notes": "x" * (MAX_NOTES + 1)})
    assert too_long.status_code == 422
    assert "x" * (MAX_NOTES + 1) in too_long.content.decode()
    assert LessonProgress.objects.filter(notes="Ask <b>twice</b>.").count() == 1


@pytest.mark.parametrize("renamed", ["lesson", "course"])
def test_what_is_sent_from_a_page_that_moved_meanwhile_is_kept(sign_in: Any, renamed: str) -> None:
    """The author gave it another address while the learner was writing."""
    user = UserFactory()
    course = make_course(1)
    (lesson,) = lessons_of(course)
    client, here = sign_in(user), path(lesson)
    client.get(here)
    if renamed == "lesson":
        lesson.slug = "another"
        save_lesson(actor=author(), lesson=lesson)
    else:
        course.slug = "another"
        save_course(actor=author(), course=course)
        lesson.refresh_from_db()
    assert client.post(f"{here}notes/", {"notes": "Long thought"}).status_code == 302
    too_long = client.post(f"{here}notes/", {"notes": "x" * (MAX_NOTES + 1)})
    assert too_long.status_code == 422
    assert client.post(f"{here}position/", {"seconds": "40"}).status_code == 204
    assert client.post(f"{here}complete/").status_code == 302
    row = LessonProgress.objects.get()
    assert (row.notes, row.media_position) == ("Long thought", 40)
    assert row.completed_at is not None


def test_a_recording_goes_on_where_it_was_left(sign_in: Any) -> None:
    course = make_course(1)
    lesson = lessons_of(course)[0]
    Lesson.objects.update(media_seconds=600)
    client = sign_in(UserFactory())
    assert client.post(path(lesson, "position/"), {"seconds": "95"}).status_code == 204
    assert LessonProgress.objects.get().media_position == 95
    for wrong in ("-1", "x", "", "1e3", "٣", "9" * 40):
        assert client.post(path(lesson, "position/"), {"seconds": wrong}).status_code == 400
    client.post(path(lesson, "position/"), {"seconds": "99999"})
    assert LessonProgress.objects.get().media_position == 600


ENDPOINTS = [("complete/", {}), ("notes/", {"notes": "Mine."}), ("position/", {"seconds": "9"})]


@pytest.mark.parametrize(("rest", "data"), ENDPOINTS)
def test_k5_another_persons_ids_change_nothing_of_theirs(
    sign_in: Any, rest: str, data: dict[str, str]
) -> None:
    course = make_course(1)
    lesson = lessons_of(course)[0]
    victim, attacker = UserFactory(), UserFactory()
    theirs = enrolled(course, victim)
    ids = {
        "enrolment": theirs.pk,
        "enrolment_id": theirs.pk,
        "user": victim.pk,
        "user_id": victim.pk,
    }
    sign_in(attacker).post(path(lesson, rest), {**data, **ids})
    assert not LessonProgress.objects.filter(enrolment=theirs).exists()
    assert LessonProgress.objects.get().enrolment.user == attacker


@pytest.mark.parametrize(("rest", "data"), ENDPOINTS)
def test_k5_without_access_nothing_is_written(
    sign_in: Any, rest: str, data: dict[str, str]
) -> None:
    tier = TierFactory()
    course = make_course(1, access=CourseAccess.TIERS, tiers=[tier])
    preview = LessonFactory(module=course.modules.get(), is_preview=True)
    draft = LessonFactory(module=course.modules.get(), state=LessonState.DRAFT)
    lesson = lessons_of(course)[0]
    learner = GrantFactory(tier=tier, ends_at=timezone.now() + timedelta(hours=1)).user
    enrolled(course, learner)
    ended = timezone.now() + timedelta(hours=2)
    with time_machine.travel(ended):
        lapsed, stranger = sign_in(learner), sign_in(UserFactory())
        for client in (lapsed, stranger):
            for each in (lesson, preview):
                assert client.post(path(each, rest), data).status_code in {302, 403}
            assert client.post(path(draft, rest), data).status_code == 404
        assert Client().post(path(lesson, rest), data)["Location"].startswith("/account/login/")
    assert not LessonProgress.objects.exists()
    assert Enrolment.objects.count() == 1


@pytest.mark.parametrize(("rest", "data"), ENDPOINTS)
def test_the_endpoints_take_posts_of_our_own_pages_alone(rest: str, data: dict[str, str]) -> None:
    course = make_course(1)
    lesson = lessons_of(course)[0]
    client = Client(enforce_csrf_checks=True)
    client.force_login(UserFactory(), backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(path(lesson, rest), data).status_code == 403
    assert client.get(path(lesson, rest)).status_code == 302
    assert not LessonProgress.objects.exists()


def test_comments_are_for_those_with_access_and_off_where_the_course_says(sign_in: Any) -> None:
    teacher = StaffFactory(name="Ada Winter")
    course = make_course(1, access=CourseAccess.ADDRESS, instructors=[teacher])
    lesson = lessons_of(course)[0]
    client = sign_in(UserFactory())
    assert 'id="comments"' in read(client, lesson)
    assert 'id="comments"' not in read(Client(), lesson)
    Course.objects.update(has_discussion=False)
    assert 'id="comments"' not in read(client, lesson)


def test_a_lesson_that_somebody_was_let_into_before_is_not_shut_by_the_calendar(
    sign_in: Any,
) -> None:
    course = make_course(1)
    lesson = lessons_of(course)[0]
    client = sign_in(UserFactory())
    read(client, lesson)
    Lesson.objects.filter(pk=lesson.pk).update(drip=Drip.DATE, drip_date=date(2100, 1, 1))
    assert TEXT in read(client, lesson)


def test_search_engines_are_shown_previews_alone(client: Client) -> None:
    course = make_course(1)
    preview = LessonFactory(module=course.modules.get(), is_preview=True)
    assert "noindex" in read(client, lessons_of(course)[0])
    assert "noindex" not in read(client, preview)


def test_the_transcript_is_for_readers_alone(sign_in: Any) -> None:
    course = make_course(1, access=CourseAccess.ADDRESS)
    lesson = LessonFactory(
        module=course.modules.get(),
        kind="video",
        media_url="https://video.example.org/1",
        media_seconds=600,
        transcript="<p>Spoken words.</p>",
    )
    shown = read(sign_in(UserFactory()), lesson)
    assert "Spoken words." in shown
    assert "https://video.example.org/1" in shown
    assert "11 min" in shown
    hidden = read(Client(), lesson)
    assert "Spoken words." not in hidden
    assert "https://video.example.org/1" not in hidden
