"""Lists as other programs export them, with what they say of people in two columns at once."""

from __future__ import annotations

import pytest

from newsletter.subscribers import tasks
from newsletter.subscribers.models import SubscriberImport, Subscription
from tests.factories.accounts import StaffFactory, sign_in_staff
from tests.factories.subscribers import NewsletterFactory
from tests.newsletter.subscribers.imports import bring_in, upload

pytestmark = pytest.mark.django_db

BUTTONDOWN = """id,email,notes,metadata,tags,source,type,creation_date,unsubscription_date
1,anna@example.com,,{},,api,regular,2023-04-01T09:10:11.123456Z,
2,ben@example.com,,{},,api,unactivated,2023-04-01T09:10:11.123456Z,
3,cy@example.com,,{},,api,undeliverable,2023-04-01T09:10:11.123456Z,
4,di@example.com,,{},,api,complained,2023-04-01T09:10:11.123456Z,
5,ed@example.com,,{},,api,unsubscribed,2023-04-01T09:10:11.123456Z,2024-04-01T09:10:11.123456Z
"""
MAILERLITE = """Email,Status,Name,Last name,Subscribed,Unsubscribed,Groups
anna@example.com,active,Anna,Adams,2023-04-01 09:10:11,,"a, b"
ben@example.com,unconfirmed,Ben,,2023-04-01 09:10:11,,
cy@example.com,bounced,Cy,,2023-04-01 09:10:11,,
di@example.com,junk,Di,,2023-04-01 09:10:11,,
ed@example.com,unsubscribed,Ed,,2023-04-01 09:10:11,2023-05-01 09:10:11,
"""
BEEHIIV = """Subscription ID,Email,Status,Subscription Tier,Created At,Unsubscribed At,First Name
s1,anna@example.com,active,free,2023-04-01 09:10:11 UTC,,Anna
s2,ben@example.com,pending,free,2023-04-01 09:10:11 UTC,,
s3,cy@example.com,invalid,free,2023-04-01 09:10:11 UTC,,
s4,di@example.com,inactive,free,2023-04-01 09:10:11 UTC,,
s5,ed@example.com,inactive,free,2023-04-01 09:10:11 UTC,2023-05-01 09:10:11 UTC,
"""
KIT = """id,first_name,email,status,created_at,tags
1,Anna,anna@example.com,Active,2023-04-01 09:10:11 UTC,"a, b"
2,,ben@example.com,unconfirmed,2023-04-01 09:10:11 UTC,
3,,cy@example.com,bounced,2023-04-01 09:10:11 UTC,
4,,di@example.com,complained,2023-04-01 09:10:11 UTC,
5,,ed@example.com,Cancelled,2023-04-01 09:10:11 UTC,
"""
EXCEL = (
    "E-Mail;Name;Status;Subscribed;Unsubscribed;;\r\n"
    "anna@example.com;Anna;active;1.4.2023 09:10:11;NULL;;\r\n"
    "ben@example.com;Ben;pending;;;;\r\n"
    'cy@example.com;"Cy\r\nof two lines";active;;x;;\r\n'
    "di@example.com;Di;asleep;;2023-05-01;;\r\n"
    "ed@example.com;Ed;opted-out;;-;;\r\n"
).encode("utf-16")
EXPORTS = {
    "buttondown": BUTTONDOWN,
    "mailerlite": MAILERLITE,
    "beehiiv": BEEHIIV,
    "kit": KIT,
    "excel": EXCEL,
}


@pytest.fixture
def author():
    return StaffFactory()


@pytest.fixture
def letter():
    return NewsletterFactory()


def _states():
    return dict(Subscription.objects.values_list("user__email", "state"))


@pytest.mark.parametrize("export", EXPORTS)
def test_nobody_is_mailed_who_bounced_complained_or_never_confirmed(author, letter, export):
    """Neither has a date of unsubscribing: the column of the state alone tells of them."""
    job = bring_in(author, letter, EXPORTS[export])
    assert job.counts == {"new": 1, "unconfirmed": 1, "left": 3}
    assert _states() == {
        "anna@example.com": "active",
        "cy@example.com": "unsubscribed",
        "di@example.com": "unsubscribed",
        "ed@example.com": "unsubscribed",
    }
    anna = Subscription.objects.get(state="active")
    assert anna.consent_at.strftime("%Y-%m-%d %H:%M:%S") == "2023-04-01 09:10:11"
    again = bring_in(author, letter, EXPORTS[export])
    assert again.counts == {"unchanged": 1, "unconfirmed": 1, "kept_unsubscribed": 3}


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (MAILERLITE, "Anna Adams"),
        ("Name,Last name,Email\nAnna,Adams,anna@example.com\n", "Anna Adams"),
        ("Name,First name,Last name,Email\nA. Adams,Anna,Adams,anna@example.com\n", "A. Adams"),
    ],
)
def test_a_last_name_is_not_left_behind(author, letter, content, name):
    bring_in(author, letter, content)
    assert Subscription.objects.get(user__email="anna@example.com").user.name == name


def test_mailchimp_knows_the_moment_of_confirming_of_everybody(author, letter):
    content = (
        '"First Name",Address,"Email Address",OPTIN_TIME,CONFIRM_TIME,NOTES,TAGS\n'
        'Anna,"1 Long Road",anna@example.com,,"2021-05-06 07:08:09",,"""vip"""\n'
    )
    job = bring_in(author, letter, content)
    assert job.counts == {"new": 1}
    assert Subscription.objects.get().consent_at.isoformat() == "2021-05-06T07:08:09+00:00"


def test_subscribed_may_be_a_date_or_a_yes(author, letter):
    bring_in(author, letter, "Subscriber,Sent,Subscribed\nanna@example.com,3,2023-04-01 09:10:11\n")
    bring_in(author, letter, "Email,Subscribed\nben@example.com,yes\ncy@example.com,no\n")
    assert _states() == {
        "anna@example.com": "active",
        "ben@example.com": "active",
        "cy@example.com": "unsubscribed",
    }
    assert Subscription.objects.get(user__email="anna@example.com").consent_at.year == 2023


@pytest.mark.parametrize("before", ["sep=;\r\n", "\r\n\r\n", "\ufeffSEP=;\n"])
def test_the_names_of_the_columns_may_come_later(author, letter, before):
    """Excel takes the first of these for what it is, and shows it to nobody."""
    job = bring_in(author, letter, f"{before}Email;Name\r\nanna@example.com;Anna\r\n")
    assert job.counts == {"new": 1}
    assert Subscription.objects.get().consent_detail.startswith("people.csv, line 2:")


def test_the_desk_shows_and_takes_both_columns(client, letter):
    author = sign_in_staff(client)
    job = upload(author, letter, BUTTONDOWN)
    page = f"/admin/newsletter/subscriberimport/{job.pk}/change/"
    form = client.get(page).context["columns"]
    assert (form["state"].value(), form["left"].value()) == (6, 8)
    assert not form["state_is_leaving"].value()
    chosen = {"act": "check", "has_header": "on", "email": 1, "state": 6, "left": 8}
    assert client.post(page, chosen).status_code == 302
    tasks.run_import(job.pk)
    assert SubscriberImport.objects.get().counts == {"new": 1, "unconfirmed": 1, "left": 3}


def test_a_packed_export_is_told_from_a_list(client, letter):
    from django.core.files.uploadedfile import SimpleUploadedFile

    sign_in_staff(client)
    packed = SimpleUploadedFile("audience_export.zip", b"PK\x03\x04\x14\x00\x08\x00xxxx")
    answer = client.post(
        "/admin/newsletter/subscriberimport/add/", {"newsletter": letter.pk, "file": packed}
    )
    assert answer.status_code == 422
    assert "unpack it" in answer.content.decode()
