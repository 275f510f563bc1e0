"""A course as a mail series: each lesson when it opens, whole, to those who may read it."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from courses.actions import complete_lesson, releasing, save_lesson, set_mail_choice
from courses.actions.releasing import collect_lesson_mailings, release_due
from courses.course_mail import way_out
from courses.enums import CourseAccess, LessonMail, MailChoice, NoticeState
from courses.models import Course, Enrolment, Lesson, ReleaseNotice
from newsletter.articles.actions import store_image
from newsletter.lib.signing import make_token
from newsletter.mailings import actions as engine
from newsletter.mailings.compose import LETTER_PURPOSE
from newsletter.mailings.enums import DeliveryState, MailingState
from newsletter.mailings.models import Delivery, Mailing
from newsletter.memberships.models import Grant
from newsletter.subscribers.models import Subscription
from tests.courses.releasing.worker import Clock, drain, dripped, learner, work
from tests.factories.accounts import UserFactory
from tests.factories.articles import picture_file
from tests.factories.courses import ProductFactory, author, enrolled, lessons_of
from tests.factories.memberships import GrantFactory
from tests.factories.subscribers import NewsletterFactory
from tests.smtp_server import SmtpServer

pytestmark = pytest.mark.django_db


def series(*days: int, **fields: Any) -> tuple[Course, list[Any]]:
    newsletter = NewsletterFactory(sender_address="hanna@example.com")
    return dripped(*days, is_mail_series=True, mail_newsletter=newsletter, **fields)


def parsed(server: SmtpServer) -> list[Any]:
    return [message_from_bytes(data, policy=default) for _to, data in server.accepted]


def text(message: Any, kind: str = "plain") -> str:
    part = message.get_body((kind,))
    return str(part.get_content())


def test_the_first_lesson_comes_at_once_and_the_others_as_they_open(
    clock: Clock, server: SmtpServer
) -> None:
    course, lessons = series(0, 0, 1, title="A Year")
    enrolment = learner(course)
    assert not Subscription.objects.exists()
    assert work() == []
    drain()
    assert [each["Subject"] for each in parsed(server)] == [f"{lessons[0].title} · A Year"]
    clock.go_on(days=1)
    assert work() == []
    drain()
    _first, second = parsed(server)
    assert second["Subject"] == "Day 1 · A Year"
    assert second["To"].addresses[0].addr_spec == enrolment.user.email
    assert "The text of day 1." in text(second)
    assert "The text of day 1." in text(second, "html")
    sent = ReleaseNotice.objects.filter(state=NoticeState.SENT).order_by("pk")
    assert [each.lesson for each in sent] == [lessons[0], lessons[3]]
    assert ReleaseNotice.objects.filter(reason="open from the start").count() == 2


def test_the_mail_is_the_courses_own(clock: Clock, server: SmtpServer) -> None:
    course, lessons = series(title="A Year", slug="a-year")
    enrolment = learner(course)
    work()
    drain()
    (message,) = parsed(server)
    assert "hanna@example.com" in message["From"]
    assert f"<course-{course.pk}." in message["List-Id"]
    assert way_out(enrolment) in message["List-Unsubscribe"]
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    body = text(message)
    assert f"/courses/a-year/{lessons[0].slug}/" in body
    assert "You get this because you are in the course “A Year”." in body
    assert "/courses/a-year/-/settings/" in body
    assert way_out(enrolment) in body
    assert "signed up for" not in body


def test_it_has_no_page_for_everybody(clock: Clock, server: SmtpServer) -> None:
    course, _lessons = series()
    learner(course)
    work()
    drain()
    mailing = Mailing.objects.get()
    assert mailing.state == MailingState.SENT
    page = reverse("mailings:read-letter", args=[make_token(LETTER_PURPOSE, mailing.pk)])
    assert Client().get(page).status_code == 404


def test_one_mailing_for_all_for_whom_it_opened(clock: Clock, server: SmtpServer) -> None:
    course, _lessons = series(1)
    people = [learner(course) for _person in range(3)]
    work()
    drain()
    assert Mailing.objects.count() == 1
    clock.go_on(days=1)
    for _round in range(3):
        work()
        drain()
    assert Mailing.objects.count() == 2
    assert len(server.accepted) == 6
    assert Delivery.objects.filter(state=DeliveryState.ACCEPTED).count() == 6
    assert {row.user_id for row in Delivery.objects.all()} == {each.user_id for each in people}


def test_whatever_runs_twice_sends_once(clock: Clock, server: SmtpServer) -> None:
    course, _lessons = series()
    learner(course)
    release_due()
    Enrolment.objects.update(next_release_at=timezone.now())
    release_due()
    assert collect_lesson_mailings() == 1
    assert collect_lesson_mailings() == 0
    drain()
    Enrolment.objects.update(next_release_at=timezone.now())
    work()
    drain()
    assert len(server.accepted) == 1


@pytest.mark.parametrize("what", ["grant", "choice", "revoked", "closed"])
def test_access_is_asked_again_when_the_batch_is_claimed(
    clock: Clock, server: SmtpServer, what: str
) -> None:
    product = ProductFactory()
    course, _lessons = series(access=CourseAccess.PRODUCTS, products=[product])
    user, other = UserFactory(), UserFactory()
    for each in (user, other):
        GrantFactory(user=each, tier=None, product=product)
        enrolled(course, each)
    work()
    (mailing_id,) = engine.due_mailings().values_list("pk", flat=True)
    engine.prepare_mailing(mailing_id=mailing_id)
    if what == "grant":
        Grant.objects.filter(user=user).update(revoked_at=timezone.now())
    elif what == "choice":
        set_mail_choice(user=user, course=course, choice=MailChoice.NOTICES)
    elif what == "revoked":
        Enrolment.objects.filter(user=user).update(revoked_at=timezone.now())
    else:
        user.is_active = False
        user.save()
    drain()
    assert [each["To"].addresses[0].addr_spec for each in parsed(server)] == [other.email]
    rows = {row.enrolment.user_id: row.state for row in ReleaseNotice.objects.all()}
    assert rows == {user.pk: NoticeState.SKIPPED, other.pk: NoticeState.SENT}
    assert Delivery.objects.get(user=user).state == DeliveryState.SUPPRESSED


def test_whoever_has_lost_access_is_not_mailed_a_free_preview_either(
    clock: Clock, server: SmtpServer
) -> None:
    product = ProductFactory()
    course, lessons = series(1, access=CourseAccess.PRODUCTS, products=[product])
    lessons[1].is_preview = True
    save_lesson(actor=author(), lesson=lessons[1])
    user = UserFactory()
    grant = GrantFactory(user=user, tier=None, product=product)
    enrolled(course, user)
    Grant.objects.filter(pk=grant.pk).update(revoked_at=timezone.now())
    work()
    drain()
    assert server.accepted == []
    assert not ReleaseNotice.objects.exists()


def test_whoever_wants_notices_gets_a_notice(clock: Clock, server: SmtpServer) -> None:
    course, _lessons = series(1)
    enrolment = learner(course)
    set_mail_choice(user=enrolment.user, course=course, choice=MailChoice.NOTICES)
    work()
    clock.go_on(days=1)
    release_due()
    collect_lesson_mailings()
    assert not Mailing.objects.exists()
    assert ReleaseNotice.objects.get().email_id is not None


def test_a_lesson_can_be_mailed_as_a_link_or_not_at_all(clock: Clock, server: SmtpServer) -> None:
    course, lessons = series(1, 2)
    for lesson, what in ((lessons[1], LessonMail.LINK), (lessons[2], LessonMail.NONE)):
        lesson.mail = what
        save_lesson(actor=author(), lesson=lesson)
    learner(course)
    for _day in range(3):
        work()
        drain()
        clock.go_on(days=1)
    _first, second = parsed(server)
    assert "What day 1 is for." in text(second)
    assert "The text of day 1." not in text(second) + text(second, "html")
    assert ReleaseNotice.objects.get(lesson=lessons[2]).reason == "not mailed"


def test_where_the_first_lesson_is_not_mailed_the_next_is_the_first_mail(
    clock: Clock, server: SmtpServer
) -> None:
    course, lessons = series(0, 0, title="A Year")
    lessons[0].mail = LessonMail.NONE
    save_lesson(actor=author(), lesson=lessons[0])
    learner(course)
    for _round in range(2):
        work()
        drain()
    assert [each["Subject"] for each in parsed(server)] == [f"{lessons[1].title} · A Year"]


def test_what_the_learner_has_done_is_not_mailed(clock: Clock, server: SmtpServer) -> None:
    course, lessons = series()
    enrolment = learner(course)
    complete_lesson(user=enrolment.user, lesson=lessons[0])
    work()
    drain()
    assert server.accepted == []


def test_an_edit_reaches_whoever_comes_later(clock: Clock, server: SmtpServer) -> None:
    course, _lessons = series()
    learner(course)
    work()
    drain()
    lesson = lessons_of(course)[0]
    lesson.body = "<p>Written anew.</p>"
    save_lesson(actor=author(), lesson=lesson)
    learner(course)
    work()
    drain()
    first, second = parsed(server)
    assert "Written anew." not in text(first)
    assert "Written anew." in text(second)


def test_its_pictures_are_for_those_who_may_open_the_lesson(
    clock: Clock, server: SmtpServer
) -> None:
    product = ProductFactory()
    course, lessons = series(access=CourseAccess.PRODUCTS, products=[product])
    image = store_image(actor=author(), file=picture_file(size=(400, 300)))
    lessons[0].body = f'<figure><img src="{image.file.url}" alt="A lamp"></figure><p>See?</p>'
    save_lesson(actor=author(), lesson=lessons[0])
    user = UserFactory()
    GrantFactory(user=user, tier=None, product=product)
    enrolled(course, user)
    work()
    drain()
    (message,) = parsed(server)
    html = text(message, "html")
    assert image.file.url not in html
    address = html.partition("/letters/files/")[2].partition('"')[0]
    assert Client().get(f"/letters/files/{address}").status_code == 200
    Grant.objects.update(revoked_at=timezone.now())
    assert Client().get(f"/letters/files/{address}").status_code == 404


def test_a_lesson_that_cannot_be_mailed_keeps_no_other_from_the_mail(
    clock: Clock, server: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, sound = series()[0], series()[0]
    learner(broken)
    learner(sound)
    write = releasing.lesson_mail_body

    def fail(lesson: Lesson) -> str:
        if lesson.course_id == broken.pk:
            raise RuntimeError("no such picture")
        return write(lesson)

    monkeypatch.setattr(releasing, "lesson_mail_body", fail)
    work()
    drain()
    assert [each["Subject"] for each in parsed(server)] == [
        f"{sound.lessons.get().title} · {sound.title}"
    ]
    # Put right, it comes after all, once.
    monkeypatch.setattr(releasing, "lesson_mail_body", write)
    work()
    work()
    drain()
    assert [each["Subject"] for each in parsed(server)][1:] == [
        f"{broken.lessons.get().title} · {broken.title}"
    ]
