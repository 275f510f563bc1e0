"""Assignments: handed in, looked at, approved or given back."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from courses.actions import IllegalMoveError, NotOpenError
from courses.actions.certifying import issue_missing_certificates
from courses.actions.handing_in import (
    MAX_TEXT,
    NothingWantedError,
    approve_submission,
    hand_in,
    return_submission,
    save_assignment,
)
from courses.enums import Accepts, CompletedBy, LessonKind, SubmissionState
from courses.models import (
    Assignment,
    AssignmentSubmission,
    Certificate,
    CourseEvent,
    Lesson,
    LessonProgress,
)
from newsletter.outbox.models import OutgoingEmail
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.courses import author, lessons_of, make_course

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader() -> Any:
    return UserFactory()


def make_assignment(lesson: Lesson | None = None, **fields: Any) -> Assignment:
    lesson = lesson or lessons_of(make_course())[0]
    Lesson.objects.filter(pk=lesson.pk).update(kind=LessonKind.ASSIGNMENT)
    lesson.refresh_from_db()
    return save_assignment(actor=author(), assignment=Assignment(lesson=lesson, **fields))


def address(lesson: Lesson) -> str:
    return f"/courses/{lesson.course.slug}/{lesson.slug}/assignment/"


def a_file(name: str = "plan.pdf", content: bytes = b"%PDF-1.4") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def is_done(user: Any, lesson: Lesson) -> bool:
    return LessonProgress.objects.filter(
        enrolment__user=user, lesson=lesson, completed_at__isnull=False
    ).exists()


def test_a_text_is_as_long_as_its_writer_counts_it(client: Client, reader: Any) -> None:
    """A form is sent with two characters for the end of a line; who types sees one."""
    lesson = make_assignment().lesson
    client.force_login(reader)
    line = "x" * 99
    as_long_as_may_be = "\r\n".join([line] * 500) + "y"
    assert client.post(address(lesson), {"text": as_long_as_may_be}).status_code == 302
    assert len(AssignmentSubmission.objects.get().text) == MAX_TEXT
    answer = client.post(address(lesson), {"text": as_long_as_may_be + "z"})
    assert answer.status_code == 422
    assert "longer than 50,000 characters" in answer.content.decode()
    assert 'maxlength="50000"' in answer.content.decode()


def test_handing_in_can_be_enough(client: Client, reader: Any) -> None:
    lesson = make_assignment().lesson
    client.force_login(reader)
    page = client.get(f"/courses/{lesson.course.slug}/{lesson.slug}/").content.decode()
    assert address(lesson) in page
    response = client.post(address(lesson), {"text": "Dear landlord,\r\nno."})
    assert response.status_code == 302
    submission = AssignmentSubmission.objects.get()
    assert (submission.text, submission.state) == ("Dear landlord,\nno.", "submitted")
    assert is_done(reader, lesson)
    page = client.get(f"/courses/{lesson.course.slug}/{lesson.slug}/").content.decode()
    assert "Dear landlord" in page
    assert "Waiting for feedback" in page


def test_approval_completes_and_is_told(reader: Any, client: Client) -> None:
    lesson = make_assignment(completed_by=CompletedBy.APPROVAL).lesson
    submission = hand_in(user=reader, lesson=lesson, text="Here it is.")
    assert not is_done(reader, lesson)
    mail = approve_submission(actor=author(), submission=submission, words="Well said.\nGo on.")
    assert is_done(reader, lesson)
    assert mail.to == reader.email
    assert mail.subject.startswith("Approved")
    assert "> Well said." in mail.text
    assert "> Go on." in mail.text
    assert lesson.slug in mail.text
    assert CourseEvent.objects.filter(what="submission_approved", user=reader).exists()
    with pytest.raises(NothingWantedError):
        hand_in(user=reader, lesson=lesson, text="More")
    client.force_login(reader)
    assert "Well said." in client.get(address(lesson)).content.decode()
    assert client.post(address(lesson), {"text": "More"}).status_code == 302
    assert AssignmentSubmission.objects.count() == 1


def test_given_back_it_is_handed_in_again(reader: Any, client: Client) -> None:
    lesson = make_assignment(completed_by=CompletedBy.APPROVAL).lesson
    first = hand_in(user=reader, lesson=lesson, text="Too short")
    with pytest.raises(ValidationError):
        return_submission(actor=author(), submission=first, words="  ")
    mail = return_submission(actor=author(), submission=first, words="Say why.")
    assert mail.subject.startswith("Once more")
    client.force_login(reader)
    page = client.get(address(lesson)).content.decode()
    assert "Say why." in page
    client.post(address(lesson), {"text": "Because."})
    tries = AssignmentSubmission.objects.order_by("number").values_list("number", "state")
    assert list(tries) == [(1, "returned"), (2, "submitted")]


def test_what_waits_is_changed_and_not_handed_in_twice(reader: Any) -> None:
    lesson = make_assignment().lesson
    first = hand_in(user=reader, lesson=lesson, text="One", file=a_file())
    second = hand_in(user=reader, lesson=lesson, text="Two")
    assert first.pk == second.pk
    assert second.text == "Two"
    # The file stays until another takes its place.
    assert second.file_name == "plan.pdf"


def test_what_was_changed_meanwhile_is_not_approved_unread(reader: Any) -> None:
    lesson = make_assignment().lesson
    seen = hand_in(user=reader, lesson=lesson, text="As it was read")
    hand_in(user=reader, lesson=lesson, text="Changed since")
    with pytest.raises(IllegalMoveError):
        approve_submission(actor=author(), submission=seen)
    submission = AssignmentSubmission.objects.get()
    approve_submission(actor=author(), submission=submission)
    with pytest.raises(IllegalMoveError):
        return_submission(actor=author(), submission=submission, words="Twice")


def test_readers_approve_nothing(reader: Any) -> None:
    submission = hand_in(user=reader, lesson=make_assignment().lesson, text="Mine")
    with pytest.raises(PermissionDenied):
        approve_submission(actor=reader, submission=submission)
    submission.refresh_from_db()
    assert submission.state == SubmissionState.SUBMITTED


@pytest.mark.django_db(transaction=True)
def test_a_file_gives_way_to_another(reader: Any) -> None:
    lesson = make_assignment(accepts=Accepts.FILE).lesson
    first = hand_in(user=reader, lesson=lesson, file=a_file("one.pdf"))
    storage, path = first.file.storage, first.file.name
    assert storage.exists(path)
    assert "one" not in path
    second = hand_in(user=reader, lesson=lesson, file=a_file("two.pdf"))
    assert not storage.exists(path)
    assert storage.exists(second.file.name)
    assert second.file_name == "two.pdf"


def test_what_is_not_kept_leaves_no_file(reader: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lesson = make_assignment(accepts=Accepts.FILE).lesson
    stored: list[str] = []

    def break_off(row: AssignmentSubmission, *_given: Any, **_more: Any) -> None:
        stored.append(str(row.file.name))
        assert row.file.storage.exists(stored[0])
        raise OSError("away")

    monkeypatch.setattr(AssignmentSubmission, "save", break_off)
    with pytest.raises(OSError, match="away"):
        hand_in(user=reader, lesson=lesson, file=a_file())
    assert len(stored) == 1
    assert not AssignmentSubmission().file.storage.exists(stored[0])


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (a_file("page.html"), "cannot be handed in"),
        (a_file("run.exe"), "cannot be handed in"),
        (a_file("pic.svg"), "cannot be handed in"),
        (a_file("nothing"), "cannot be handed in"),
        (a_file("empty.pdf", b""), "empty"),
        (a_file("big.pdf", b"x" * (1024 * 1024 + 1)), "larger than 1 MB"),
        (None, "Choose a file first"),
    ],
)
def test_files_have_kinds_and_a_size(
    client: Client, reader: Any, file: SimpleUploadedFile | None, said: str
) -> None:
    lesson = make_assignment(accepts=Accepts.FILE, max_megabytes=1).lesson
    client.force_login(reader)
    if file is not None:
        file.seek(0)
    response = client.post(address(lesson), {"file": file} if file else {})
    assert response.status_code == 422
    assert said in response.content.decode()
    assert not AssignmentSubmission.objects.exists()


def test_a_text_where_a_file_is_wanted_is_not_taken(reader: Any) -> None:
    lesson = make_assignment(accepts=Accepts.FILE).lesson
    with pytest.raises(ValidationError):
        hand_in(user=reader, lesson=lesson, text="Words")
    lesson = make_assignment(accepts=Accepts.TEXT).lesson
    submission = hand_in(user=reader, lesson=lesson, text="Words", file=a_file())
    assert not submission.file


def test_k5_what_was_handed_in_is_for_whoever_did_and_for_authors(
    client: Client, reader: Any
) -> None:
    lesson = make_assignment().lesson
    submission = hand_in(user=reader, lesson=lesson, file=a_file("Übung.pdf"))
    url = f"/courses/-/handed-in/{submission.pk}/%C3%9Cbung.pdf"
    assert client.get(url).status_code == 302
    client.force_login(UserFactory())
    assert client.get(url).status_code == 404
    for person in (reader, StaffFactory()):
        client.force_login(person)
        response = client.get(url)
        assert response.status_code == 200
        assert response["Content-Disposition"] == "attachment; filename*=utf-8''%C3%9Cbung.pdf"
        assert response["Cache-Control"] == "private, no-store"
        assert response["X-Content-Type-Options"] == "nosniff"
    assert client.get(url.replace("%C3%9Cbung.pdf", "other.pdf")).status_code == 404
    assert client.get(f"/media/{submission.file.name}").status_code == 404


def test_k5_an_assignment_behind_the_wall_takes_nothing(client: Client, reader: Any) -> None:
    lesson = make_assignment(lessons_of(make_course(access="paid"))[0]).lesson
    client.force_login(reader)
    response = client.post(address(lesson), {"text": "Let me in"})
    assert response["Location"] == f"/courses/{lesson.course.slug}/{lesson.slug}/"
    with pytest.raises(NotOpenError):
        hand_in(user=reader, lesson=lesson, text="Let me in")
    assert not AssignmentSubmission.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["Ann Example", ""])
def test_who_completes_a_course_by_it_hears_of_the_certificate_once(
    name: str, settings: Any
) -> None:
    """In the mail with the author's words; whoever has no name yet is led to where it is said."""
    settings.SITE_URL = "http://localhost:8000"
    reader = UserFactory(name=name)
    first, last = lessons_of(make_course(2, has_certificate=True))
    make_assignment(first, completed_by=CompletedBy.APPROVAL)
    make_assignment(last, completed_by=CompletedBy.APPROVAL)
    mails = [
        approve_submission(
            actor=author(), submission=hand_in(user=reader, lesson=lesson, text="Here.")
        )
        for lesson in (first, last)
    ]
    assert "completed the course" not in mails[0].text + mails[0].html
    issued = Certificate.objects.first()
    assert (issued is not None) == bool(name)
    if issued is not None:
        path = reverse("courses:verify-certificate", args=[issued.serial])
    else:
        path = reverse("courses:claim-certificate", args=[last.course.slug])
    assert f"http://localhost:8000{path}\n" in mails[1].text
    assert f'href="http://localhost:8000{path}"' in mails[1].html
    assert "With it you have completed the course." in mails[1].text
    assert issue_missing_certificates() == 0
    assert not OutgoingEmail.objects.filter(kind="certificates_issued").exists()


def test_without_certificates_it_is_only_said_that_the_course_is_completed(reader: Any) -> None:
    lesson = make_assignment(completed_by=CompletedBy.APPROVAL).lesson
    submission = hand_in(user=reader, lesson=lesson, text="Here it is.")
    Lesson.objects.filter(course=lesson.course).exclude(pk=lesson.pk).update(is_required=False)
    mail = approve_submission(actor=author(), submission=submission)
    assert "With it you have completed the course." in mail.text
    assert "ertificate" not in mail.text + mail.html
