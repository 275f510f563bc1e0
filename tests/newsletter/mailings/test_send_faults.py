"""What a server's words and silence do to an address, a batch and a sender."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from newsletter.mailings import actions, conf
from newsletter.mailings.enums import BatchState, DeliveryState, MailingState
from newsletter.mailings.letters import Letters
from newsletter.mailings.models import Batch, Delivery, Mailing, SenderCircuit
from newsletter.mailings.queries import hold_of, mailing_counts
from tests.factories.mailings import prepared_mailing, send_all
from tests.newsletter.mailings.sending import counts, later, send_once
from tests.smtp_server import HANG_UP, SAY_NOTHING, SmtpServer

pytestmark = pytest.mark.django_db


# ── One address ───────────────────────────────────────────────────────────────────────────────


def test_m11_one_bad_address_does_not_keep_the_others_from_their_mail(server: SmtpServer) -> None:
    mailing = prepared_mailing(readers=30)
    malformed, unknown = Delivery.objects.order_by("pk")[3:5]
    Delivery.objects.filter(pk=malformed.pk).update(address="two@at@example.com")
    server.script = lambda command, argument, n: (
        "550 5.1.1 no such user" if command == "RCPT" and unknown.address in argument else None
    )
    send_all()
    assert counts(mailing) == {"accepted": 28, "failed": 2}
    assert mailing.state == MailingState.SENT
    unknown.refresh_from_db()
    malformed.refresh_from_db()
    assert unknown.error == "550 5.1.1 no such user"
    assert malformed.error
    # The connection was kept, and the malformed address never left the house.
    assert server.connections == 1
    assert not any("two@at" in command for command in server.commands)


def test_m11_mail_that_cannot_be_built_does_not_keep_the_others_from_theirs(
    server: SmtpServer, monkeypatch
) -> None:
    mailing = prepared_mailing(readers=12)
    odd = Delivery.objects.order_by("pk")[2]
    build = Letters.build

    def build_but_one(self: Letters, **row: Any) -> bytes:
        if row["user_id"] == odd.user_id:
            raise LookupError("nobody thought of this")
        return build(self, **row)

    monkeypatch.setattr(Letters, "build", build_but_one)
    send_all()
    assert counts(mailing) == {"accepted": 11, "failed": 1}
    odd.refresh_from_db()
    assert odd.error == "LookupError: nobody thought of this"


def test_deferred_address_is_tried_again_later_and_then_given_up(server: SmtpServer) -> None:
    mailing = prepared_mailing(readers=3)
    busy = Delivery.objects.order_by("pk")[0]
    server.script = lambda command, argument, n: (
        "450 4.2.1 mailbox busy" if command == "RCPT" and busy.address in argument else None
    )
    send_once()
    assert counts(mailing) == {"accepted": 2, "queued": 1}
    send_once()
    busy.refresh_from_db()
    assert busy.attempts == 1
    waits = []
    for _attempt in range(conf.MAX_ATTEMPTS - 1):
        waits.append((mailing.batches.get().not_before - timezone.now()).total_seconds())
        later()
        send_once()
    assert counts(mailing) == {"accepted": 2, "failed": 1}
    assert [round(wait / 300) for wait in waits] == [1, 2, 4, 8]
    assert mailing.state == MailingState.SENT
    assert len(server.accepted) == 2


# ── The server as a whole ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("command", ["CONNECT", "MAIL", "RCPT", "DATA", "BODY"])
def test_m12_throttling_waits_as_told_and_burns_no_attempt(
    server: SmtpServer, settings, command: str
) -> None:
    settings.MAILINGS_BATCH_SIZE = 15
    mailing = prepared_mailing(readers=40)
    at = 0 if command == "CONNECT" else 12
    server.script = lambda said, argument, n: (
        "421 4.7.0 slow down, try again in 90 seconds" if (said, n) == (command, at) else None
    )
    send_once()
    assert counts(mailing) == {"queued": 40 - at} | ({"accepted": at} if at else {})
    assert mailing.state == MailingState.SENDING
    queued = Delivery.objects.filter(state=DeliveryState.QUEUED)
    assert set(queued.values_list("attempts", flat=True)) == {0}
    # All of its batches wait, not the one alone that met the server's displeasure.
    waits = [b.not_before - timezone.now() for b in Batch.objects.exclude(state=BatchState.DONE)]
    assert len(waits) == 3
    assert all(85 < wait.total_seconds() <= 90 for wait in waits)
    assert actions.sweep() == []
    later()
    send_all()
    assert counts(mailing) == {"accepted": 40}
    assert len(set(server.recipients)) == len(server.recipients) == 40
    assert mailing.events.filter(what="throttled").count() == 1


def test_m12_an_address_that_is_always_told_to_wait_holds_up_nobody_else(
    server: SmtpServer, settings
) -> None:
    """A server may count per recipient. That one comes last from then on, whoever's batch it is."""
    settings.MAILINGS_BATCH_SIZE = 15
    mailing = prepared_mailing(readers=40)
    stubborn = Delivery.objects.order_by("pk")[6].address
    server.script = lambda said, argument, n: (
        "450 4.7.1 rate limit exceeded, try again in 60 seconds"
        if said == "RCPT" and stubborn in argument
        else None
    )
    send_once()
    assert counts(mailing) == {"accepted": 6, "queued": 34}
    later()
    send_all()
    assert counts(mailing) == {"accepted": 39, "queued": 1}
    assert Delivery.objects.get(address=stubborn).attempts == 0


def test_m12_server_that_takes_so_many_per_connection_gets_another(server: SmtpServer) -> None:
    """Exim's words after a thousand. It asks for no patience, only for a new connection."""
    mailing = prepared_mailing(readers=9)
    full = "421 too many messages in this connection"
    server.script = lambda command, argument, n: full if command == "MAIL" and n in {3, 7} else None
    send_once()
    assert counts(mailing) == {"accepted": 9}
    assert len(set(server.recipients)) == len(server.recipients) == 9
    assert server.connections == 3
    assert not mailing.events.filter(what="throttled").exists()


def test_m12_server_that_says_so_at_once_is_left_in_peace(server: SmtpServer) -> None:
    mailing = prepared_mailing(readers=9)
    full = "421 too many messages in this connection"
    server.script = lambda command, argument, n: full if command == "MAIL" else None
    send_once()
    assert counts(mailing) == {"queued": 9}
    assert server.connections == 1
    assert mailing.events.filter(what="throttled").count() == 1


def test_m13_sender_fault_in_the_middle_holds_the_mailing_and_burns_nobody(
    server: SmtpServer, settings
) -> None:
    settings.MAILINGS_BATCH_SIZE = 20
    mailing = prepared_mailing(readers=40)
    server.script = lambda command, argument, n: (
        "550 5.7.515 Access denied" if command == "BODY" and n >= 13 else None
    )
    send_once()
    assert counts(mailing) == {"accepted": 13, "queued": 27}
    assert mailing.state == MailingState.SENDING
    hold = hold_of(mailing)
    assert "5.7.515" in hold.reason
    assert 55 < (hold.retry_at - timezone.now()).total_seconds() <= 60
    assert mailing.events.filter(what="held").count() == 1
    assert actions.sweep() == []

    # Still broken: one attempt, and a longer wait.
    later()
    send_once()
    assert counts(mailing) == {"accepted": 13, "queued": 27}
    assert 115 < (hold_of(mailing).retry_at - timezone.now()).total_seconds() <= 120
    assert len([command for command in server.commands if command.startswith("BODY")]) == 15
    assert mailing.events.filter(what="held").count() == 1

    # Mended: it goes on, the circuit closes.
    server.script = lambda command, argument, n: None
    later()
    send_all()
    assert counts(mailing) == {"accepted": 40}
    assert hold_of(mailing) is None
    assert SenderCircuit.objects.get().strikes == 0
    assert [event.what for event in mailing.events.all()][:2] == ["sent", "released"]


def test_m7_mailing_held_for_more_than_a_day_does_not_go_out_by_itself(
    settings, server: SmtpServer
) -> None:
    mailing = prepared_mailing(readers=3)
    Mailing.objects.update(active_at=timezone.now() - timedelta(hours=23))
    settings.EMAIL_PORT = 1
    send_once()
    assert actions.ask_about_overdue() == 0
    # That it was tried again every hour did not make it any younger.
    Mailing.objects.update(active_at=F("active_at") - timedelta(hours=2))
    assert actions.ask_about_overdue() == 1
    assert counts(mailing) == {"queued": 3}
    assert mailing.state == MailingState.NEEDS_DECISION


def test_m13_server_that_is_away_holds_the_mailing(settings, server: SmtpServer) -> None:
    mailing = prepared_mailing(readers=3)
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    send_once()
    assert counts(mailing) == {"queued": 3}
    assert "refused" in hold_of(mailing).reason
    settings.EMAIL_PORT = port
    later()
    send_all()
    assert counts(mailing) == {"accepted": 3}


def test_m13_sign_in_that_is_refused_holds_the_mailing(settings, server: SmtpServer) -> None:
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "me", "wrong"
    server.script = lambda command, argument, n: {
        "EHLO": "250-sink\r\n250 AUTH PLAIN",
        "AUTH": "535 5.7.8 Username and Password not accepted",
    }.get(command)
    mailing = prepared_mailing(readers=3)
    send_once()
    assert counts(mailing) == {"queued": 3}
    assert "5.7.8" in hold_of(mailing).reason


def test_m13_of_two_mailings_the_one_with_a_working_sender_goes_on(server: SmtpServer) -> None:
    broken = prepared_mailing(readers=2, newsletter__sender_address="broken@example.com")
    works = prepared_mailing(readers=2, newsletter__sender_address="works@example.com")
    server.script = lambda command, argument, n: (
        "550 5.1.8 no such sender" if command == "MAIL" and "broken@" in argument else None
    )
    for _round in range(3):
        send_once()
    assert counts(broken) == {"queued": 2}
    assert counts(works) == {"accepted": 2}


def test_server_that_refuses_every_message_stops_the_mailing(server: SmtpServer) -> None:
    mailing = prepared_mailing(readers=60)
    server.script = lambda command, argument, n: (
        "554 5.7.1 This content is not welcome" if command == "BODY" else None
    )
    send_once()
    assert counts(mailing) == {"failed": conf.REFUSALS_IN_A_ROW, "queued": 40}
    assert "not welcome" in hold_of(mailing).reason


# ── Broken connections ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("how", [HANG_UP, SAY_NOTHING])
def test_m26_break_after_the_message_is_unknown_and_not_sent_again(
    server: SmtpServer, settings, how: str, author
) -> None:
    settings.EMAIL_TIMEOUT = 0.3
    mailing = prepared_mailing(readers=5)
    server.script = lambda command, argument, n: how if (command, n) == ("BODY", 2) else None
    send_all()
    assert counts(mailing) == {"accepted": 4, "unknown": 1}
    assert mailing.state == MailingState.SENDING
    assert mailing_counts(mailing).waits_for_decision
    assert len(server.accepted) == 4
    assert server.connections == 2
    assert mailing.events.filter(what="unknown").count() == 1
    actions.decide_unknown(actor=author, mailing=mailing, send_again=False)
    assert counts(mailing) == {"accepted": 5}
    assert mailing.state == MailingState.SENT


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("how", [HANG_UP, SAY_NOTHING])
def test_m26_break_before_the_message_is_sent_again(
    server: SmtpServer, settings, command: str, how: str
) -> None:
    settings.EMAIL_TIMEOUT = 0.3
    mailing = prepared_mailing(readers=5)
    server.script = lambda said, argument, n: how if (said, n) == (command, 2) else None
    send_all()
    assert counts(mailing) == {"accepted": 5}
    assert len(set(server.recipients)) == len(server.recipients) == 5


def test_server_that_always_hangs_up_is_not_hammered(server: SmtpServer) -> None:
    mailing = prepared_mailing(readers=30)
    server.script = lambda command, argument, n: HANG_UP if command == "MAIL" else None
    send_once()
    assert counts(mailing) == {"queued": 30}
    assert hold_of(mailing) is not None
    assert server.connections == conf.BREAKS_IN_A_ROW


def test_server_that_breaks_off_after_each_message_leaves_few_unknown(server: SmtpServer) -> None:
    """An outage costs the fate of a handful, not of the whole list."""
    mailing = prepared_mailing(readers=30)
    server.script = lambda command, argument, n: HANG_UP if command == "BODY" else None
    send_once()
    assert counts(mailing) == {"unknown": conf.BREAKS_IN_A_ROW, "queued": 27}
    assert hold_of(mailing) is not None
    assert actions.sweep() == []

    # Still so: the next attempt risks one more, and no more than one.
    later()
    send_once()
    assert counts(mailing) == {"unknown": conf.BREAKS_IN_A_ROW + 1, "queued": 26}

    server.script = lambda command, argument, n: None
    later()
    send_all()
    assert counts(mailing) == {"unknown": conf.BREAKS_IN_A_ROW + 1, "accepted": 26}
    assert hold_of(mailing) is None


def test_server_that_goes_on_refusing_every_message_gets_one_to_try(server: SmtpServer) -> None:
    mailing = prepared_mailing(readers=60)
    server.script = lambda command, argument, n: (
        "554 5.7.1 This content is not welcome" if command == "BODY" else None
    )
    send_once()
    later()
    send_once()
    assert counts(mailing) == {"failed": conf.REFUSALS_IN_A_ROW + 1, "queued": 39}


def test_reply_with_signs_that_no_database_takes_is_kept_without_them(server: SmtpServer) -> None:
    mailing = prepared_mailing(readers=3)
    server.script = lambda command, argument, n: (
        "550 5.1.1 no\x00such user" if (command, n) == ("RCPT", 1) else None
    )
    send_all()
    assert counts(mailing) == {"accepted": 2, "failed": 1}
    assert Delivery.objects.get(state=DeliveryState.FAILED).error == "550 5.1.1 no such user"
