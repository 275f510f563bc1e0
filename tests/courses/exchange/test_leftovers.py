"""What an import leaves in the storages: nothing but the course, whatever became of it."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection, connections
from django.utils import timezone

from courses import tasks
from courses.actions import bringing_in, importing
from courses.actions.archives import (
    KEEP_ARCHIVE,
    due_to_look_through,
    look_through,
    upload_course,
)
from courses.actions.common import IllegalMoveError
from courses.actions.importing import import_course, run_import, start_import
from courses.enums import ImportState
from courses.exchange.archive import ZipSource
from courses.models import Course, CourseImport, LessonFile
from newsletter.articles.models import ArticleImage
from tests.courses.exchange.archives import small, source_of, uploaded, zipped
from tests.factories.accounts import UserFactory
from tests.factories.courses import author

pytestmark = pytest.mark.django_db(transaction=True)


def stored() -> list[str]:
    """Every file and folder of both storages but the roots and their kinds."""
    roots = (Path(settings.MEDIA_ROOT), Path(settings.STORAGES["courses"]["OPTIONS"]["location"]))
    return sorted(
        path.relative_to(root).as_posix()
        for root in roots
        for path in root.rglob("*")
        if len(path.relative_to(root).parts) > 1
    )


class KilledError(BaseException):
    """The worker is gone: nothing after this runs in it."""


def started(files: dict[str, bytes] | None = None) -> CourseImport:
    row = uploaded(files or small())
    return start_import(actor=author(), course_import=row)


def failing() -> dict[str, bytes]:
    """Pictures and a file are stored before the quiz without questions is refused."""
    return small() | {
        "01-week-one/02-what-stayed.md": (
            b'+++\nid = "q"\ntitle = "Q"\nkind = "quiz"\n\n[quiz]\npass_percent = 50\n+++\n'
        )
    }


def old(row: CourseImport) -> None:
    CourseImport.objects.filter(pk=row.pk).update(created_at=timezone.now() - KEEP_ARCHIVE)


def test_the_request_keeps_the_archive_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_given: object) -> None:
        raise AssertionError("an archive was read within the request")

    with monkeypatch.context() as patched:
        patched.setattr("courses.actions.archives.ZipSource", refuse)
        row = upload_course(actor=author(), file=zipped(small()))
    assert (row.state, row.report) == (ImportState.UPLOADED, {})
    with row.file.open("rb") as file:
        assert "course.md" in ZipSource(file).names()
    assert look_through(import_id=row.pk)
    assert not look_through(import_id=row.pk)
    row.refresh_from_db()
    assert row.state == ImportState.CHECKED
    assert row.report["changes"] == 5


def test_a_lost_nudge_to_look_it_through_is_made_good() -> None:
    row = upload_course(actor=author(), file=zipped(small()))
    assert not due_to_look_through().exists()
    CourseImport.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    tasks.sweep_course_imports()
    row.refresh_from_db()
    assert row.state == ImportState.CHECKED


def test_who_is_killed_while_looking_it_through_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def die(*_given: object) -> None:
        raise KilledError

    row = upload_course(actor=author(), file=zipped(small()))
    with monkeypatch.context() as patched:
        patched.setattr("courses.actions.archives.make_plan", die)
        with pytest.raises(KilledError):
            look_through(import_id=row.pk)
    assert not look_through(import_id=row.pk)
    CourseImport.objects.update(started_at=timezone.now() - timedelta(hours=1))
    tasks.sweep_course_imports()
    row.refresh_from_db()
    assert row.state == ImportState.CHECKED


def test_an_upload_that_breaks_off_is_not_looked_through_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[CourseImport] = []

    def break_off(_storage: object, _name: str, _file: object) -> None:
        seen.append(CourseImport.objects.get())
        raise OSError("disk full")

    monkeypatch.setattr("django.core.files.storage.FileSystemStorage.save", break_off)
    with pytest.raises(OSError, match="disk full"):
        upload_course(actor=author(), file=zipped(small()))
    # The row was there first, taken, and led to where the file was to lie.
    assert seen[0].started_at is not None
    assert seen[0].file.name.startswith("imports/")
    assert not CourseImport.objects.exists()
    assert stored() == []
    with pytest.raises(ValidationError):
        upload_course(actor=author(), file=SimpleUploadedFile("x.zip", b""))


def test_each_file_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashed on its way into the storage."""
    read: Counter[str] = Counter()
    plain = ZipSource.open

    def count(source: ZipSource, name: str) -> Any:
        read[name] += 1
        return plain(source, name)

    row = started()
    monkeypatch.setattr(ZipSource, "open", count)
    run_import(import_id=row.pk)
    row.refresh_from_db()
    assert row.state == ImportState.DONE
    assert read["files/sheet.csv"] == 1
    assert read["pictures/door.png"] == 1
    again = uploaded(small())
    assert again.report["changes"] == 0


def test_the_archive_goes_when_it_is_in_and_the_report_stays() -> None:
    row = started()
    assert any(name.endswith("course.zip") for name in stored())
    run_import(import_id=row.pk)
    row.refresh_from_db()
    assert (row.state, row.file.name, row.folders) == (ImportState.DONE, "", [])
    assert row.report["title"] == "Saying No"
    assert not any(name.startswith("imports/") for name in stored())
    # What the course shows is still there.
    image, file = ArticleImage.objects.get(), LessonFile.objects.get()
    assert image.file.storage.exists(image.file.name)
    assert file.file.storage.exists(file.file.name)


def test_an_archive_whose_deletion_was_interrupted_goes_with_the_next_sweep(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def die(*_given: object, **_more: object) -> None:
        raise KilledError

    row = started()
    with monkeypatch.context() as patched:
        patched.setattr("courses.actions.importing.clear_import", die)
        with pytest.raises(KilledError):
            run_import(import_id=row.pk)
    row.refresh_from_db()
    assert row.state == ImportState.DONE
    assert row.file.name in stored()
    kept = {name for name in stored() if not name.startswith("imports/")}
    tasks.sweep_course_imports()
    assert set(stored()) == kept


def test_what_fails_takes_along_what_it_stored_and_its_archive_goes_later() -> None:
    row = uploaded(small())
    row.file.storage.delete(row.file.name)
    row.file.storage.save(row.file.name, zipped(failing()))
    before = stored()
    start_import(actor=author(), course_import=row)
    run_import(import_id=row.pk)
    row.refresh_from_db()
    assert (row.state, row.folders) == (ImportState.FAILED, [])
    assert stored() == before
    assert not ArticleImage.objects.exists()

    tasks.sweep_course_imports()
    assert stored() == before
    old(row)
    tasks.sweep_course_imports()
    row.refresh_from_db()
    assert (row.file.name, stored()) == ("", [])
    assert "There is no question yet" in row.error


def test_a_killed_worker_leaves_files_that_the_next_run_takes_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def die(**_given: object) -> None:
        raise KilledError

    row = started()
    with monkeypatch.context() as patched:
        patched.setattr(bringing_in, "publish_lesson", die)
        with pytest.raises(KilledError):
            run_import(import_id=row.pk)
    left = {name for name in stored() if not name.startswith("imports/")}
    assert any(name.startswith("images/") for name in left)
    assert any(name.startswith("lessons/") for name in left)
    assert not Course.objects.exists()

    CourseImport.objects.update(started_at=timezone.now() - timedelta(minutes=1))
    tasks.sweep_course_imports()
    assert Course.objects.exists()
    assert left.isdisjoint(stored())
    image, file = ArticleImage.objects.get(), LessonFile.objects.get()
    assert image.file.storage.exists(image.file.name)
    assert file.file.storage.exists(file.file.name)


def test_a_run_that_another_worker_overtook_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    row = started()

    def overtaken(import_id: int) -> list[str]:
        CourseImport.objects.filter(pk=import_id).update(folders=["another's"])
        return ["mine"]

    with monkeypatch.context() as patched:
        patched.setattr("courses.actions.importing._name_folders", overtaken)
        assert not run_import(import_id=row.pk)
    assert not Course.objects.exists()
    assert run_import(import_id=row.pk)
    assert Course.objects.count() == 1


def test_what_nobody_brings_in_is_given_up_after_a_week() -> None:
    kept, given_up = uploaded(small()), uploaded(small())
    old(given_up)
    tasks.sweep_course_imports()
    for row in (kept, given_up):
        row.refresh_from_db()
    assert (kept.state, given_up.state) == (ImportState.CHECKED, ImportState.FAILED)
    assert "within 7 days" in given_up.error
    assert given_up.file.name == ""
    assert kept.file.storage.exists(kept.file.name)
    with pytest.raises(IllegalMoveError):
        start_import(actor=author(), course_import=given_up)


def test_the_command_leaves_nothing_of_a_course_that_fails() -> None:
    with pytest.raises(bringing_in.NotBroughtInError):
        import_course(actor=author(), source=source_of(failing()), name="x")
    assert stored() == []


def test_a_command_that_is_killed_leaves_files_that_the_sweep_takes_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def die(*_given: object, **_more: object) -> None:
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(bringing_in, "publish_lesson", die)
        # A process that is killed tidies nothing up.
        patched.setattr(importing, "take_away", die)
        with pytest.raises(KilledError):
            import_course(actor=author(), source=source_of(small()), name="from-a-folder")
    assert any(name.startswith("images/") for name in stored())
    assert any(name.startswith("lessons/") for name in stored())
    assert not Course.objects.exists()

    tasks.sweep_course_imports()
    # It may still be under way.
    assert stored()
    CourseImport.objects.update(started_at=timezone.now() - timedelta(minutes=1))
    tasks.sweep_course_imports()
    assert stored() == []
    row = CourseImport.objects.get()
    assert (row.state, row.name, row.folders) == (ImportState.FAILED, "from-a-folder", [])
    assert "broken off" in row.error
    assert not Course.objects.exists()

    course, _plan = import_course(actor=author(), source=source_of(small()), name="x")
    tasks.sweep_course_imports()
    assert Course.objects.get() == course
    image, file = ArticleImage.objects.get(), LessonFile.objects.get()
    assert image.file.storage.exists(image.file.name)
    assert file.file.storage.exists(file.file.name)


def test_a_command_that_was_given_up_meanwhile_brings_nothing_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It stood still for so long between its first step and its second."""
    take = importing._take

    def too_late(import_id: int) -> Any:
        CourseImport.objects.filter(pk=import_id).update(
            started_at=timezone.now() - timedelta(hours=1)
        )
        with monkeypatch.context() as patched:
            patched.setattr(importing, "_take", take)
            tasks.sweep_course_imports()
        return take(import_id)

    monkeypatch.setattr(importing, "_take", too_late)
    with pytest.raises(bringing_in.NotBroughtInError):
        import_course(actor=author(), source=source_of(small()), name="x")
    assert not Course.objects.exists()
    assert stored() == []


@pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite lets one write at a time by itself"
)
def test_a_command_that_is_slow_is_not_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    publish = bringing_in.publish_lesson

    def sweep() -> None:
        try:
            tasks.sweep_course_imports()
        finally:
            connections.close_all()

    def publish_meanwhile(**given: Any) -> Any:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(sweep).result(10)
        return publish(**given)

    monkeypatch.setattr(importing, "NUDGE", timedelta(0))
    monkeypatch.setattr(bringing_in, "publish_lesson", publish_meanwhile)
    import_course(actor=author(), source=source_of(small()), name="x")
    image = ArticleImage.objects.get()
    assert image.file.storage.exists(image.file.name)
    assert CourseImport.objects.get().state == ImportState.DONE


def test_an_import_whose_author_may_no_more_fails_and_holds_up_no_other() -> None:
    first, second = started(), uploaded(small())
    CourseImport.objects.filter(pk=first.pk).update(created_by=UserFactory())
    start_import(actor=author(), course_import=second)
    CourseImport.objects.update(started_at=timezone.now() - timedelta(minutes=1))
    tasks.sweep_course_imports()
    states = CourseImport.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == [ImportState.FAILED, ImportState.DONE]
    first.refresh_from_db()
    assert "Only authors may do this." in first.error


@pytest.mark.parametrize("task", ["look_through", "run"])
def test_what_is_wrong_with_one_import_holds_up_no_other(
    task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = upload_course(actor=author(), file=zipped(small())), uploaded(small())
    if task == "run":
        look_through(import_id=bad.pk)
        start_import(actor=author(), course_import=bad)
    start_import(actor=author(), course_import=good)
    plain = {"look_through": tasks.archives.look_through, "run": tasks.run}[task]

    def fail(import_id: int) -> bool:
        if import_id == bad.pk:
            raise OperationalError("away")
        return plain(import_id=import_id)

    owner = tasks.archives if task == "look_through" else tasks
    monkeypatch.setattr(owner, task, fail)
    long_ago = timezone.now() - timedelta(minutes=1)
    CourseImport.objects.update(created_at=long_ago)
    CourseImport.objects.filter(state=ImportState.RUNNING).update(started_at=long_ago)
    tasks.sweep_course_imports()
    good.refresh_from_db()
    assert good.state == ImportState.DONE
