"""Ways of handing over a mail: one interface, and never more than one recipient."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import requests
from anymail.exceptions import (
    AnymailAPIError,
    AnymailConfigurationError,
    AnymailRecipientsRefused,
    AnymailRequestsAPIError,
    AnymailSerializationError,
    AnymailUnsupportedFeature,
)
from anymail.message import AnymailRecipientStatus, AnymailStatus
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend

from newsletter.mailings import actions
from newsletter.mailings.mime import MessageTemplate, Recipient
from newsletter.mailings.models import Delivery, Mailing
from newsletter.mailings.outcomes import Result
from newsletter.mailings.placeholders import FIRST_NAME
from newsletter.mailings.queries import hold_of, mailing_counts
from newsletter.mailings.transport import make_transport
from newsletter.mailings.transport.django_backend import (
    DjangoBackendTransport,
    NotOneRecipientError,
    classify_exception,
)
from tests.factories.mailings import prepared_mailing, send_all
from tests.smtp_server import SmtpServer

TO = "ada@example.com"


def build(text: str = "Hello", *, to: str = TO, name: str = "Ada, née Byron") -> bytes:
    template = MessageTemplate(
        html=f"<p>{text}</p>",
        text=text,
        headers=[
            ("From", "The Author <letters@example.com>"),
            ("Subject", "Ünïcode"),
            ("Reply-To", "post@example.com"),
            ("List-Id", "Notes\r\n <notes.example>"),
        ],
    )
    return template.build(
        Recipient(to, name=name, values={FIRST_NAME: "Ada"}, headers=(("Message-ID", "<1@x>"),))
    )


# ── SMTP ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("text", [".", "..", ".\n.\n", "a\n.\nb", ".hidden\n..two", "\n.\n"])
def test_lines_that_begin_with_a_dot_arrive_as_they_are(server: SmtpServer, text: str) -> None:
    transport = make_transport()
    raw = b".starts with one\r\n" + build(text)
    assert transport.send(raw, "a@example.com", TO).result is Result.ACCEPTED
    transport.close()
    assert server.accepted == [(TO, raw)]


def test_smtp_connection_is_kept_and_then_closed_politely(server: SmtpServer) -> None:
    transport = make_transport()
    for _n in range(3):
        transport.send(build(), "a@example.com", TO)
    transport.close()
    transport.close()
    assert server.connections == 1
    assert server.commands[-1] == "QUIT"


# ── The local mailbox ─────────────────────────────────────────────────────────────────────────


def test_mailbox_takes_each_mail_as_a_file(settings) -> None:
    settings.EMAIL_BACKEND = "newsletter.lib.mailbox.LocalMailboxBackend"
    outcome = make_transport().send(build(), "a@example.com", TO)
    (file,) = Path(settings.MAILBOX_DIR).iterdir()
    assert outcome.result is Result.ACCEPTED
    assert outcome.provider_id == file.stem
    assert file.read_bytes() == build_same(file.read_bytes())


def build_same(raw: bytes) -> bytes:
    """What was built, whatever its boundary and date: it is whole and ends as it should."""
    assert raw.startswith(b"From: The Author")
    assert raw.endswith(b"--\r\n")
    return raw


@pytest.mark.django_db
def test_m13_mailbox_that_cannot_be_written_holds_the_mailing(settings, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = "newsletter.lib.mailbox.LocalMailboxBackend"
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    settings.MAILBOX_DIR = blocked / "mailbox"
    mailing = prepared_mailing(readers=2)
    send_all(rounds=3)
    assert mailing_counts(mailing).queued == 2
    assert "cannot be written" in hold_of(mailing).reason


# ── Any other backend ─────────────────────────────────────────────────────────────────────────


class Backend(BaseEmailBackend):
    """An anymail-like backend: says what the test wants, remembers what it was given."""

    given: list[EmailMultiAlternatives] = []
    status: str | None = "sent"
    error: Exception | None = None
    opened = 0

    def open(self) -> None:
        type(self).opened += 1

    def send_messages(self, email_messages: list[EmailMultiAlternatives]) -> int:
        if Backend.error:
            raise Backend.error
        for message in email_messages:
            Backend.given.append(message)
            if Backend.status:
                message.anymail_status = AnymailStatus()
                message.anymail_status.set_recipient_status(
                    {TO.upper(): AnymailRecipientStatus("esp-1", Backend.status)}
                )
        return len(email_messages)


@pytest.fixture
def backend(settings, monkeypatch) -> type[Backend]:
    settings.EMAIL_BACKEND = f"{__name__}.Backend"
    for name, value in (("given", []), ("status", "sent"), ("error", None), ("opened", 0)):
        monkeypatch.setattr(Backend, name, value)
    return Backend


def test_other_backends_get_the_same_mail_to_one_recipient(backend: type[Backend]) -> None:
    transport = make_transport()
    assert isinstance(transport, DjangoBackendTransport)
    outcome = transport.send(build("Grüße\nund mehr"), "letters@example.com", TO)
    assert (outcome.result, outcome.provider_id) == (Result.ACCEPTED, "esp-1")
    (mail,) = backend.given
    assert mail.subject == "Ünïcode"
    assert mail.from_email == "The Author <letters@example.com>"
    assert mail.recipients() == ['"Ada, née Byron" <ada@example.com>']
    assert mail.reply_to == ["post@example.com"]
    assert mail.body.strip() == "Grüße\nund mehr"
    ((html, kind),) = mail.alternatives
    assert (html.strip(), kind) == ("<p>Grüße\nund mehr</p>", "text/html")
    assert mail.extra_headers["Message-ID"] == "<1@x>"
    assert mail.extra_headers["List-Id"] == "Notes <notes.example>"
    transport.send(build(), "letters@example.com", TO)
    assert backend.opened == 1


def test_m27_anything_but_one_recipient_is_refused(backend: type[Backend]) -> None:
    transport = make_transport()
    raw = build().replace(b"<ada@example.com>", b"<ada@example.com>, bob@example.com")
    with pytest.raises(NotOneRecipientError):
        transport.send(raw, "letters@example.com", TO)
    with pytest.raises(NotOneRecipientError):
        transport.send(build(to="bob@example.com"), "letters@example.com", TO)
    assert backend.given == []


@pytest.mark.django_db
def test_m27_whole_mailing_through_another_backend_shows_nobody_to_anybody(
    backend: type[Backend],
) -> None:
    backend.status = None
    mailing = prepared_mailing(readers=12)
    send_all()
    assert len(backend.given) == 12
    assert {len(mail.recipients()) for mail in backend.given} == {1}
    assert not any(mail.cc or mail.bcc for mail in backend.given)
    assert mailing_counts(mailing).accepted == 12


@pytest.mark.parametrize("status", ["invalid", "rejected", "failed"])
def test_recipient_that_the_provider_turns_down_has_failed(
    backend: type[Backend], status: str
) -> None:
    backend.status = status
    outcome = make_transport().send(build(), "letters@example.com", TO)
    assert outcome.result is Result.REFUSED
    assert status in outcome.error


@pytest.mark.parametrize("status", ["queued", "sent", "unknown"])
def test_recipient_that_the_provider_takes_is_accepted(backend: type[Backend], status: str) -> None:
    backend.status = status
    assert make_transport().send(build(), "a@example.com", TO).result is Result.ACCEPTED


def answer(code: int, **headers: str) -> AnymailRequestsAPIError:
    response = requests.Response()
    response.status_code = code
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return AnymailRequestsAPIError("the provider's words", response=response)


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (answer(401), Result.SENDER_FAULT),
        (answer(403), Result.SENDER_FAULT),
        (answer(429), Result.THROTTLED),
        (answer(400), Result.REFUSED),
        (answer(422), Result.REFUSED),
        (answer(500), Result.UNKNOWN),
        (answer(502), Result.UNKNOWN),
        (AnymailRecipientsRefused(), Result.REFUSED),
        (AnymailConfigurationError("no key"), Result.SENDER_FAULT),
        (AnymailUnsupportedFeature("no such header here"), Result.REFUSED),
        (AnymailSerializationError(), Result.UNKNOWN),
        (AnymailAPIError("parse error after acceptance"), Result.UNKNOWN),
        (requests.Timeout("30 s"), Result.UNKNOWN),
        (requests.ConnectTimeout("30 s"), Result.SENDER_FAULT),
        (requests.ConnectionError("reset by peer"), Result.UNKNOWN),
        (ConnectionRefusedError("no"), Result.SENDER_FAULT),
        (ConnectionResetError("gone"), Result.UNKNOWN),
        (socket.gaierror("no such host"), Result.SENDER_FAULT),
        (RuntimeError("a receiver of post_send failed"), Result.UNKNOWN),
    ],
)
def test_m26_exception_does_not_mean_that_nothing_was_sent(
    backend: type[Backend], error: Exception, result: Result
) -> None:
    backend.error = error
    assert make_transport().send(build(), "a@example.com", TO).result is result


@pytest.mark.django_db
def test_m13_api_that_cannot_be_reached_holds_the_mailing_and_nobody_is_unknown(settings) -> None:
    """Whoever was never connected has sent nothing, however the exception is called."""
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    settings.ANYMAIL = {
        "POSTMARK_SERVER_TOKEN": "t",
        "POSTMARK_API_URL": "http://127.0.0.1:1/",
        "REQUESTS_TIMEOUT": (1, 1),
    }
    mailing = prepared_mailing(readers=12)
    (batch_id,) = actions.sweep()
    actions.send_batches(batch_id=batch_id)
    assert set(Delivery.objects.values_list("state", "attempts")) == {("queued", 0)}
    assert "refused" in hold_of(mailing).reason


def test_m12_providers_own_delay_is_kept() -> None:
    assert classify_exception(answer(429, Retry_After="17")).retry_after == 17
    assert classify_exception(answer(429, Retry_After="Wed, 21 Oct 2026")).retry_after == 60
    assert classify_exception(answer(429)).retry_after == 60


def test_backend_that_says_it_sent_nothing_leaves_it_unknown(settings, monkeypatch) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Backend"
    monkeypatch.setattr(Backend, "send_messages", lambda self, messages: 0)
    assert make_transport().send(build(), "a@example.com", TO).result is Result.UNKNOWN


@pytest.mark.django_db
def test_m13_backend_that_cannot_be_made_holds_the_mailing(settings) -> None:
    mailing: Mailing = prepared_mailing(readers=2)
    settings.EMAIL_BACKEND = "no.such.Backend"
    (batch_id,) = actions.sweep()
    actions.send_batches(batch_id=batch_id)
    assert set(Delivery.objects.values_list("state", flat=True)) == {"queued"}
    assert "no" in hold_of(mailing).reason
