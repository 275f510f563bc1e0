"""What subscriptions bring in and how it moved: by hand, and against Stripe's own objects."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from newsletter.payments import actions
from newsletter.payments.models import Bill, Coupon, Membership, Movement
from tests.factories.accounts import StaffFactory
from tests.factories.payments import Catalogue, make_catalogue, offer
from tests.newsletter.payments.histories import STEPS, Life
from tests.newsletter.payments.ledger import Entry, Ledger
from tests.newsletter.payments.shop import Shop

pytestmark = pytest.mark.django_db


class Year:
    """A shop in which time passes at Stripe and here alike."""

    def __init__(self, stripe: Any, clock: Any, catalogue: Catalogue) -> None:
        self.shop, self.stripe, self.clock = Shop(stripe, catalogue), stripe, clock
        self.goods = catalogue

    def pass_days(self, days: float) -> None:
        # Stripe first, so that everything happens on its own day; then our clock, and no odds.
        self.stripe.advance(timedelta(days=days))
        self.clock.shift(timedelta(days=days))
        self.stripe.world.store.set_fact("clock", "0")
        self.shop.hear()

    def change(self, price: Any, quantity: int = 1) -> None:
        membership = self.shop.membership()
        change = actions.preview_change(
            actor=self.shop.reader, membership=membership, price=price, quantity=quantity
        )
        actions.change_plan(actor=self.shop.reader, change=change)
        self.shop.hear()

    def moves(self) -> list[tuple[str, str, int, int]]:
        """Day, kind, the year's amount before and after."""
        rows = Movement.objects.order_by("at", "pk")
        return [(f"{row.at:%d %b}", row.kind, row.before, row.after) for row in rows]

    def coupon(self, **fields: Any) -> Coupon:
        author = StaffFactory()
        fields = {"kind": "percent", "percent": 50, **fields}
        coupon = Coupon(name="C", code="COUPON1", **fields)
        return actions.push_coupon(coupon=actions.save_coupon(actor=author, coupon=coupon))


@pytest.fixture
def year(stripe) -> Iterator[Year]:
    with time_machine.travel("2026-01-01 12:00:00+00:00") as clock:
        yield Year(stripe, clock, make_catalogue())


def yearly() -> int:
    return sum(Membership.objects.values_list("yearly", flat=True))


def test_joining_renewing_and_leaving(year: Year) -> None:
    membership = year.shop.join()
    year.pass_days(32)
    actions.cancel_membership(actor=year.shop.reader, membership=membership)
    year.shop.hear()
    # Paid until the period's end: it counts until then.
    assert yearly() == 6000
    year.pass_days(40)
    assert year.moves() == [("01 Jan", "new", 0, 6000), ("01 Mar", "churn", 6000, 0)]
    assert yearly() == 0


def test_a_cancellation_that_is_taken_back_moves_nothing(year: Year) -> None:
    membership = year.shop.join()
    actions.cancel_membership(actor=year.shop.reader, membership=membership)
    actions.resume_membership(actor=year.shop.reader, membership=year.shop.membership())
    year.pass_days(70)
    assert year.moves() == [("01 Jan", "new", 0, 6000)]


def test_coming_back_after_a_gap_is_no_new_reader(year: Year) -> None:
    membership = year.shop.join()
    year.stripe.cancel_now(membership.stripe_id)
    year.shop.hear()
    year.pass_days(40)
    year.shop.buy(year.goods.patron_month)
    year.shop.hear()
    assert [move[1:] for move in year.moves()] == [
        ("new", 0, 6000),
        ("churn", 6000, 0),
        ("reactivation", 0, 18000),
    ]


def test_an_upgrade_counts_at_once_and_a_downgrade_with_the_next_period(year: Year) -> None:
    year.shop.join()
    year.pass_days(10)
    year.change(year.goods.patron_month)
    assert year.moves()[-1] == ("11 Jan", "expansion", 6000, 18000)
    year.change(year.goods.basic_month)
    assert yearly() == 18000
    year.pass_days(25)
    assert year.moves()[-1] == ("01 Feb", "contraction", 18000, 6000)
    assert yearly() == 6000


def test_from_months_to_a_year(year: Year) -> None:
    year.shop.join()
    year.change(year.goods.basic_year)
    year.pass_days(32)
    assert year.moves()[1:] == [("01 Feb", "contraction", 6000, 5000)]
    assert yearly() == 5000


def test_from_a_year_to_months(year: Year) -> None:
    year.shop.join(year.goods.basic_year)
    year.change(year.goods.basic_month)
    year.pass_days(366)
    assert year.moves()[1:] == [("01 Jan", "expansion", 5000, 6000)]
    assert yearly() == 6000


def test_seats_count(year: Year) -> None:
    year.shop.join(quantity=2)
    year.change(year.goods.basic_month, quantity=5)
    assert [move[1:] for move in year.moves()] == [
        ("new", 0, 12000),
        ("expansion", 12000, 30000),
    ]


def test_a_coupon_for_the_first_payment_takes_nothing_off(year: Year) -> None:
    year.shop.join(coupon=year.coupon(duration="once"))
    year.pass_days(32)
    assert year.moves() == [("01 Jan", "new", 0, 6000)]


def test_a_coupon_for_three_months_takes_off_until_it_ends(year: Year) -> None:
    year.shop.join(coupon=year.coupon(duration="repeating", months=3))
    year.pass_days(80)
    assert year.moves() == [("01 Jan", "new", 0, 3000)]
    year.pass_days(20)
    assert year.moves()[1:] == [("01 Apr", "expansion", 3000, 6000)]


@pytest.mark.parametrize("kind", [{}, {"kind": "amount", "percent": None, "amount": 200}])
def test_a_coupon_for_one_tier_takes_nothing_off_another(year: Year, kind: dict[str, Any]) -> None:
    """Its discount stays with the subscription, and Stripe charges the other tier in full."""
    kind = {**kind, "currency": "eur"} if kind else kind
    for_basic = year.coupon(duration="forever", tier=year.goods.basic, **kind)
    year.shop.join(coupon=for_basic)
    less = year.shop.membership().amount
    assert less == (300 if kind else 250)
    year.pass_days(10)
    year.change(year.goods.patron_month)
    assert year.shop.membership().amount == 1500
    year.pass_days(32)
    membership = year.shop.membership()
    charged = year.stripe.read(membership.latest_invoice_id)["total"]
    assert (membership.amount, membership.yearly) == (charged, 12 * charged)
    kinds = [(kind, before, after) for _day, kind, before, after in year.moves()]
    assert kinds == [("new", 0, 12 * less), ("expansion", 12 * less, 18_000)]
    assert actions.reconcile().mended == []


def test_a_coupon_for_ever_takes_off_for_ever(year: Year) -> None:
    year.shop.join(coupon=year.coupon(duration="forever"))
    year.pass_days(100)
    assert year.moves() == [("01 Jan", "new", 0, 3000)]


def test_refunds_and_disputes_are_no_movements(year: Year) -> None:
    membership = year.shop.join()
    year.stripe.refund(membership.stripe_id)
    year.stripe.dispute(membership.stripe_id)
    year.shop.hear()
    assert [move[1] for move in year.moves()] == ["new"]


@pytest.mark.parametrize("card", ["works", "declines"])
def test_a_trial_counts_once_it_is_paid_for(stripe, card: str) -> None:
    with time_machine.travel("2026-01-01 12:00:00+00:00") as clock:
        year = Year(stripe, clock, make_catalogue(trial_days=14))
        year.shop.join()
        assert (year.moves(), yearly()) == ([], 0)
        stripe.set_card(year.shop.reader.customers.get().stripe_id, card)
        year.pass_days(15)
        expected = [("15 Jan", "new", 0, 6000)] if card == "works" else []
        assert year.moves() == expected
        assert yearly() == (6000 if card == "works" else 0)


def test_a_gift_is_no_recurring_money(year: Year) -> None:
    page = actions.start_gift(
        user=year.shop.reader,
        tier=year.goods.basic,
        months=12,
        currency="eur",
        recipient_email="friend@example.com",
    )
    year.stripe.complete_checkout(page.stripe_session_id)
    year.shop.hear()
    assert (year.moves(), yearly()) == ([], 0)


def test_overdue_counts_until_stripe_gives_up(year: Year) -> None:
    membership = year.shop.join()
    year.stripe.set_last_resort("unpaid")
    year.stripe.set_card(year.shop.reader.customers.get().stripe_id, "declines")
    year.pass_days(32)
    assert (year.shop.membership().status, yearly()) == ("past_due", 6000)
    assert Bill.objects.filter(status="open").get().amount_remaining == 500
    while year.stripe.read(membership.stripe_id)["status"] == "past_due":
        year.stripe.fail_payment(membership.stripe_id)
    year.shop.hear()
    # It left when it did not pay any more, not when Stripe tired of asking.
    assert year.moves()[-1] == ("01 Feb", "churn", 6000, 0)
    # Ended for good in the end, and heard of or not before that: the same day.
    year.pass_days(60)
    year.stripe.cancel_now(membership.stripe_id)
    year.shop.hear()
    told = year.moves()
    assert told == [("01 Jan", "new", 0, 6000), ("01 Feb", "churn", 6000, 0)]
    Membership.objects.update(yearly=0, yearly_since=None, bills_mark="")
    actions.sync_subscription(membership.stripe_id)
    assert year.moves() == told


def test_currencies_are_never_added_up(year: Year) -> None:
    in_yen = offer(year.goods.patron, 900, "month", "jpy")
    year.shop.join()
    year.stripe.cancel_now(year.shop.membership().stripe_id)
    year.shop.hear()
    year.shop.buy(in_yen)
    year.shop.hear()
    rows = Movement.objects.order_by("at", "pk").values_list("currency", "kind", "after")
    assert sorted(rows) == [
        ("eur", "churn", 0),
        ("eur", "new", 6000),
        ("jpy", "reactivation", 10800),
    ]


def test_a_change_without_a_bill_keeps_the_day_it_was_seen_on(year: Year) -> None:
    """As the author makes it at Stripe: no bill says it before the next period's."""
    year.shop.join()
    year.pass_days(10)
    life = Life(year.shop)
    life.upgrade()
    year.shop.hear()
    assert year.moves()[-1] == ("11 Jan", "expansion", 6000, 18000)
    year.pass_days(30)
    assert year.moves()[-1] == ("11 Jan", "expansion", 6000, 18000)
    assert Movement.objects.count() == 2


def test_history_is_read_from_stripe_where_nothing_was_kept(year: Year) -> None:
    """A site that was updated, or lost its rows: the next comparison finds all of it."""
    year.shop.join()
    year.pass_days(10)
    year.change(year.goods.patron_month)
    told = year.moves()
    Movement.objects.all().delete()
    Bill.objects.all().delete()
    Membership.objects.update(yearly=0, yearly_since=None, bills_mark="")
    report = actions.reconcile()
    assert (report.error, len(report.mended)) == ("", 1)
    assert year.moves() == told
    assert actions.reconcile().mended == []


# ── Random lives ──────────────────────────────────────────────────────────────────────────────


class Earning(Life):
    """Lives in which people also change plan as our pages let them, leave and come back."""

    def do(self, step: str) -> None:
        with suppress(actions.CheckoutRefused, actions.ChangeRefused):
            super().do(step)

    def change_plan(self) -> None:
        membership = Membership.objects.filter(status="active").first()
        prices = [self.shop.goods.patron_month, self.shop.goods.basic_year]
        for price in prices if membership else []:
            if price.pk != membership.price_id:
                change = actions.preview_change(
                    actor=self.shop.reader, membership=membership, price=price
                )
                actions.change_plan(actor=self.shop.reader, change=change)
                return

    def come_back(self) -> None:
        self.shop.buy(self.shop.goods.patron_year)

    def seats(self) -> None:
        membership = Membership.objects.filter(status="active").first()
        if membership:
            change = actions.preview_change(
                actor=self.shop.reader, membership=membership, price=membership.price, quantity=3
            )
            actions.change_plan(actor=self.shop.reader, change=change)


OWN = ["change_plan", "come_back", "seats"]
lives = st.lists(st.sampled_from([*STEPS, *OWN, *OWN, "renew", "renew"]), max_size=7)


class _RolledBack(Exception):
    pass


@seed(7)
@settings(
    max_examples=10,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
@given(
    st.sampled_from(["paid", "paid", "delayed"]),
    lives,
    st.sampled_from(["in order", "shuffled", "doubled", "reversed"]),
    st.integers(0, 2**20),
    st.sampled_from([0.0, 0.0, 0.6, 1.0]),
)
def _live(stripe, shop, clock, beginning, life, telling, luck, drop) -> None:
    world, chance = stripe.world.store._db, random.Random(luck)
    snapshot = world.serialize()
    try:
        with transaction.atomic():
            alive = Earning(shop)
            alive.sessions.append(str(shop.start(shop.goods.basic_month).stripe_session_id))
            stripe.complete_checkout(alive.sessions[0], beginning)
            for step in life:
                clock.shift(timedelta(hours=1))
                alive.do(step)
                if chance.random() < 0.5:
                    shop.hear(order=telling, seed=luck, drop=drop)
            shop.hear(order=telling, seed=luck, drop=drop)
            if drop:
                assert actions.reconcile().error == ""
            _judge(stripe)
            raise _RolledBack
    except _RolledBack:
        pass
    finally:
        world.deserialize(snapshot)


def _judge(stripe) -> None:
    ledger = Ledger(stripe)
    held = Movement.objects.order_by("at", "pk")
    told = [Entry(row.kind, row.before, row.after) for row in held]
    assert told == ledger.entries()
    assert yearly() == ledger.yearly_now()
    assert sum(row.after - row.before for row in held) == yearly()


def test_s01_movements_are_those_of_stripes_own_objects(stripe) -> None:
    with time_machine.travel("2026-03-01 12:00:00+00:00") as clock:
        shop = Shop(stripe, make_catalogue())
        stripe.take_events()
        _live(stripe, shop, clock)
