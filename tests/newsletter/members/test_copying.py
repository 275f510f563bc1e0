"""A copy of everything: asked for, made, told of, handed to one person alone, deleted."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.core.files.storage import storages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from newsletter.accounts.actions import TooOftenError
from newsletter.accounts.models import User
from newsletter.comments.models import Comment
from newsletter.members import actions, tasks
from newsletter.members.actions import copying
from newsletter.members.actions.erasing import erase_desk_rows_about
from newsletter.members.models import DataExport, MemberNote
from newsletter.members.personal_data import DataPart, _parts, data_parts, register_part
from newsletter.members.queries import due_export_ids
from newsletter.memberships.models import AuditEntry
from newsletter.outbox.models import OutgoingEmail
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.articles import PublishedArticleFactory
from tests.factories.comments import crowd
from tests.factories.publication import PublicationFactory
from tests.newsletter.members.everything import (
    ADDRESS,
    NAME,
    give_everything,
    somebody_with_everything,
    unpack,
)

pytestmark = pytest.mark.django_db


def make(person: User, actor: User | None = None) -> DataExport:
    export = actions.request_export(actor=actor or person, person=person)
    actions.make_export(export_id=export.pk)
    export.refresh_from_db()
    return export


def test_the_file_has_everything_three_times(shop) -> None:
    author = StaffFactory(name="Hanna Verlinde")
    person = somebody_with_everything(shop, author)
    PublicationFactory(contact_email="hello@example.com")
    export = make(person)
    assert (export.state, export.size > 1000) == ("ready", True)
    archive = unpack(export)
    data = json.loads(archive.read("data.json"))
    assert set(data) == {name for part in data_parts() for name in part.files}
    assert data["account"][0]["address"] == ADDRESS
    assert data["comments"][0]["name"] == NAME
    assert data["notes"] == [{**data["notes"][0], "text": f"{NAME} is kind"}]
    assert data["bars"][0]["note"] == ADDRESS
    assert {row["state"] for row in data["letters"]} == {"accepted", "failed", "queued"}
    # Each table with rows is a CSV; a spreadsheet runs no cell of it.
    names = {name.removeprefix("csv/") for name in archive.namelist() if name.startswith("csv/")}
    assert names == {f"{name}.csv" for name, rows in data.items() if rows}
    text = archive.read("csv/subscriptions.csv").decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows[0]["how"] == data["subscriptions"][0]["how"]
    readme = archive.read("README.txt").decode()
    assert "What Good Terms holds on you" in readme
    assert "- letters: " in readme
    assert "(3 rows)" in readme
    assert "hello@example.com" in readme
    assert all(len(line) <= 78 for line in readme.splitlines())
    # Neither whoever did or wrote it, nor what opens anything.
    whole = json.dumps(data)
    assert "Hanna Verlinde" not in whole
    assert person.private_feed.key not in whole
    assert "link_hash" not in whole


def test_a_cell_that_a_spreadsheet_would_run(shop) -> None:
    person = UserFactory()
    MemberNote.objects.create(user=person, text='=HYPERLINK("http://evil.example")')
    text = unpack(make(person)).read("csv/notes.csv").decode("utf-8-sig")
    assert next(csv.DictReader(io.StringIO(text)))["text"].startswith("'=HYPERLINK")


def test_somebody_of_whom_little_is_held() -> None:
    archive = unpack(make(UserFactory()))
    # That this copy was asked for is on record itself.
    assert set(archive.namelist()) == {
        "README.txt",
        "data.json",
        "csv/account.csv",
        "csv/copies.csv",
        "csv/record.csv",
    }
    assert "(nothing)" in archive.read("README.txt").decode()


def test_the_number_of_queries_does_not_grow() -> None:
    author, numbers = StaffFactory(), []
    for size in (1, 30):
        person = UserFactory()
        give_everything(person, author=author)
        said = crowd(PublishedArticleFactory(author=author), size)
        Comment.objects.filter(pk__in=[row.pk for row in said]).update(user=person)
        MemberNote.objects.bulk_create([MemberNote(user=person, text="x")] * size)
        export = actions.request_export(actor=author, person=person)
        with CaptureQueriesContext(connection) as queries:
            actions.make_export(export_id=export.pk)
        numbers.append(len(queries))
    assert numbers[0] == numbers[1]
    assert numbers[0] < 70


def test_the_mail_leads_to_the_page_and_holds_nothing_else() -> None:
    person = UserFactory(name=NAME)
    export = make(person)
    mail = OutgoingEmail.objects.get(kind="copy_ready")
    assert mail.to == person.email
    assert f"{settings.SITE_URL}/account/data/" in mail.text
    assert "within 7 days" in mail.text
    assert export.path not in mail.text
    # To the person alone: staff see it on the page where they asked.
    make(person, actor=StaffFactory())
    assert OutgoingEmail.objects.filter(kind="copy_ready").count() == 1


def test_the_file_lies_where_no_address_leads(client: Client) -> None:
    export = make(UserFactory())
    private = Path(settings.STORAGES["private"]["OPTIONS"]["location"])
    file = private / export.path
    assert file.stat().st_mode & 0o077 == 0
    assert not file.is_relative_to(settings.MEDIA_ROOT)
    for path in (f"/media/{export.path}", f"/media/../private/{export.path}"):
        assert client.get(path).status_code == 404


def test_after_seven_days_it_is_gone(client: Client) -> None:
    person = UserFactory()
    client.force_login(person)
    export = make(person)
    assert client.get(f"/account/data/{export.pk}/").status_code == 200
    with time_machine.travel(timezone.now() + timedelta(days=6, hours=23)):
        assert actions.delete_old_exports() == 0
    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1)):
        # By its own clock, whether the beat runs or not.
        assert client.get(f"/account/data/{export.pk}/").status_code == 404
        tasks.prune_exports()
    assert not storages["private"].exists(export.path)
    assert not DataExport.objects.exists()


def test_one_at_a_time_and_three_a_day() -> None:
    person = UserFactory()
    with time_machine.travel(timezone.now().replace(hour=1), tick=False):
        first = actions.request_export(actor=person, person=person)
        assert actions.request_export(actor=person, person=person) == first
        for _again in range(2):
            DataExport.objects.all().delete()
            actions.request_export(actor=person, person=person)
        DataExport.objects.all().delete()
        with pytest.raises(TooOftenError):
            actions.request_export(actor=person, person=person)


def test_running_the_task_twice_and_for_what_is_gone() -> None:
    export = make(UserFactory())
    size, mails = export.size, OutgoingEmail.objects.count()
    tasks.make_export(export.pk)
    tasks.make_export(987_654)
    export.refresh_from_db()
    assert (export.size, OutgoingEmail.objects.count()) == (size, mails)


def test_a_worker_that_was_killed_is_followed_by_another(monkeypatch) -> None:
    person = UserFactory()
    export = actions.request_export(actor=person, person=person)

    def killed(_person: User) -> None:
        raise KeyboardInterrupt

    register_part(DataPart("planted", "x", {}, killed, lambda *, user: None, (), 1))
    try:
        with pytest.raises(KeyboardInterrupt):
            actions.make_export(export_id=export.pk)
    finally:
        del _parts["planted"]
    assert due_export_ids(overdue_by=timedelta()) == []
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        assert due_export_ids(overdue_by=timedelta()) == [export.pk]
        assert actions.make_export(export_id=export.pk)


def test_a_copy_of_somebody_who_is_erased_meanwhile_is_not_kept(monkeypatch) -> None:
    person = UserFactory()
    export = actions.request_export(actor=person, person=person)
    write = copying.write_archive

    def write_and_erase(*given) -> None:
        write(*given)
        erase_desk_rows_about(user=person)

    monkeypatch.setattr(copying, "write_archive", write_and_erase)
    assert actions.make_export(export_id=export.pk) is None
    assert not DataExport.objects.exists()
    assert not storages["private"].exists(export.path)


def test_what_fails_is_kept_tried_again_and_given_up() -> None:
    person = UserFactory()
    export = actions.request_export(actor=person, person=person)

    def fails(_person: User) -> None:
        raise RuntimeError("no such table")

    register_part(DataPart("planted", "x", {}, fails, lambda *, user: None, (), 1))
    try:
        for attempt in range(5):
            with time_machine.travel(timezone.now() + timedelta(days=attempt)):
                assert actions.make_export(export_id=export.pk) is None
    finally:
        del _parts["planted"]
    export.refresh_from_db()
    assert (export.state, export.error) == ("failed", "RuntimeError: no such table")
    assert not storages["private"].exists(export.path)
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        assert actions.delete_old_exports() == 1


def test_the_wrong_person(client: Client) -> None:
    person, other, author = UserFactory(), UserFactory(), StaffFactory()
    export = make(person)
    path = f"/account/data/{export.pk}/"
    assert client.get(path).status_code == 302
    assert "/login/" in client.get(path)["Location"]
    for stranger in (other, author):
        browser = Client()
        browser.force_login(stranger)
        assert browser.get(path).status_code == 404
    for actor in (other, StaffFactory(is_superuser=False)):
        with pytest.raises(PermissionDenied):
            actions.request_export(actor=actor, person=person)
        with pytest.raises(PermissionDenied):
            actions.download_export(actor=actor, export=export)
    # One that staff asked for is the staff's: the reader's page does not show it.
    theirs = make(person, actor=author)
    client.force_login(person)
    assert client.get(f"/account/data/{theirs.pk}/").status_code == 404
    assert client.get("/account/data/987654/").status_code == 404
    assert client.post(path).status_code == 405


def test_a_download_is_kept_by_no_cache(client: Client) -> None:
    person = UserFactory()
    client.force_login(person)
    export = make(person)
    answer = client.get(f"/account/data/{export.pk}/")
    assert answer["Content-Type"] == "application/zip"
    assert "attachment" in answer["Content-Disposition"]
    assert {"private", "no-store"} <= set(answer["Cache-Control"].split(", "))
    assert not AuditEntry.objects.filter(what="copy_taken").exists()


def test_staff_cannot_take_an_administrators() -> None:
    """Where somebody signs in who may do everything is for those who may do everything."""
    clerk = StaffFactory(is_superuser=False)
    clerk.user_permissions.set(Permission.objects.filter(codename="add_dataexport"))
    assert make(UserFactory(), actor=clerk).state == "ready"
    with pytest.raises(PermissionDenied):
        actions.request_export(actor=clerk, person=StaffFactory())
    assert make(clerk).state == "ready"
