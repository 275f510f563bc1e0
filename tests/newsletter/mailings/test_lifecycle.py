"""The author's acts: who may, from which state, and that a second click does nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from newsletter.accounts.models import User
from newsletter.mailings import actions
from newsletter.mailings.enums import LEGAL_MOVES, DeliveryState, MailingState
from newsletter.mailings.models import Delivery, Mailing
from newsletter.mailings.queries import mailing_counts
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.mailings import MailingFactory, prepared_mailing, send_all
from tests.factories.subscribers import NewsletterFactory

pytestmark = pytest.mark.django_db

ACTS = [
    actions.start_mailing,
    actions.unschedule_mailing,
    actions.pause_mailing,
    actions.resume_mailing,
    actions.cancel_mailing,
    actions.retry_failed,
    lambda **who: actions.decide_unknown(send_again=True, **who),
]


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(
    "person", [{}, {"is_staff": True}, {"is_superuser": True, "is_staff": True, "is_active": False}]
)
def test_only_staff_with_the_right_may(act, person: dict[str, bool]) -> None:
    mailing = prepared_mailing()
    with pytest.raises(PermissionDenied):
        act(actor=UserFactory(**person), mailing=mailing)
    assert not mailing.events.filter(actor__isnull=False).exists()


def test_only_staff_with_the_right_may_make_a_mailing_or_a_test() -> None:
    reader, newsletter = UserFactory(), NewsletterFactory()
    with pytest.raises(PermissionDenied):
        actions.create_free_mailing(
            actor=reader, newsletter=newsletter, subject="x", body_html="<p>x</p>"
        )
    with pytest.raises(PermissionDenied):
        actions.send_test(actor=reader, mailing=MailingFactory(), to="a@example.com")


@pytest.mark.parametrize("state", list(MailingState))
@pytest.mark.parametrize("name", ["start", "unschedule", "pause", "resume", "cancel"])
@pytest.mark.parametrize("is_prepared", [False, True])
def test_every_act_in_every_state_moves_legally_or_is_refused(
    name: str, state: MailingState, is_prepared: bool, author: User
) -> None:
    mailing = MailingFactory(state=state, prepared_at=timezone.now() if is_prepared else None)
    try:
        getattr(actions, f"{name}_mailing")(actor=author, mailing=mailing)
    except actions.IllegalMove:
        mailing.refresh_from_db()
        assert mailing.state == state
        assert not mailing.events.exists()
    else:
        mailing.refresh_from_db()
        assert mailing.state in LEGAL_MOVES[state]


@pytest.mark.parametrize(
    ("name", "before"),
    [("start", "draft"), ("pause", "sending"), ("resume", "paused"), ("cancel", "sending")],
)
def test_m4_second_click_is_refused(name: str, before: str, author: User) -> None:
    mailing = MailingFactory(state=before)
    act = getattr(actions, f"{name}_mailing")
    act(actor=author, mailing=mailing)
    with pytest.raises(actions.IllegalMove, match="cannot be done while"):
        act(actor=author, mailing=mailing)
    (event,) = mailing.events.all()
    assert event.actor == author


def test_free_text_is_drafted_scheduled_taken_back_and_sent(author: User, settings) -> None:
    mailing = actions.create_free_mailing(
        actor=author, newsletter=NewsletterFactory(), subject="A note", body_html="<p>Hello.</p>"
    )
    later = timezone.now() + timedelta(days=3)
    actions.start_mailing(actor=author, mailing=mailing, at=later)
    mailing.refresh_from_db()
    assert (mailing.state, mailing.scheduled_at) == (MailingState.SCHEDULED, later)
    assert not actions.due_mailings().exists()
    actions.unschedule_mailing(actor=author, mailing=mailing)
    actions.start_mailing(actor=author, mailing=mailing)
    assert actions.due_mailings().get() == mailing


def test_retry_sends_to_those_alone_that_failed(author: User, mailoutbox) -> None:
    mailing = prepared_mailing(readers=12)
    failed = [d.pk for d in Delivery.objects.order_by("pk")[:3]]
    Delivery.objects.filter(pk__in=failed).update(
        state=DeliveryState.FAILED, error="550 no", attempts=5
    )
    send_all()
    mailing.refresh_from_db()
    assert (mailing.state, len(mailoutbox)) == (MailingState.SENT, 9)
    assert actions.retry_failed(actor=author, mailing=mailing) == 3
    mailing.refresh_from_db()
    assert (mailing.state, mailing.finished_at) == (MailingState.SENDING, None)
    send_all()
    mailing.refresh_from_db()
    assert (mailing.state, len(mailoutbox)) == (MailingState.SENT, 12)
    assert len({mail.to[0] for mail in mailoutbox}) == 12
    assert mailing_counts(mailing).accepted == 12
    assert actions.retry_failed(actor=author, mailing=mailing) == 0
    mailing.refresh_from_db()
    assert mailing.state == MailingState.SENT


@pytest.mark.parametrize("state", ["draft", "paused", "cancelled", "needs_decision"])
def test_retry_of_a_mailing_that_is_not_going_out_does_nothing(state: str, author: User) -> None:
    mailing = prepared_mailing(readers=1)
    Delivery.objects.update(state=DeliveryState.FAILED)
    Mailing.objects.update(state=state)
    assert actions.retry_failed(actor=author, mailing=mailing) == 0
    assert Delivery.objects.get().state == DeliveryState.FAILED


@pytest.mark.parametrize("send_again", [True, False])
def test_unknown_ones_are_sent_again_or_counted_as_sent(
    send_again: bool, author: User, mailoutbox
) -> None:
    mailing = prepared_mailing(readers=5)
    unknown = [d.pk for d in Delivery.objects.order_by("pk")[:2]]
    Delivery.objects.filter(pk__in=unknown).update(state=DeliveryState.UNKNOWN, claim="x")
    send_all()
    mailing.refresh_from_db()
    assert mailing.state == MailingState.SENDING
    assert mailing_counts(mailing).waits_for_decision
    done = actions.decide_unknown(actor=author, mailing=mailing, send_again=send_again)
    assert done == 2
    send_all()
    mailing.refresh_from_db()
    assert mailing.state == MailingState.SENT
    assert mailing_counts(mailing).accepted == 5
    assert len(mailoutbox) == (5 if send_again else 3)
    assert actions.decide_unknown(actor=author, mailing=mailing, send_again=send_again) == 0


def test_unknown_ones_of_a_cancelled_mailing_are_not_sent_again(author: User) -> None:
    mailing = prepared_mailing(readers=2)
    Delivery.objects.update(state=DeliveryState.UNKNOWN)
    actions.cancel_mailing(actor=author, mailing=mailing)
    assert actions.decide_unknown(actor=author, mailing=mailing, send_again=True) == 0
    assert actions.decide_unknown(actor=author, mailing=mailing, send_again=False) == 2
    mailing.refresh_from_db()
    assert mailing.state == MailingState.CANCELLED


def test_nobody_accepted_has_failed_and_can_be_tried_again(author: User, mailoutbox) -> None:
    mailing = prepared_mailing(readers=2)
    Delivery.objects.update(state=DeliveryState.FAILED)
    actions.finish_mailings()
    mailing.refresh_from_db()
    assert mailing.state == MailingState.FAILED
    assert "refused every address" in mailing.error
    assert actions.retry_failed(actor=author, mailing=mailing) == 2
    send_all()
    mailing.refresh_from_db()
    assert (mailing.state, mailing.error, len(mailoutbox)) == (MailingState.SENT, "", 2)


def test_history_tells_who_did_what() -> None:
    author = StaffFactory()
    mailing = prepared_mailing(readers=1)
    actions.pause_mailing(actor=author, mailing=mailing)
    actions.resume_mailing(actor=author, mailing=mailing)
    send_all()
    told = list(mailing.events.values_list("what", "actor_id"))
    assert told == [
        ("sent", None),
        ("resumed", author.pk),
        ("paused", author.pk),
        ("prepared", None),
    ]


def test_m7_a_retry_after_days_goes_on_and_is_not_taken_for_overdue(author: User) -> None:
    """Some waited for a decision meanwhile, so it was sending all the time."""
    mailing = prepared_mailing(readers=2)
    one, other = Delivery.objects.order_by("pk")
    Delivery.objects.filter(pk=one.pk).update(state=DeliveryState.FAILED)
    Delivery.objects.filter(pk=other.pk).update(state=DeliveryState.UNKNOWN)
    Mailing.objects.update(active_at=timezone.now() - timedelta(days=2))
    mailing.refresh_from_db()
    assert actions.retry_failed(actor=author, mailing=mailing) == 1
    assert actions.ask_about_overdue() == 0
    mailing.refresh_from_db()
    assert mailing.state == MailingState.SENDING
