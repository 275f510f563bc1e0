"""Sending over a real SMTP connection: what each recipient gets, and the author's hand."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.mailings import actions
from newsletter.mailings.enums import BatchState, DeliveryState, MailingState
from newsletter.mailings.models import Batch, Delivery, Mailing
from newsletter.memberships.enums import Access, GrantSource
from newsletter.memberships.models import Grant, Tier
from newsletter.subscribers.enums import SubscriptionState, SuppressionReason
from newsletter.subscribers.models import Subscription, Suppression
from newsletter.subscribers.queries import address_hash
from tests.factories.mailings import SentArticleFactory, prepared_mailing, send_all, subscribe
from tests.newsletter.mailings.sending import at_message, counts, send_once
from tests.smtp_server import SmtpServer

pytestmark = pytest.mark.django_db


# ── It works ──────────────────────────────────────────────────────────────────────────────────


def test_everybody_gets_it_once_over_one_connection(server: SmtpServer, settings) -> None:
    settings.MAILINGS_BATCH_SIZE = 7
    mailing = prepared_mailing(readers=25)
    send_all()
    wanted = Subscription.objects.values_list("user__email", flat=True)
    assert sorted(server.recipients) == sorted(wanted)
    assert counts(mailing) == {"accepted": 25}
    assert mailing.state == MailingState.SENT
    assert mailing.finished_at is not None
    # Four batches, one task: one connection.
    assert server.connections == 1
    delivery = Delivery.objects.first()
    assert delivery.provider_id.startswith("2.0.0 Ok: queued as ")
    assert (delivery.attempts, delivery.error) == (1, "")


def test_mail_carries_what_a_list_mail_must(server: SmtpServer, settings) -> None:
    settings.SITE_URL = "https://letters.example"
    mailing = prepared_mailing(
        readers=1,
        newsletter__name="Notes & Queries",
        newsletter__slug="notes",
        newsletter__sender_name="Ada, Countess",
        newsletter__sender_address="ada@letters.example",
        newsletter__reply_to="post@letters.example",
    )
    send_all()
    ((to, raw),) = server.accepted
    mail = message_from_bytes(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    (sender,) = mail["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ("Ada, Countess", "ada@letters.example")
    assert "MAIL FROM:<ada@letters.example>" in server.commands
    assert mail["Reply-To"] == "post@letters.example"
    (recipient,) = mail["To"].addresses
    assert recipient.addr_spec == to
    leave, mailto = (part.strip(" <>") for part in mail["List-Unsubscribe"].split(","))
    assert leave.startswith("https://letters.example/unsubscribe/")
    token = leave.rstrip("/").rpartition("/")[2]
    assert mailto == f"mailto:post@letters.example?subject=unsubscribe%20{token}"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert " ".join(mail["List-Id"].split()) == "Notes & Queries <notes.localhost>"
    assert mail["Feedback-ID"] == f"{mailing.pk}:notes:newsletter:localhost"
    assert mail["Message-ID"].endswith("@letters.example>")
    assert mail["Date"].datetime is not None
    assert mail["Subject"] == mailing.subject
    for kind in ("plain", "html"):
        body = mail.get_body((kind,)).get_content()
        assert leave in body
        assert "https://letters.example/account/newsletters/" in body
        assert "@@" not in body


def test_unsubscribe_link_of_the_header_works_and_leaves_that_list_alone(
    server: SmtpServer, client
) -> None:
    prepared_mailing(readers=2)
    send_all()
    to, raw = server.accepted[0]
    header = message_from_bytes(raw, policy=default)["List-Unsubscribe"]
    path = "/" + header.partition(">")[0].partition("//")[2].partition("/")[2]
    client.post(path, {"List-Unsubscribe": "One-Click"})
    left = Subscription.objects.filter(state=SubscriptionState.UNSUBSCRIBED)
    assert [subscription.user.email for subscription in left] == [to]


def test_message_id_is_the_same_for_the_same_person_and_no_one_elses(
    server: SmtpServer, author
) -> None:
    mailing = prepared_mailing(readers=2)
    send_all()
    Delivery.objects.update(state=DeliveryState.FAILED)
    actions.retry_failed(actor=author, mailing=mailing)
    send_all()
    ids: dict[str, set[str]] = {}
    for to, raw in server.accepted:
        ids.setdefault(to, set()).add(message_from_bytes(raw)["Message-ID"])
    assert len(server.accepted) == 4
    assert [len(found) for found in ids.values()] == [1, 1]
    assert len(set.union(*ids.values())) == 2


def test_query_count_of_a_batch_does_not_hang_on_its_size(server: SmtpServer) -> None:
    def queries(readers: int) -> int:
        mailing = prepared_mailing(readers=readers)
        with CaptureQueriesContext(connection) as captured:
            actions.send_batches(batch_id=mailing.batches.get().pk)
        return len(captured)

    # Both fit into one chunk.
    assert queries(1) == queries(10)


# ── People who left meanwhile ─────────────────────────────────────────────────────────────────


def test_m9_who_left_was_suppressed_or_erased_meanwhile_is_not_mailed(server: SmtpServer) -> None:
    mailing = prepared_mailing(readers=5)
    people = list(Delivery.objects.order_by("pk").values_list("user_id", "address"))
    Subscription.objects.filter(user_id=people[0][0]).update(state=SubscriptionState.UNSUBSCRIBED)
    Suppression.objects.create(
        address_hash=address_hash(people[1][1]), reason=SuppressionReason.COMPLAINT
    )
    Delivery.objects.filter(user_id=people[2][0]).update(user_id=None)
    User.objects.filter(pk=people[3][0]).update(is_active=False)
    send_all()
    assert server.recipients == [people[4][1]]
    assert counts(mailing) == {"accepted": 1, "suppressed": 4}
    reasons = Delivery.objects.order_by("pk").values_list("suppressed_because", flat=True)
    assert list(reasons) == ["unsubscribed", "suppressed", "erased", "erased", ""]
    assert mailing.state == MailingState.SENT


def test_everybody_left_is_not_sent(server: SmtpServer) -> None:
    mailing = prepared_mailing(readers=2)
    Subscription.objects.update(state=SubscriptionState.UNSUBSCRIBED)
    send_all()
    assert counts(mailing) == {"suppressed": 2}
    assert mailing.state == MailingState.FAILED
    assert mailing.error


def paid_mailing(audience: str = "all") -> tuple[Mailing, Tier, Tier]:
    gold, silver = (Tier.objects.create(name=n, slug=n) for n in ("gold", "silver"))
    article = SentArticleFactory(
        access=Access.TIERS,
        mail_audience=audience,
        body="<p>For all.</p><hr data-paywall><p>For some.</p>",
    )
    article.tiers.add(gold)
    for subscription in subscribe(article.newsletter, 4):
        tier = silver if Grant.objects.count() == 3 else gold
        Grant.objects.create(user=subscription.user, tier=tier, source=GrantSource.COMP)
    actions.collect_send_requests()
    mailing = Mailing.objects.get()
    assert actions.prepare_mailing(mailing_id=mailing.pk)
    return mailing, gold, silver


def has_paid_text(raw: bytes) -> bool:
    mail = message_from_bytes(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    found = {"For some." in mail.get_body((kind,)).get_content() for kind in ("plain", "html")}
    assert len(found) == 1
    return found.pop()


def test_m20_variant_is_chosen_from_the_grants_of_the_moment(server: SmtpServer) -> None:
    mailing, _gold, _silver = paid_mailing()
    kept, refunded, ended, other_tier = Delivery.objects.order_by("pk")
    now = timezone.now()
    Grant.objects.filter(user=refunded.user).update(revoked_at=now)
    Grant.objects.filter(user=ended.user).update(
        starts_at=now - timedelta(days=2), ends_at=now - timedelta(seconds=1)
    )
    send_all()
    got = {to: has_paid_text(raw) for to, raw in server.accepted}
    assert got == {
        kept.address: True,
        refunded.address: False,
        ended.address: False,
        other_tier.address: False,
    }
    kept.refresh_from_db()
    assert kept.variant.key == "full"
    assert counts(mailing) == {"accepted": 4}


def test_m9_refund_while_an_issue_for_members_alone_drains_leaves_them_out(
    server: SmtpServer,
) -> None:
    mailing, _gold, _silver = paid_mailing(audience="paid")
    assert mailing.deliveries.count() == 3
    gone = Delivery.objects.order_by("pk").first()
    Grant.objects.filter(user=gone.user).update(revoked_at=timezone.now())
    send_all()
    assert counts(mailing) == {"accepted": 2, "suppressed": 1}
    gone.refresh_from_db()
    assert gone.suppressed_because == "not_entitled"


# ── The author's hand ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("act", ["pause", "cancel"])
def test_pause_and_cancel_take_effect_at_the_border_of_a_chunk(
    server: SmtpServer, author, act: str
) -> None:
    mailing = prepared_mailing(readers=50)
    act_now = actions.pause_mailing if act == "pause" else actions.cancel_mailing
    with at_message(14, lambda: act_now(actor=author, mailing=mailing)):
        send_once()
    left = "queued" if act == "pause" else "cancelled"
    assert counts(mailing) == {"accepted": 20, left: 30}
    assert actions.sweep() == []
    if act == "pause":
        assert mailing.state == MailingState.PAUSED
        actions.resume_mailing(actor=author, mailing=mailing)
        send_all()
        assert counts(mailing) == {"accepted": 50}
        assert len(set(server.recipients)) == len(server.recipients) == 50
    else:
        assert mailing.state == MailingState.CANCELLED
        assert set(mailing.batches.values_list("state", flat=True)) == {"done"}


def test_cancelled_article_can_be_sent_to_those_who_did_not_get_it(
    server: SmtpServer, author, settings
) -> None:
    settings.MAILINGS_BATCH_SIZE = 10
    article = SentArticleFactory()
    subscribe(article.newsletter, 25)
    actions.collect_send_requests()
    first = Mailing.objects.get()
    actions.prepare_mailing(mailing_id=first.pk)
    Batch.objects.filter(number__gt=1).update(not_before=timezone.now() + timedelta(hours=1))
    send_once()
    actions.cancel_mailing(actor=author, mailing=first)
    assert counts(first) == {"accepted": 10, "cancelled": 15}
    type(article).objects.update(send_requested_at=timezone.now())
    assert actions.collect_send_requests() == 1
    second = Mailing.objects.latest("pk")
    actions.prepare_mailing(mailing_id=second.pk)
    send_all()
    assert counts(second) == {"accepted": 15}
    assert len(set(server.recipients)) == len(server.recipients) == 25


def test_task_ends_when_its_time_is_up_and_hands_on(server: SmtpServer, settings) -> None:
    settings.MAILINGS_TASK_SECONDS = 0
    mailing = prepared_mailing(readers=200)
    (batch_id,) = actions.sweep()
    following = actions.send_batches(batch_id=batch_id)
    assert following == batch_id
    assert counts(mailing) == {"accepted": 10, "queued": 190}
    batch = mailing.batches.get()
    assert (batch.state, batch.claim, batch.not_before) == (BatchState.QUEUED, "", None)
    send_all()
    assert counts(mailing) == {"accepted": 200}


def test_batch_that_no_longer_is_ours_is_left_at_once(server: SmtpServer, settings) -> None:
    """A slow server draws a chunk out beyond the lease; another worker has the batch by then."""
    settings.MAILINGS_LEASE_SECONDS = 0
    mailing = prepared_mailing(readers=30)

    def take_over() -> None:
        Batch.objects.update(lease_until=timezone.now())
        actions.expire_claims()
        Batch.objects.update(not_before=timezone.now() + timedelta(hours=1))

    with at_message(5, take_over):
        actions.send_batches(batch_id=mailing.batches.get().pk)
    # What it handed over it may still write down; the five it had not begun it gives back.
    assert counts(mailing) == {"accepted": 5, "queued": 25}
    assert len(server.accepted) == 5
