"""What nobody knows the outcome of is decided at the desk, as it is for a mailing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import AnonymousUser, Permission
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from newsletter.lib.emails import RenderedEmail
from newsletter.outbox import late
from newsletter.outbox.actions import KEEP_UNDECIDED, decide_unknown, deliver, prune_settled
from newsletter.outbox.enums import EmailState
from newsletter.outbox.models import OutgoingEmail
from newsletter.outbox.tasks import deliver_email
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.outbox import OutgoingEmailFactory
from tests.newsletter.outbox.conftest import Answers

pytestmark = pytest.mark.django_db

BACKEND = "django.contrib.auth.backends.ModelBackend"
LIST = reverse("admin:newsletter_outgoingemail_changelist")


@pytest.fixture(autouse=True)
def _signed_in_is_enough(settings: Any) -> None:
    settings.STAFF_SECOND_FACTOR = False


@pytest.fixture
def nudged(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The mails that a worker was told of."""
    numbers: list[int] = []
    monkeypatch.setattr(deliver_email, "delay_on_commit", numbers.append)
    return numbers


@pytest.fixture
def desk(client: Client, nudged: list[int]) -> Client:
    client.force_login(StaffFactory(), backend=BACKEND)
    return client


def unknown(**fields: Any) -> OutgoingEmail:
    fields = {"kind": "order_paid", "attempts": 1, "error": "TimeoutError", **fields}
    return OutgoingEmailFactory(state=EmailState.UNKNOWN, next_attempt_at=None, **fields)


def url(mail: OutgoingEmail, what: str) -> str:
    return reverse(f"admin:newsletter_outgoingemail_{what}", args=[mail.pk])


def page_of(desk: Client, mail: OutgoingEmail) -> str:
    return str(desk.get(url(mail, "change")).content.decode())


def test_it_is_asked_about_where_it_stands(desk: Client) -> None:
    mail = unknown()
    page = page_of(desk, mail)
    assert "Nobody knows whether it arrived." in page
    assert url(mail, "send_again") in page
    assert url(mail, "count_as_sent") in page
    assert "The text part." not in page


@pytest.mark.parametrize("state", [s for s in EmailState if s != EmailState.UNKNOWN])
def test_nothing_is_asked_about_any_other(desk: Client, state: EmailState) -> None:
    page = page_of(desk, OutgoingEmailFactory(state=state))
    assert "Nobody knows" not in page
    assert "send-again" not in page


def test_sent_again_it_goes_out_with_its_texts(
    desk: Client, nudged: list[int], smtp: Answers, settings: Any
) -> None:
    settings.EMAIL_TIMEOUT = 1
    smtp.silence = 3
    mail = OutgoingEmailFactory()
    assert deliver(email_id=mail.pk) == EmailState.UNKNOWN
    smtp.silence = 0
    assert "It is sent again." in desk.post(url(mail, "send_again"), follow=True).content.decode()
    assert nudged == [mail.pk]
    assert deliver(email_id=mail.pk) == EmailState.SENT
    assert len(smtp.accepted) == 2
    assert b"The text part." in smtp.accepted[1].content
    mail.refresh_from_db()
    assert (mail.text, mail.html, mail.error) == ("", "", "")
    assert LogEntry.objects.get().change_message == "Sent again"


def test_one_that_is_rendered_late_is_rendered_anew(
    desk: Client, smtp: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(late._renders, "late", lambda about: RenderedEmail("New", "Anew.\n", ""))
    mail = unknown(kind="late", about={"comment": 1}, text="", html="")
    desk.post(url(mail, "send_again"))
    assert deliver(email_id=mail.pk) == EmailState.SENT
    assert b"Anew." in smtp.accepted[0].content


def test_counted_as_sent_it_says_so_and_forgets_its_texts(desk: Client, nudged: list[int]) -> None:
    mail = unknown()
    page = desk.post(url(mail, "count_as_sent"), follow=True).content.decode()
    assert "It counts as sent." in page
    mail.refresh_from_db()
    assert (mail.state, mail.text, mail.html) == (EmailState.SENT, "", "")
    assert mail.error == "Counted as sent by decision."
    assert nudged == []
    assert LogEntry.objects.get().change_message == "Counted as sent"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"text": "", "html": ""}, "its text is no longer kept"),
        ({"expires_at": timezone.now() - timedelta(hours=1)}, "is of no use since"),
    ],
    ids=["blanked", "expired"],
)
def test_what_cannot_be_sent_again_says_why_and_has_no_button(
    desk: Client, nudged: list[int], fields: dict[str, Any], why: str
) -> None:
    mail = unknown(**fields)
    page = page_of(desk, mail)
    assert why in page
    assert url(mail, "send_again") not in page
    assert url(mail, "count_as_sent") in page
    after = desk.post(url(mail, "send_again"), follow=True).content.decode()
    assert "It could not be sent again" in after
    mail.refresh_from_db()
    assert mail.state == EmailState.UNKNOWN
    assert nudged == []


@pytest.mark.parametrize("what", ["send_again", "count_as_sent"])
def test_what_is_decided_stays_so(desk: Client, nudged: list[int], what: str) -> None:
    mail = OutgoingEmailFactory(state=EmailState.SENDING, attempts=1)
    desk.post(url(mail, what))
    mail.refresh_from_db()
    assert (mail.state, mail.attempts) == (EmailState.SENDING, 1)
    assert nudged == []
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("what", ["send_again", "count_as_sent"])
def test_looking_changes_nothing(desk: Client, what: str) -> None:
    mail = unknown()
    assert desk.get(url(mail, what)).status_code == 405
    mail.refresh_from_db()
    assert mail.state == EmailState.UNKNOWN


@pytest.mark.parametrize("what", ["send_again", "count_as_sent"])
def test_whoever_may_only_look_decides_nothing(client: Client, what: str) -> None:
    staff = UserFactory(is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename="view_outgoingemail"))
    client.force_login(staff, backend=BACKEND)
    mail = unknown()
    page = page_of(client, mail)
    assert "Nobody knows whether it arrived." in page
    assert "send-again" not in page
    assert "send_chosen_again" not in client.get(LIST).content.decode()
    assert client.post(url(mail, what)).status_code == 403
    chosen = {"action": "count_chosen_as_sent", "_selected_action": mail.pk}
    client.post(LIST, chosen)
    mail.refresh_from_db()
    assert mail.state == EmailState.UNKNOWN
    with pytest.raises(PermissionDenied):
        decide_unknown(actor=AnonymousUser(), email=mail, send_again=False)


@pytest.mark.parametrize("what", ["send_again", "count_as_sent"])
def test_a_mail_that_is_gone_is_not_found(desk: Client, what: str) -> None:
    mail = unknown()
    path = url(mail, what)
    mail.delete()
    assert desk.post(path).status_code == 404


def test_many_are_decided_in_the_list(desk: Client, nudged: list[int]) -> None:
    first, second = unknown(), unknown()
    blank = unknown(text="", html="")
    failed = OutgoingEmailFactory(state=EmailState.FAILED)
    chosen = [first.pk, second.pk, blank.pk, failed.pk]
    assert "Send the unknown ones again" in desk.get(LIST).content.decode()
    data = {"action": "send_chosen_again", "_selected_action": chosen}
    page = desk.post(LIST, data, follow=True).content.decode()
    assert "2 mails are sent again." in page
    assert "1 mail cannot be sent again: its text is no longer kept" in page
    assert sorted(nudged) == [first.pk, second.pk]
    data = {"action": "count_chosen_as_sent", "_selected_action": chosen}
    assert "1 mail counts as sent." in desk.post(LIST, data, follow=True).content.decode()
    page = desk.post(LIST, data, follow=True).content.decode()
    assert "Of none of these is the outcome unknown." in page
    states = dict(OutgoingEmail.objects.values_list("pk", "state"))
    assert states == {
        first.pk: EmailState.QUEUED,
        second.pk: EmailState.QUEUED,
        blank.pk: EmailState.SENT,
        failed.pk: EmailState.FAILED,
    }


def test_the_answer_of_a_worker_thought_dead_is_not_taken_for_the_new_one(
    desk: Client, smtp: Answers
) -> None:
    """It counts attempts to know its claim, so a decision must not begin them anew."""
    mail = unknown()
    desk.post(url(mail, "send_again"))
    deliver(email_id=mail.pk)
    mail.refresh_from_db()
    assert mail.attempts == 2


def test_texts_wait_for_a_decision_for_two_weeks_and_no_longer_than_they_are_of_use() -> None:
    kept, old, late_one = unknown(), unknown(), unknown(expires_at=timezone.now())
    old_at = timezone.now() - KEEP_UNDECIDED - timedelta(minutes=1)
    OutgoingEmail.objects.filter(pk=old.pk).update(created_at=old_at)
    prune_settled()
    texts = dict(OutgoingEmail.objects.values_list("pk", "text"))
    assert texts == {kept.pk: "The text part.\n", old.pk: "", late_one.pk: ""}
