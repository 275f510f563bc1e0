"""The development mailbox: a real mailbox, and nothing without DEBUG."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection
from django.test import Client

from newsletter.lib.mailbox import message_names, put_in_mailbox

pytestmark = pytest.mark.django_db
LIST = "/dev/mail/"


@pytest.fixture(autouse=True)
def _developing(settings: Any) -> None:
    settings.DEBUG = True


def deliver(
    to: str = "ada@example.com", subject: str = "Hello", html: str = "", **files: bytes
) -> str:
    """Put a message into the mailbox; returns its address in the browser."""
    message = EmailMultiAlternatives(subject, "See https://x.example/", "a@example.com", [to])
    if html:
        message.attach_alternative(html, "text/html")
    for name, data in files.items():
        message.attach(f"{name}.txt", data, "text/plain")
    get_connection("newsletter.lib.mailbox.LocalMailboxBackend").send_messages([message])
    return f"{LIST}{message_names()[0].removesuffix('.eml')}/"


def test_it_does_not_exist_without_debug(client: Client, settings: Any) -> None:
    path = deliver()
    settings.DEBUG = False
    for address in (LIST, path, f"{path}html/", f"{path}attachments/0/"):
        assert client.get(address).status_code == 404
    assert client.post(f"{LIST}empty/").status_code == 404
    assert len(message_names()) == 1


def test_an_empty_mailbox_says_so(client: Client) -> None:
    assert "No mail yet" in client.get(LIST).content.decode()


def test_the_newest_comes_first_and_pages_follow(client: Client) -> None:
    for n in range(60):
        deliver(subject=f"Message {n:02d}")
    first = client.get(LIST).content.decode()
    assert first.index("Message 59") < first.index("Message 58")
    assert "Message 09" not in first
    assert "Message 09" in client.get(f"{LIST}?page=2").content.decode()


def test_4000_messages_are_listed_without_reading_them_all(client: Client, monkeypatch) -> None:
    for n in range(4000):
        put_in_mailbox(b"Subject: x\n\nbody", f"r{n}@example.com")
    opened: list[Any] = []
    from newsletter.pages import dev_mailbox

    real = dev_mailbox.message_path
    monkeypatch.setattr(
        dev_mailbox, "message_path", lambda name: (opened.append(name), real(name))[1]
    )
    page = client.get(LIST)
    assert "4000 messages" in page.content.decode()
    assert len(opened) <= 50


def test_search_finds_address_and_subject(client: Client) -> None:
    deliver(to="ada@example.com", subject="About chairs")
    deliver(to="bob@example.com", subject="Über Tische")
    assert "About chairs" in client.get(f"{LIST}?q=ADA@").content.decode()
    found = client.get(f"{LIST}?q=tische").content.decode()
    assert "Über Tische" in found
    assert "About chairs" not in found
    assert "No message has that" in client.get(f"{LIST}?q=zzz").content.decode()


def test_the_newest_message_to_an_address_is_one_step_away(client: Client) -> None:
    deliver(to="ada@example.com", subject="old")
    newest = deliver(to="ada@example.com", subject="new")
    deliver(to="notada@example.com")
    response = client.get(f"{LIST}?to=Ada@Example.com")
    assert response["Location"] == newest
    assert client.get(f"{LIST}?to=nobody@example.com").status_code == 404


def test_each_part_of_a_message_can_be_read(client: Client) -> None:
    path = deliver(subject="Grüße", html="<html><head></head><body><p>Hi</p></body></html>")
    html = client.get(path).content.decode()
    assert f'src="{path}html/"' in html
    assert "allow-scripts" not in html
    text = client.get(f"{path}?part=text").content.decode()
    assert '<a href="https://x.example/"' in text
    headers = client.get(f"{path}?part=headers").content.decode()
    assert "<th scope=" in headers
    assert "Grüße" in headers
    assert "Subject: =?utf-8?" in client.get(f"{path}?part=raw").content.decode()


def test_the_html_of_a_mail_can_run_nothing_and_opens_links_in_the_whole_window(
    client: Client,
) -> None:
    path = deliver(html="<html><head></head><body><script>alert(1)</script></body></html>")
    response = client.get(f"{path}html/")
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-top-navigation-by-user-activation allow-popups" in policy
    assert "frame-ancestors 'self'" in policy
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert b'<base target="_top">' in response.content


def test_a_message_without_html_opens_as_text(client: Client) -> None:
    page = client.get(deliver()).content.decode()
    assert "<iframe" not in page
    assert "See <a" in page


def test_files_are_downloaded_and_never_shown(client: Client) -> None:
    path = deliver(report=b"<script>")
    assert "report.txt" in client.get(path).content.decode()
    response = client.get(f"{path}attachments/0/")
    assert response.content == b"<script>"
    assert response["Content-Disposition"] == 'attachment; filename="report.txt"'
    assert response["Content-Type"] == "application/octet-stream"
    assert client.get(f"{path}attachments/7/").status_code == 404


@pytest.mark.parametrize("key", ["x", "..%2f..%2fsecret-key", "%00", "a" * 300])
def test_a_key_that_names_no_message_is_not_found(client: Client, key: str) -> None:
    assert client.get(f"{LIST}{key}/").status_code == 404
    assert client.get(f"{LIST}{key}/html/").status_code == 404


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\x00",
        b"Subject: x\nContent-Type: text/html; charset=no-such\n\n<p>\xe9</p>",
        b"Date: never\nTo: \xff\nContent-Type: multipart/mixed; boundary=b\n\n--b\nbroken",
    ],
)
def test_a_damaged_message_does_not_break_the_mailbox(client: Client, raw: bytes) -> None:
    path = put_in_mailbox(raw, "ada@example.com")
    key = path.name.removesuffix(".eml")
    assert client.get(LIST).status_code == 200
    for part in ("html", "text", "headers", "raw"):
        assert client.get(f"{LIST}{key}/?part={part}").status_code == 200


def test_emptying_takes_a_press_of_the_button_on_our_own_page(client: Client) -> None:
    deliver()
    assert client.get(f"{LIST}empty/").status_code == 405
    foreign = {"HTTP_SEC_FETCH_SITE": "cross-site"}
    assert client.post(f"{LIST}empty/", **foreign).status_code == 403
    assert len(message_names()) == 1
    assert client.post(f"{LIST}empty/").status_code == 302
    assert message_names() == []


def test_it_sets_no_cookie(client: Client) -> None:
    assert not client.get(deliver()).cookies
