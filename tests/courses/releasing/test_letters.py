"""Letters from the author to a part of a course's learners."""

from __future__ import annotations

import html
import json
import re
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse

from courses.actions import complete_lesson, revoke_enrolment, set_mail_choice
from courses.actions.letters import send_letter, test_letter
from courses.course_mail import way_out
from courses.enums import MailChoice
from courses.models import Course, CourseLetter, Enrolment
from courses.segments import Segment
from newsletter.mailings import actions as engine
from newsletter.mailings.enums import MailingState
from newsletter.mailings.models import Delivery, Mailing
from tests.courses.releasing.worker import drain, learner
from tests.factories.accounts import StaffFactory, UserFactory, sign_in_staff
from tests.factories.courses import lessons_of, make_course
from tests.factories.subscribers import NewsletterFactory
from tests.smtp_server import SmtpServer

pytestmark = pytest.mark.django_db
BODY = "<p>How did the <em>second</em> lesson go?</p>"


@pytest.fixture
def course() -> Course:
    NewsletterFactory(sender_address="hanna@example.com")
    return make_course(1, 1, title="A Year")


@pytest.fixture
def author() -> Any:
    return StaffFactory(is_superuser=True, email="boss@example.com")


def send(
    author: Any, course: Course, segment: Segment | None = None, **fields: Any
) -> CourseLetter:
    return send_letter(
        actor=author,
        course=course,
        segment=segment or Segment(),
        subject=fields.pop("subject", "A question"),
        body=fields.pop("body", BODY),
        **fields,
    )


CONFIG = re.compile(r'data-django-prose-editor-configurable="([^"]*)"')


def receivers(server: SmtpServer) -> set[str]:
    return {to for to, _data in server.accepted}


def test_it_goes_to_the_segment_and_nobody_else(
    course: Course, author: Any, server: SmtpServer
) -> None:
    done, not_done = learner(course), learner(course)
    UserFactory()
    complete_lesson(user=done.user, lesson=lessons_of(course)[0])
    module = course.modules.order_by("position").first()
    assert module is not None

    letter = send(author, course, Segment(finished=module.pk))
    drain()

    assert receivers(server) == {done.user.email}
    assert not_done.user.email not in receivers(server)
    assert (letter.recipients, letter.created_by) == (1, author)
    mailing = Mailing.objects.get()
    assert (mailing.state, mailing.audience_count) == (MailingState.SENT, 1)
    event = course.events.get(what="letter_sent")
    assert event.actor == author
    assert "A question" in event.detail


def test_the_mail_reads_well_and_has_a_way_out(
    course: Course, author: Any, server: SmtpServer
) -> None:
    enrolment = learner(course)
    send(author, course)
    drain()
    message = message_from_bytes(server.accepted[0][1], policy=default)
    text = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    html = message.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert message["Subject"] == "A question"
    assert "hanna@example.com" in message["From"]
    assert way_out(enrolment) in message["List-Unsubscribe"]
    assert "How did the second lesson go?" in text.replace("*", "").replace("_", "")
    assert "You get this because you are in the course “A Year”." in text
    assert way_out(enrolment) in text
    assert "View in browser" not in html


def test_whoever_wants_no_mail_gets_none(course: Course, author: Any, server: SmtpServer) -> None:
    wants, quiet, leaves = learner(course), learner(course), learner(course)
    set_mail_choice(user=quiet.user, course=course, choice=MailChoice.NONE)
    letter = send(author, course)
    assert letter.recipients == 2
    Client().post(way_out(leaves).removeprefix("http://localhost:8000"))
    Enrolment.objects.filter(pk=leaves.pk).update(mail_choice=MailChoice.NONE)
    drain()
    assert receivers(server) == {wants.user.email}


def test_whoever_was_revoked_is_in_no_segment_but_their_own(
    course: Course, author: Any, server: SmtpServer
) -> None:
    gone, here = learner(course), learner(course)
    revoke_enrolment(actor=author, enrolment=gone, reason="Refunded.")
    send(author, course, Segment(state="not_begun"))
    drain()
    assert receivers(server) == {here.user.email}


def test_whoever_was_revoked_gets_a_letter_to_the_revoked_alone(
    course: Course, author: Any, server: SmtpServer
) -> None:
    gone, here = learner(course), learner(course)
    for each in (gone, here):
        complete_lesson(user=each.user, lesson=lessons_of(course)[0])
    revoke_enrolment(actor=author, enrolment=gone, reason="Refunded.")
    module = course.modules.order_by("position").first()
    for segment in (Segment(), Segment(finished=module.pk)):  # type: ignore[union-attr]
        assert send(author, course, segment).recipients == 1
    drain()
    assert receivers(server) == {here.user.email}
    desk = Client()
    sign_in_staff(desk, author)
    page = desk.get(reverse("admin:courses_courseletter_add"), {"course": course.pk})
    assert "It goes to 1 person" in page.content.decode()
    assert "wants no mail" not in page.content.decode()
    assert send(author, course, Segment(state="revoked")).recipients == 1
    drain()
    assert receivers(server) == {here.user.email, gone.user.email}


def test_whoever_is_revoked_while_a_letter_goes_out_gets_it_no_more(
    course: Course, author: Any, server: SmtpServer
) -> None:
    gone, here = learner(course), learner(course)
    letter = send(author, course)
    engine.prepare_mailing(mailing_id=letter.mailing_id)
    revoke_enrolment(actor=author, enrolment=gone, reason="Refunded.")
    drain()
    assert receivers(server) == {here.user.email}


def test_two_clicks_send_one_letter(course: Course, author: Any, server: SmtpServer) -> None:
    learner(course)
    first = send(author, course, key="abc")
    second = send(author, course, key="abc")
    assert first == second
    drain()
    assert Delivery.objects.count() == len(server.accepted) == 1


def test_a_filter_that_is_not_understood_any_more_is_nobody(
    course: Course, author: Any, server: SmtpServer
) -> None:
    learner(course)
    letter = send(author, course)
    CourseLetter.objects.filter(pk=letter.pk).update(segment={"finished": 999_999})
    drain()
    assert server.accepted == []
    assert Mailing.objects.get().state == MailingState.FAILED


def test_a_test_goes_to_its_author_and_leaves_no_trace(
    course: Course, author: Any, server: SmtpServer
) -> None:
    learner(course)
    test_letter(actor=author, course=course, subject="A question", body=BODY)
    assert receivers(server) == {author.email}
    data = server.accepted[0][1].decode()
    assert "[Test] A question" in data
    assert "no-mail" not in data
    assert not Mailing.objects.exists()


test_letter.__test__ = False  # type: ignore[attr-defined]


def test_who_may(course: Course, author: Any) -> None:
    learner(course)
    for actor in (UserFactory(), StaffFactory(is_superuser=False)):
        with pytest.raises(PermissionDenied):
            send(actor, course)
    with pytest.raises(ValidationError):
        send(author, course, subject=" ")
    with pytest.raises(ValidationError):
        send(author, course, Segment(state="completed"))
    assert not Mailing.objects.exists()


def test_where_a_letter_went_is_told_to_those_who_see_learners(course: Course, author: Any) -> None:
    client = Client()
    sign_in_staff(client, StaffFactory(is_superuser=False, email="desk@example.com"))
    assert client.get(reverse("admin:courses_courseletter_change", args=[1])).status_code == 403
    client = Client()
    sign_in_staff(client, author)
    page = reverse("admin:courses_courseletter_change", args=["x"])
    assert client.get(page).status_code == 404
    preview = reverse("admin:courses_course_preview", args=[course.pk])
    assert client.get(preview, {"lesson": "9" * 5000}).status_code == 404


def test_the_form_says_to_how_many(course: Course, author: Any, server: SmtpServer) -> None:
    learner(course)
    quiet = learner(course)
    set_mail_choice(user=quiet.user, course=course, choice=MailChoice.NONE)
    client = Client()
    sign_in_staff(client, author)
    address = f"{reverse('admin:courses_courseletter_add')}?course={course.pk}"

    page = client.get(address)
    # Nothing of a letter is locked, so that nothing can be marked as locked.
    offered = json.loads(html.unescape(CONFIG.findall(page.content.decode())[0]))["extensions"]
    assert offered["Document"] == {"sections": False}
    assert {"Paywall", "Audience"} & set(offered) == set()
    assert "Footnote" in offered
    assert page.status_code == 200
    text = page.content.decode()
    assert "It goes to 1 person" in text
    assert "1 more person fits and wants no mail" in text
    assert "Send to 1 person" in text

    given = {"subject": "Hello", "body": BODY, "key": "k1"}
    assert client.post(address, {**given, "_test": "1"}).status_code == 200
    assert receivers(server) == {author.email}
    assert client.post(address, {**given, "subject": "", "_send": "1"}).status_code == 422
    sent = client.post(address, {**given, "_send": "1"})
    assert sent.status_code == 302
    assert CourseLetter.objects.get().subject == "Hello"

    assert client.get(f"{address}&finished=999999").status_code == 302
    other = Client()
    sign_in_staff(other, StaffFactory(is_superuser=False))
    assert other.get(address).status_code == 403


def test_sections_and_dividers_that_were_typed_mean_nothing_in_it(
    course: Course, author: Any, server: SmtpServer
) -> None:
    learner(course)
    parts = "".join(
        f"<section data-audience={kind}><p>For {kind}.</p></section>"
        for kind in ("members", "email", "web")
    )
    send(author, course, body=f"<p>Above.</p>{parts}<hr data-paywall><p>Below.</p>")
    drain()
    [(_to, data)] = server.accepted
    text = data.decode() if isinstance(data, bytes) else str(data)
    for words in ("Above.", "For members.", "For email.", "For web.", "Below."):
        assert words in text, words
    assert "data-audience" not in Mailing.objects.get().body_html
