"""S1 at large: whatever happens at Stripe and however we hear of it, access is what Stripe says.

Each history is a random life at Stripe, told to us shuffled, doubled, in part or not at all, with
the success page opened at random moments; what was lost is found by the reconciliation. Access
must then equal that of a plain model that reads Stripe's final objects (histories.py).
"""

from __future__ import annotations

import os
import random
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from newsletter.accounts.models import User
from newsletter.memberships.models import Grant
from newsletter.payments import actions
from newsletter.payments.models import Membership
from tests.newsletter.payments.histories import STEPS, Life, Model
from tests.newsletter.payments.shop import Shop
from tests.stripe_contract.fixtures import Stripe

pytestmark = pytest.mark.spread

# Two thousand in a whole run, other ones on each database; HISTORIES=20000 looks longer.
IS_SQLITE = connection.vendor == "sqlite"
HISTORIES = int(os.environ.get("HISTORIES", "1600" if IS_SQLITE else "400"))
# Each test is run in parts, which pytest-xdist spreads over the cores; each has a seed of its own.
PARTS = {"told": 10, "lost": 8, "concluded": 2}

beginnings = st.sampled_from(["paid", "paid", "paid", "delayed", "declined"])
lives = st.lists(st.sampled_from(STEPS), max_size=6)
chances = st.integers(0, 2**20)
tellings = st.sampled_from(["in order", "shuffled", "doubled", "reversed"])


SOME = settings(
    max_examples=max(1, HISTORIES // sum(PARTS.values())),
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


def in_parts(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("part", range(PARTS[name]))


class _RolledBack(Exception):
    pass


@pytest.fixture
def account(stripe: Stripe, shop: Shop) -> Shop:
    """The shop as it was before its first customer; each history begins here."""
    stripe.take_events()
    return shop


def play(shop: Shop, beginning: str, products: bool, life: list[str], hear, end) -> None:
    """Live one history and judge it; nothing of it remains, here or at Stripe."""
    world = shop.stripe.world.store._db  # in memory: copied whole, and put back
    snapshot = world.serialize()
    try:
        with transaction.atomic():
            _live(shop, beginning, products, life, hear, end)
            raise _RolledBack
    except _RolledBack:
        pass
    finally:
        world.deserialize(snapshot)


def _live(shop: Shop, beginning: str, products: bool, life: list[str], hear, end) -> None:
    alive = Life(shop)
    for price in [shop.goods.basic_month, *([shop.goods.course_price] if products else [])]:
        session = str(shop.start(price).stripe_session_id)
        alive.sessions.append(session)
        shop.stripe.complete_checkout(session, beginning)
        hear(session)
    for step in life:
        alive.do(step)
        hear(None)
    end()
    judge(shop)


def judge(shop: Shop) -> None:
    """Access now and at every moment at which it may change is what the model says."""
    model = Model(shop)
    for each in Membership.objects.all():
        if each.past_due_since is not None:
            model.overdue_seen[each.stripe_id] = each.past_due_since
    for now in moments(shop):
        reader = shop.access(now)
        assert reader.tier_ids == model.open_tiers(now), now
        assert reader.product_ids == model.open_products(now), now
    # Told twice or never: one grant for each thing and source, and nobody else was made.
    assert User.objects.filter(is_staff=False).count() == 1
    keys = list(Grant.objects.values_list("source_id", "tier_id", "product_id"))
    assert len(keys) == len(set(keys))


def moments(shop: Shop) -> list[datetime]:
    now = timezone.now() + timedelta(seconds=2)
    ends = [
        datetime.fromtimestamp(each["items"]["data"][0]["current_period_end"], now.tzinfo)
        for each in shop.stripe.all("subscription")
    ]
    later = [end + off for end in ends for off in (timedelta(-1), timedelta(1), timedelta(9))]
    return [now, now + timedelta(days=8), *(each for each in later if each > now)]


@in_parts("told")
@pytest.mark.django_db
def test_s01_histories_that_are_told_in_any_way(account: Shop, part: int) -> None:
    @seed(part if IS_SQLITE else part + 100)
    @SOME
    @given(beginnings, st.booleans(), lives, tellings, chances, st.booleans())
    def run(beginning, products, life, telling, luck, late) -> None:
        chance = random.Random(luck)

        def hear(session: str | None) -> None:
            if session and chance.random() < 0.4:
                actions.complete_checkout(session)
            if not late and chance.random() < 0.5:
                account.hear(order=telling, seed=luck)

        play(
            account, beginning, products, life, hear, lambda: account.hear(order=telling, seed=luck)
        )

    run()


@in_parts("lost")
@pytest.mark.django_db
def test_s01_histories_of_which_much_is_lost_until_the_reconciliation(
    account: Shop, part: int
) -> None:
    @seed(part if IS_SQLITE else part + 100)
    @SOME
    @given(beginnings, st.booleans(), lives, chances, st.floats(0.3, 1.0))
    def run(beginning, products, life, luck, drop) -> None:
        def hear(_session: str | None) -> None:
            account.hear(order="shuffled", seed=luck, drop=drop)

        def end() -> None:
            report = actions.reconcile()
            assert report.error == ""
            account.hear(drop=1.0)
            assert actions.reconcile().mended == []

        play(account, beginning, products, life, hear, end)

    run()


@in_parts("concluded")
@pytest.mark.django_db
def test_s01_a_reconciliation_after_everything_was_told_mends_nothing(
    account: Shop, part: int
) -> None:
    @seed(part if IS_SQLITE else part + 100)
    @SOME
    @given(beginnings, st.booleans(), lives, tellings, chances)
    def run(beginning, products, life, telling, luck) -> None:
        def end() -> None:
            account.hear(order=telling, seed=luck)
            report = actions.reconcile()
            assert (report.error, report.mended) == ("", [])

        play(account, beginning, products, life, lambda _session: None, end)

    run()
