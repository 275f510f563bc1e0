"""Two at once, on a real database with real connections: nothing is made or told twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections

from newsletter.lib.signing import make_token
from newsletter.memberships.actions import redeem_unlock_code
from newsletter.memberships.models import AuditEntry, Grant, UnlockCode
from newsletter.outbox.models import OutgoingEmail
from newsletter.payments import actions
from newsletter.payments.models import Checkout, Membership, Order, StripeEvent
from tests.factories.accounts import UserFactory
from tests.factories.memberships import TierFactory
from tests.factories.payments import make_catalogue
from tests.newsletter.payments.shop import Shop, soon

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="SQLite lets one write at a time by itself"
    ),
]


@pytest.fixture
def market(stripe) -> Shop:
    return Shop(stripe, make_catalogue())


def at_once(*work: Callable[[], Any]) -> list[Any]:
    """Run all of it in threads that start together; returns the answers or what was raised."""
    gate = threading.Barrier(len(work))

    def run(each: Callable[[], Any]) -> Any:
        gate.wait()
        try:
            return each()
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


@pytest.mark.parametrize("goods", ["basic_month", "course_price"])
def test_webhooks_and_the_success_page_at_once(market: Shop, goods: str) -> None:
    session_id = market.buy(getattr(market.goods, goods))
    events = market.stripe.take_events()
    work = [lambda event=event: market.receive(event.payload, event.header) for event in events]
    at_once(*work, *[lambda: actions.complete_checkout(session_id)] * 3)
    for row in StripeEvent.objects.filter(state="failed"):
        StripeEvent.objects.filter(pk=row.pk).update(next_attempt_at=row.received_at)
        assert actions.handle_event(event_id=row.pk) in {"handled", "ignored"}, row.error
    assert Grant.objects.count() == 1
    assert market.has(market.goods.basic) or market.owns(market.goods.course)
    assert OutgoingEmail.objects.count() == 1
    assert AuditEntry.objects.filter(what="access_given").count() == 1
    assert Checkout.objects.get().state == "completed"


def test_the_same_event_received_by_many_is_stored_and_handled_once(market: Shop) -> None:
    market.buy()
    event = market.stripe.take_events()[-1]
    found = at_once(*[lambda: actions.receive_event(event.payload, event.header)] * 6)
    rows = [each for each in found if isinstance(each, StripeEvent)]
    assert StripeEvent.objects.count() == 1
    assert len(rows) == 1
    assert not any(isinstance(each, Exception) for each in found)
    states = at_once(*[lambda: actions.handle_event(event_id=rows[0].pk)] * 6)
    assert len([each for each in states if each is not None]) == 1


def test_a_double_click_makes_one_page(market: Shop) -> None:
    for price in (market.goods.basic_month, market.goods.course_price):
        pages = at_once(*[lambda price=price: market.start(price)] * 5)
        assert {each.stripe_session_id for each in pages} == {pages[0].stripe_session_id}, pages
    assert Checkout.objects.count() == 2
    assert Order.objects.count() == 1
    assert len(market.stripe.all("checkout.session")) == 2
    assert len(market.stripe.all("customer")) == 1


def test_changes_at_stripe_while_many_sync(market: Shop) -> None:
    membership = market.join()
    stripe_id = membership.stripe_id
    steps = [
        lambda: market.stripe.renew(stripe_id),
        lambda: market.stripe.refund(stripe_id),
        lambda: market.stripe.cancel_now(stripe_id),
    ]
    for step in steps:
        at_once(step, *[lambda: actions.sync_subscription(stripe_id)] * 4)
    market.hear(order="shuffled")
    assert Membership.objects.get().status == "canceled"
    assert not market.has(market.goods.basic, soon(seconds=2))
    assert actions.reconcile().mended == []


def test_an_unlock_code_is_used_no_more_often_than_allowed(market: Shop) -> None:
    code = UnlockCode.objects.create(code="SPRING24", tier=TierFactory(), max_uses=3)
    people = [UserFactory() for _person in range(6)]
    at_once(*[lambda who=who: redeem_unlock_code(user=who, code="spring-24") for who in people * 2])
    code.refresh_from_db()
    assert code.uses == Grant.objects.filter(source="code").count() == 3


def test_a_double_click_on_a_code_for_one_person_opens_it_and_says_so(market: Shop) -> None:
    code = UnlockCode.objects.create(code="SPRING24", tier=TierFactory(), max_uses=1)
    who = UserFactory()
    found = at_once(*[lambda: redeem_unlock_code(user=who, code="spring-24")] * 6)
    assert {getattr(each, "pk", each) for each in found} == {Grant.objects.get().pk}
    code.refresh_from_db()
    assert code.uses == 1


def test_a_gift_is_redeemed_by_one_of_many(market: Shop) -> None:
    from tests.newsletter.payments.test_gifts_and_seats import give, mailed_code

    give(market)
    assert sum(len(each) for each in at_once(*[actions.deliver_due_gifts] * 4)) == 1
    code = mailed_code()
    people = [UserFactory() for _person in range(5)]
    at_once(*[lambda who=who: actions.redeem_gift(user=who, code=code) for who in people])
    assert Grant.objects.filter(source="gift").count() == 1


def test_gifts_that_one_person_redeems_at_once_follow_each_other(market: Shop) -> None:
    from tests.newsletter.payments.test_gifts_and_seats import give, mailed_code

    codes = []
    for _gift in range(3):
        give(market)
        actions.deliver_due_gifts()
        codes.append(mailed_code())
    who = UserFactory()
    found = at_once(*[lambda code=code: actions.redeem_gift(user=who, code=code) for code in codes])
    assert not [each for each in found if isinstance(each, Exception)]
    grants = Grant.objects.filter(source="gift").order_by("starts_at")
    assert [each.starts_at for each in grants][1:] == [each.ends_at for each in grants][:-1]


def test_groups_that_sit_in_each_other_renew_at_once(market: Shop) -> None:
    """Each sync notes something about the other's owner: neither may wait for the other."""
    owners = [UserFactory(), UserFactory()]
    groups = [market.join(user=owner, quantity=2) for owner in owners]
    for group, guest in zip(groups, reversed(owners), strict=True):
        actions.invite_to_seat(actor=group.user, membership=group, email=guest.email)
        actions.accept_seat(user=guest, token=make_token("seat", group.seats.get().pk))
    for _round in range(6):
        for group in groups:
            market.stripe.renew(group.stripe_id)
        work = [lambda each=each: actions.sync_subscription(each.stripe_id) for each in groups]
        assert not [each for each in at_once(*work) if isinstance(each, Exception)]
