"""Memberships for others: gifts that are redeemed once, seats that follow their owner."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from newsletter.lib.moments import add_months
from newsletter.lib.signing import make_token
from newsletter.memberships.models import Grant
from newsletter.outbox.models import OutgoingEmail
from newsletter.payments import actions
from newsletter.payments.gateway import get_gateway
from newsletter.payments.models import Gift, Order, Seat
from newsletter.payments.queries import gift_price
from tests.factories.accounts import UserFactory
from tests.newsletter.payments.shop import Shop, give, mailed_code, soon

pytestmark = pytest.mark.django_db


def test_a_gift_is_bought_delivered_and_redeemed_once(shop: Shop) -> None:
    gift = give(shop, message="Happy birthday", recipient_name="Bo")
    assert (gift.state, gift.order.amount, gift.code_hash) == ("waiting", 1500, None)
    assert not shop.has(shop.goods.basic)
    assert [mail.to for mail in actions.deliver_due_gifts()] == ["friend@example.com"]
    assert actions.deliver_due_gifts() == []
    gift.refresh_from_db()
    code = mailed_code()
    assert code.replace("-", "") not in str(vars(gift))
    friend = UserFactory()
    assert actions.find_gift(code.lower().replace("-", " ")) == gift
    grant = actions.redeem_gift(user=friend, code=code)
    assert (grant.source, grant.tier) == ("gift", shop.goods.basic)
    assert 88 <= (grant.ends_at - grant.starts_at).days <= 92
    for person in (friend, UserFactory()):
        with pytest.raises(actions.GiftRefused):
            actions.redeem_gift(user=person, code=code)
    assert Grant.objects.count() == 1


def test_a_gift_waits_for_its_day(shop: Shop) -> None:
    give(shop, deliver_at=soon(days=10))
    assert actions.deliver_due_gifts() == []
    assert len(actions.deliver_due_gifts(now=soon(days=10, seconds=1))) == 1


def test_a_gift_that_is_not_paid_is_not_delivered(shop: Shop) -> None:
    actions.start_gift(
        user=shop.reader, tier=shop.goods.basic, months=3, currency="eur",
        recipient_email="friend@example.com",
    )  # fmt: skip
    assert actions.deliver_due_gifts() == []
    assert Gift.objects.get().state == "unpaid"


@pytest.mark.parametrize("when", ["waiting", "delivered", "redeemed"])
def test_s06_a_refunded_gift_gives_nothing(shop: Shop, when: str) -> None:
    gift, friend = give(shop), UserFactory()
    if when != "waiting":
        actions.deliver_due_gifts()
    if when == "redeemed":
        actions.redeem_gift(user=friend, code=mailed_code())
    shop.stripe.refund(gift.order.stripe_payment_intent_id)
    shop.hear()
    gift.refresh_from_db()
    assert gift.state == "refunded"
    assert actions.deliver_due_gifts() == []
    if when == "delivered":
        with pytest.raises(actions.GiftRefused):
            actions.redeem_gift(user=friend, code=mailed_code())
    assert shop.access(user=friend).tier_ids == frozenset()


@pytest.mark.parametrize("takes", [True, False])
def test_s06_a_gift_that_was_partly_refunded_follows_the_policy(
    shop: Shop, settings, takes: bool
) -> None:
    settings.PARTIAL_REFUND_REVOKES = takes
    gift, friend = give(shop), UserFactory()
    actions.deliver_due_gifts()
    shop.stripe.refund(gift.order.stripe_payment_intent_id, 500)
    shop.hear()
    if takes:
        with pytest.raises(actions.GiftRefused):
            actions.redeem_gift(user=friend, code=mailed_code())
    else:
        actions.redeem_gift(user=friend, code=mailed_code())
    assert bool(shop.access(user=friend).tier_ids) is not takes


def test_s06_a_disputed_gift_is_suspended_and_won_back(shop: Shop) -> None:
    gift, friend = give(shop), UserFactory()
    actions.deliver_due_gifts()
    actions.redeem_gift(user=friend, code=mailed_code())
    intent = Order.objects.get().stripe_payment_intent_id
    shop.stripe.dispute(intent)
    shop.hear()
    assert not shop.access(user=friend).tier_ids
    shop.stripe.dispute(intent, "won")
    shop.hear()
    assert shop.access(user=friend).tier_ids == {gift.tier_id}


def test_s12_a_gift_on_top_of_a_subscription_is_its_own(shop: Shop) -> None:
    membership = shop.join()
    give(shop, recipient_email=shop.reader.email)
    actions.deliver_due_gifts()
    actions.redeem_gift(user=shop.reader, code=mailed_code())
    shop.stripe.cancel_now(membership.stripe_id)
    shop.hear()
    assert shop.has(shop.goods.basic, soon(days=80))
    assert not shop.has(shop.goods.basic, soon(days=100))


def test_a_second_gift_begins_when_the_first_ends(shop: Shop) -> None:
    friend = UserFactory()
    for _gift in range(2):
        give(shop)
        actions.deliver_due_gifts()
        actions.redeem_gift(user=friend, code=mailed_code())
    first, second = Grant.objects.order_by("starts_at")
    assert second.starts_at == first.ends_at


def test_s06_gifts_behind_one_that_was_refunded_begin_sooner(shop: Shop) -> None:
    friend = UserFactory()
    for months in (12, 3, 6):
        give(shop, months=months)
        actions.deliver_due_gifts()
        actions.redeem_gift(user=friend, code=mailed_code())
    first = Gift.objects.order_by("pk")[0]
    shop.stripe.refund(first.order.stripe_payment_intent_id)
    shop.hear(order="doubled")
    assert shop.access(user=friend).tier_ids == {shop.goods.basic.pk}
    second, third = Grant.objects.filter(revoked_at=None).order_by("starts_at")
    assert third.starts_at == second.ends_at == add_months(second.starts_at, 3)
    assert third.ends_at == add_months(third.starts_at, 6)
    # What has begun stays where it is.
    shop.stripe.refund(Gift.objects.get(months=6).order.stripe_payment_intent_id)
    shop.hear()
    (left,) = Grant.objects.filter(revoked_at=None)
    assert (left.pk, left.starts_at, left.ends_at) == (second.pk, second.starts_at, second.ends_at)


def test_a_gift_can_be_sent_again_and_the_old_code_dies(shop: Shop) -> None:
    gift = give(shop)
    actions.deliver_due_gifts()
    old = mailed_code()
    with pytest.raises(PermissionDenied):
        actions.deliver_again(actor=UserFactory(), gift=gift)
    actions.deliver_again(actor=shop.reader, gift=gift, recipient_email="Right@example.com")
    assert OutgoingEmail.objects.filter(kind="gift").latest("pk").to == "right@example.com"
    assert actions.find_gift(old) is None
    assert actions.find_gift(mailed_code()) == gift


@pytest.mark.parametrize(("months", "amount"), [(1, 500), (11, 5500), (12, 5000), (14, 6000)])
def test_what_a_gift_costs(shop: Shop, months: int, amount: int) -> None:
    assert gift_price(shop.goods.basic, months, "EUR") == amount
    assert gift_price(shop.goods.basic, months, "usd") is None


# ── Seats ─────────────────────────────────────────────────────────────────────────────────────


def link_token(seat: Seat) -> str:
    return make_token("seat", seat.pk)


def test_seats_follow_the_owners_membership(shop: Shop) -> None:
    membership = shop.join(quantity=3)
    seat = actions.invite_to_seat(actor=shop.reader, membership=membership, email="Bo@example.com")
    assert link_token(seat) in OutgoingEmail.objects.get(kind="seat_invitation").text
    friend = UserFactory(email="other-address@example.com")
    actions.accept_seat(user=friend, token=link_token(seat))
    assert shop.access(user=friend).tier_ids == {shop.goods.basic.pk}
    shop.stripe.refund(membership.stripe_id)
    shop.hear()
    assert shop.access(user=friend).tier_ids == frozenset()
    shop.stripe.renew(membership.stripe_id)
    shop.hear()
    assert shop.access(user=friend).tier_ids == {shop.goods.basic.pk}
    shop.stripe.cancel_now(membership.stripe_id)
    shop.hear()
    assert shop.access(timezone.now() + timedelta(seconds=2), friend).tier_ids == frozenset()


def test_there_are_no_more_seats_than_were_bought(shop: Shop) -> None:
    membership = shop.join(quantity=2)
    actions.invite_to_seat(actor=shop.reader, membership=membership, email="a@example.com")
    # Again for the same: no second seat.
    actions.invite_to_seat(actor=shop.reader, membership=membership, email="a@example.com")
    with pytest.raises(actions.SeatRefused):
        actions.invite_to_seat(actor=shop.reader, membership=membership, email="b@example.com")
    with pytest.raises(actions.SeatRefused):
        actions.invite_to_seat(actor=shop.reader, membership=membership, email=shop.reader.email)
    assert Seat.objects.count() == 1


def test_a_seat_that_is_paid_no_more_is_not_taken(shop: Shop) -> None:
    group = shop.join(quantity=3)
    for name in ("ada", "bo"):
        actions.invite_to_seat(actor=shop.reader, membership=group, email=f"{name}@example.com")
    first, second = (make_token("seat", seat.pk) for seat in Seat.objects.order_by("pk"))
    # At Stripe's own screens.
    get_gateway().change_price_now(
        group.stripe_id, key="fewer", price_id=str(group.price.stripe_id), quantity=2
    )
    shop.hear()
    actions.accept_seat(user=UserFactory(), token=second)
    late = UserFactory()
    with pytest.raises(actions.SeatRefused, match="taken"):
        actions.accept_seat(user=late, token=first)
    assert shop.access(user=late).tier_ids == frozenset()
    assert not Grant.objects.filter(user=late).exists()


def test_a_seat_is_taken_once_and_can_be_taken_back(shop: Shop) -> None:
    membership = shop.join(quantity=2)
    seat = actions.invite_to_seat(actor=shop.reader, membership=membership, email="a@example.com")
    friend = UserFactory()
    with pytest.raises(actions.SeatRefused):
        actions.accept_seat(user=friend, token=link_token(seat)[:-1] + "x")
    actions.accept_seat(user=friend, token=link_token(seat))
    with pytest.raises(actions.SeatRefused):
        actions.accept_seat(user=UserFactory(), token=link_token(seat))
    with pytest.raises(PermissionDenied):
        actions.remove_seat(actor=UserFactory(), seat=seat)
    seat.refresh_from_db()
    assert actions.remove_seat(actor=shop.reader, seat=seat)
    assert not actions.remove_seat(actor=shop.reader, seat=seat)
    assert shop.access(user=friend).tier_ids == frozenset()
    actions.invite_to_seat(actor=shop.reader, membership=membership, email="b@example.com")


def test_fewer_seats_close_the_last_taken(shop: Shop) -> None:
    membership = shop.join(quantity=3)
    friends = [UserFactory(), UserFactory()]
    for friend in friends:
        seat = actions.invite_to_seat(actor=shop.reader, membership=membership, email=friend.email)
        actions.accept_seat(user=friend, token=link_token(seat))
    facts = shop.stripe.world.get(membership.stripe_id)
    facts["items"]["data"][0]["quantity"] = 2
    shop.stripe.world.put(facts)
    actions.sync_subscription(membership.stripe_id)
    assert shop.access(user=friends[0]).tier_ids == {shop.goods.basic.pk}
    assert shop.access(user=friends[1]).tier_ids == frozenset()
