"""One mail over a real connection: what the server says decides what becomes of the row."""

from __future__ import annotations

import email
import socket
from datetime import timedelta
from email import policy

import pytest
from django.db import connection, transaction
from django.utils import timezone

from newsletter.outbox import late
from newsletter.outbox.actions import LONGEST_DELAY, back_off, deliver
from newsletter.outbox.enums import EmailState
from newsletter.outbox.models import OutgoingEmail
from newsletter.publication.models import Publication
from tests.factories.outbox import OutgoingEmailFactory
from tests.newsletter.outbox.conftest import Answers, Api

pytestmark = pytest.mark.django_db


def send(**fields: object) -> OutgoingEmail:
    mail = OutgoingEmailFactory(**fields)
    deliver(email_id=mail.pk)
    mail.refresh_from_db()
    return mail


def assert_waits(mail: OutgoingEmail) -> None:
    assert mail.state == EmailState.QUEUED
    assert mail.next_attempt_at is not None
    assert mail.next_attempt_at > timezone.now()
    assert mail.text
    assert mail.error


def test_an_accepted_mail_is_sent_and_its_texts_are_gone(smtp: Answers) -> None:
    Publication.objects.create(pk=1, name='The "Quiet" Quarterly, Ö')
    mail = send(to="ada@example.com", headers={"Auto-Submitted": "auto-generated"})
    assert mail.state == EmailState.SENT
    assert (mail.text, mail.html, mail.error) == ("", "", "")
    assert mail.sent_at is not None
    assert mail.attempts == 1
    (envelope,) = smtp.accepted
    assert envelope.rcpt_tos == ["ada@example.com"]
    message = email.message_from_bytes(envelope.content, policy=policy.default)
    assert message["From"].addresses[0].display_name == 'The "Quiet" Quarterly, Ö'
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].startswith(f"<outbox.{mail.pk}.")
    assert message.get_body(("plain",)).get_content().strip() == "The text part."
    assert "HTML part" in message.get_body(("html",)).get_content()


@pytest.mark.parametrize("step", ["rcpt", "data"])
def test_a_clear_no_is_stored_with_its_reason(smtp: Answers, step: str) -> None:
    setattr(smtp, step, "550 5.1.1 no such user")
    mail = send()
    assert mail.state == EmailState.FAILED
    assert "no such user" in mail.error
    assert (mail.text, mail.html) == ("", "")


@pytest.mark.parametrize("step", ["mail", "rcpt", "data"])
def test_m12_not_now_means_later(smtp: Answers, step: str) -> None:
    setattr(smtp, step, "450 4.7.1 slow down")
    assert_waits(send())
    assert not smtp.accepted or step == "data"


@pytest.mark.parametrize("step", ["mail", "rcpt", "data"])
def test_m13_a_fault_of_the_sender_fails_no_mail(smtp: Answers, step: str) -> None:
    """Most servers look at the sender's records when they have the message."""
    setattr(smtp, step, "550 5.7.515 sender not authenticated")
    assert_waits(send())


def test_a_wrong_log_in_fails_no_mail(smtp: Answers, settings) -> None:
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "u", "p"
    assert_waits(send())


def test_a_server_that_is_down_fails_no_mail(settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", taken.getsockname()[1]
        assert_waits(send())


@pytest.mark.parametrize("silence", [3.0, -1.0], ids=["time-out", "hang-up"])
def test_m26_silence_after_the_message_is_unknown(smtp: Answers, settings, silence: float) -> None:
    settings.EMAIL_TIMEOUT = 1
    smtp.silence = silence
    mail = send()
    assert len(smtp.accepted) == 1
    assert mail.state == EmailState.UNKNOWN
    assert mail.error
    assert (mail.text, mail.html) == ("The text part.\n", "<p>The HTML part.</p>")
    deliver(email_id=mail.pk)
    assert len(smtp.accepted) == 1


def test_an_unknown_code_is_sent_again_under_the_same_message_id(smtp: Answers, settings) -> None:
    settings.EMAIL_TIMEOUT = 1
    smtp.silence = 3
    mail = send(safe_to_repeat=True)
    assert_waits(mail)
    smtp.silence = 0
    OutgoingEmail.objects.update(next_attempt_at=timezone.now())
    assert deliver(email_id=mail.pk) == EmailState.SENT
    ids = {email.message_from_bytes(e.content)["Message-ID"] for e in smtp.accepted}
    assert len(smtp.accepted) == 2
    assert len(ids) == 1


def test_a_mail_that_nobody_could_send_is_refused_without_a_call(smtp: Answers) -> None:
    mail = send(subject="two\nlines")
    assert mail.state == EmailState.FAILED
    assert "BadHeaderError" in mail.error
    assert not smtp.accepted


def test_an_expired_mail_is_not_sent(smtp: Answers) -> None:
    mail = send(expires_at=timezone.now() - timedelta(seconds=1))
    assert mail.state == EmailState.EXPIRED
    assert mail.text == ""
    assert not smtp.accepted


def test_back_off_is_kept(smtp: Answers) -> None:
    mail = send(next_attempt_at=timezone.now() + timedelta(minutes=1))
    assert mail.state == EmailState.QUEUED
    assert mail.attempts == 0
    assert not smtp.accepted


def test_after_many_attempts_it_gives_up_and_says_so(smtp: Answers) -> None:
    smtp.rcpt = "450 4.2.2 mailbox full"
    mail = send(attempts=49)
    assert mail.state == EmailState.FAILED
    assert mail.error.startswith("Gave up: ")


def test_a_mail_that_is_gone_is_no_error(smtp: Answers) -> None:
    assert deliver(email_id=12345) is None


def test_waiting_grows_to_half_an_hour() -> None:
    delays = [back_off(n) for n in range(1, 200)]
    assert delays[0] == timedelta(seconds=15)
    assert delays == sorted(delays)
    assert delays[-1] == LONGEST_DELAY


@pytest.mark.django_db(transaction=True)
def test_the_claim_is_never_part_of_an_open_transaction(smtp: Answers) -> None:
    """Else a rollback after the call would send the mail a second time."""
    mail = OutgoingEmailFactory()
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        deliver(email_id=mail.pk)
    assert not smtp.accepted
    assert not connection.in_atomic_block


# ── Through a provider's API ──────────────────────────────────────────────────────────────────


def test_api_accepts(api: Api) -> None:
    assert send().state == EmailState.SENT
    assert api.calls == 1


def test_m12_api_says_too_fast_and_how_long_to_wait(api: Api) -> None:
    api.status, api.headers = 429, {"Retry-After": "120"}
    mail = send()
    assert_waits(mail)
    wait = mail.next_attempt_at - timezone.now()
    assert timedelta(seconds=110) < wait <= timedelta(seconds=120)


def test_an_absurd_wait_is_cut_to_an_hour(api: Api) -> None:
    api.status, api.headers = 429, {"Retry-After": "999999"}
    assert send().next_attempt_at <= timezone.now() + timedelta(hours=1)


def test_api_refuses_the_mail(api: Api) -> None:
    api.status, api.body = 422, '{"ErrorCode": 300, "Message": "Invalid To"}'
    mail = send()
    assert mail.state == EmailState.FAILED
    assert "Invalid To" in mail.error


@pytest.mark.parametrize("status", [401, 402, 403, 404])
def test_m13_api_refuses_the_key_or_has_no_credit_left(api: Api, status: int) -> None:
    api.status, api.body = status, "{}"
    assert_waits(send())


@pytest.mark.parametrize(
    ("status", "body", "silence"),
    [(500, "{}", 0.0), (408, "{}", 0.0), (200, "not json", 0.0), (200, "{}", 2.0)],
)
def test_m26_api_breaks_after_it_may_have_accepted(
    api: Api, status: int, body: str, silence: float
) -> None:
    api.status, api.body, api.silence = status, body, silence
    assert send().state == EmailState.UNKNOWN
    assert api.calls == 1


def test_an_api_that_is_down_fails_no_mail(api: Api, settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        settings.ANYMAIL = {**settings.ANYMAIL, "POSTMARK_API_URL": url}
        assert_waits(send())


def test_a_backend_that_cannot_be_made_has_sent_nothing(settings) -> None:
    """The key is missing, say: the mail waits, and is not unknown when its worker is given up."""
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    settings.ANYMAIL = {}
    assert_waits(send())


def test_a_late_mail_that_cannot_be_rendered_now_waits(smtp: Answers, monkeypatch) -> None:
    def fail(about: dict[str, object]) -> None:
        raise LookupError("the shelf is empty")

    monkeypatch.setitem(late._renders, "test", fail)
    mail = send(about={"number": 1})
    assert_waits(mail)
    assert mail.error == "LookupError: the shelf is empty"
    assert smtp.accepted == []
