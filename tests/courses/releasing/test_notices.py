"""Notices of what has opened: at the minute, grouped, once, to those who may read it (K1, K2)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core import mail
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courses.access import get_classroom
from courses.actions import (
    complete_lesson,
    open_lesson,
    publish_lesson,
    releasing,
    restart_schedule,
    revoke_enrolment,
    save_lesson,
    set_mail_choice,
    unpublish_course,
)
from courses.actions.releasing import release_due
from courses.course_mail import way_out
from courses.enums import CourseAccess, Drip, LessonState, MailChoice, NoticeState
from courses.models import Course, Enrolment, Lesson, ReleaseNotice
from newsletter.memberships.models import Grant
from newsletter.outbox.enums import EmailState
from newsletter.outbox.models import OutgoingEmail
from tests.courses.releasing.worker import Clock, dripped, learner, work
from tests.factories.accounts import UserFactory
from tests.factories.courses import (
    LessonFactory,
    ProductFactory,
    author,
    enrolled,
    lessons_of,
    make_course,
)
from tests.factories.memberships import GrantFactory

pytestmark = pytest.mark.django_db


def is_open(enrolment: Enrolment, lesson: Lesson) -> bool:
    course = Course.objects.get(pk=enrolment.course_id)
    room = get_classroom(course, enrolment.user, timezone.now())
    return room is not None and room.decide(lesson.pk).allowed


@pytest.mark.parametrize(
    ("zone", "enrolled_at", "opens_at"),
    [
        # Both changes of the clock, zones that never change it, 23:59, 29 February (K1).
        ("Europe/Vienna", "2026-03-28T10:00", "2026-03-29T06:00"),
        ("Europe/Vienna", "2026-10-24T10:00", "2026-10-25T07:00"),
        ("America/New_York", "2026-03-07T10:00", "2026-03-08T12:00"),
        ("Asia/Kolkata", "2026-11-12T18:29", "2026-11-13T02:30"),
        ("Pacific/Kiritimati", "2026-11-12T09:59", "2026-11-12T18:00"),
        ("Europe/Vienna", "2028-02-28T22:59", "2028-02-29T07:00"),
    ],
)
def test_k1_mail_and_access_agree_to_the_minute(
    clock: Clock, zone: str, enrolled_at: str, opens_at: str
) -> None:
    clock.set(datetime(2026, 1, 1, tzinfo=UTC))
    course, lessons = dripped(1)
    clock.set(datetime.fromisoformat(enrolled_at).replace(tzinfo=UTC))
    enrolment = learner(course, zone)
    assert work() == []
    moment = datetime.fromisoformat(opens_at).replace(tzinfo=UTC)

    clock.set(moment - timedelta(seconds=1))
    assert not is_open(enrolment, lessons[1])
    assert work() == []

    clock.set(moment)
    assert is_open(enrolment, lessons[1])
    (notice,) = work()
    assert notice.to == [enrolment.user.email]
    assert "Day 1" in notice.body


def test_k2_worker_down_for_three_hours_access_on_time_mail_late_once(clock: Clock) -> None:
    course, lessons = dripped(1)
    enrolment = learner(course)
    work()
    clock.set(datetime(2026, 11, 13, 7, 0, tzinfo=UTC))
    assert is_open(enrolment, lessons[1])
    clock.go_on(hours=3)
    assert len(work()) == 1
    for _round in range(3):
        clock.go_on(minutes=1)
        assert work() == []
    row = ReleaseNotice.objects.get()
    assert (row.state, row.lesson) == (NoticeState.SENT, lessons[1])
    assert row.released_at == datetime(2026, 11, 13, 7, 0, tzinfo=UTC)


def test_what_opens_together_is_one_mail(clock: Clock) -> None:
    course, _lessons = dripped(1, 1, 1)
    learner(course)
    work()
    clock.go_on(days=1)
    (notice,) = work()
    assert "3 lessons have opened" in notice.subject
    assert ReleaseNotice.objects.values("email").distinct().count() == 1


def test_each_course_has_a_mail_of_its_own(clock: Clock) -> None:
    user = UserFactory(time_zone="Europe/Vienna")
    for _course in range(2):
        enrolled(dripped(1)[0], user)
    work()
    clock.go_on(days=1)
    assert len(work()) == 2


def test_nobody_is_told_of_what_was_open_when_they_came(clock: Clock) -> None:
    course, _lessons = dripped(0, 0)
    learner(course)
    assert work() == []
    assert not ReleaseNotice.objects.exists()


def test_nobody_is_told_of_what_they_opened_by_their_own_act(clock: Clock) -> None:
    course = make_course(1, 1, is_sequential=True)
    enrolment = learner(course)
    work()
    clock.go_on(hours=1)
    complete_lesson(user=enrolment.user, lesson=lessons_of(course)[0])
    assert is_open(enrolment, lessons_of(course)[1])
    assert work() == []


def test_what_follows_a_module_by_days_is_told(clock: Clock) -> None:
    course = make_course(1, 1)
    second = lessons_of(course)[1]
    second.drip, second.drip_days = Drip.AFTER_MODULE, 2
    save_lesson(actor=author(), lesson=second)
    enrolment = learner(course)
    work()
    clock.go_on(days=3)
    assert work() == []
    complete_lesson(user=enrolment.user, lesson=lessons_of(course)[0])
    assert work() == []
    clock.go_on(days=2)
    assert len(work()) == 1


def test_a_lesson_that_is_published_later_is_told(clock: Clock) -> None:
    course, _lessons = dripped()
    learner(course)
    work()
    clock.go_on(days=2)
    draft = LessonFactory(module=course.modules.first(), title="New", state=LessonState.DRAFT)
    work()
    publish_lesson(actor=author(), lesson=draft)
    (notice,) = work()
    assert "New" in notice.subject


def test_what_they_have_looked_into_is_no_news(clock: Clock) -> None:
    course, lessons = dripped(1)
    enrolment = learner(course)
    work()
    clock.go_on(days=1)
    room = get_classroom(course, enrolment.user, timezone.now())
    assert room is not None
    open_lesson(user=enrolment.user, room=room, lesson=lessons[1])
    assert work() == []


@pytest.mark.parametrize("what", ["revoked", "grant ended", "expired", "inactive", "draft"])
def test_whoever_has_no_access_gets_none(clock: Clock, what: str) -> None:
    product = ProductFactory()
    course, _lessons = dripped(1, access=CourseAccess.PRODUCTS, products=[product])
    user = UserFactory(time_zone="Europe/Vienna")
    GrantFactory(user=user, tier=None, product=product)
    enrolment = enrolled(course, user)
    work()
    clock.go_on(hours=20)
    if what == "revoked":
        revoke_enrolment(actor=author(), enrolment=enrolment, reason="Asked for it.")
    elif what == "grant ended":
        Grant.objects.update(ends_at=timezone.now())
    elif what == "expired":
        Enrolment.objects.update(expires_at=timezone.now())
    elif what == "inactive":
        user.is_active = False
        user.save()
    else:
        unpublish_course(actor=author(), course=course)
    clock.go_on(hours=4)
    assert work() == []
    assert not OutgoingEmail.objects.exists()


def test_access_that_ends_between_queueing_and_sending_drops_the_mail(clock: Clock) -> None:
    product = ProductFactory()
    course, _lessons = dripped(1, access=CourseAccess.PRODUCTS, products=[product])
    user = UserFactory(time_zone="Europe/Vienna")
    GrantFactory(user=user, tier=None, product=product)
    enrolled(course, user)
    work()
    clock.go_on(days=1)
    release_due()
    Grant.objects.update(revoked_at=timezone.now())
    assert work() == []
    assert OutgoingEmail.objects.get().state == EmailState.EXPIRED
    row = ReleaseNotice.objects.get()
    assert (row.state, row.reason) == (NoticeState.SKIPPED, "not sent")


def test_whoever_wants_none_gets_none_not_even_later(clock: Clock) -> None:
    course, _lessons = dripped(1)
    enrolment = learner(course)
    work()
    set_mail_choice(user=enrolment.user, course=course, choice=MailChoice.NONE)
    clock.go_on(days=1)
    assert work() == []
    set_mail_choice(user=enrolment.user, course=course, choice=MailChoice.NOTICES)
    clock.go_on(hours=1)
    assert work() == []


def test_what_opened_long_ago_is_no_news(clock: Clock) -> None:
    course, _lessons = dripped(1, 12)
    learner(course)
    work()
    clock.go_on(days=13)
    (notice,) = work()
    assert "Day 12" in notice.subject
    assert "Day 1\n" not in notice.body
    assert ReleaseNotice.objects.get(lesson__title="Day 1").reason == "late"


def test_the_schedule_beginning_anew_tells_nothing_twice(clock: Clock) -> None:
    course, _lessons = dripped(1, 3)
    enrolment = learner(course)
    work()
    clock.go_on(days=1)
    assert len(work()) == 1
    restart_schedule(actor=enrolment.user, enrolment=enrolment)
    told = []
    for _day in range(4):
        clock.go_on(days=1)
        told += work()
    assert [each.subject.split(" ·")[0] for each in told] == ["Day 3"]


def test_two_rounds_at_once_write_one_notice(clock: Clock) -> None:
    """The row that says so is written with the mail: the second finds it, or none of it is."""
    course, lessons = dripped(1)
    enrolment = learner(course)
    work()
    clock.go_on(days=1)
    work()
    Enrolment.objects.update(next_release_at=timezone.now())
    assert work() == []
    with pytest.raises(Exception, match=r"(?i)unique"), transaction.atomic():
        ReleaseNotice.objects.create(
            enrolment=enrolment, lesson=lessons[1], released_at=timezone.now()
        )


def test_one_course_that_fails_holds_up_no_other(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    (broken, _), (other, _) = dripped(1, title="Broken"), dripped(1, title="Other")
    learner(broken)
    enrolment = learner(other)
    work()
    release = releasing._release

    def fail(course_id: int, ids: list[int], now: datetime) -> list[int]:
        if course_id == broken.pk:
            raise ValueError("x")
        return release(course_id, ids, now)

    monkeypatch.setattr(releasing, "_release", fail)
    clock.go_on(days=1)
    assert [each.to for each in work()] == [[enrolment.user.email]]
    # It is tried again, and does not stand before the others until then.
    monkeypatch.setattr(releasing, "_release", release)
    assert work() == []
    clock.go_on(minutes=10)
    assert len(work()) == 1


def test_next_release_is_when_the_next_lesson_opens(clock: Clock) -> None:
    course, _lessons = dripped(1, 4)
    enrolment = learner(course)
    for expected in (date(2026, 11, 13), date(2026, 11, 16), None):
        work()
        enrolment.refresh_from_db()
        at = enrolment.next_release_at
        assert (at.date() if at else None) == expected
        if at is not None:
            clock.set(at)


def test_the_mail_reads_well_and_has_a_way_out(clock: Clock) -> None:
    course, lessons = dripped(1, title="A Year", slug="a-year")
    enrolment = learner(course)
    work()
    clock.go_on(days=1)
    (notice,) = work()
    link = f"/courses/a-year/{lessons[1].slug}/"
    assert notice.subject == "Day 1 · A Year"
    assert "A lesson of “A Year” has opened:" in notice.body
    assert "What day 1 is for." in notice.body
    assert link in notice.body
    assert "You get this because you are in the course “A Year”." in notice.body
    html = notice.alternatives[0][0]
    assert link in html
    headers = notice.extra_headers
    assert headers["List-Unsubscribe"] == f"<{way_out(enrolment)}>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["Auto-Submitted"] == "auto-generated"
    assert way_out(enrolment) in notice.body
    # Nothing of the lesson itself.
    assert "The text of day 1" not in notice.body + html


def test_the_way_out_works_from_anywhere_and_looking_changes_nothing(clock: Clock) -> None:
    course, _lessons = dripped(1)
    enrolment = learner(course)
    path = way_out(enrolment).partition("localhost:8000")[2] or way_out(enrolment)
    path = "/" + path.split("/", 3)[-1] if path.startswith("http") else path
    client = Client(enforce_csrf_checks=True)

    assert client.get(path).status_code == 200
    enrolment.refresh_from_db()
    assert enrolment.mail_choice == MailChoice.LESSONS

    form = "application/x-www-form-urlencoded"
    for kind in (form, f"{form}; charset=us-ascii", "multipart/form-data"):
        response = client.post(path, b"List-Unsubscribe=One-Click", content_type=kind)
        assert response.status_code == 200
        assert not response.cookies
    enrolment.refresh_from_db()
    assert enrolment.mail_choice == MailChoice.NONE
    assert course.events.filter(what="mail_left", user=enrolment.user).count() == 1
    assert client.get("/courses/-/no-mail/forged/").status_code == 404
    page = client.post(path, {"human": "1"})
    assert b"No more mail of this course" in page.content


def test_many_learners_cost_as_many_questions_as_one(clock: Clock) -> None:
    course, _lessons = dripped(1)

    def count(people: int) -> int:
        for _person in range(people):
            learner(course)
        work()
        clock.go_on(days=1)
        with CaptureQueriesContext(connection) as queries:
            release_due()
        mail.outbox.clear()
        return len([q for q in queries if not q["sql"].startswith("INSERT")])

    one, many = count(1), count(12)
    assert one == many
