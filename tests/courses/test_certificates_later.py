"""Certificates that a sweep issues: to everybody they are due to, and told of in one mail."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from courses.actions import (
    certifying,
    complete_lesson,
    revoke_enrolment,
    save_course,
    set_mail_choice,
)
from courses.actions.certifying import (
    claim_certificate,
    issue_missing_certificates,
    reissue_certificate,
    revoke_certificate,
)
from courses.enums import MailChoice
from courses.models import Certificate, Course, Enrolment
from courses.tasks import issue_certificates
from newsletter.outbox.actions import deliver
from newsletter.outbox.enums import EmailState
from newsletter.outbox.models import OutgoingEmail
from tests.factories.accounts import UserFactory
from tests.factories.courses import author, lessons_of, make_course

pytestmark = pytest.mark.django_db
KIND = "certificates_issued"


def finished(*people: Any, title: str = "Saying no") -> Course:
    """A course that begins to give certificates when `people` have completed it."""
    course = make_course(1, title=title)
    for user in people:
        complete_lesson(user=user, lesson=lessons_of(course)[0])
    course.refresh_from_db()
    course.has_certificate = True
    return save_course(actor=author(), course=course)


def sent() -> list[Any]:
    """What goes out when the outbox is worked off."""
    before = len(mail.outbox)
    for email in OutgoingEmail.objects.filter(kind=KIND, state=EmailState.QUEUED):
        deliver(email_id=email.pk)
    return mail.outbox[before:]


def html_of(message: Any) -> str:
    return str(message.alternatives[0][0])


# ── Told ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db(transaction=True)
def test_whoever_did_nothing_is_told_once_with_the_way_there(settings: Any) -> None:
    settings.SITE_URL = "http://localhost:8000"
    reader = UserFactory(name="Ann Example")
    course = finished(reader, title="Saying no & yes")
    assert issue_certificates() == 1
    assert issue_certificates() == 0
    certificate = Certificate.objects.get()
    (message,) = sent()
    assert message.to == [reader.email]
    assert message.subject == "Your certificate for “Saying no & yes”"
    address = f"http://localhost:8000/courses/-/certificates/{certificate.serial}/"
    assert address in message.body
    assert "You have completed “Saying no & yes”." in message.body
    html = html_of(message)
    assert f'href="{address}"' in html
    assert "“Saying no &amp; yes”" in html
    assert f"/courses/{course.slug}/-/settings/" in message.body
    assert sent() == []


@pytest.mark.django_db(transaction=True)
def test_one_issued_anew_is_told_with_what_became_of_the_one_before() -> None:
    reader = UserFactory(name="Ann Example")
    finished(reader)
    assert issue_missing_certificates() == 1
    old = Certificate.objects.get()
    new = reissue_certificate(actor=author(), certificate=old, name="Ann Other")
    (message,) = sent()
    assert message.to == [reader.email]
    for part in (message.body, html_of(message)):
        assert new.serial in part
        assert old.serial not in part
        assert "was issued anew. The one before is no longer valid." in " ".join(part.split())
        assert "You have completed" not in part


@pytest.mark.django_db(transaction=True)
def test_several_come_in_one_mail() -> None:
    reader, other = UserFactory(name="Ann Example"), UserFactory(name="Bo Marsh")
    finished(reader, title="The first")
    finished(reader, other, title="The second")
    assert issue_missing_certificates() == 3
    messages = {message.to[0]: message for message in sent()}
    assert set(messages) == {reader.email, other.email}
    both = messages[reader.email]
    assert both.subject == "2 certificates of yours"
    for certificate in Certificate.objects.filter(enrolment__user=reader):
        for part in (both.body, html_of(both)):
            assert certificate.course_title in part
            assert certificate.serial in part
    assert "The first" not in messages[other.email].body


@pytest.mark.django_db(transaction=True)
def test_whoever_is_there_themselves_is_not_mailed() -> None:
    course = make_course(1, has_certificate=True)
    complete_lesson(user=UserFactory(name="Ann Example"), lesson=lessons_of(course)[0])
    nobody = UserFactory(name="")
    complete_lesson(user=nobody, lesson=lessons_of(course)[0])
    claim_certificate(user=nobody, course=course, name="Bo Marsh")
    assert issue_missing_certificates() == 0
    assert Certificate.objects.count() == 2
    assert not OutgoingEmail.objects.filter(kind=KIND).exists()


@pytest.mark.django_db(transaction=True)
def test_whoever_wants_no_mail_of_a_course_gets_none_of_it() -> None:
    reader = UserFactory(name="Ann Example")
    silent, loud = finished(reader, title="Silent"), finished(reader, title="Loud")
    gone = finished(reader, title="Gone")
    set_mail_choice(user=reader, course=silent, choice=MailChoice.NONE)
    enrolment = Enrolment.objects.get(user=reader, course=gone)
    revoke_enrolment(actor=author(), enrolment=enrolment, reason="x")
    assert issue_missing_certificates() == 3
    (message,) = sent()
    assert loud.title in message.body
    assert silent.title not in message.body
    assert gone.title not in message.body


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["revoked", "left"])
def test_what_changed_before_it_went_is_looked_at(what: str) -> None:
    reader = UserFactory(name="Ann Example")
    course = finished(reader)
    issue_missing_certificates()
    if what == "revoked":
        certificate = Certificate.objects.get()
        revoke_certificate(actor=author(), certificate=certificate, reason="A mistake.")
    else:
        set_mail_choice(user=reader, course=course, choice=MailChoice.NONE)
    assert sent() == []
    assert OutgoingEmail.objects.get(kind=KIND).state == EmailState.EXPIRED


# ── Everybody ─────────────────────────────────────────────────────────────────────────────────


def test_names_of_which_nothing_is_seen_keep_nobody_from_theirs(monkeypatch: Any) -> None:
    monkeypatch.setattr(certifying, "AT_ONCE", 2)
    nameless = [UserFactory(name=name) for name in (" ", "\u200b", "\u2060 ", "\u202e", " \u00ad")]
    named = [UserFactory(name=f"Reader {number}") for number in range(3)]
    finished(*nameless, *named)
    # Two people at a time.
    assert [issue_missing_certificates() for _sweep in range(3)] == [2, 1, 0]
    holders = Certificate.objects.values_list("enrolment__user", flat=True)
    assert set(holders) == {each.pk for each in named}


def test_one_that_cannot_be_issued_keeps_nobody_from_theirs(monkeypatch: Any) -> None:
    bad, good = UserFactory(name="Bad"), UserFactory(name="Good")
    finished(bad, good)
    look_for = certifying.look_for

    def look(course: Course, enrolment: Enrolment, *rest: Any) -> Any:
        if enrolment.user_id == bad.pk:
            raise ValueError("no look")
        return look_for(course, enrolment, *rest)

    monkeypatch.setattr(certifying, "look_for", look)
    assert issue_missing_certificates() == 1
    assert Certificate.objects.get().enrolment.user == good
    assert OutgoingEmail.objects.filter(kind=KIND).count() == 1
    monkeypatch.setattr(certifying, "look_for", look_for)
    assert issue_missing_certificates() == 1


def test_nothing_due_costs_one_query() -> None:
    finished(UserFactory(name="Ann Example"))
    issue_missing_certificates()
    with CaptureQueriesContext(connection) as queries:
        assert issue_missing_certificates() == 0
    assert len(queries) == 1
