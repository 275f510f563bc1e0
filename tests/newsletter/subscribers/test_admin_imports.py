"""Bringing in a list through the admin, step by step."""

from __future__ import annotations

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from newsletter.subscribers import tasks
from newsletter.subscribers.models import SubscriberImport, Subscription
from tests.factories.accounts import StaffFactory, sign_in_staff
from tests.factories.subscribers import NewsletterFactory, SubscriptionFactory

pytestmark = pytest.mark.django_db

PATH = "/admin/newsletter/subscriberimport/"
LIST = "Email;Name;Status\nanna@example.com;Anna;active\nbroken;;\nleft@example.com;;active\n"


@pytest.fixture
def letter():
    return NewsletterFactory(name="The Long View")


@pytest.fixture
def author(client):
    return sign_in_staff(client)


def _upload(client, letter, content=LIST):
    raw = content.encode() if isinstance(content, str) else content
    file = SimpleUploadedFile("../people.csv", raw)
    return client.post(f"{PATH}add/", {"newsletter": letter.pk, "file": file})


def test_all_steps(client, author, letter):
    SubscriptionFactory(user__email="left@example.com", newsletter=letter, left=True)
    page = _upload(client, letter)["Location"]
    job = SubscriberImport.objects.get()
    assert job.original_name == "people.csv"
    shown = client.get(page).content.decode()
    assert "anna@example.com" in shown
    assert "1: Email" in shown

    columns = {"act": "check", "has_header": "on", "email": 0, "name": 1, "state": 2}
    assert client.post(page, columns).status_code == 302
    assert "Trial run" in client.get(page).content.decode()
    tasks.run_import(job.pk)
    shown = client.get(page).content.decode()
    assert "Bring in 1 new subscriber" in shown
    assert "This is not an e-mail address." in shown
    assert Subscription.objects.count() == 1

    refused = client.post(page, {"act": "import", "statement": " "})
    assert refused.status_code == 422
    assert client.post(page, {"act": "import", "statement": "At the fair."}).status_code == 302
    tasks.run_import(job.pk)
    assert Subscription.objects.get(user__email="anna@example.com").state == "active"
    assert Subscription.objects.get(user__email="left@example.com").state == "unsubscribed"
    shown = client.get(page).content.decode()
    assert "See whom it brought in" in shown
    assert "At the fair." in shown
    found = client.get("/admin/newsletter/subscription/", {"import": job.pk})
    assert [row.user.email for row in found.context["cl"].result_list] == ["anna@example.com"]

    report = client.get(f"{PATH}{job.pk}/report/")
    rows = list(csv.reader(io.StringIO(b"".join(report.streaming_content).decode("utf-8-sig"))))
    assert [(row[0], row[2]) for row in rows[1:]] == [
        ("2", "New subscriber"),
        ("3", "Cannot be read"),
        ("4", "Unsubscribed before; left so"),
    ]


def test_the_progress_updates_itself_and_ends_by_loading_the_page(client, author, letter):
    page = _upload(client, letter)["Location"]
    job = SubscriberImport.objects.get()
    client.post(page, {"act": "check", "has_header": "on", "email": 0})
    running = client.get(f"{PATH}{job.pk}/progress/")
    assert 'hx-trigger="every 1s"' in running.content.decode()
    assert "HX-Refresh" not in running
    assert "<noscript><meta http-equiv" in client.get(page).content.decode()
    tasks.run_import(job.pk)
    ended = client.get(f"{PATH}{job.pk}/progress/")
    assert ended["HX-Refresh"] == "true"
    assert "hx-trigger" not in ended.content.decode()


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "empty"), (b"PK\x03\x04", "Save it as CSV"), (b"\n\n", "")]
)
def test_what_is_no_list_is_said_at_once(client, author, letter, content, said):
    response = _upload(client, letter, content)
    assert said in response.content.decode()
    assert response.status_code == (422 if said else 302)


def test_a_list_without_recognisable_addresses_asks_for_the_column(client, author, letter):
    page = _upload(client, letter, "Wer,Wo\nAnna,Berlin\n")["Location"]
    assert client.get(page).status_code == 200
    assert client.post(page, {"act": "check", "email": 9}).status_code == 422
    assert client.post(page, {"act": "check", "email": 1, "has_header": "on"}).status_code == 302
    job = SubscriberImport.objects.get()
    tasks.run_import(job.pk)
    job.refresh_from_db()
    assert job.counts == {"invalid": 1}


def test_a_column_named_unsubscribed_is_read_as_leaving(client, author, letter):
    page = _upload(client, letter, "email,unsubscribed\na@x.org,yes\nb@x.org,no\n")["Location"]
    client.post(page, {"act": "check", "has_header": "on", "email": 0, "state": 1})
    job = SubscriberImport.objects.get()
    tasks.run_import(job.pk)
    job.refresh_from_db()
    assert job.counts == {"left": 1, "new": 1}


def test_pressing_twice_is_told(client, author, letter):
    page = _upload(client, letter)["Location"]
    data = {"act": "check", "has_header": "on", "email": 0}
    client.post(page, data)
    again = client.post(page, data, follow=True)
    assert "moved on since" in again.content.decode()
    assert client.post(page, {"act": "cancel"}).status_code == 302
    assert SubscriberImport.objects.get().state == "cancelled"
    assert client.post(page, {"act": "nonsense"}).status_code == 404


def test_the_uploaded_file_has_no_public_address(client, author, letter):
    _upload(client, letter)
    job = SubscriberImport.objects.get()
    assert client.get(f"/media/{job.file.name}").status_code == 404
    assert "people" not in job.file.name


def test_staff_without_the_right_are_refused(client, letter):
    author = StaffFactory()
    from tests.newsletter.subscribers.imports import upload

    job = upload(author, letter, LIST)
    sign_in_staff(client, StaffFactory(is_superuser=False))
    for path in ("add/", f"{job.pk}/change/", f"{job.pk}/progress/", f"{job.pk}/report/"):
        assert client.get(PATH + path).status_code == 403, path
    assert client.post(f"{PATH}{job.pk}/change/", {"act": "cancel"}).status_code == 403


def test_the_list_of_imports(client, author, letter):
    _upload(client, letter)
    assert "people.csv" in client.get(PATH).content.decode()
