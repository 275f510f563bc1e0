"""Courses in and out at the desk and by command: upload, report, bring in; export."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from courses import tasks
from courses.actions.common import IllegalMoveError
from courses.actions.importing import due_imports, run_import, start_import
from courses.enums import ImportState
from courses.exchange.archive import ZipSource
from courses.models import Course, CourseImport
from tests.courses.exchange.archives import files_of, small, uploaded, zipped
from tests.factories.accounts import StaffFactory, sign_in_staff
from tests.factories.courses import author, make_course

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    client = Client()
    sign_in_staff(client, StaffFactory(is_superuser=True, email="boss@example.com"))
    return client


def upload(client: Client, file: SimpleUploadedFile) -> Any:
    """The report, as it is when the worker has looked the archive through."""
    address = reverse("admin:courses_courseimport_add")
    page = client.post(address, {"file": file}, follow=True)
    assert "The worker is looking it through." in page.content.decode()
    tasks.look_through_import(CourseImport.objects.latest("pk").pk)
    return client.get(page.redirect_chain[-1][0])


def test_upload_report_bring_in(client: Client) -> None:
    page = upload(client, zipped(small()))
    text = page.content.decode()
    assert "A new course." in text
    assert "Bring in 5 parts" in text
    assert not Course.objects.exists()
    row = CourseImport.objects.get()
    assert row.state == ImportState.CHECKED

    client.post(reverse("admin:courses_courseimport_start", args=[row.pk]))
    row.refresh_from_db()
    assert row.state == ImportState.RUNNING
    tasks.run_import(row.pk)
    row.refresh_from_db()
    assert (row.state, row.course) == (ImportState.DONE, Course.objects.get())
    done = client.get(reverse("admin:courses_courseimport_change", args=[row.pk]))
    assert "It is in." in done.content.decode()

    again = upload(client, zipped(small())).content.decode()
    assert "Everything in it is here already, and the same." in again


def test_what_is_wrong_stands_in_the_report(client: Client) -> None:
    files = small()
    files["course.md"] = files["course.md"].replace(b'title = "Saying No"\n', b"")
    text = upload(client, zipped(files)).content.decode()
    assert "course.md:1: “title” is missing." in text
    assert "Bring in" not in text.replace("Bring in a course", "")
    broken = upload(client, SimpleUploadedFile("x.zip", b"no zip")).content.decode()
    assert "no ZIP file" in broken


def test_two_clicks_start_it_once_and_it_runs_once() -> None:
    row = uploaded(small())
    start_import(actor=author(), course_import=row)
    with pytest.raises(IllegalMoveError):
        start_import(actor=author(), course_import=row)
    assert run_import(import_id=row.pk)
    assert not run_import(import_id=row.pk)
    assert Course.objects.count() == 1


def test_a_lost_nudge_is_made_good() -> None:
    row = uploaded(small())
    start_import(actor=author(), course_import=row)
    assert not due_imports().exists()
    CourseImport.objects.update(started_at=timezone.now() - timezone.timedelta(minutes=1))
    tasks.sweep_course_imports()
    assert CourseImport.objects.get().state == ImportState.DONE


def test_what_fails_on_the_way_leaves_nothing_and_says_so() -> None:
    row = uploaded(small())
    start_import(actor=author(), course_import=row)
    # Somebody takes the address meanwhile: only writing finds that out.
    files = small()
    files["01-week-one/02-what-stayed.md"] = (
        b'+++\nid = "q"\ntitle = "Q"\nkind = "quiz"\n\n[quiz]\npass_percent = 50\n+++\n'
    )
    row.file.save("course.zip", zipped(files))
    assert run_import(import_id=row.pk)
    row.refresh_from_db()
    assert row.state == ImportState.FAILED
    assert "02-what-stayed.md: There is no question yet" in row.error
    assert not Course.objects.exists()


def test_what_cannot_be_brought_in_is_not_begun_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def break_off(**_given: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr("courses.actions.importing.bring_in_plan", break_off)
    row = uploaded(small())
    start_import(actor=author(), course_import=row)
    assert run_import(import_id=row.pk)
    row.refresh_from_db()
    assert (row.state, row.finished_at is None) == (ImportState.FAILED, False)
    assert "It cannot be brought in" in row.error


def test_export_is_a_zip(client: Client) -> None:
    course = make_course(2)
    address = reverse("admin:courses_courseimport_export", args=[course.pk])
    assert client.get(address).status_code == 405
    response = client.post(address)
    data = b"".join(response)  # type: ignore[arg-type]
    files = files_of(ZipSource(io.BytesIO(data)))
    assert "course.md" in files
    assert len([name for name in files if name.endswith(".md")]) == 4
    assert course.events.filter(what="exported").exists()


def test_only_those_who_change_courses() -> None:
    course = make_course(1)
    client = Client()
    sign_in_staff(client, StaffFactory(is_superuser=False))
    assert client.get(reverse("admin:courses_courseimport_add")).status_code == 403
    export = reverse("admin:courses_courseimport_export", args=[course.pk])
    assert client.post(export).status_code == 403
    assert Client().post(export).status_code == 302


def test_a_new_course_is_brought_in_by_those_who_may_make_one() -> None:
    staff = StaffFactory(is_superuser=False)
    staff.user_permissions.add(*Permission.objects.filter(codename="change_course"))
    client = Client()
    sign_in_staff(client, staff)
    upload(client, zipped(small()))
    row = CourseImport.objects.get()
    start = reverse("admin:courses_courseimport_start", args=[row.pk])
    assert client.post(start).status_code == 403
    row.refresh_from_db()
    assert row.state == ImportState.CHECKED
    staff.user_permissions.add(*Permission.objects.filter(codename="add_course"))
    assert client.post(start).status_code == 302


def test_the_commands(tmp_path) -> None:
    address = author().email
    out = io.StringIO()
    source = tmp_path / "in.zip"
    source.write_bytes(zipped(small()).read())
    call_command("import_course", source, "--as", address, "--dry-run", stdout=out)
    assert "Nothing was written." in out.getvalue()
    assert not Course.objects.exists()
    call_command("import_course", source, "--as", address, stdout=out)
    call_command("export_course", "saying-no", tmp_path / "out", "--as", address, stdout=out)
    call_command("export_course", "saying-no", tmp_path / "out.zip", "--as", address, stdout=out)
    found = {
        path.relative_to(tmp_path / "out").as_posix(): path.read_bytes()
        for path in (tmp_path / "out").rglob("*")
        if path.is_file()
    }
    assert found == small() == files_of(ZipSource(tmp_path / "out.zip"))
    call_command("import_course", tmp_path / "out", "--as", address, stdout=out)
    assert "0 to write, 4 the same." in out.getvalue()

    # What of an earlier export is no longer there goes, and nothing that somebody put beside it.
    stale = ["09-gone/module.md", "09-gone/01-gone.md", "01-week-one/07-gone.md"]
    theirs = ["README.md", "notes/plan.md", "01-week-one/drafts/x.md"]
    for name in (*stale, *theirs):
        (tmp_path / "out" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / name).write_text("x")
    call_command("export_course", "saying-no", tmp_path / "out", "--as", address, stdout=out)
    assert not any((tmp_path / "out" / name).exists() for name in stale)
    assert all((tmp_path / "out" / name).exists() for name in theirs)

    (tmp_path / "out" / "course.md").write_text("+++\nid = 4\n+++\n")
    with pytest.raises(CommandError, match=r"course\.md:1: “title” is missing"):
        call_command("import_course", tmp_path / "out", "--as", address, stdout=out)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x").write_text("x")
    with pytest.raises(CommandError, match="something else"):
        call_command("export_course", "saying-no", tmp_path / "other", "--as", address)
    with pytest.raises(CommandError, match="Nobody"):
        call_command("import_course", source, "--as", "none@example.com")
