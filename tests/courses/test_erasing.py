"""Whoever is erased is in no course any more: their files go, their certificate is none."""

from __future__ import annotations

import dataclasses
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courses.actions.erasing import erase_learning_of, export_learning_of
from courses.actions.handing_in import hand_in
from courses.models import (
    Answer,
    AssignmentSubmission,
    Certificate,
    CourseEvent,
    CourseLetter,
    Enrolment,
    LessonProgress,
)
from courses.personal_data import COURSES, what_goes
from newsletter.accounts.models import User
from newsletter.members.actions import erase_person, make_export, request_export
from newsletter.members.models import DataExport
from newsletter.members.personal_data import Attached, _parts
from tests.courses.test_assignments import a_file, make_assignment
from tests.factories.accounts import StaffFactory, UserFactory, sign_in_staff
from tests.newsletter.members.everything import unpack
from tests.newsletter.members.learning import give_learning

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader() -> Any:
    return UserFactory(email="ada@example.com", name="Ada Lovelace")


@pytest.fixture
def teacher() -> Any:
    return StaffFactory()


def test_a_file_that_was_handed_in_goes_from_the_storage(reader: Any, teacher: Any) -> None:
    give_learning(reader, author=teacher)
    other = UserFactory()
    give_learning(other, author=teacher)
    mine = AssignmentSubmission.objects.get(enrolment__user=reader)
    theirs = AssignmentSubmission.objects.get(enrolment__user=other)
    storage, path = mine.file.storage, str(mine.file.name)
    assert storage.exists(path)
    erase_learning_of(user=reader)
    assert not storage.exists(path)
    assert storage.exists(str(theirs.file.name))
    assert list(AssignmentSubmission.objects.all()) == [theirs]


def test_a_storage_that_fails_leaves_the_rows_for_the_next_run(
    reader: Any, teacher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_learning(reader, author=teacher)
    submission = AssignmentSubmission.objects.get()
    storage, path = submission.file.storage, str(submission.file.name)

    def fails(_name: str) -> None:
        raise OSError("away")

    with monkeypatch.context() as patch:
        patch.setattr(storage, "delete", fails)
        with pytest.raises(OSError, match="away"):
            erase_learning_of(user=reader)
    assert AssignmentSubmission.objects.filter(pk=submission.pk).exists()
    erase_learning_of(user=reader)
    assert not storage.exists(path)


def test_nothing_under_it_is_left_and_the_record_is_about_nobody(reader: Any, teacher: Any) -> None:
    enrolment = give_learning(reader, author=teacher)
    about = CourseEvent.objects.filter(user=reader).count()
    erase_learning_of(user=reader)
    erase_learning_of(user=reader)
    for model in (Enrolment, LessonProgress, Answer, AssignmentSubmission, Certificate):
        assert not model.objects.exists(), model
    left = CourseEvent.objects.filter(course=enrolment.course, user=None)
    assert left.filter(detail="", what__in=["enrolled", "revoked"]).count() == 2
    assert left.count() >= about > 2
    # Found by nobody, not by everybody.
    assert [letter.segment for letter in CourseLetter.objects.all()] == [{"q": "…"}] * 2


def test_letters_to_others_keep_their_filters(reader: Any, teacher: Any) -> None:
    neighbour = UserFactory(email="my.ada@example.com", name="Ada Lovelacey")
    give_learning(neighbour, author=teacher)
    CourseLetter.objects.update(segment={"q": "my.ada@example.com", "state": "stuck"})
    erase_learning_of(user=reader)
    kept = [letter.segment for letter in CourseLetter.objects.all()]
    assert kept == [{"q": "my.ada@example.com", "state": "stuck"}] * 2


def test_a_certificates_page_then_finds_none(client: Client, reader: Any, teacher: Any) -> None:
    give_learning(reader, author=teacher)
    page = f"/courses/-/certificates/{Certificate.objects.get().serial}/"
    assert "Ada Lovelace" in client.get(page).content.decode()
    erase_person(user=reader)
    gone = client.get(page)
    assert gone.status_code == 404
    assert "Ada Lovelace" not in gone.content.decode()


def test_the_copy_has_what_was_learnt(reader: Any, teacher: Any) -> None:
    give_learning(reader, author=teacher)
    shown = export_learning_of(reader)
    assert shown["lessons"][0]["notes"] == "Ada Lovelace says no"
    (handed_in,) = shown["handed_in"]
    assert (handed_in["file"], handed_in["size"]) == ("Ada Lovelace.pdf", len("ada@example.com"))
    assert handed_in["feedback"] == "Once more, Ada Lovelace"
    assert shown["quiz_answers"][0]["text"] == "I am Ada Lovelace"
    assert shown["certificates"][0]["name"] == "Ada Lovelace"
    # Which were right, the quiz may keep to itself.
    assert "is_correct" not in shown["quiz_answers"][0]


def copy_of(person: Any) -> Any:
    export = request_export(actor=person, person=person)
    make_export(export_id=export.pk)
    export.refresh_from_db()
    assert (export.state, export.error) == ("ready", "")
    return unpack(export)


def test_the_copy_holds_the_files_that_were_handed_in(reader: Any, teacher: Any) -> None:
    give_learning(reader, author=teacher)
    other = UserFactory(name="Grace Hopper")
    give_learning(other, author=teacher)
    mine = AssignmentSubmission.objects.get(enrolment__user=reader)
    with mine.file.open("rb") as file:
        handed_over = file.read()
    archive = copy_of(reader)
    (row,) = json.loads(archive.read("data.json"))["handed_in"]
    assert row["file_in_copy"] == f"files/handed_in/{mine.pk}/Ada Lovelace.pdf"
    assert archive.read(row["file_in_copy"]) == handed_over
    assert [each for each in archive.namelist() if each.startswith("files/")] == [
        row["file_in_copy"]
    ]
    assert "files" in archive.read("README.txt").decode()


def test_a_file_that_is_gone_is_named_as_missing(reader: Any, teacher: Any) -> None:
    give_learning(reader, author=teacher)
    mine = AssignmentSubmission.objects.get()
    mine.file.storage.delete(str(mine.file.name))
    archive = copy_of(reader)
    (name,) = (each for each in archive.namelist() if each.startswith("files/"))
    assert name.endswith("Ada Lovelace.pdf.missing.txt")
    assert "not in our storage any more" in archive.read(name).decode()


def test_a_name_cannot_lead_out_of_the_copy(reader: Any, teacher: Any) -> None:
    give_learning(reader, author=teacher)
    AssignmentSubmission.objects.update(file_name="../../etc\\passwd")
    names = copy_of(reader).namelist()
    assert not any(".." in name or "\\" in name for name in names)


def test_large_files_are_copied_in_pieces_and_keep_the_lease(
    reader: Any, teacher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing reads a whole file, and no second worker takes over meanwhile."""
    asked: list[int] = []
    leases: list[Any] = []

    class Piecewise(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            assert size is not None
            assert 0 < size <= 1024 * 1024
            asked.append(size)
            return super().read(size)

    def attached(_user: Any) -> Any:
        for number in range(2):
            DataExport.objects.update(lease_until=timezone.now() - timedelta(hours=1))
            yield Attached(f"files/{number}.bin", lambda: Piecewise(b"x" * 3_000_000))
            leases.append(DataExport.objects.get().lease_until)

    part = dataclasses.replace(COURSES, attached=attached)
    monkeypatch.setitem(_parts, "courses", part)
    archive = copy_of(reader)
    assert len(asked) > 4
    assert [len(archive.read(f"files/{number}.bin")) for number in range(2)] == [3_000_000] * 2
    assert all(lease > timezone.now() for lease in leases)
    assert len(leases) == 2


def test_what_goes_is_said_before(client: Client, reader: Any, teacher: Any) -> None:
    assert what_goes(reader) == []
    client.force_login(reader)
    assert "Courses:" not in client.get("/account/delete/").content.decode()
    give_learning(reader, author=teacher)
    page = client.get("/account/delete/").content.decode()
    assert "Courses: progress and quiz answers in one course, notes under one lesson" in page
    assert "one certificate (whoever looks it up finds none)" in page
    desk = Client()
    sign_in_staff(desk)
    page = desk.get(f"/admin/newsletter/user/{reader.pk}/member/delete/").content.decode()
    assert "one piece of work that was handed in" in page
    assert "one certificate (whoever looks it up finds none)" in page


def test_statements_do_not_grow_with_what_there_is(reader: Any, teacher: Any) -> None:
    counts = []
    for number in (1, 4):
        person: User = UserFactory()
        for _course in range(number):
            give_learning(person, author=teacher)
            hand_in(user=person, lesson=make_assignment().lesson, file=a_file())
        with CaptureQueriesContext(connection) as queries:
            export_learning_of(person)
            what_goes(person)
            erase_learning_of(user=person)
        counts.append(len(queries))
    assert counts[0] == counts[1]
